"""PyTorch against the reference: every rule, aggregator, segmentation, start, gate and pooling, every field."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from mcviz import MCConfig, pytorch, reference
from mcviz.config import AGGREGATORS, GATES, POOLINGS, STARTS
from mcviz.initial import initial_state
from mcviz.pytorch import decode, loop
from mcviz.pytorch.decode import Decoder, largest
from mcviz.trace.file import arrays
from tests.pairs import pairs
from tests.runs import VARIANTS, coefficients, label, tokens

PATHS = {"segments": pytorch.memory_caching, "loop": loop.memory_caching}


def batch(*parts):
    """Sequences of arrays as one tensor for each name or place."""
    if isinstance(parts[0], dict):
        return {name: torch.tensor(np.stack([part[name] for part in parts])) for name in parts[0]}
    return [torch.tensor(np.stack(each)) for each in zip(*parts, strict=True)]


def assert_same(trace, expected):
    """Every field of two Traces agrees."""
    assert trace.segments == expected.segments
    assert trace.config == expected.config
    ours, theirs = arrays(trace), arrays(expected)
    assert set(ours) == set(theirs)
    for name, array in theirs.items():
        assert ours[name].dtype == array.dtype, name
        np.testing.assert_allclose(ours[name], array, rtol=1e-9, atol=1e-10, err_msg=name)


def compare(path, cfg, sequences, c, starts):
    """One run of a batch, and one run of the reference for each of its sequences."""
    initial = None if starts is None else batch(*starts)
    output, traces = PATHS[path](*batch(*sequences), cfg, batch(*c), initial, trace=True)
    without = PATHS[path](*batch(*sequences), cfg, batch(*c), initial)
    assert torch.equal(without, output), "a Trace changed the output"
    for b, trace in enumerate(traces):
        start = None if starts is None else starts[b]
        assert_same(trace, reference.memory_caching(*sequences[b], cfg, c[b], start))
        np.testing.assert_array_equal(trace.output, output[b])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("variant", "aggregator", "start"), pairs(VARIANTS, AGGREGATORS, STARTS))
def test_every_rule_with_every_aggregator(path, variant, aggregator, start):
    cfg = replace(variant, aggregator=aggregator, start=start, segment_length=3)
    compare(path, cfg, [tokens(seed=b) for b in range(2)], [coefficients(cfg, seed=b) for b in range(2)], None)


@some.composite
def runs(draw):
    """A rule, what to change of its configuration, sizes, a seed, and whether to start from another state."""
    B, T, H, K, V = (draw(some.integers(1, most)) for most in (2, 14, 2, 4, 4))
    cuts = some.lists(some.integers(1, T - 1), unique=True) if T > 1 else some.just([])
    lengths = tuple(stop - start for start, stop in pairwise([0, *sorted(draw(cuts)), T]))
    changes = {
        "aggregator": draw(some.sampled_from(AGGREGATORS)),
        "segmentation": draw(some.sampled_from(["constant", "logarithmic", lengths])),
        "segment_length": draw(some.integers(1, T + 1)),
        "start": draw(some.sampled_from(STARTS)),
        "gate": draw(some.sampled_from(GATES)),
        "pooling": draw(some.sampled_from(POOLINGS)),
        "top_k": draw(some.integers(1, 4)),
        "seed": draw(some.integers(0, 2)),
    }
    variant, seed = draw(some.sampled_from(VARIANTS)), draw(some.integers(0, 2**16))
    return variant, changes, (B, T, H, K, V), seed, draw(some.booleans())


@pytest.mark.parametrize("path", PATHS)
@given(run=runs())
@settings(max_examples=100)
def test_any_run_agrees_in_every_field(path, run):
    variant, changes, (B, T, H, K, V), seed, from_another = run
    cfg = replace(variant, **changes)
    # what is drawn is continuous, so no two scores are near enough to be told apart differently
    sequences = [tokens(T, H, K, V, seed + b) for b in range(B)]
    c = [coefficients(cfg, T, H, K, seed + b) for b in range(B)]
    random = np.random.default_rng(seed)
    zeros = initial_state(cfg, H, K, V)
    # z q of a normaliser has to stay positive
    starts = [{name: np.abs(0.3 * random.standard_normal(a.shape)) for name, a in zeros.items()} for _ in range(B)]
    compare(path, cfg, sequences, c, starts if from_another else None)


EDGES = [(1, 4), (7, 1), (7, 7), (40, 40), (70, 20)]
"""Tokens, and the length of a segment."""


@pytest.mark.parametrize(("path", "variant", "sizes"), pairs(PATHS, VARIANTS, EDGES))
def test_lengths_at_the_edges(path, variant, sizes):
    T, segment_length = sizes
    cfg = replace(variant, aggregator="ssc", start="checkpoint", segment_length=segment_length)
    compare(path, cfg, [tokens(T, 1)], [coefficients(cfg, T, 1)], None)


@pytest.mark.parametrize("path", PATHS)
def test_more_segments_than_it_pays_to_read_them_all(path):
    for aggregator in ("grm", "soup", "ssc", "residual"):
        cfg = MCConfig(aggregator=aggregator, segment_length=2, top_k=3)
        compare(path, cfg, [tokens(60)], [{}], None)


@pytest.mark.parametrize("path", PATHS)
def test_constants_stand_in_for_coefficients_left_out(path):
    for variant in VARIANTS:
        sequence = tokens()
        output = PATHS[path](*batch(sequence), variant)
        np.testing.assert_allclose(
            output[0], reference.memory_caching(*sequence, variant).output, rtol=1e-9, atol=1e-10
        )


@pytest.mark.parametrize("path", PATHS)
def test_coefficients_as_scalars_and_shared_by_sequences(path):
    cfg = MCConfig(memory="swla", segment_length=4)
    sequences = [tokens(seed=b) for b in range(2)]
    shared = coefficients(cfg)["beta"]
    output = PATHS[path](
        *batch(*sequences), cfg, {"alpha": 0.9, "beta": torch.tensor(shared), "lam": torch.tensor(0.7).double()}
    )
    for b, sequence in enumerate(sequences):
        expected = reference.memory_caching(
            *sequence, cfg, {"alpha": 0.9, "beta": shared, "lam": np.float64(np.float32(0.7))}
        ).output
        np.testing.assert_allclose(output[b], expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("path", PATHS)
def test_one_start_for_all_sequences(path):
    cfg = MCConfig(memory="titans", segment_length=4, seed=5)
    start = initial_state(cfg, 2, 4, 3)
    given_start = {name: torch.tensor(start[name]) for name in ("W1", "W2")}
    sequences = batch(tokens(seed=0), tokens(seed=1))
    output = PATHS[path](*sequences, replace(cfg, seed=6), None, given_start)
    torch.testing.assert_close(output, PATHS[path](*sequences, cfg), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("path", PATHS)
def test_the_connector_may_be_left_out(path):
    q, k, v, _ = batch(tokens())
    cfg = MCConfig(aggregator="residual", segment_length=4)
    assert torch.equal(PATHS[path](q, k, v, None, cfg), PATHS[path](q, k, v, q, cfg))


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_half_precision_stays_finite_and_near(variant, aggregator):
    cfg = replace(variant, aggregator=aggregator, segment_length=5)
    x, c = batch(tokens(23)), batch(coefficients(cfg, 23))
    exact = loop.memory_caching(*x, cfg, c)
    half = {name: tensor.bfloat16() for name, tensor in c.items()}
    output, (trace,) = pytorch.memory_caching(*(tensor.bfloat16() for tensor in x), cfg, half, trace=True)
    assert output.dtype == torch.bfloat16
    assert trace.output.dtype == np.float32
    assert torch.isfinite(output).all()
    if aggregator != "ssc" and "normalizer" not in cfg.options:
        # 8 bits of precision, over 23 tokens; the router may choose otherwise
        torch.testing.assert_close(output.double(), exact, rtol=0.1, atol=0.1 * float(exact.abs().max()))


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_single_precision_is_near(variant, aggregator):
    T, segments = 200, 10
    cfg = replace(variant, aggregator=aggregator, segment_length=T // segments)
    q, k, v, u = tokens(T, 2, 8, 8)
    # each segment's keys share a direction that u asks for, so that no two of its scores are nearly equal
    common = np.linspace(-2, 2, segments).repeat(T // segments)[:, None]
    k[..., 0], u[..., 0] = common, 1 + np.abs(u[..., 0])
    u[..., 1:] *= 0.01
    x, c = batch((q, k, v, u)), batch(coefficients(cfg, T, 2, 8))
    exact = pytorch.memory_caching(*x, cfg, c)
    output = pytorch.memory_caching(*(each.float() for each in x), cfg, {n: each.float() for n, each in c.items()})
    error = float((output - exact).abs().max() / exact.abs().max())
    assert output.dtype == torch.float32
    assert error < (1e-4 if cfg.memory in ("dla", "titans") else 2e-6)


# ---- ties: products of matrices round equal rows differently, and the lowest index has to win all the same


def repeated(K, C, N, kinds, dtype, H=2, V=3, seed=0):
    """Tokens whose segments, N of C tokens, have few kinds of keys, so that many contexts are equal to the bit."""
    q, _, v, u = tokens(N * C, H, K, V, seed, dtype)
    random = np.random.default_rng([seed, 2])
    # each kind has a mean of its own, so that scores differ by more than rounding, or not at all
    keys = random.standard_normal((kinds, C, H, K)).astype(dtype)
    return q, keys[random.integers(0, kinds, N)].reshape(N * C, H, K), v, u


def decoded(cfg, sequence):
    """What the router of a stream selects, [T, H, N]."""
    T, (H, N) = len(sequence[0]), (sequence[0].shape[1], len(sequence[0]) // cfg.segment_length)
    selected = np.zeros((T, H, N), bool)
    decoder = Decoder(cfg)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "largest", lambda scores, k: seen.append(largest(scores, k)) or seen[-1])
        for t in range(T):
            seen = []
            selected[t, :, : t // cfg.segment_length] = True
            decoder.step(*(torch.tensor(each[t])[None] for each in sequence))
            for index in seen:
                selected[t] = False
                np.put_along_axis(selected[t], index[0].numpy(), True, -1)
    return selected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("H", "K"), [(1, 5), (2, 5), (1, 17), (1, 100)])
@pytest.mark.parametrize("top_k", [1, 3, 8, 11])
def test_among_equal_contexts_the_lowest_index_is_chosen(top_k, H, K, dtype):
    """The reference's choice, exactly: over whole segments, in a stream, and in a Trace."""
    for N, kinds in ((14, 1), (40, 3)):
        cfg = MCConfig(aggregator="ssc", segment_length=1, top_k=top_k)
        sequence = repeated(K, 1, N, kinds, dtype, H)
        expected = reference.memory_caching(*sequence, cfg)
        _, (trace,) = pytorch.memory_caching(*batch(sequence), cfg, trace=True)
        np.testing.assert_array_equal(trace.selected, expected.selected)
        np.testing.assert_array_equal(decoded(cfg, sequence), expected.selected)
        if kinds == 1:
            assert not np.ptp(trace.scores[-1, :, :-1], -1).any(), "equal contexts score alike"


@given(
    K=some.integers(1, 20),
    C=some.integers(1, 4),
    N=some.integers(1, 30),
    kinds=some.integers(1, 4),
    top_k=some.integers(1, 12),
    single=some.booleans(),
    zeros=some.booleans(),
    seed=some.integers(0, 99),
)
@settings(max_examples=40)
def test_any_repeated_contexts_are_told_apart_as_the_reference_does(K, C, N, kinds, top_k, single, zeros, seed):
    cfg = MCConfig(aggregator="ssc", segment_length=C, top_k=top_k)
    q, k, v, u = repeated(K, C, N, kinds, np.float32 if single else np.float64, seed=seed)
    if zeros:  # 0 and -0 are the same number
        k[..., 0] = np.where(np.arange(N).repeat(C)[:, None] % 2, 0.0, -0.0)
    expected = reference.memory_caching(q, k, v, u, cfg)
    _, (trace,) = pytorch.memory_caching(*batch((q, k, v, u)), cfg, trace=True)
    np.testing.assert_array_equal(trace.selected, expected.selected)
    np.testing.assert_array_equal(decoded(cfg, (q, k, v, u)), expected.selected)
