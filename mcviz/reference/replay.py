"""Replay: a Trace keeps where every segment ended; what stood in between is written again when it is asked for.

All states of a segment may be far larger than the run: who needs one after the other takes them from an iterator.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from jaxtyping import Float

from mcviz.checks import of_kinds
from mcviz.config import MCConfig
from mcviz.initial import State
from mcviz.reference import writes
from mcviz.reference.blocks import memory_caching
from mcviz.reference.memory import Array, Coefficients, rule
from mcviz.reference.writes import Writes as Writes
from mcviz.rules import AGGREGATORS
from mcviz.trace import Trace

ROOM = 2**18
"""Numbers in the states that are written side by side; of a run that keeps more, a sixteenth of those that it keeps."""


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
        some = pieces[i : i + at_once]
        starts = [_last(through(trace, int(trace.segment_of[begin]), begin)) for begin, _ in some]
        yield from writes.abreast(trace.config, some, starts, trace.k, trace.v, trace.coefficients)


def _last(states: Iterator[State]) -> State:
    return deque(states, maxlen=1).pop()


@of_kinds
def answering(trace: Trace) -> Trace:
    """The same memories and queries, all of which are read, so that each answers: the run under a residual sum.

    A run that reads every memory, or none but the online one, answers itself.
    """
    how = AGGREGATORS[trace.config.aggregator]
    if not (how.mixes or how.routes):
        return trace
    cfg = replace(trace.config, aggregator="residual")
    return memory_caching(trace.q, trace.k, trace.v, trace.u, cfg, trace.coefficients, trace.initial)
