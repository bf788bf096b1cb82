"""Fading: with one pair the value itself, and afterwards what the sum of all pairs gives."""

import numpy as np
import pytest

from mcviz import MCConfig, examples, figures
from mcviz.probes.fading import fading

TRACE = examples.run("recall", MCConfig(aggregator="none", segment_length=16))


@pytest.mark.parametrize("head", [0, 1])
def test_it_is_the_sum_of_the_pairs_asked_for_the_first_key(head):
    seen = fading(TRACE, 3, head)
    k, v = (array[3:, head].astype(float) for array in (TRACE.k, TRACE.v))
    memory = np.cumsum(v[:, :, None] * k[:, None, :], axis=0)
    expected = memory @ k[0]
    np.testing.assert_allclose(seen.recovered, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert seen.likeness[0] == pytest.approx(1, abs=1e-5)
    assert seen.nearest[0] == 3
    assert all(seen.nearest[: seen.lasts] == 3)
    assert seen.lasts == len(seen.nearest) or seen.nearest[seen.lasts] != 3


def test_the_figure_shows_the_key_the_value_and_the_matrix():
    seen = fading(TRACE, 3)
    figure = figures.fading(seen, 2)
    key, value, memory, *bars = figure.data
    np.testing.assert_array_equal(key.z[0], seen.key)
    np.testing.assert_array_equal(np.ravel(value.z), seen.value)
    np.testing.assert_array_equal(memory.z, seen.states[1]["M"])
    np.testing.assert_array_equal(bars[1].customdata, seen.recovered[1])
    np.testing.assert_array_equal(bars[0].x, seen.value)
    lengths = [np.linalg.norm(bar.x) for bar in bars]
    assert lengths[0] == pytest.approx(lengths[1])
    divisor = float(bars[1].name.removeprefix("read ÷ "))  # of three digits
    np.testing.assert_allclose(divisor * bars[1].x, seen.recovered[1], rtol=5e-3)
    named = {note.text for note in figure.layout.annotations}
    assert named == {"key", "value", "memory with 2 pairs", "read with the key"}


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(ValueError, match="token"):
        fading(TRACE, TRACE.T)
    with pytest.raises(ValueError, match="n: expected"):
        figures.fading(fading(TRACE, 3), 0)
