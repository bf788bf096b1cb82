"""Where something jumped: where what is measured moves far in one direction, from frame to frame."""

from collections.abc import Sequence
from typing import NamedTuple

from mcviz.film.frame import Frame

WATCHED = ("accuracy", "largest", "read", "entropy")
"""What is watched for jumps, of what is measured."""

LEAST = 0.2
"""A jump moves by so much at least: of a share, or in bits. On sequences that are the same for all frames, that is no
chance."""


class Jump(NamedTuple):
    """A rise or a fall of one measurement, for as long as each frame goes on from the one before."""

    name: str  # among `WATCHED`
    first: int  # the last frame before it, by number
    last: int  # the frame at which it ends
    before: float
    after: float


def jumps(frames: Sequence[Frame]) -> tuple[Jump, ...]:
    """The jumps in order: stretches of frames in which something only rises, or only falls, by `LEAST` in all."""
    found: list[Jump] = []
    for name in WATCHED:
        if all(name in frame.measured for frame in frames):
            found += stretches(name, [frame.measured[name].value for frame in frames])
    return tuple(sorted(found, key=lambda jump: (jump.first, jump.last, jump.name)))


def stretches(name: str, values: Sequence[float]) -> list[Jump]:
    """The jumps of one measurement."""
    found, first = [], 0
    for i in range(1, len(values)):
        ends = i + 1 == len(values) or (values[i + 1] - values[i]) * (values[i] - values[i - 1]) <= 0
        if not ends:
            continue
        if abs(values[i] - values[first]) >= LEAST:
            found.append(Jump(name, first, i, values[first], values[i]))
        first = i
    return found
