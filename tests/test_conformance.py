"""What every memory rule must do with every aggregator; a new one of either is tested by being named in the config."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mcviz import Trace
from mcviz.config import AGGREGATORS, GATED
from mcviz.reference import memory_caching
from mcviz.trace.file import arrays
from tests.backends import stream
from tests.runs import VARIANTS, coefficients, label, tokens

T, H, K, V = 10, 2, 4, 3

pytestmark = [
    pytest.mark.parametrize("cfg", VARIANTS, ids=label),
    pytest.mark.parametrize("aggregator", AGGREGATORS),
]


def fresh(cfg, dtype=np.float64, seed=0):
    """The Trace of T random tokens."""
    return memory_caching(*tokens(T, H, K, V, seed, dtype), cfg, coefficients(cfg, T, H, K, seed, dtype))


once = cache(fresh)
"""A Trace does not change, so tests that look at the same run share it."""


def run(cfg, aggregator, dtype=np.float64, **changes):
    """The Trace of T random tokens in segments of 3, 3, 3 and 1."""
    return once(replace(cfg, aggregator=aggregator, **{"segment_length": 3, **changes}), dtype)


@pytest.mark.parametrize("start", ["independent", "checkpoint"])
def test_no_token_changes_what_stands_before_it(cfg, aggregator, start):
    """Bit for bit, in every row of the Trace."""
    before = run(cfg, aggregator, start=start)
    q, k, v, u = (array.copy() for array in (before.q, before.k, before.v, before.u))
    c = {name: each.copy() for name, each in before.coefficients.items()}
    t = 5
    for array in (q, k, v, u, *c.values()):
        array[t] *= 0.5
    after = memory_caching(q, k, v, u, before.config, c)
    for name in ("scores", "weights", "selected", "reads", "output", "online_contexts"):
        one, other = getattr(before, name), getattr(after, name)
        if one is not None:
            assert np.array_equal(one[:t], other[:t]), name
    assert not np.array_equal(before.output[t], after.output[t])
    finished = [state for state, (_, stop) in zip(after.checkpoints, after.segments, strict=True) if stop <= t]
    for state, same in zip(finished, before.checkpoints, strict=False):
        assert all(np.array_equal(state[name], same[name]) for name in state)


def test_splitting_and_resuming_is_one_pass(cfg, aggregator):
    trace = run(cfg, aggregator)
    arguments = (trace.q, trace.k, trace.v, trace.u, trace.config, trace.coefficients)
    for t in (1, 3, 7):
        assert np.array_equal(stream("reference", *arguments, split=(t,)), trace.output)


def test_a_longer_sequence_begins_like_a_shorter_one(cfg, aggregator):
    trace = run(cfg, aggregator)
    for t in (1, 3, 7):
        c = {name: each[:t] for name, each in trace.coefficients.items()}
        shorter = memory_caching(trace.q[:t], trace.k[:t], trace.v[:t], trace.u[:t], trace.config, c)
        assert np.array_equal(shorter.output, trace.output[:t])


def test_one_seed_in_one_hash_out(cfg, aggregator):
    cfg = replace(cfg, aggregator=aggregator, segment_length=3)
    hashes = [fresh(cfg, seed=seed).hash for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_and_dtypes(cfg, aggregator, dtype):
    trace = run(cfg, aggregator, dtype)
    N = 4
    assert trace.output.shape == (T, H, V)
    assert trace.scores.shape == trace.weights.shape == trace.selected.shape == (T, H, N)
    assert trace.checkpoint_contexts.shape == (N, H, K)
    assert len(trace.checkpoints) == N
    assert (trace.reads is None) == (aggregator == "soup")
    held = arrays(trace)
    floats = {name for name, array in held.items() if array.dtype == dtype}
    assert set(held) - floats == {"selected", "counts.reads", "counts.flops", "counts.bytes", "counts.cached"}
    assert trace.diverged_at is None


def test_single_precision_is_double_precision_rounded(cfg, aggregator):
    one = run(cfg, aggregator, np.float32)
    rounded = memory_caching(*(getattr(one, name).astype(float) for name in "qkvu"), one.config, one.coefficients)
    assert np.array_equal(rounded.selected, one.selected)
    np.testing.assert_allclose(one.output, rounded.output, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gate", ["context", "token"])
def test_a_trace_holds_together(cfg, aggregator, gate):
    trace = run(cfg, aggregator, gate=gate)
    readable = np.broadcast_to(trace.readable[:, None], trace.scores.shape)
    earlier = readable & (np.arange(trace.N) < trace.segment_of[:, None])[:, None]

    assert (trace.scores[~readable] == -np.inf).all()
    assert np.isfinite(trace.scores[readable]).all()
    assert trace.scores[readable].any() == (aggregator in GATED)

    assert not trace.selected[~earlier].any()
    many = {"none": 0 * trace.segment_of, "ssc": np.minimum(trace.config.top_k, trace.segment_of)}
    assert (trace.selected.sum(-1) == many.get(aggregator, trace.segment_of)[:, None]).all()

    assert (trace.weights[~trace.read] == 0).all()
    assert (trace.weights[trace.read] > 0).all()
    total = trace.weights.sum(-1)
    np.testing.assert_allclose(total, total if aggregator == "residual" else 1, rtol=1e-12)
    assert aggregator != "residual" or (trace.weights[trace.read] == 1).all()

    if trace.reads is not None:
        assert (trace.reads[~trace.read] == 0).all()
        together = (trace.weights[..., None] * trace.reads).sum(2)
        np.testing.assert_allclose(trace.output, together, rtol=1e-10, atol=1e-12)


def test_saved_and_loaded_it_is_the_same(cfg, aggregator, tmp_path):
    trace = run(cfg, aggregator)
    trace.save(tmp_path / "run.npz")
    again = Trace.load(tmp_path / "run.npz")
    assert again.hash == trace.hash
    assert again.config == trace.config
    for name, array in arrays(trace).items():
        assert np.array_equal(array, arrays(again)[name])
    assert np.array_equal(again.output, fresh(again.config).output)


def test_the_online_state_ends_as_the_checkpoint(cfg, aggregator):
    for start in ("independent", "checkpoint"):
        trace = run(cfg, aggregator, start=start)
        for state, (_, stop) in zip(trace.checkpoints, trace.segments, strict=True):
            replayed = trace.states(stop - 1)
            assert replayed.keys() == state.keys()
            assert all(np.array_equal(state[name], replayed[name]) for name in state)


def test_every_token_reads_its_own_memory(cfg, aggregator):
    """What a token just wrote is read: without its value the output is another."""
    trace = run(cfg, aggregator)
    v = trace.v.copy()
    v[-1] += 1
    moved = memory_caching(trace.q, trace.k, v, trace.u, trace.config, trace.coefficients)
    assert (moved.output[-1] != trace.output[-1]).any()
