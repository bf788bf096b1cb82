"""Attention over a window, and over each last of so many tokens: what is read, kept and paid for, in both backends."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, cost
from mcviz.model import ModelConfig
from mcviz.reference import SequenceModel
from mcviz.reference.attention import KVCache, attention, reached
from mcviz.tradeoff import count
from tests.reference.test_model import pair

REACHES = [(0, 1), (1, 1), (5, 1), (0, 3), (7, 2), (2, 5), (40, 4)]
T = 17
CONFIG = ModelConfig(20, None, width=12, layers=2, heads=2, key=4, value=3, mlp=2, seed=1)


def drawn(T=T, H=2, K=4, V=3):
    rng = np.random.default_rng(0)
    return rng.standard_normal((T, H, K)), rng.standard_normal((T, H, K)), rng.standard_normal((T, H, V))


def masked(q, k, v, window, stride):
    """Attention by its matrix: all pairs at once, and what is not read at -inf."""
    t, s = np.arange(len(q))[:, None], np.arange(len(q))[None]
    seen = (s <= t) & ((s == t) | ((s + 1) % stride == 0)) & ((t - s < window) | (window == 0))
    scores = np.einsum("thk,shk->hts", q, k) / q.shape[-1] ** 0.5
    weights = np.exp(np.where(seen, scores, -np.inf))
    return np.einsum("hts,shv->thv", weights / weights.sum(-1, keepdims=True), v), seen


@pytest.mark.parametrize(("window", "stride"), REACHES)
def test_it_is_the_masked_matrix_at_once_and_token_by_token(window, stride):
    q, k, v = drawn()
    expected, seen = masked(q, k, v, window, stride)
    assert [reached(t, window, stride) for t in range(T)] == [np.flatnonzero(row).tolist() for row in seen]
    np.testing.assert_allclose(attention(q, k, v, window, stride), expected, rtol=1e-12, atol=1e-12)
    cache = KVCache(window, stride)
    for t in range(T):
        np.testing.assert_allclose(cache.step(q[t], k[t], v[t]), expected[t], rtol=1e-12, atol=1e-12)
        later = {s for n in range(t + 1, T + 40) for s in reached(n, window, stride) if s <= t}
        assert later <= set(cache.places)
        assert len(set(cache.places) - later) <= 1, "the oldest leaves a window when the next token comes"


def test_a_window_over_all_and_a_stride_of_one_are_plain_attention():
    q, k, v = drawn()
    np.testing.assert_array_equal(attention(q, k, v, T, 1), attention(q, k, v))
    assert not np.allclose(attention(q, k, v, T - 1, 1), attention(q, k, v))
    assert not np.allclose(attention(q, k, v, 0, 2), attention(q, k, v))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("window", "stride"), REACHES)
def test_the_formula_gives_what_is_counted(window, stride):
    q, k, v = (each[:, 0] for each in drawn())
    said = cost.attention(T, 4, 3, 2, 4, window, stride)
    pairs = [len(reached(t, window, stride)) for t in range(T)]
    assert said.reads == 2 * sum(pairs)
    assert said.flops == 2 * count.attention_operations(q, k, v, window, stride)
    assert said.bytes == 2 * 4 * 7 * sum(pairs)
    assert said.cached == 2 * 4 * 7 * pairs[-1]


@pytest.mark.parametrize(("window", "stride"), REACHES)
def test_models_say_the_same_in_both_backends_and_go_on_from_a_state(window, stride):
    torch = pytest.importorskip("torch")
    ours, theirs = pair(replace(CONFIG, window=window, stride=stride))
    tokens = np.random.default_rng(1).integers(0, 20, (2, T))
    expected, given = ours(tokens), torch.from_numpy(tokens)
    with torch.no_grad():
        np.testing.assert_allclose(theirs(given).numpy(), expected, rtol=1e-10, atol=1e-12)
        parts, state = [], None
        for piece in given.split([6, 1, 10], 1):
            said, state = theirs(piece, state=state, return_state=True)
            parts.append(said)
        np.testing.assert_allclose(torch.cat(parts, 1).numpy(), expected, rtol=1e-10, atol=1e-12)
        _, state = theirs(given[:, :7], return_state=True)
        stream = theirs.stream(state=state)
        rows = [stream.step(given[:, t]).numpy() for t in range(7, T)]
        np.testing.assert_allclose(np.stack(rows, 1), expected[:, 7:], rtol=1e-10, atol=1e-12)
    mine = SequenceModel(ours.config, ours.weights).stream()
    rows = [mine.step(tokens[0, t : t + 1])[0] for t in range(T)]
    np.testing.assert_allclose(np.stack(rows), expected[0], rtol=1e-10, atol=1e-12)


def test_a_state_holds_what_later_tokens_may_read():
    torch = pytest.importorskip("torch")
    for window, stride in REACHES:
        _, theirs = pair(replace(CONFIG, window=window, stride=stride, layers=1))
        _, state = theirs(torch.zeros(1, T, dtype=torch.long), return_state=True)
        later = {s for n in range(T, 2 * T + 40) for s in reached(n, window, stride)}
        assert state.part("blocks.0").tensors["k"].shape[1] == len([s for s in later if s < T])


def test_configurations_of_old_have_no_window_and_no_stride():
    values = CONFIG.to_dict()
    del values["window"], values["stride"]
    assert ModelConfig.from_dict(values) == CONFIG


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"window": -1}, "^window: expected a whole number, at least 0, got -1"),
        ({"stride": 0}, "^stride: expected a whole number, at least 1, got 0"),
        ({"mixer": MCConfig(), "window": 3}, "^window, stride: expected 0 and 1 for Memory Caching"),
    ],
)
def test_reaches_that_make_no_model(changes, match):
    with pytest.raises(ValueError, match=match):
        replace(CONFIG, **changes)
