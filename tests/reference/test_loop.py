"""The loop over tokens, and what it accepts."""

import numpy as np
import pytest

from mcviz import MCConfig
from mcviz.config import AGGREGATORS, MEMORIES
from mcviz.initial import constants, initial_state
from mcviz.reference import Stream, memory_caching
from mcviz.reference.replay import replay
from tests.closeness import assert_sums_agree
from tests.runs import VARIANTS, coefficients, label, tokens

T, H, K, V = 11, 2, 4, 3
CONSTANT = MCConfig(segment_length=4)


def run(cfg, seed=0, **changes):
    """A Trace of T random tokens; `changes` replace arguments."""
    q, k, v, u = tokens(T, H, K, V, seed)
    arguments = {"q": q, "k": k, "v": v, "u": u, "coefficients": coefficients(cfg, T, H, K, seed), **changes}
    return memory_caching(cfg=cfg, **arguments)


@pytest.mark.parametrize(
    ("aggregator", "answer"), [("none", 6), ("residual", 16), ("average", 8), ("grm", 7), ("soup", 7), ("ssc", 7)]
)
def test_three_tokens_by_hand(aggregator, answer):
    """Two segments, `M^(1) = [2 4]` and `M^(2) = [6 0]`, of which `q_3 = [1 2]` reads 10 and 6.

    Their contexts are `[½ ½]` and `[1 0]`; `u_3 = [2 ln 3, 0]` scores ln 3 and 2 ln 3, so γ is ¼ and ¾.
    """
    k = np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 0.0]]])
    v = np.array([[[2.0]], [[4.0]], [[6.0]]])
    q = np.array([[[0.0, 0.0]], [[0.0, 0.0]], [[1.0, 2.0]]])
    u = np.array([[[0.0, 0.0]], [[0.0, 0.0]], [[2 * np.log(3), 0.0]]])
    trace = memory_caching(q, k, v, u, MCConfig(aggregator=aggregator, segment_length=2))
    np.testing.assert_allclose(trace.output[2, 0], [answer], rtol=1e-14)
    if aggregator in ("grm", "soup", "ssc"):
        np.testing.assert_allclose(trace.scores[2, 0], [np.log(3), 2 * np.log(3)], rtol=1e-14)
        np.testing.assert_allclose(trace.weights[2, 0], [0.25, 0.75], rtol=1e-14)


def test_contexts_are_pooled_keys():
    for pooling, pool in (("mean", np.mean), ("sum", np.sum)):
        trace = run(MCConfig(segment_length=4, pooling=pooling))
        for s, (start, stop) in enumerate(trace.segments):
            for t in range(start, stop):
                keys = trace.k[start : t + 1]
                wanted = pool(keys, 0)
                share = 1 / len(keys) if pooling == "mean" else 1
                assert_sums_agree(trace.online_contexts[t], wanted, share * keys, 0, steps=2 * len(keys))
            assert np.array_equal(trace.checkpoint_contexts[s], trace.online_contexts[stop - 1])


def test_scores_compare_the_connector_with_contexts():
    trace = run(CONSTANT)
    terms = trace.u[:, :, None] * trace.contexts
    readable = np.broadcast_to(trace.readable[:, None], trace.scores.shape)
    assert_sums_agree(trace.scores[readable], terms.sum(-1)[readable], terms[readable], -1)


def test_a_shared_gate_asks_with_the_query():
    q, *_, u = tokens(T, H, K, V)
    shared = run(MCConfig(segment_length=4, gate="shared"))
    assert np.array_equal(shared.output, run(CONSTANT, u=q).output)
    assert np.array_equal(shared.output, run(MCConfig(segment_length=4, gate="shared"), u=-u).output)


def test_a_token_gate_goes_by_age_alone():
    cfg = MCConfig(segment_length=2, gate="token")
    trace = run(cfg)
    for t in range(T):
        s = trace.segment_of[t]
        for i in range(s + 1):
            assert np.array_equal(trace.scores[t, :, i], trace.u[t, :, (s - i) % K])
    assert trace.N > K
    assert np.array_equal(run(cfg, k=-trace.k).scores, trace.scores)
    assert not np.array_equal(
        run(MCConfig(segment_length=2), k=-trace.k).scores, run(MCConfig(segment_length=2)).scores
    )


@pytest.mark.parametrize("aggregator", ["none", "residual", "average"])
def test_without_a_gate_nothing_looks_at_the_connector(aggregator):
    cfg = MCConfig(aggregator=aggregator, segment_length=4)
    assert np.array_equal(run(cfg).output, run(cfg, u=None).output)


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_starts(cfg):
    """Under checkpoint start the checkpoints are those of one uncut recurrence; under independent start each is its
    own segment's alone."""
    q, k, v, u = tokens(T, H, K, V)
    c = coefficients(cfg, T, H, K)
    for start in ("checkpoint", "independent"):
        trace = memory_caching(q, k, v, u, MCConfig(cfg.memory, segment_length=4, start=start, options=cfg.options), c)
        for state, (begin, end) in zip(trace.checkpoints, trace.segments, strict=True):
            begin = 0 if start == "checkpoint" else begin
            span = {name: each[begin:end] for name, each in c.items()}
            expected = replay(cfg, initial_state(cfg, H, K, V), k[begin:end], v[begin:end], span)[-1]
            assert all(np.array_equal(state[name], expected[name]) for name in expected)


def test_a_window_reaches_over_a_boundary_under_checkpoint_start_alone():
    q, k, v, u = tokens(T, H, K, V)
    other = k.copy()
    other[3] += 1  # the last token of the first segment

    def online(k, start):
        cfg = MCConfig(memory="swla", segment_length=4, start=start, aggregator="none")
        alpha = np.ones((T, H))
        alpha[4] = 0  # forget the state itself at the boundary: what is left came through the window
        return memory_caching(q, k, v, u, cfg, {"alpha": alpha}).output[4:]

    assert np.array_equal(online(k, "independent"), online(other, "independent"))
    assert not np.array_equal(online(k, "checkpoint"), online(other, "checkpoint"))


@pytest.mark.parametrize("memory", MEMORIES)
def test_no_coefficients_are_the_constants(memory):
    cfg = MCConfig(memory=memory, segment_length=4)
    c = constants(cfg, K)
    filled = {name: np.full((T, H), value) for name, value in c.items()}
    outputs = [run(cfg, coefficients=given).output for given in (None, {}, c, filled)]
    assert all(np.array_equal(outputs[0], output) for output in outputs)


@pytest.mark.parametrize("memory", MEMORIES)
def test_no_initial_state_is_the_documented_one(memory):
    cfg = MCConfig(memory=memory, segment_length=4)
    start = initial_state(cfg, H, K, V)
    assert np.array_equal(run(cfg).output, run(cfg, initial=start).output)
    moved = {name: array + 0.5 for name, array in start.items()}
    assert not np.array_equal(run(cfg).output, run(cfg, initial=moved).output)


@pytest.mark.usefixtures("unchecked")
def test_lists_are_arrays():
    q, k, v, u = (array.tolist() for array in tokens(2, 1, 2, 1))
    assert memory_caching(q, k, v, u, CONSTANT).output.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arguments_are_neither_changed_nor_kept(dtype):
    cfg = MCConfig(memory="titans", segment_length=4)
    rows = tokens(T, H, K, V, dtype=dtype)
    c = coefficients(cfg, T, H, K, dtype=dtype)
    start = {name: array.astype(dtype) for name, array in initial_state(cfg, H, K, V).items()}
    given = [*rows, *c.values(), *start.values()]
    before = [array.copy() for array in given]
    trace = memory_caching(*rows, cfg, c, start)
    assert all(np.array_equal(one, other) for one, other in zip(given, before, strict=True))
    for array in given:
        array += 1
    assert trace.hash == memory_caching(*before[:4], cfg, dict(zip(c, before[4:], strict=False)), trace.initial).hash


@pytest.mark.usefixtures("unchecked")
def test_a_mixture_of_precisions_is_computed_in_the_highest():
    q, k, v, u = tokens(T, H, K, V, dtype=np.float32)
    assert memory_caching(q, k, v, u, CONSTANT).output.dtype == np.float32
    assert memory_caching(q, k, v, u.astype(np.float64), CONSTANT).output.dtype == np.float64
    assert memory_caching(q, k, v, np.ones(u.shape, int), CONSTANT).output.dtype == np.float64


def test_a_stream_ends_with_its_segments():
    q, k, v, u = tokens(2, H, K, V)
    stream = Stream(CONSTANT, [(0, 1), (1, 2)], initial_state(CONSTANT, H, K, V))
    for t in range(2):
        stream.step(q[t], k[t], v[t], u[t], {})
    with pytest.raises(ValueError, match=r"^step: expected at most 2 tokens"):
        stream.step(q[0], k[0], v[0], u[0], {})


def test_divergence_is_recorded_not_hidden():
    """Finite inputs may still overflow a memory; the Trace says where."""
    cfg = MCConfig(memory="delta", segment_length=T)
    with np.errstate(all="ignore"):
        trace = run(cfg, coefficients={"eta": 1e60})
    assert trace.diverged_at is not None
    assert np.isfinite(trace.output[: trace.diverged_at]).all()
    assert not np.isfinite(trace.output[trace.diverged_at]).all()
    assert run(cfg).diverged_at is None


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_huge_numbers_overflow_and_nothing_worse(aggregator):
    huge = [1e200 * array for array in tokens(T, H, K, V)]
    with np.errstate(all="ignore"):
        trace = memory_caching(*huge, MCConfig(aggregator=aggregator, segment_length=4, top_k=1))
    assert trace.diverged_at == 0


def spoiled(array, value):
    array = array.copy()
    array[1, 0, 1] = value
    return array


q, k, v, u = tokens(T, H, K, V)
SHAPE = rf"\({T}, {H}, {K}\)"
BAD = {
    "rank": ("q", {"q": q[0]}, rf"expected shape \[T, H, K\].*got \({H}, {K}\)"),
    "a scalar": ("q", {"q": 1.0}, r"expected shape \[T, H, K\].*got \(\)"),
    "no tokens": ("q", {"q": q[:0], "k": k[:0], "v": v[:0], "u": u[:0]}, r"at least one token.*got \(0, 2, 4\)"),
    "no heads": ("q", {"q": q[:, :0]}, r"at least one token, head and feature, got \(11, 0, 4\)"),
    "no features": ("q", {"q": q[..., :0]}, r"at least one token, head and feature, got \(11, 2, 0\)"),
    "fewer keys": ("k", {"k": k[:-1]}, rf"expected the shape of q, {SHAPE}, got \(10, 2, 4\)"),
    "narrow keys": ("k", {"k": k[..., 1:]}, rf"expected the shape of q, {SHAPE}, got \(11, 2, 3\)"),
    "more connectors": ("u", {"u": np.concatenate([u, u])}, rf"expected the shape of q, {SHAPE}, got \(22, 2, 4\)"),
    "fewer values": ("v", {"v": v[1:]}, r"expected shape \[T, H, V\] with T = 11 and H = 2, got \(10, 2, 3\)"),
    "values of other heads": ("v", {"v": v[:, :1]}, r"expected shape \[T, H, V\].*got \(11, 1, 3\)"),
    "empty values": ("v", {"v": v[..., :0]}, r"expected shape \[T, H, V\].*got \(11, 2, 0\)"),
    **{
        f"{value} in {name}": (
            name,
            {name: spoiled(array, value)},
            rf"expected finite numbers, got {value} at \[1, 0, 1\]",
        )
        for name, array in (("q", q), ("k", k), ("v", v), ("u", u))
        for value in (np.nan, np.inf, -np.inf)
    },
    "text": ("q", {"q": "abc"}, r"expected an array of real numbers, got str"),
    "none": ("k", {"k": None}, r"expected an array of real numbers, got NoneType"),
    "objects": ("v", {"v": np.full(v.shape, None)}, r"expected an array of real numbers, got ndarray of object"),
    "complex": ("q", {"q": q + 1j}, r"expected an array of real numbers, got ndarray of complex128"),
    "ragged": ("q", {"q": [[[1.0, 2.0]], [[1.0]]]}, r"expected an array of real numbers, got list"),
    "no config": ("cfg", {"cfg": {"memory": "linear"}}, r"expected an MCConfig, got dict"),
    "no config at all": ("cfg", {"cfg": None}, r"expected an MCConfig, got NoneType"),
    "lengths": (
        "segmentation",
        {"cfg": MCConfig(segmentation=(4, 4))},
        r"expected lengths that sum to T = 11, got 2, sum 8",
    ),
    "a coefficient of another rule": ("coefficients", {"coefficients": {"beta": 1.0}}, r"delta takes eta; got beta"),
    "coefficients as a list": ("coefficients", {"coefficients": [1.0]}, r"expected a mapping.*got list"),
    "a coefficient's shape": (
        r"coefficients\.eta",
        {"coefficients": {"eta": np.ones(T)}},
        r"expected a scalar or shape \(11, 2\), got \(11,\)",
    ),
    "a coefficient of NaN": (
        r"coefficients\.eta",
        {"coefficients": {"eta": np.nan}},
        r"expected finite numbers, got nan",
    ),
    "a coefficient of text": (r"coefficients\.eta", {"coefficients": {"eta": "big"}}, r"expected an array of real"),
    "an unknown state": ("initial", {"initial": {"W": np.zeros((H, V, K))}}, r"delta has M; unknown \['W'\]"),
    "a state's shape": (r"initial\.M", {"initial": np.zeros((V, K))}, r"expected shape \(2, 3, 4\), got \(3, 4\)"),
    "a state of inf": (r"initial\.M", {"initial": np.full((H, V, K), np.inf)}, r"expected finite numbers, got inf"),
    "a state of text": (r"initial\.M", {"initial": "zero"}, r"expected shape \(2, 3, 4\), got \(\)"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.usefixtures("unchecked")
def test_bad_input_is_refused_by_name(case):
    argument, changes, says = BAD[case]
    arguments = {"q": q, "k": k, "v": v, "u": u, "cfg": MCConfig(memory="delta"), **changes}
    with pytest.raises(ValueError, match=rf"^{argument}: .*{says}"):
        memory_caching(**arguments)


@pytest.mark.parametrize("memory", ["decay", "gated_delta"])
@pytest.mark.parametrize(
    ("alpha", "says"),
    [
        (1.5, "expected numbers from 0 to 1, got 1.5"),
        (-0.25, "expected numbers from 0 to 1, got -0.25"),
        (np.full((T, H), 2.0), "expected numbers from 0 to 1, got 2.0"),
        (np.ones(T), r"expected a scalar or shape \(11, 2\), got \(11,\)"),
        (np.nan, "expected finite numbers, got nan"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_decay_that_is_none_is_refused(memory, alpha, says):
    with pytest.raises(ValueError, match=rf"^coefficients\.alpha: {says}"):
        memory_caching(q, k, v, u, MCConfig(memory=memory), {"alpha": alpha})


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_bad_input_is_refused_whatever_the_aggregator(aggregator):
    with pytest.raises(ValueError, match=r"^q: expected shape \[T, H, K\] with at least one token"):
        memory_caching(q[:0], k[:0], v[:0], u[:0], MCConfig(aggregator=aggregator))
