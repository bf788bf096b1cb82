"""Where something jumped: where what was measured leaves the bounds between which it lay."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from mcviz.film.frame import Frame

WATCHED = ("accuracy", "largest", "read", "entropy")
"""What is watched for jumps, of what is measured."""

LEAST = 0.1
"""A jump moves by so much at least: of a share, or in bits."""


class Jump(NamedTuple):
    """A rise or a fall of one measurement from frame to frame, for as long as it goes on."""

    name: str  # among `WATCHED`
    first: int  # the last frame before it, by number
    last: int  # the first frame after it
    before: float
    after: float


def jumps(frames: Sequence[Frame]) -> tuple[Jump, ...]:
    """The jumps between frames, in order.

    Between two frames, a measurement jumps if it moves by `LEAST`, and the bounds of the one and of the other do not
    overlap: chance in what was drawn does not explain it. Jumps that follow each other in one direction are one.
    """
    found: list[Jump] = []
    for name in WATCHED:
        last: Jump | None = None
        for i, (one, two) in enumerate(pairwise(frames)):
            if name not in one.measured or name not in two.measured:
                continue
            a, b = one.measured[name], two.measured[name]
            if abs(b.value - a.value) < LEAST or (a.low <= b.high and b.low <= a.high):
                continue
            jump = Jump(name, i, i + 1, a.value, b.value)
            if last is not None and last.last == i and (last.after > last.before) == (b.value > a.value):
                found.remove(last)
                jump = jump._replace(first=last.first, before=last.before)
            found.append(jump)
            last = jump
    return tuple(sorted(found, key=lambda jump: (jump.first, jump.last, jump.name)))
