"""Two runs side by side: where they differ, and by how much."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, examples
from mcviz.probes import interference, surgery
from mcviz.trace import Predictions

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)

TRACE = examples.run("needle", MCConfig(), key_size=5, value_size=4)


def test_equal_runs_differ_nowhere():
    assert figures.first_difference(TRACE, TRACE) is None
    assert np.array_equal(figures.difference(TRACE, TRACE).data[0].y, np.zeros(TRACE.T))


def test_the_first_difference_is_where_an_edit_begins_to_be_read():
    edited = surgery.operate(TRACE, [surgery.SwitchOff(1)])
    first = figures.first_difference(TRACE, edited)
    assert 32 <= first < 40
    np.testing.assert_array_equal(figures.difference(TRACE, edited).data[0].y, figures.apart(TRACE, edited))


def test_runs_of_other_sizes_cannot_be_compared():
    with pytest.raises(ValueError, match="b: expected a run with outputs"):
        figures.apart(TRACE, examples.run("recall", MCConfig()))
    with pytest.raises(ValueError, match="b: expected a run on the same tokens"):
        figures.compared(TRACE, replace(TRACE, tokens=("x", *TRACE.tokens[1:])))


def test_changed_predictions_are_marked_and_answers_counted():
    asked = ("",) * 94 + ("x", "y")
    mine = Predictions((("x",),) * 96, np.ones((96, 1)), asked)
    yours = replace(mine, tokens=(("x",),) * 95 + (("y",),))
    a, b = replace(TRACE, predictions=mine), replace(TRACE, predictions=yours)
    assert figures.changed_predictions(a, b) == [95]
    assert list(figures.difference(a, b).data[1].x) == [95]
    assert figures.accuracy(a) == (1, 2)
    assert figures.accuracy(b) == (2, 2)
    assert figures.accuracy(TRACE) is None


def test_the_map_of_what_is_recovered_shows_cosines_and_ticks():
    seen = interference.recall(TRACE)
    picture = figures.recovered(TRACE, seen.places, seen.likeness, seen.right)
    np.testing.assert_array_equal(picture.data[0].z, seen.likeness)
    assert (np.array(picture.data[0].text) == "✓").sum() == seen.right.sum()
    grown = interference.capacity(TRACE)
    alone, cached = figures.capacity(grown.pairs, grown.alone, grown.cached).data
    np.testing.assert_array_equal(alone.y, grown.alone)
    np.testing.assert_array_equal(cached.y, grown.cached)
