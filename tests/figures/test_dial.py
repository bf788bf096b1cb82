"""The dial: a bar for each length, and that of the length on screen filled."""

import pytest

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)


def test_each_length_has_its_count_and_one_is_filled():
    (bars,) = figures.dial((4, 16, 160), (11, 16, 0), 16, 16).data
    assert bars.x == ("4", "16", "160")
    assert bars.y == (11, 16, 0)
    filled = [colour != figures.CLEAR for colour in bars.marker.color]
    assert filled == [False, True, False]


@pytest.mark.parametrize("right", [(1,), (1, 17), (-1, 3)])
def test_counts_that_cannot_be_are_refused(right):
    with pytest.raises(ValueError, match="right: expected 2 counts of 0 to 16"):
        figures.dial((4, 16), right, 16, 4)
