"""Aggregators: weights over memories, and two ways to combine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mcviz.config import AGGREGATORS, GATED, MCConfig
from mcviz.initial import initial_state, readable
from mcviz.reference import memory
from mcviz.reference.aggregators import WEIGHINGS, Weighing, add, blend, select, softmax
from mcviz.reference.replay import replay
from tests.runs import coefficients, tokens

N, H, K, V = 5, 2, 4, 3
STEPS = 4 * float(np.finfo(np.float64).smallest_subnormal)
"""By which exp and a division may be off where a weight is below 1e-308."""

few = st.integers(-2, 2).map(float)
scores = st.tuples(st.integers(1, 6), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=few | st.floats(-700, 700))
)


def test_every_aggregator_has_a_weighing():
    assert tuple(sorted(WEIGHINGS)) == tuple(sorted(AGGREGATORS))


@given(scores)
def test_softmax(scores):
    weights = softmax(scores)
    np.testing.assert_allclose(weights.sum(0), 1, rtol=1e-12)
    assert (weights >= 0).all()
    # what is too small for full precision is rounded to steps
    np.testing.assert_allclose(softmax(scores + 10), weights, rtol=1e-10, atol=STEPS)
    np.testing.assert_allclose(softmax(np.array([[0.0], [1.0]])), [[1 / (1 + np.e)], [np.e / (1 + np.e)]], rtol=1e-15)


def test_softmax_weighs_minus_infinity_as_nothing_and_bears_large_scores():
    assert softmax(np.array([[-np.inf], [3.0]])).tolist() == [[0.0], [1.0]]
    assert softmax(np.array([[1e300], [-1e300]])).tolist() == [[1.0], [0.0]]


@given(scores, st.integers(1, 8))
def test_the_router_takes_the_largest_and_the_first_among_equals(scores, k):
    chosen = select(scores, k)
    for head in range(scores.shape[1]):
        ranked = sorted(range(len(scores)), key=lambda i: (-scores[i, head], i))
        assert set(np.flatnonzero(chosen[:, head])) == set(ranked[:k])


def test_the_router_takes_nothing_from_nothing():
    assert select(np.zeros((0, H)), 2).shape == (0, H)


@given(scores, st.integers(1, 8))
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_weights_are_zero_where_nothing_is_read(aggregator, scores, k):
    weights, read = WEIGHINGS[aggregator](scores, k)
    assert weights.shape == read.shape == scores.shape
    assert read[-1].all()
    assert (weights[~read] == 0).all()
    if aggregator != "residual":
        np.testing.assert_allclose(weights.sum(0), 1, rtol=1e-12)


@given(scores, st.integers(1, 8))
def test_what_each_aggregator_weighs(scores, k):
    n = len(scores)
    online = np.arange(n)[:, None] == np.full(scores.shape[1], n - 1)
    assert np.array_equal(WEIGHINGS["none"](scores, k).weights, online)
    assert np.array_equal(WEIGHINGS["residual"](scores, k).weights, np.ones_like(scores))
    assert np.array_equal(WEIGHINGS["average"](scores, k).weights, np.full_like(scores, 1 / n))
    assert np.array_equal(WEIGHINGS["grm"](scores, k).weights, softmax(scores))
    assert np.array_equal(WEIGHINGS["soup"](scores, k).weights, softmax(scores))
    weights, read = WEIGHINGS["ssc"](scores, k)
    assert (read.sum(0) == min(k, n - 1) + 1).all()
    for head in range(scores.shape[1]):
        of = read[:, head]
        np.testing.assert_allclose(weights[of, head], softmax(scores[of, head, None])[:, 0], rtol=1e-12, atol=STEPS)


def memories(cfg, n=N):
    """The states after each of n writes."""
    _, k, v, _ = tokens(n, H, K, V)
    return replay(cfg, initial_state(cfg, H, K, V), k, v, coefficients(cfg, n, H, K))


def cached(states):
    """All states but the last as checkpoints side by side, and the last as the online memory."""
    *past, online = states
    return {name: np.stack([state[name] for state in past]) for name in online}, online


@pytest.mark.parametrize("aggregator", [name for name in AGGREGATORS if name != "soup"])
@pytest.mark.parametrize("rule", ["linear", "titans", "vector"])
def test_add_sums_weighed_reads(rule, aggregator):
    cfg = MCConfig(memory=rule)
    states, q = memories(cfg), tokens(1, H, K, V)[0][0]
    scores = np.random.default_rng(1).standard_normal((N, H))
    weighing = WEIGHINGS[aggregator](scores, 2)
    output, reads = add(memory.rule(cfg), *cached(states), q, weighing)
    each = np.stack([memory.rule(cfg).read(state, q) for state in states])
    assert np.array_equal(reads, np.where(weighing.read[..., None], each, 0))
    np.testing.assert_allclose(output, np.einsum("nh,nhv->hv", weighing.weights, each), rtol=1e-12, atol=1e-15)


def test_a_memory_that_is_not_read_is_not_touched():
    """One that diverged spoils the heads that read it, and no others."""
    cfg = MCConfig()
    states, q = memories(cfg), tokens(1, H, K, V)[0][0]
    states[1] = {"M": np.full((H, V, K), np.nan)}
    read = np.ones((N, H), bool)
    read[1] = [False, True]
    output, reads = add(memory.rule(cfg), *cached(states), q, Weighing(read / 1.0, read))
    assert np.isfinite(output[0]).all()
    assert np.isfinite(reads[:, 0]).all()
    assert np.isnan(output[1]).all()


def test_checkpoints_are_read_side_by_side():
    """By those heads alone that read them, and in one go: a long run has as many checkpoints as it has segments. What
    all heads read is read where it lies: to copy it takes longer than to read it."""
    asked = []

    class Spy(memory.Linear):
        def read(self, state, q):
            asked.append(state["M"])
            return super().read(state, q)

    (checkpoints, online), q = cached(memories(MCConfig())), tokens(1, H, K, V)[0][0]
    every = np.ones((N, H), bool)
    most = every.copy()
    most[1] = [False, True]
    for read in (most, every):
        add(Spy(), checkpoints, online, q, Weighing(read / 1.0, read))
    assert [M.shape for M in asked] == [(H, V, K), ((N - 1) * H - 1, V, K), (H, V, K), (N - 1, H, V, K)]
    assert asked[3] is checkpoints["M"]


@pytest.mark.parametrize("rule", ["linear", "dla", "titans", "vector"])
def test_blend_mixes_and_reads_once(rule):
    cfg = MCConfig(memory=rule)
    states, q = memories(cfg), tokens(1, H, K, V)[0][0]
    scores = np.random.default_rng(1).standard_normal((N, H))
    weighing = WEIGHINGS["soup"](scores, 2)
    output, reads = blend(memory.rule(cfg), *cached(states), q, weighing, readable(cfg))
    mixed = {
        name: np.einsum("nh,nh...->h...", weighing.weights, np.stack([state[name] for state in states]))
        for name in readable(cfg)
    }
    np.testing.assert_allclose(output, memory.rule(cfg).read(mixed, q), rtol=1e-12, atol=1e-15)
    assert reads is None


def test_scores_matter_to_the_gated_aggregators_alone():
    one, two = (np.random.default_rng(seed).standard_normal((N, H)) for seed in (1, 2))
    moved = {name for name in AGGREGATORS if (WEIGHINGS[name](one, 2)[0] != WEIGHINGS[name](two, 2)[0]).any()}
    assert moved == set(GATED)
