"""Two runs side by side: where they differ, by how much, and what became of their answers."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, examples, surgery, words
from mcviz.trace import Predictions

TRACE = examples.run("needle", MCConfig(), key_size=5, value_size=4)


def test_equal_runs_differ_nowhere():
    assert words.first_difference(TRACE, TRACE) is None
    assert not words.apart(TRACE, TRACE).any()


@pytest.mark.filterwarnings("error")
def test_numbers_that_cannot_be_squared_are_as_far_apart_as_others():
    edited = surgery.operate(TRACE, [surgery.SwitchOff(1)])
    far = words.apart(TRACE, edited)
    for power in (2.0**-600, 2.0**600):
        pair = [replace(trace, output=trace.output * power) for trace in (TRACE, edited)]
        np.testing.assert_allclose(words.apart(*pair), far, rtol=1e-12)
    broken = edited.output.copy()
    broken[7, 0, 0], broken[9, 0, :2] = np.nan, (np.inf, 1e300)
    assert words.first_difference(TRACE, replace(edited, output=broken)) == 7


def test_the_first_difference_is_where_an_edit_begins_to_be_read():
    edited = surgery.operate(TRACE, [surgery.SwitchOff(1)])
    first = words.first_difference(TRACE, edited)
    assert 32 <= first < 40
    assert f"first differ at token {first} " in words.compared(TRACE, edited)


def test_runs_of_other_sizes_cannot_be_compared():
    with pytest.raises(ValueError, match="b: expected a run with outputs"):
        words.apart(TRACE, examples.run("recall", MCConfig()))
    with pytest.raises(ValueError, match="b: expected a run on the same tokens"):
        words.compared(TRACE, replace(TRACE, tokens=("x", *TRACE.tokens[1:])))


def test_changed_predictions_are_found_and_answers_counted():
    asked = ("",) * 94 + ("x", "y")
    mine = Predictions((("x",),) * 96, np.ones((96, 1)), asked)
    yours = replace(mine, tokens=(("x",),) * 95 + (("y",),))
    a, b = replace(TRACE, predictions=mine), replace(TRACE, predictions=yours)
    assert words.changed_predictions(a, b) == [95]
    assert words.accuracy(a) == (1, 2)
    assert words.accuracy(b) == (2, 2)
    assert words.accuracy(TRACE) is None
    assert words.compared(a, b).startswith("Of 2 questions, the first run answers 1 right and the second 2.")
