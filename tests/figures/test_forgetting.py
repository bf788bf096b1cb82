"""How a pair is forgotten: a mark for each number of pairs, a disc while its value is the nearest."""

import numpy as np
import pytest

from mcviz.probes.fading import Fading

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)


def faded(likeness, nearest):
    """What the figure takes of a pair that token 7 wrote; nothing else is known of it."""
    unknown = np.zeros(0)
    return Fading(7, unknown, unknown, (), unknown, np.array(likeness), unknown, np.array(nearest))


SEEN = faded([1.0, 0.5, 0.75, 0.25], [7, 8, 7, 10])


def test_each_number_of_pairs_has_its_cosine_and_a_mark_that_says_whether_it_is_still_there():
    line, kept, gone, here = figures.forgetting(SEEN, 2, 4).data
    assert list(line.y) == [1.0, 0.5, 0.75, 0.25]
    assert (list(kept.x), list(kept.y)) == ([1, 3], [1.0, 0.75])
    assert (list(gone.x), list(gone.y)) == ([2, 4], [0.5, 0.25])
    assert kept.marker.symbol != gone.marker.symbol
    assert (list(here.x), list(here.y)) == ([2], [0.5])


@pytest.mark.parametrize(("level", "side"), [(0.8, "bottom"), (0.2, "top")])
def test_the_legend_lies_off_the_line(level, side):
    seen = faded([1.0, level, level, level], [7] * 4)
    assert figures.forgetting(seen, 1, 4).layout.legend.yanchor == side


def test_no_more_is_drawn_than_is_asked_for():
    assert list(figures.forgetting(SEEN, 1, 3).data[0].x) == [1, 2, 3]


@pytest.mark.parametrize(
    ("n", "most", "says"),
    [(0, 4, "n: .* from 1 to 4, got 0"), (3, 2, "n: .* 1 to 2, got 3"), (1, 5, "most: .* 1 to 4, got 5")],
)
def test_pairs_that_were_not_written_are_refused(n, most, says):
    with pytest.raises(ValueError, match=says):
        figures.forgetting(SEEN, n, most)
