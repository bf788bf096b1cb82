"""Memory Caching, many tokens at a time: the numbers of `loop`, for who waits for them.

Segments are written side by side where each has a start of its own. The tokens of one can read the same checkpoints, so
they read them together, by the very functions that a token of the loop reads with.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz import segments
from mcviz.config import MCConfig
from mcviz.initial import State, readable
from mcviz.reference import aggregators, memory
from mcviz.reference.inputs import prepare
from mcviz.reference.loop import Step, Stream, gate, record
from mcviz.reference.memory import Array, Coefficients
from mcviz.reference.writes import abreast
from mcviz.rules import AGGREGATORS
from mcviz.segments import Segments
from mcviz.trace import Trace

ROOM = 2**21
"""Numbers in the states that are held at once: online ones, or copies of those that tokens select."""


def memory_caching(
    q: Float[Array, "T H K"],
    k: Float[Array, "T H K"],
    v: Float[Array, "T H V"],
    u: Float[Array, "T H K"] | None,
    cfg: MCConfig,
    coefficients: Mapping[str, Any] | None = None,
    initial: Any = None,
) -> Trace:
    """The Trace of `loop.memory_caching`, whose arguments and errors these are."""
    q, k, v, u, c, start = prepare(q, k, v, u, cfg, coefficients, initial)
    cuts = segments.cut(len(q), cfg.segmentation, cfg.segment_length)
    contexts = pooled(cfg, cuts, k)
    stream, steps = Stream(cfg, cuts, start), []
    for begin, stop, states in online(cfg, cuts, start, k, v, c):
        block = slice(begin, stop)
        steps.append((block, read(stream, states, q[block], u[block], contexts[block])))
        if stop == cuts[len(stream.checkpoints)][1]:
            stream.online = states[-1]
            stream.keep(contexts[stop - 1])
    return record(cfg, cuts, (q, k, v, u), c, start, stream, steps)


def pooled(cfg: MCConfig, cuts: Segments, k: Float[Array, "T H K"]) -> Float[Array, "T H K"]:
    """The context of each token's segment up to it."""
    sums = np.concatenate([np.cumsum(k[begin:end], 0) for begin, end in cuts])
    tokens = np.concatenate([np.arange(1, end - begin + 1, dtype=k.dtype) for begin, end in cuts])
    return sums / tokens[:, None, None] if cfg.pooling == "mean" else sums


def online(
    cfg: MCConfig, cuts: Segments, start: State, k: Float[Array, "T H K"], v: Float[Array, "T H V"], c: Coefficients
) -> Iterator[tuple[int, int, list[State]]]:
    """The online memory after each token of a piece of a segment, one piece after the other: from where, to where."""
    independent, begins = cfg.start == "independent", {begin for begin, _ in cuts}
    # a token that selects checkpoints reads copies of them
    copies = min(cfg.top_k, len(cuts)) if AGGREGATORS[cfg.aggregator].routes else 1
    most = max(1, ROOM // (copies * sum(array.size for array in start.values())))
    last = start
    for pieces in batches(cuts, most, independent):
        starts = [start if independent and begin in begins else last for begin, _ in pieces]
        found = {}
        for tokens, _, after in abreast(cfg, pieces, starts, k, v, c):
            for i, t in enumerate(tokens.tolist()):
                found[t] = {name: array[i] for name, array in after.items()}
        for begin, stop in pieces:
            yield begin, stop, [found[t] for t in range(begin, stop)]
        last = found[stop - 1]


def batches(cuts: Segments, most: int, together: bool) -> Iterator[Segments]:
    """Pieces of segments of at most so many tokens: as many `together` as have no more, or one at a time."""
    batch: Segments = []
    for begin, end in cuts:
        for first in range(begin, end, most):
            piece = first, min(first + most, end)
            if batch and not (together and piece[1] - batch[0][0] <= most):
                yield batch
                batch = []
            batch.append(piece)
    yield batch


def read(
    stream: Stream,
    states: Sequence[State],
    q: Float[Array, "t H K"],
    u: Float[Array, "t H K"],
    contexts: Float[Array, "t H K"],
) -> Step:
    """What t tokens of a segment read, each of the checkpoints and of its own state: the end of `Stream.step`."""
    cfg, rule, names = stream.cfg, memory.rule(stream.cfg), readable(stream.cfg)
    n, t = len(stream.checkpoints), len(q)
    compared = np.empty((n + 1, *contexts.shape), contexts.dtype)
    compared[:n] = np.array(stream.contexts).reshape(n, 1, *contexts.shape[1:])
    compared[n] = contexts
    scores = gate(cfg, q, u, compared)
    weighing = aggregators.WEIGHINGS[cfg.aggregator](scores, cfg.top_k)
    checkpoints = {name: alike(array, t) for name, array in stream.cache.items()}
    online = {name: np.stack([state[name] for state in states]) for name in names}
    if cfg.aggregator == "soup":
        output, reads = aggregators.blend(rule, checkpoints, online, q, weighing, names)
    else:
        output, reads = aggregators.add(rule, checkpoints, online, q, weighing)
    return Step(output, contexts, scores, *weighing, reads)


def alike(array: Float[Array, "n H ..."], t: int) -> Float[Array, "n t H ..."]:
    """The same for each of t tokens."""
    return np.broadcast_to(array[:, None], (len(array), t, *array.shape[1:]))
