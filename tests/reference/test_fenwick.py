"""Log-linear attention: which buckets a token reads, what that is in the limit, what it costs, in both backends."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, cost, segments
from mcviz.model import FENWICK, ModelConfig
from mcviz.reference import SequenceModel, memory_caching
from mcviz.reference import fenwick as log_linear
from mcviz.reference.fenwick import Fenwick, fenwick, level
from mcviz.tradeoff import count
from tests.reference.test_model import pair

T, H, K, V = 21, 2, 4, 3
CONFIG = ModelConfig(20, None, width=12, layers=2, heads=2, key=K, value=V, mlp=2, seed=1, attention=FENWICK)


def drawn(T=T):
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal((T, H, n)) for n in (K, K, V, K))


def by_buckets(q, k, v, u):
    """Each token's buckets, cut anew, and each bucket's tokens, one after the other."""
    y = np.zeros(v.shape)
    for t in range(len(q)):
        cuts = segments.logarithmic(t) if t else []
        for start, stop in [*cuts, (t, t + 1)]:
            at = 0 if start == t else (stop - start).bit_length()
            weight = np.log1p(np.exp(u[t, :, at % K]))
            for s in range(start, stop):
                assert level(t, s) == at
                y[t] += (weight * np.sum(q[t] * k[s], -1))[:, None] * v[s]
    return y


def test_it_is_the_sum_over_the_buckets_of_each_token():
    tokens = drawn()
    np.testing.assert_allclose(fenwick(*tokens), by_buckets(*tokens), rtol=1e-12, atol=1e-12)


def test_the_13th_token_reads_itself_and_sums_of_8_and_of_4():
    assert [level(12, s) for s in range(13)] == [4] * 8 + [3] * 4 + [0]


def test_with_all_weights_1_it_is_linear_attention_and_otherwise_not():
    q, k, v, u = drawn()
    plain = memory_caching(q, k, v, u, MCConfig(aggregator="none", start="checkpoint")).output
    one = np.full(u.shape, np.log(np.e - 1))
    np.testing.assert_allclose(fenwick(q, k, v, one), plain, rtol=1e-12, atol=1e-12)
    assert not np.allclose(fenwick(q, k, v, u), plain)


def test_no_output_depends_on_a_later_token():
    tokens = drawn()
    for t in (7, 12):
        changed = [each.copy() for each in tokens]
        for each in changed:
            each[t] += 1
        before, after = fenwick(*tokens), fenwick(*changed)
        np.testing.assert_array_equal(after[:t], before[:t])
        assert not np.allclose(after[t:], before[t:])


def test_it_keeps_a_sum_for_each_power_of_two():
    tree, most = Fenwick(), 0
    for t, token in enumerate(zip(*drawn(40), strict=True), start=1):
        tree.step(*token)
        assert len(tree.sums) == t.bit_count()
        most = max(most, (t - 1).bit_count() + 1)
        assert cost.fenwick(t, K, V, H, 4).cached == 4 * H * K * V * most


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("T", [1, 2, 16, 21])
def test_the_formula_gives_what_is_counted(T, monkeypatch):
    sizes, plain = [], log_linear.weights
    monkeypatch.setattr(log_linear, "weights", lambda u, levels: sizes.append(len(levels)) or plain(u, levels))
    tally = count.Tally()
    tree = Fenwick()
    for token in zip(*(count.counted(each, tally) for each in drawn(T)), strict=True):
        tree.step(*token)
    said = cost.fenwick(T, K, V, H, 4)
    assert said.flops == tally.operations
    assert said.reads == H * sum(sizes)
    assert said.bytes == 4 * H * K * V * sum(sizes)


def test_models_say_the_same_in_both_backends_and_go_on_from_a_state():
    torch = pytest.importorskip("torch")
    ours, theirs = pair(CONFIG)
    tokens = np.random.default_rng(1).integers(0, 20, (2, T))
    expected, given = ours(tokens), torch.from_numpy(tokens)
    close = {"rtol": 1e-10, "atol": 1e-12}
    with torch.no_grad():
        np.testing.assert_allclose(theirs(given).numpy(), expected, **close)
        parts, state = [], None
        for piece in given.split([6, 1, 5, 9], 1):
            said, state = theirs(piece, state=state, return_state=True)
            assert state.part("blocks.0").tensors["sums"].shape[1] == state.tokens.bit_count()
            parts.append(said)
        np.testing.assert_allclose(torch.cat(parts, 1).numpy(), expected, **close)
        _, state = theirs(given[:, :7], return_state=True)
        stream = theirs.stream(state=state)
        rows = [stream.step(given[:, t]).numpy() for t in range(7, T)]
        np.testing.assert_allclose(np.stack(rows, 1), expected[:, 7:], **close)
    mine = SequenceModel(ours.config, ours.weights).stream()
    rows = [mine.step(tokens[0, t : t + 1])[0] for t in range(T)]
    np.testing.assert_allclose(np.stack(rows), expected[0], **close)


def test_its_weights_learn():
    torch = pytest.importorskip("torch")
    _, theirs = pair(replace(CONFIG, layers=1))
    theirs(torch.arange(T)[None] % 20).square().sum().backward()
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in theirs.parameters())


def test_a_configuration_says_which_attention_it_is_and_those_of_old_are_softmax():
    assert ModelConfig.from_dict(CONFIG.to_dict()) == CONFIG
    assert "attention" not in replace(CONFIG, attention="softmax").to_dict()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"attention": "linear"}, "^attention: expected softmax or fenwick, got 'linear'"),
        ({"attention": ["fenwick"]}, "^attention: expected softmax or fenwick, got "),
        ({"mixer": MCConfig()}, "^attention: expected softmax, got 'fenwick'"),
        ({"window": 3}, "^window, stride: expected 0 and 1 for log-linear attention"),
    ],
)
def test_what_makes_no_model(changes, match):
    with pytest.raises(ValueError, match=match):
        replace(CONFIG, **changes)
