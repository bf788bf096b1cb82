"""Costs by formula are the costs of a run: every operation of the reference is counted."""

import itertools
import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import MCConfig, cost, segments
from mcviz.config import AGGREGATORS, GATED, GATES, POOLINGS
from mcviz.initial import readable, state_shapes
from mcviz.reference import memory_caching
from mcviz.trace.file import arrays
from mcviz.tradeoff import count
from tests.pairs import rows
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


CUTS = [(0, 1), (1, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("cfg", RULES, ids=label)
@pytest.mark.pairs
@pytest.mark.usefixtures("unchecked")
def test_operations_are_those_of_the_formula(cfg, aggregator):
    """K is not V, several heads, first and later segments, and `top_k` below and above what there is."""
    gates = GATES if aggregator in GATED else ("context",)
    top_ks = (1, 2, 9) if aggregator == "ssc" else (2,)
    for gate, pooling, top_k, (H, K, V) in rows(gates, POOLINGS, top_ks, ((1, 2, 3), (2, 3, 2))):
        one = replace(cfg, aggregator=aggregator, gate=gate, pooling=pooling, top_k=top_k)
        formula = [cost.token(one, n, K, V, H).flops for n in (1, 2, 2, 3, 4)]
        spent = count.operations(one, CUTS, tokens(5, H, K, V), coefficients(one, 5, H, K))
        assert formula == spent, (one, H, K, V)


@pytest.mark.usefixtures("unchecked")
def test_the_operations_of_attention_are_those_of_the_formula():
    T, K, V = 7, 3, 2
    q, k, v, _ = (array[:, 0] for array in tokens(T, 1, K, V))
    spent = count.attention_operations(q, k, v)
    assert cost.attention(T, K, V, H=1).flops == spent
    pairs = T * (T + 1) // 2
    assert cost.attention(T, K, V, H=3, itemsize=4) == (3 * pairs, 3 * spent, 60 * pairs, 60 * T)


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


@given(
    T=st.integers(1, 200),
    C=st.integers(1, 60),
    k=st.integers(1, 9),
    aggregator=st.sampled_from(AGGREGATORS),
)
@pytest.mark.usefixtures("unchecked")
def test_constant_segments_cost_what_the_same_lengths_cost(T, C, k, aggregator):
    """The sum in closed form is the sum over segments."""
    cfg = MCConfig(aggregator=aggregator, segment_length=C, top_k=k)
    lengths = tuple(stop - start for start, stop in segments.constant(T, C))
    assert cost.sequence(cfg, T, 4, 3, 2) == cost.sequence(replace(cfg, segmentation=lengths), T, 4, 3, 2)


@given(d=st.integers(1, 600), expansion=st.integers(1, 8), off=st.sampled_from((-1, 0, 1)))
@pytest.mark.usefixtures("unchecked")
def test_checkpoints_and_kv_cache_cross_where_it_is_said(d, expansion, off):
    """A matrix beats the KV cache of its segment above d/2 tokens, a two-layer memory above d * expansion."""
    deep = MCConfig(memory="dla", options={"expansion": expansion})
    for cfg, expected in ((MCConfig(), d / 2), (deep, d * expansion)):
        assert cost.crossover(cfg, d, d) == expected
        C = max(1, math.floor(expected) + off)
        saved = cost.attention(C, d, d, 1, itemsize=1).cached - cost.state_size(cfg, d, d)
        assert np.sign(saved) == np.sign(C - expected)


@pytest.mark.parametrize("cfg", RULES, ids=label)
def test_the_memory_that_is_written_is_as_large_as_its_arrays(cfg):
    """Momentum and windows too, which no checkpoint holds."""
    trace = memory_caching(*tokens(3, 2, 4, 3), replace(cfg, aggregator="none"))
    assert cost.online(trace.config, 4, 3, 2) == sum(array.nbytes for array in trace.checkpoints[0].values())
    gated = replace(cfg, aggregator="grm")
    assert cost.online(gated, 4, 3, 2) == cost.online(trace.config, 4, 3, 2) + trace.online_contexts[0].nbytes


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
    size = sum(array.nbytes for array in arrays(trace).values())
    rows = 8 * T * H * (4 * K + 2 * V + 2 * N + N * V) + T * H * N + 8 * T * len(trace.counts)
    assert size == rows + 8 * N * H * (K * V + K) + 8 * H * K * V
    assert peak < 4 * size < 8 * T * N * V * K
