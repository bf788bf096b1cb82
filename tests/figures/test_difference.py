"""Two runs side by side are drawn with the numbers of their difference."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, examples, words
from mcviz.probes import interference, surgery
from mcviz.trace import Predictions

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)

TRACE = examples.run("needle", MCConfig(), key_size=5, value_size=4)


def test_the_bars_are_how_far_apart_the_outputs_are():
    assert np.array_equal(figures.difference(TRACE, TRACE).data[0].y, np.zeros(TRACE.T))
    edited = surgery.operate(TRACE, [surgery.SwitchOff(1)])
    np.testing.assert_array_equal(figures.difference(TRACE, edited).data[0].y, words.apart(TRACE, edited))


def test_changed_predictions_are_marked():
    mine = Predictions((("x",),) * 96, np.ones((96, 1)))
    yours = replace(mine, tokens=(("x",),) * 95 + (("y",),))
    a, b = replace(TRACE, predictions=mine), replace(TRACE, predictions=yours)
    assert list(figures.difference(a, b).data[1].x) == [95]


def test_the_map_of_what_is_recovered_shows_cosines_and_ticks():
    seen = interference.recall(TRACE)
    picture = figures.recovered(TRACE, seen.places, seen.likeness, seen.right)
    np.testing.assert_array_equal(picture.data[0].z, seen.likeness)
    assert (np.array(picture.data[0].text) == "✓").sum() == seen.right.sum()
    grown = interference.capacity(TRACE)
    alone, cached = figures.capacity(grown.pairs, grown.alone, grown.cached).data
    np.testing.assert_array_equal(alone.y, grown.alone)
    np.testing.assert_array_equal(cached.y, grown.cached)


def test_as_many_outlines_as_pairs_are_drawn_at_once(monkeypatch):
    """One after the other, a thousand take minutes: Plotly looks at all that are there whenever one is added."""
    monkeypatch.delattr("plotly.graph_objects.Figure.add_shape")
    seen = interference.recall(TRACE)
    picture = figures.recovered(TRACE, seen.places, seen.likeness, seen.right)
    places = [(shape.x0 + shape.x1, shape.y0 + shape.y1) for shape in picture.layout.shapes]
    np.testing.assert_allclose(places, [(2 * x, 2 * home) for x, home in enumerate(seen.home)], atol=1e-9)
