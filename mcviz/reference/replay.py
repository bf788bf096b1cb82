"""Replay: a Trace keeps where every segment ended; what stood in between is written again when it is asked for."""

from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.initial import State
from mcviz.reference.memory import Array, Coefficients, rule
from mcviz.trace import Trace


def replay(
    cfg: MCConfig,
    start: State,
    k: Float[Array, "t H K"],
    v: Float[Array, "t H V"],
    coefficients: Coefficients,
) -> list[State]:
    """The states after each of t writes, from `start`."""
    states, written = [], rule(cfg)
    for i in range(len(k)):
        start = written.write(start, k[i], v[i], {name: c[i] for name, c in coefficients.items()})
        states.append(start)
    return states


def segment(trace: Trace, s: int, stop: int | None = None) -> list[State]:
    """The online memory of segment `s`: as it begins, and after each of its tokens, or of those before token `stop`."""
    begin, end = trace.segments[s]
    carried = trace.config.start == "checkpoint" and s > 0
    start = trace.checkpoints[s - 1] if carried else trace.initial
    span = slice(begin, end if stop is None else stop)
    coefficients = {name: array[span] for name, array in trace.coefficients.items()}
    return [start, *replay(trace.config, start, trace.k[span], trace.v[span], coefficients)]


def state(trace: Trace, t: int) -> State:
    """The online memory after token `t`."""
    return segment(trace, int(trace.segment_of[t]), t + 1)[-1]
