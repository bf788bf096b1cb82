"""Replay: a Trace keeps where every segment ended; what stood in between is written again when it is asked for.

All states of a segment may be far larger than the run: who needs one after the other takes them from an iterator.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from mcviz.config import MCConfig
from mcviz.initial import State
from mcviz.reference.loop import memory_caching
from mcviz.reference.memory import Array, Coefficients, rule
from mcviz.rules import AGGREGATORS
from mcviz.segments import Segments
from mcviz.trace import Trace

ROOM = 2**18
"""Numbers in the states that are written side by side; of a run that keeps more, a sixteenth of those that it keeps."""


class Writes(NamedTuple):
    """What the writes of n tokens did, each in a segment of its own: the tokens, and the states before and after."""

    t: Int[Array, "n"]
    before: State
    after: State


def written(
    cfg: MCConfig,
    start: State,
    k: Float[Array, "t H K"],
    v: Float[Array, "t H V"],
    coefficients: Coefficients,
) -> Iterator[State]:
    """The state after each of t writes, from `start`; none is kept."""
    memory = rule(cfg)
    for i in range(len(k)):
        start = memory.write(start, k[i], v[i], {name: c[i] for name, c in coefficients.items()})
        yield start


def replay(
    cfg: MCConfig,
    start: State,
    k: Float[Array, "t H K"],
    v: Float[Array, "t H V"],
    coefficients: Coefficients,
) -> list[State]:
    """All that `written` gives."""
    return list(written(cfg, start, k, v, coefficients))


def through(trace: Trace, s: int, stop: int | None = None) -> Iterator[State]:
    """The online memory of segment `s`: as it begins, and after each of its tokens, or of those before token `stop`."""
    begin, end = trace.segments[s]
    carried = trace.config.start == "checkpoint" and s > 0
    start = trace.checkpoints[s - 1] if carried else trace.initial
    span = slice(begin, end if stop is None else stop)
    yield start
    coefficients = {name: array[span] for name, array in trace.coefficients.items()}
    yield from written(trace.config, start, trace.k[span], trace.v[span], coefficients)


def segment(trace: Trace, s: int, stop: int | None = None) -> list[State]:
    """All that `through` gives."""
    return list(through(trace, s, stop))


def state(trace: Trace, t: int) -> State:
    """The online memory after token `t`."""
    return _last(through(trace, int(trace.segment_of[t]), t + 1))


def abreast(trace: Trace, first: int, stop: int) -> Iterator[Writes]:
    """The writes of the tokens from `first` on and before `stop`, once each, in no order.

    Where a segment begins is known: segments are written side by side, their first tokens at once, then their second
    ones, and so on; as many segments as `ROOM` says.
    """
    pieces = [(max(begin, first), min(end, stop)) for begin, end in trace.segments if begin < stop and first < end]
    at_once = max(1, ROOM // sum(array.size for array in trace.initial.values()), len(pieces) // 16)
    for i in range(0, len(pieces), at_once):
        yield from _abreast(trace, pieces[i : i + at_once])


def _abreast(trace: Trace, pieces: Segments) -> Iterator[Writes]:
    """The writes of these pieces of segments."""
    pieces = sorted(pieces, key=lambda piece: piece[0] - piece[1])  # those that end first are the last
    begins, ends = np.array(pieces).T
    memory = rule(trace.config)
    starts = [_last(through(trace, int(trace.segment_of[begin]), begin)) for begin, _ in pieces]
    after = {name: np.stack([start[name] for start in starts]) for name in trace.initial}
    for step in range(ends[0] - begins[0]):
        t = (begins + step)[begins + step < ends]
        before = {name: array[: len(t)] for name, array in after.items()}
        after = memory.write(before, trace.k[t], trace.v[t], {name: c[t] for name, c in trace.coefficients.items()})
        yield Writes(t, before, after)


def _last(states: Iterator[State]) -> State:
    return deque(states, maxlen=1).pop()


def answering(trace: Trace) -> Trace:
    """The same memories and queries, all of which are read, so that each answers: the run under a residual sum.

    A run that reads every memory, or none but the online one, answers itself.
    """
    how = AGGREGATORS[trace.config.aggregator]
    if not (how.mixes or how.routes):
        return trace
    cfg = replace(trace.config, aggregator="residual")
    return memory_caching(trace.q, trace.k, trace.v, trace.u, cfg, trace.coefficients, trace.initial)
