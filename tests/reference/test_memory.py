"""Memory rules: one write and one read at a time, against closed forms and finite differences."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcviz.config import MCConfig
from mcviz.initial import initial_state
from mcviz.reference import memory
from mcviz.reference.replay import replay
from tests.closeness import assert_sums_agree, rounding
from tests.runs import VARIANTS, coefficients, label, tokens

T, H = 11, 2
DEEP = [
    MCConfig(memory=rule, options={"depth": depth, "expansion": 2, "residual": residual, "norm": norm})
    for rule, depth, residual, norm in itertools.product(("dla", "titans"), (1, 2), (True, False), (True, False))
]


def written(cfg, K=4, V=3, seed=0):
    """Keys, values and coefficients of T tokens, and the states after each of their writes."""
    _, k, v, _ = tokens(T, H, K, V, seed)
    c = coefficients(cfg, T, H, K, seed)
    return k, v, c, replay(cfg, initial_state(cfg, H, K, V), k, v, c)


def network(cfg, state, x):
    """A deep memory of one head, written out with plain products; weights may be complex."""
    options = cfg.rule_options
    inner = (x - x.mean()) / np.sqrt(x.var() + 1e-6) if options["norm"] else x
    if options["depth"] == 2:
        h = state["W2"] @ inner
        inner = h / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
    y = state["W1"] @ inner
    if options["residual"]:
        shared = min(len(x), len(y))
        y = y + np.pad(x[:shared], (0, len(y) - shared))
    return y


def loss(cfg, state, k, v):
    """The inner loss of one head: `-<M(k), v>` for DLA, `|M(k) - v|²` for Titans."""
    y = network(cfg, state, k)
    return -(y @ v) if cfg.memory == "dla" else ((y - v) ** 2).sum()


def random_network(cfg, K, V, seed=0):
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(array.shape) for name, array in initial_state(cfg, H, K, V).items()}


@pytest.mark.parametrize(("K", "V"), [(4, 3), (3, 5), (4, 4), (1, 1)])
@pytest.mark.parametrize("cfg", DEEP, ids=label)
def test_a_deep_memory_is_the_network_it_says(cfg, K, V):
    state, (q, *_) = random_network(cfg, K, V), tokens(1, H, K, V)
    y = memory.rule(cfg).read(state, q[0])
    for head in range(H):
        expected = network(cfg, {name: array[head] for name, array in state.items()}, q[0, head])
        np.testing.assert_allclose(y[head], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("K", "V"), [(4, 3), (3, 5), (4, 4)])
@pytest.mark.parametrize("cfg", DEEP, ids=label)
def test_closed_form_gradients_are_the_differences_of_the_loss(cfg, K, V):
    """By complex steps, `∂ℓ/∂w = Im ℓ(w + ih) / h`: differences that cancel no digits."""
    h = 1e-30
    state, (_, k, v, _) = random_network(cfg, K, V), tokens(1, H, K, V)
    gradient = memory.rule(cfg).gradient(state, k[0], v[0])
    for head, name in itertools.product(range(H), gradient):
        weights = {each: state[each][head].astype(complex) for each in gradient}
        differences = np.empty(weights[name].shape)
        for index in np.ndindex(*differences.shape):
            moved = weights[name].copy()
            moved[index] += 1j * h
            differences[index] = loss(cfg, {**weights, name: moved}, k[0, head], v[0, head]).imag / h
        np.testing.assert_allclose(gradient[name][head], differences, rtol=1e-11, atol=1e-12)


@given(st.floats(-30, 30))
def test_gelu_and_its_slope(h):
    """By a complex step, like the gradients; far from 0, GELU is the identity or nothing."""
    z = h + 1e-30j
    expected = z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
    np.testing.assert_allclose(memory.gelu(np.array([h])), [expected.real], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(memory.gelu_slope(np.array([h])), [expected.imag / 1e-30], rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_far_out_is_its_limit(dtype):
    h = np.array([-1e10, -30, 30, 1e10], dtype)
    np.testing.assert_allclose(memory.gelu(h), np.maximum(h, 0), rtol=1e-7, atol=1e-20)
    np.testing.assert_allclose(memory.gelu_slope(h), h > 0, rtol=1e-7, atol=1e-20)
    assert memory.gelu(h).dtype == dtype


def test_layer_norm_centres_and_scales():
    x = 5 + 3 * np.random.default_rng(0).standard_normal((T, H, 64))
    normed = memory.layer_norm(x)
    np.testing.assert_allclose(normed.mean(-1), 0, atol=1e-14)
    np.testing.assert_allclose(normed.var(-1), 1, rtol=1e-5)


@given(st.integers(0, 10**6), st.sampled_from([cfg for cfg in DEEP if cfg.memory == "titans"]))
@settings(max_examples=40)
def test_titans_descends_its_loss_and_the_printed_sign_climbs(seed, cfg):
    """Eq. 35-36 without momentum and decay. Read with the printed minus, the step goes the other way."""
    random = np.random.default_rng(seed)
    state = initial_state(cfg, 1, 4, 3)
    k, v = random.standard_normal((1, 4)), random.standard_normal((1, 3))

    def after(eta):
        c = {"alpha": np.ones(1), "beta": np.zeros(1), "eta": np.full(1, eta)}
        new = memory.rule(cfg).write(state, k, v, c)
        return loss(cfg, {name: array[0] for name, array in new.items()}, k[0], v[0])

    assert after(1e-4) < after(0.0) < after(-1e-4)


@given(st.integers(0, 10**6), st.sampled_from([cfg for cfg in DEEP if cfg.memory == "dla"]))
@settings(max_examples=40)
def test_dla_descends_its_loss(seed, cfg):
    random = np.random.default_rng(seed)
    state = initial_state(cfg, 1, 4, 3)
    k, v = random.standard_normal((1, 4)), random.standard_normal((1, 3))

    def after(eta):
        new = memory.rule(cfg).write(state, k, v, {"eta": np.full(1, eta)})
        return loss(cfg, {name: array[0] for name, array in new.items()}, k[0], v[0])

    assert after(1e-3) < after(0.0) < after(-1e-3)


@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_two_layers_of_zeros_never_learn(rule):
    """Each layer's gradient is a product with the other layer: only a drawn start lets either move."""
    cfg = MCConfig(memory=rule)
    _, k, v, _ = tokens(T, H, 4, 3)
    c = coefficients(cfg, T, H, 4)
    zeros = {name: np.zeros_like(array) for name, array in initial_state(cfg, H, 4, 3).items()}
    assert not any(array.any() for array in replay(cfg, zeros, k, v, c)[-1].values())
    drawn = initial_state(cfg, H, 4, 3)
    learned = replay(cfg, drawn, k, v, c)[-1]
    assert all((learned[name] != drawn[name]).all() for name in ("W1", "W2"))


def test_one_layer_of_zeros_learns():
    cfg = MCConfig(memory="dla", options={"depth": 1})
    assert all(array.any() for array in written(cfg)[-1][-1].values())


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_a_write_leaves_the_old_state_and_its_inputs_as_they_were(cfg):
    k, v, c, states = written(cfg)
    frozen = {name: array.copy() for name, array in states[0].items()}
    for array in (*frozen.values(), k, v, *c.values()):
        array.flags.writeable = False
    again = memory.rule(cfg).write(frozen, k[1], v[1], {name: each[1] for name, each in c.items()})
    for name, array in again.items():
        assert np.array_equal(array, states[1][name])
        assert not any(np.shares_memory(array, other) for other in (*frozen.values(), k, v))


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_heads_do_not_touch(cfg):
    k, v, c, states = written(cfg)
    for head in range(H):
        only = slice(head, head + 1)
        start = {name: array[only] for name, array in initial_state(cfg, H, 4, 3).items()}
        alone = replay(cfg, start, k[:, only], v[:, only], {name: each[:, only] for name, each in c.items()})
        for name, array in alone[-1].items():
            assert np.array_equal(array, states[-1][name][only])


def test_linear_sums_outer_products():
    k, v, _, states = written(MCConfig(memory="linear"))
    terms = np.einsum("thv,thk->thvk", v, k)
    assert_sums_agree(states[-1]["M"], terms.sum(0), terms, 0)


@given(st.integers(0, 10**6))
@example(1278)  # its sums cancel: 1.8e-12 is left of the relative precision
@settings(max_examples=25)
def test_a_normalised_read_is_an_average_of_the_values(seed):
    """Eq. 2: weights `φ(k_j)·φ(q)` are positive and are divided by their sum."""
    cfg = MCConfig(memory="linear", options={"feature_map": "elu", "normalizer": True})
    k, v, _, states = written(cfg, seed=seed)
    (q, *_) = tokens(1, H, 4, 3, seed + 1)

    def phi(x):
        return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))

    weights = np.einsum("thk,hk->th", phi(k), phi(q[0]))
    assert (weights > 0).all()
    y = memory.rule(cfg).read(states[-1], q[0])
    terms = (weights / weights.sum(0))[:, :, None] * v
    # a weight is a sum over K of products of features, divided by a sum over T
    steps = T + 4 + 8
    assert_sums_agree(y, terms.sum(0), terms, 0, steps)
    slack = rounding(terms, 0, steps)
    assert ((v.min(0) - slack <= y) & (y <= v.max(0) + slack)).all()


@pytest.mark.parametrize("window", [1, 2, 3, T + 5])
def test_swla_weighs_each_pair_by_what_it_went_through(window):
    """Eq. 29 unrolled: pair j counts λ_j when it comes, β_t while it is in the window, and decays by α_t."""
    k, v, c, states = written(MCConfig(memory="swla", options={"window": window}))
    weights = np.zeros((T, H))
    for t in range(T):
        weights *= c["alpha"][t]
        weights[max(0, t - window + 1) : t] += c["beta"][t]
        weights[t] += c["lam"][t]
    terms = np.einsum("th,thv,thk->thvk", weights, v, k)
    assert_sums_agree(states[-1]["M"], terms.sum(0), terms, 0, steps=2 * T)


def test_swla_without_window_or_decay_is_linear():
    cfg = MCConfig(memory="swla", options={"window": 1})
    _, k, v, _ = tokens(T, H)
    ones = {name: np.ones((T, H)) for name in ("alpha", "beta", "lam")}
    states = replay(cfg, initial_state(cfg, H, 4, 3), k, v, ones)
    terms = np.einsum("thv,thk->thvk", v, k)
    assert_sums_agree(states[-1]["M"], written(MCConfig(memory="linear"))[-1][-1]["M"], terms, 0)


def test_the_delta_rule_replaces_what_a_key_holds():
    """With η = 1/|k|² a write stores its pair exactly; the linear rule adds to what was there."""
    delta, linear = (memory.rule(MCConfig(memory=rule)) for rule in ("delta", "linear"))
    k, v, _, states = written(MCConfig(memory="delta"))
    length = (k[0] ** 2).sum(-1)
    stored = delta.write(states[-1], k[0], v[0], {"eta": 1 / length})
    # what is read back is v plus what was read before, which the write takes away again
    terms = np.concatenate([stored["M"] * k[0][:, None], states[-1]["M"] * k[0][:, None], v[0][:, :, None]], -1)
    assert_sums_agree(delta.read(stored, k[0]), v[0], terms, -1, steps=8)
    added = linear.write(states[-1], k[0], v[0] / length[:, None], {})
    assert np.abs(linear.read(added, k[0]) - v[0]).max() > 0.1


def test_a_delta_write_scales_its_error():
    """`M_t k - v = (1 - η |k|²) (M_{t-1} k - v)`: smaller below `η |k|² = 2`, larger above."""
    k, v, c, states = written(MCConfig(memory="delta"))
    for t in range(1, T):
        before = np.einsum("hvk,hk->hv", states[t - 1]["M"], k[t]) - v[t]
        after = np.einsum("hvk,hk->hv", states[t]["M"], k[t]) - v[t]
        factor = 1 - c["eta"][t] * (k[t] ** 2).sum(-1)
        np.testing.assert_allclose(after, factor[:, None] * before, rtol=1e-10, atol=1e-12)


def test_the_value_less_vector_sums_values_and_ignores_keys():
    cfg = MCConfig(memory="vector")
    k, v, _, states = written(cfg)
    assert_sums_agree(states[-1]["m"], v.sum(0), v, 0)
    assert np.array_equal(memory.rule(cfg).read(states[-1], k[0]), memory.rule(cfg).read(states[-1], -k[0]))


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_mix_weighs_parameters(cfg):
    states = written(cfg)[-1][:3]
    weights = np.random.default_rng(0).uniform(size=(3, H))
    *past, online = states
    checkpoints = {name: np.stack([state[name] for state in past]) for name in online}
    mixed = memory.mix(checkpoints, online, weights, tuple(online))
    assert set(mixed) == set(online)
    for name, array in mixed.items():
        stacked = np.stack([state[name] for state in states])
        np.testing.assert_allclose(array, np.einsum("nh,nh...->h...", weights, stacked), rtol=1e-12, atol=1e-15)
    assert memory.mix(checkpoints, online, weights, ()) == {}
