"""What a variant costs, by formula: operations, memory reads, bytes.

Conventions, the same that `Trace.counts` uses and the tests count in a running reference: an operation is one
multiplication, addition or elementary function on one number, so an inner product of length n costs 2n; the
comparisons of a sort are not counted. A read is one memory answering one query of one head. Bytes are those of the
memories and contexts that a token has to fetch to be answered, and `cached` those that are kept for later tokens.
The one memory that is being written is not among them: `online` says how large it is.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from mcviz import rules, segments
from mcviz.checks import plain, whole
from mcviz.config import AGGREGATORS, GATED, MCConfig
from mcviz.initial import readable, state_shapes
from mcviz.rules import SHEETS


class Cost(NamedTuple):
    """Counts for one token or one sequence, over all heads."""

    reads: int  # memories that answered a query
    flops: int  # operations
    bytes: int  # fetched to be answered
    cached: int  # bytes kept for later tokens: checkpoints and their contexts


def state_size(cfg: MCConfig, K: int, V: int) -> int:
    """Numbers in the readable part of one head's memory: what a checkpoint holds."""
    shapes = SHEETS[cfg.memory].state(cfg.rule_options, K, V)
    return sum(math.prod(shapes[name]) for name in readable(cfg))


def read_flops(cfg: MCConfig, K: int, V: int) -> int:
    """Operations of one read by one head."""
    return SHEETS[cfg.memory].read_operations(cfg.rule_options, K, V)


def write_flops(cfg: MCConfig, K: int, V: int) -> int:
    """Operations of one write by one head."""
    return SHEETS[cfg.memory].write_operations(cfg.rule_options, K, V)


def token(cfg: MCConfig, n: int, K: int, V: int, H: int, itemsize: int = 8) -> Cost:
    """The cost of one token that can reach `n` memories: n - 1 checkpoints and its online one."""
    return _total(cfg, 1, n, H * n, H * most_read(cfg, n), K, V, H, itemsize)


def sequence(cfg: MCConfig, T: int, K: int, V: int, H: int, itemsize: int = 8) -> Cost:
    """The cost of a whole sequence; `cached` is what its last token had to keep."""
    T, K, V, H, itemsize = (plain(size) for size in (T, K, V, H, itemsize))
    n = memories(cfg, T)
    reached, fetched = H * _reached(cfg, T, n), H * _reached(cfg, T, most_read(cfg, n))
    return _total(cfg, T, n, reached, fetched, K, V, H, itemsize)


def memories(cfg: MCConfig, T: int) -> int:
    """How many memories the last of `T` tokens can reach: one for each segment."""
    T = whole("T", T, of="tokens")
    if cfg.segmentation == "constant":
        return math.ceil(T / cfg.segment_length)
    return len(segments.cut(T, cfg.segmentation, cfg.segment_length))


def most_read(cfg: MCConfig, n: int) -> int:
    """How many of `n` memories a token reads at most."""
    return min(n, rules.AGGREGATORS[cfg.aggregator].most(n, cfg.top_k))


def _reached(cfg: MCConfig, T: int, at_most: int) -> int:
    """The sum over `T` tokens of `min(n, at_most)`, n the memories that the token can reach."""
    if cfg.segmentation == "constant":
        whole, rest = divmod(T, cfg.segment_length)
        first = min(whole, at_most)
        per_place = first * (first + 1) // 2 + (whole - first) * at_most
        return cfg.segment_length * per_place + rest * min(whole + 1, at_most)
    cuts = segments.cut(T, cfg.segmentation, cfg.segment_length)
    return sum((stop - start) * min(n, at_most) for n, (start, stop) in enumerate(cuts, start=1))


def _total(
    cfg: MCConfig, tokens: int, n: int, reached: int, fetched: int, K: int, V: int, H: int, itemsize: int
) -> Cost:
    """The cost of so many tokens, whose heads together reach, and fetch, so many memories; the last can reach `n`."""
    size, queries = state_size(cfg, K, V), H * tokens
    gated, compares, reader = cfg.aggregator in GATED, cfg.compares, rules.AGGREGATORS[cfg.aggregator]
    if reader.mixes:
        answers, combine = queries, 2 * fetched * size
    else:
        answers, combine = fetched, (2 * fetched - queries) * V
    flops = queries * write_flops(cfg, K, V) + answers * read_flops(cfg, K, V) + combine
    # the running context, which every run records
    flops += queries * (K if cfg.pooling == "sum" else 2 * K)
    # scores; their softmax; their signs turned, to sort downwards
    flops += (2 * K * reached if compares else 0) + (5 * reached if gated else 0)
    flops += reached - queries if reader.routes else 0
    kept = 0 if cfg.aggregator == "none" else n - 1
    return Cost(
        reads=answers,
        flops=flops,
        bytes=itemsize * (fetched * size + (reached * K if compares else 0)),
        cached=H * itemsize * kept * (size + (K if compares else 0)),
    )


def online(cfg: MCConfig, K: int, V: int, H: int, itemsize: int = 8) -> int:
    """Bytes of the memory that is being written: its whole state, and its context where scores compare one.

    A plain recurrent layer keeps this and nothing else.
    """
    state = sum(math.prod(shape) for shape in state_shapes(cfg, H, K, V).values())
    return itemsize * (state + (H * K if cfg.compares else 0))


def attention(T: int, K: int, V: int, H: int, itemsize: int = 8, window: int = 0, stride: int = 1) -> Cost:
    """Causal softmax attention with a KV cache: token t compares with t keys and adds t values.

    With a `window`, with those of the latest tokens alone; with a `stride`, with each last of so many, and its own.
    `cached` is what its last token needs.
    """
    T, K, V, H, itemsize, window, stride = (plain(size) for size in (T, K, V, H, itemsize, window, stride))
    pairs = _pairs(T, window, stride)
    flops = pairs * (2 * K + 5 + 2 * V)
    last = pairs - _pairs(T - 1, window, stride)
    return Cost(H * pairs, H * flops, H * itemsize * pairs * (K + V), H * itemsize * last * (K + V))


def fenwick(T: int, K: int, V: int, H: int, itemsize: int = 8) -> Cost:
    """Log-linear attention: token t reads itself and a sum for each power of two in the number of those before it.

    `cached` is the room that it takes: a sum for each level that ever held one, of which some are empty after most
    tokens.
    """
    T, K, V, H, itemsize = (plain(size) for size in (T, K, V, H, itemsize))
    reads = T + _bits(T)
    # each token's own product, sums of two where a bucket is full, and reads with their weights
    flops = T * K * V + (T - T.bit_count()) * K * V + reads * (2 * K * V + 2 * V + 1)
    return Cost(H * reads, H * flops, H * itemsize * reads * K * V, H * itemsize * T.bit_length() * K * V)


def _bits(T: int) -> int:
    """How many powers of two make up the numbers below `T`, together."""
    # of each 2^(b+1) numbers in a row, the last 2^b have bit b
    return sum((T >> b + 1 << b) + max(0, T % (2 << b) - (1 << b)) for b in range(T.bit_length()))


def _pairs(T: int, window: int, stride: int) -> int:
    """How many pairs `T` tokens read together: each its own, and those at the ends of strides within its window."""
    within = _ends(T, stride) - (_ends(max(0, T - window), stride) if window else 0)
    return within + T - T // stride


def _ends(T: int, stride: int) -> int:
    """The sum over `T` tokens of the ends of strides up to each, floor(t / stride)."""
    whole, rest = divmod(T, stride)
    return stride * whole * (whole - 1) // 2 + whole * (rest + 1)


def table(cfg: MCConfig, T: int, d: int, H: int, itemsize: int = 8) -> dict[str, Cost]:
    """The cost of `T` tokens with K = V = d under each aggregator ("none" is the plain recurrent layer), and of
    attention. Raises `ValueError` for a size below 1."""
    d, H, itemsize = whole("d", d), whole("H", H), whole("itemsize", itemsize)
    rows = {name: sequence(replace(cfg, aggregator=name), T, d, d, H, itemsize) for name in AGGREGATORS}
    return {**rows, "attention": attention(T, d, d, H, itemsize)}


def crossover(cfg: MCConfig, K: int, V: int) -> float:
    """The segment length above which a checkpoint is smaller than the KV cache of its segment, in tokens.

    For K = V = d this is d/2 for a matrix memory and d * expansion for a two-layer one.
    """
    return state_size(cfg, K, V) / (K + V)


def counts(
    cfg: MCConfig,
    cuts: segments.Segments,
    K: int,
    V: int,
    H: int,
    itemsize: int,
    fetched: Iterable[int] | None = None,
) -> Mapping[str, list[int]]:
    """The cost of every token of a run, field by field: what `Trace.counts` holds.

    `fetched` says how many memories the heads of each token read, where surgery has them read others than they would.
    """
    reached = [n for n, (start, stop) in enumerate(cuts, start=1) for _ in range(start, stop)]
    usual = (H * most_read(cfg, n) for n in reached)
    one = cache(lambda n, some: _total(cfg, 1, n, H * n, some, K, V, H, itemsize))
    each = [one(n, some) for n, some in zip(reached, usual if fetched is None else fetched, strict=True)]
    return {name: [getattr(spent, name) for spent in each] for name in Cost._fields}
