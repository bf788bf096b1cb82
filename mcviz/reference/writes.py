"""Writes side by side: the first tokens of several segments at once, then their second ones, and so on."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from mcviz.config import MCConfig
from mcviz.initial import State
from mcviz.reference import memory
from mcviz.reference.memory import Array, Coefficients
from mcviz.segments import Segments


class Writes(NamedTuple):
    """What the writes of n tokens did, each in a segment of its own: the tokens, and the states before and after."""

    t: Int[Array, "n"]
    before: State
    after: State


def abreast(
    cfg: MCConfig,
    pieces: Segments,
    starts: Sequence[State],
    k: Float[Array, "T H K"],
    v: Float[Array, "T H V"],
    c: Coefficients,
) -> Iterator[Writes]:
    """The writes of these pieces of segments, each of which goes on from a state of its own."""
    order = sorted(range(len(pieces)), key=lambda i: pieces[i][0] - pieces[i][1])  # those that end first are the last
    begins, ends = np.array([pieces[i] for i in order]).T
    rule = memory.rule(cfg)
    after = {name: np.stack([starts[i][name] for i in order]) for name in starts[0]}
    for step in range(ends[0] - begins[0]):
        t = (begins + step)[begins + step < ends]
        before = {name: array[: len(t)] for name, array in after.items()}
        after = rule.write(before, k[t], v[t], {name: each[t] for name, each in c.items()})
        yield Writes(t, before, after)
