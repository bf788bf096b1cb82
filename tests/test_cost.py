"""Costs by formula are the costs of a run: every operation of the reference is counted."""

import itertools
import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, cost
from mcviz.config import AGGREGATORS, GATED, GATES, POOLINGS
from mcviz.initial import initial_state, readable, state_shapes
from mcviz.reference import Stream, memory_caching
from mcviz.reference.aggregators import softmax
from tests.runs import VARIANTS, coefficients, label, tokens

DEEP = ("depth", "residual", "norm")
RULES = [
    *VARIANTS,
    MCConfig(options={"feature_map": "elu"}),
    MCConfig(memory="swla", options={"window": 1}),
    *[
        MCConfig(memory=rule, options={**dict(zip(DEEP, chosen, strict=True)), "expansion": 3})
        for rule in ("dla", "titans")
        for chosen in itertools.product((1, 2), (True, False), (True, False))
    ],
]
"""Every rule with every option."""


class Counted(np.ndarray):
    """An array that counts the operations that it takes part in.

    One for each number that an elementwise function gives, one for each number that a reduction takes in, two for
    each product that `einsum` sums. Moving and comparing by rank cost nothing.
    """

    operations = 0
    free = (np.where, np.stack, np.concatenate, np.argsort, np.put_along_axis, np.moveaxis, np.broadcast_to)
    free += (np.zeros_like, np.ones_like, np.full_like)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [bare(each) for each in inputs]
        result = getattr(ufunc, method)(*plain, out=None if out is None else tuple(map(bare, out)), **options)
        if ufunc is not np.logical_or:
            Counted.operations += np.size(plain[0] if method == "reduce" else result)
        return result if np.isscalar(result) else counted(result)

    def __array_function__(self, function, types, inputs, options):
        plain = bare(inputs)
        if function is np.einsum:
            inputs_, _ = plain[0].split("->")
            sizes = {}
            for axes, array in zip(inputs_.replace("...", "").split(","), plain[1:], strict=True):
                sizes |= dict(zip(axes, array.shape[-len(axes) :], strict=True))
            leading = plain[1].shape[: -len(inputs_.replace("...", "").split(",")[0])]
            Counted.operations += 2 * math.prod(sizes.values()) * math.prod(leading)
        elif function in (np.sum, np.max):
            Counted.operations += plain[0].size
        elif function is np.mean:
            Counted.operations += plain[0].size + np.size(function(*plain, **options))
        else:
            assert function in self.free, function
        result = function(*plain, **options)
        return counted(result) if isinstance(result, np.ndarray) else result


def bare(value):
    """Plain arrays for counted ones."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(bare, value))
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def counted(array):
    return np.asarray(array).view(Counted)


def operations(cfg, cuts, H, K, V):
    """What each token of a run over `cuts` costs, counted."""
    T = cuts[-1][1]
    q, k, v, u = map(counted, tokens(T, H, K, V))
    c = {name: counted(each) for name, each in coefficients(cfg, T, H, K).items()}
    stream = Stream(cfg, cuts, {name: counted(each) for name, each in initial_state(cfg, H, K, V).items()})
    spent = []
    for t in range(T):
        Counted.operations = 0
        stream.step(q[t], k[t], v[t], u[t], {name: each[t] for name, each in c.items()})
        spent.append(Counted.operations)
    return spent


CUTS = [(0, 1), (1, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("cfg", RULES, ids=label)
@pytest.mark.usefixtures("unchecked")
def test_operations_are_those_of_the_formula(cfg, aggregator):
    """K is not V, several heads, first and later segments, and `top_k` below and above what there is."""
    choices = [*itertools.product(GATES if aggregator in GATED else ("context",), POOLINGS)]
    top_ks = (1, 2, 9) if aggregator == "ssc" else (2,)
    for (gate, pooling), top_k, (H, K, V) in itertools.product(choices, top_ks, ((1, 2, 3), (2, 3, 2))):
        one = replace(cfg, aggregator=aggregator, gate=gate, pooling=pooling, top_k=top_k)
        formula = [cost.token(one, n, K, V, H).flops for n in (1, 2, 2, 3, 4)]
        assert formula == operations(one, CUTS, H, K, V), (one, H, K, V)


@pytest.mark.usefixtures("unchecked")
def test_the_operations_of_attention_are_those_of_the_formula():
    T, K, V = 7, 3, 2
    q, k, v, _ = (counted(array[:, 0]) for array in tokens(T, 1, K, V))
    Counted.operations = 0
    for t in range(T):
        weights = softmax(np.einsum("jk,k->j", k[: t + 1], q[t])[:, None])[:, 0]
        np.einsum("j,jv->v", weights, v[: t + 1])
    assert cost.attention(T, K, V, H=1).flops == Counted.operations
    pairs = T * (T + 1) // 2
    assert cost.attention(T, K, V, H=3, itemsize=4) == (3 * pairs, 3 * Counted.operations, 60 * pairs, 60 * T)


@pytest.mark.parametrize("cfg", RULES, ids=label)
def test_a_checkpoint_is_as_large_as_what_is_read_of_it(cfg):
    for K, V in ((4, 3), (2, 5)):
        shapes = state_shapes(cfg, 1, K, V)
        assert cost.state_size(cfg, K, V) == sum(math.prod(shapes[name]) for name in readable(cfg))


@pytest.mark.parametrize("gate", ["context", "token"])
@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
@pytest.mark.usefixtures("unchecked")
def test_reads_and_bytes_are_those_of_a_run(cfg, aggregator, gate):
    H, K, V = 2, 4, 3
    cfg = replace(cfg, aggregator=aggregator, gate=gate, segmentation=(1, 2, 1, 3), start="checkpoint", top_k=2)
    trace = memory_caching(*tokens(7, H, K, V, dtype=np.float32), cfg)
    compares = aggregator in GATED and gate != "token"
    for t, s in enumerate(trace.segment_of):
        memory = sum(trace.checkpoints[0][name].nbytes for name in readable(cfg)) // H
        context = trace.checkpoint_contexts[0, 0].nbytes if compares else 0
        read = trace.read[t].sum()
        assert trace.counts["reads"][t] == (H if aggregator == "soup" else read)
        assert trace.counts["bytes"][t] == read * memory + H * (s + 1) * context
        assert trace.counts["cached"][t] == (0 if aggregator == "none" else H * s * (memory + context))


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("segmentation", ["constant", "logarithmic", (9, 1, 3)])
def test_a_sequence_costs_what_its_tokens_cost(aggregator, segmentation):
    cfg = MCConfig(aggregator=aggregator, segmentation=segmentation, segment_length=5)
    trace = memory_caching(*tokens(13, 2, 4, 3), cfg)
    total = cost.sequence(cfg, 13, 4, 3, 2)
    assert total._replace(cached=0) == (*(trace.counts[name].sum() for name in ("reads", "flops", "bytes")), 0)
    assert total.cached == trace.counts["cached"][-1]


def test_the_table_has_a_row_for_every_way_to_read():
    cfg = MCConfig(segment_length=16)
    table = cost.table(cfg, T=256, d=8, H=2)
    assert list(table) == [*AGGREGATORS, "attention"]
    assert table["ssc"] == cost.sequence(replace(cfg, aggregator="ssc"), 256, 8, 8, 2)
    assert table["none"].cached == 0
    halved = cost.table(cfg, T=256, d=8, H=2, itemsize=4)
    for name, row in table.items():
        assert halved[name] == (row.reads, row.flops, row.bytes // 2, row.cached // 2)


@pytest.mark.usefixtures("unchecked")
def test_costs_grow_as_the_paper_says():
    """One segment is linear in L, segments of one token are quadratic, logarithmic ones between; SSC's memories are
    flat in L."""

    def ratio(doublings=6, **changes):
        short, long = (cost.sequence(MCConfig(**changes), 2**n, 64, 64, 1) for n in (10, 10 + doublings))
        return long.reads / short.reads

    assert ratio(segment_length=2**20) == 64
    assert 63**2 < ratio(segment_length=1) < 64**2
    assert ratio(segmentation="logarithmic") == 64  # powers of two: one segment
    assert cost.sequence(MCConfig(segmentation="logarithmic"), 2**16 - 1, 64, 64, 1).reads < 16 * 2**16
    assert 3 * 2**16 * 0.99 < cost.sequence(MCConfig(aggregator="ssc"), 2**16, 64, 64, 1).reads < 3 * 2**16


@pytest.mark.parametrize("d", [8, 64, 256])
def test_where_a_checkpoint_becomes_smaller_than_a_kv_cache(d):
    """`C > d/2` for a matrix, `C > 4d` for the MLP with expansion 4."""
    assert cost.crossover(MCConfig(), d, d) == d / 2
    assert cost.crossover(MCConfig(memory="dla"), d, d) == 4 * d
    for cfg in (MCConfig(gate="token"), MCConfig(memory="titans", gate="token")):
        C = int(cost.crossover(cfg, d, d))
        for length, smaller in ((C, False), (C + 1, True)):
            cached = cost.token(replace(cfg, segment_length=length), 2, d, d, 1).cached
            assert (cached < cost.attention(length, d, d, 1).cached) == smaller


@pytest.mark.parametrize("changes", [{"d": 0}, {"H": 0}, {"itemsize": -1}, {"T": 0}, {"d": 2.0}, {"H": True}])
@pytest.mark.usefixtures("unchecked")
def test_a_size_is_a_whole_number_of_at_least_one(changes):
    ((name, value),) = changes.items()
    with pytest.raises(ValueError, match=rf"^{name}: expected a whole number.*at least 1, got {value!r}$"):
        cost.table(MCConfig(), **{"T": 4, "d": 2, "H": 1, **changes})


@pytest.mark.usefixtures("unchecked")
def test_a_trace_grows_with_its_rows_and_its_checkpoints_alone():
    """T (H N V + ...) + N H K V numbers, and no more than a few times that while it runs: never T N V K."""
    T, H, K, V, N = 128, 2, 16, 24, 16
    arguments = tokens(T, H, K, V)
    cfg = MCConfig(segment_length=T // N)
    memory_caching(*tokens(8, H, K, V), cfg)
    tracemalloc.start()
    trace = memory_caching(*arguments, cfg)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = sum(array.nbytes for array in trace._arrays().values())
    rows = 8 * T * H * (4 * K + 2 * V + 2 * N + N * V) + T * H * N + 8 * T * len(trace.counts)
    assert size == rows + 8 * N * H * (K * V + K) + 8 * H * K * V
    assert peak < 4 * size < 8 * T * N * V * K
