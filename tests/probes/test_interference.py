"""The microscope measures what was stored against what comes back."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, examples
from mcviz.config import MEMORIES
from mcviz.probes import interference
from mcviz.reference import memory_caching


def orthogonal(n=8, **fields):
    """As many pairs as there are dimensions, with orthonormal keys: a linear memory holds them without cross-talk."""
    rng = np.random.default_rng(0)
    k = np.linalg.qr(rng.standard_normal((n, n)))[0][:, None]
    v = rng.standard_normal((n, 1, n))
    return memory_caching(k, k, v, k, MCConfig(**{"segment_length": 4, **fields}))


def test_orthonormal_keys_are_recovered_exactly_from_their_own_segment_and_from_one_memory():
    trace = orthogonal()
    seen = interference.recall(trace)
    own = seen.home, np.arange(trace.T)
    np.testing.assert_allclose(seen.recovered[own], trace.v[:, 0], atol=1e-12)
    np.testing.assert_allclose(seen.strength[own], 1)
    np.testing.assert_allclose(seen.crosstalk[own], 0, atol=1e-12)
    assert seen.right[own].all()
    assert seen.right[-1].all()
    np.testing.assert_allclose(seen.recovered[1 - seen.home, np.arange(trace.T)], 0, atol=1e-12)


def test_what_is_recovered_is_the_share_of_the_value_and_cross_talk_at_right_angles_to_it():
    trace = examples.run("recall", MCConfig(segment_length=8), key_size=6, value_size=5)
    seen = interference.recall(trace, head=1)
    values = trace.v[seen.places, 1]
    rest = seen.recovered - seen.strength[..., None] * values
    np.testing.assert_allclose(np.sum(rest * values, -1), 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(rest, axis=-1), seen.crosstalk * np.linalg.norm(values, axis=-1))
    assert set(seen.places) == {place for place in trace.sources if place >= 0}


def test_one_memory_of_a_linear_rule_is_the_sum_of_the_checkpoints():
    trace = examples.run("recall", MCConfig(segment_length=8))
    seen = interference.recall(trace)
    np.testing.assert_allclose(seen.recovered[:-1].sum(0), seen.recovered[-1])


def test_one_memory_overflows_where_checkpoints_do_not():
    trace = examples.run("recall", MCConfig(segment_length=8), key_size=8, value_size=16)
    grown = interference.capacity(trace)
    assert grown.pairs.tolist() == sorted(grown.pairs.tolist())
    assert grown.pairs[-1] == 24
    assert grown.alone[0] == grown.cached[0]
    assert grown.cached[-1] > grown.alone[-1] + 0.2


def test_checkpoint_start_crowds_the_checkpoints():
    """Under checkpoint start the last checkpoint is the one memory of everything."""
    trace = examples.run("recall", MCConfig(segment_length=8, start="checkpoint"))
    seen = interference.recall(trace)
    np.testing.assert_allclose(seen.recovered[-2], seen.recovered[-1])


@pytest.mark.parametrize("memory", MEMORIES)
def test_every_memory_can_be_asked(memory):
    trace = examples.run("needle", MCConfig(memory=memory), key_size=4, value_size=3)
    seen = interference.recall(trace, places=[3, 50])
    assert seen.recovered.shape == (trace.N + 1, 2, 3)
    assert seen.likeness.max() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"head": 1}, "head: expected a head from 0 to 0, got 1"),
        ({"places": []}, "places: expected at least one"),
        ({"places": [8]}, "places: expected a token from 0 to 7, got 8"),
        ({"places": np.array([3, 8])}, "places: expected a token from 0 to 7, got 8"),
    ],
)
def test_what_cannot_be_asked(arguments, said):
    with pytest.raises(ValueError, match=said):
        interference.recall(orthogonal(), **arguments)


def compared_with_all(said, values):
    """Which value is likest to each answer, as the definition has it: every answer beside every value."""
    with np.errstate(all="ignore"):
        return interference.cosines(said[:, None], values).argmax(-1)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_likest_value_is_the_one_that_the_definition_finds(kind):
    """Where many values are equal or lie in one direction, are zero, overflow or vanish: to the last bit."""
    rng = np.random.default_rng(0)
    for n in range(200):
        P, D, V = (int(size) for size in rng.integers(2, 40, 3))
        directions = rng.standard_normal((5, V))
        values = directions[rng.integers(0, 5, D)] * rng.choice([1, 3, 0.1, 0], (D, 1))
        said = np.concatenate([values, directions])[rng.integers(0, D + 5, P)] * rng.choice([1, 1 / 3, 0], (P, 1))
        if n % 2:
            scales = rng.choice([1, 1e-20, 1e-80, 1e-160, 1e30, 1e60, 1e100, 1e260], (P + D, 1))
            said, values = said * scales[:P], values * scales[P:]
        with np.errstate(all="ignore"):
            values, said = values.astype(kind), said.astype(kind)
        values = np.where(np.isfinite(values), values, 0)
        said[rng.random((P, V)) < 0.02] = rng.choice([np.nan, np.inf, -np.inf])
        values[0] = 0 if n % 4 else values[0]
        with np.errstate(all="ignore"):
            found = interference.likest(said, values)
        assert np.array_equal(found, compared_with_all(said, values))


def test_thousands_of_pairs_take_little_memory():
    """Pairs by pairs for one memory at a time, and no state that is not asked."""
    words = [f"w{i}" for i in np.random.default_rng(0).integers(0, 400, 1500)]
    trace = examples.run("text", MCConfig(segment_length=100), text=" ".join(words))
    tracemalloc.start()
    interference.recall(trace)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20


def test_too_many_pairs_are_refused(monkeypatch):
    monkeypatch.setattr(interference, "MOST_PAIRS", 7)
    with pytest.raises(ValueError, match="places: expected at most 7 pairs, got 8"):
        interference.recall(orthogonal())
    monkeypatch.undo()
    monkeypatch.setattr(interference, "MOST_RECOVERED", 191)
    with pytest.raises(ValueError, match="at most 191 numbers, got 8 pairs of 8 numbers and 3 memories"):
        interference.recall(orthogonal())


def test_labels_that_are_equal_are_both_right():
    trace = orthogonal()
    swapped = replace(trace, v=trace.v[::-1].copy())
    assert not interference.recall(swapped).right.all()
    assert interference.recall(replace(swapped, tokens=("a",) * 8)).right.all()
