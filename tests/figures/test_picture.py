"""The README's pictures of the frontier are of the rows that ship."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from mcviz import figures

picture = pytest.importorskip("tests.figures.picture", exc_type=ImportError)


def marks(theme):
    """Where the marks stand in a picture, in its pixels: for each panel, those of each of its traces."""
    tree = ElementTree.parse(picture.file(theme))
    panels = [group for group in tree.iter() if re.fullmatch(r"subplot x\d?y\d?", group.get("class", ""))]
    return [
        [
            [
                tuple(map(float, re.findall(r"-?[\d.]+", mark.get("transform"))))
                for mark in trace.iter()
                if mark.get("class", "").startswith("point ")
            ]
            for trace in panel.iter()
            if trace.get("class", "").startswith("trace scatter")
        ]
        for panel in panels
    ]


@pytest.mark.parametrize("theme", figures.THEMES)
def test_every_mark_stands_where_its_row_says(theme):
    """Pixels along an axis are a straight line of what stands there: in 10s of the amount, and of recall."""
    figure, shown = picture.drawn(theme), marks(theme)
    assert len(shown) == len(picture.PANELS)
    for panel, axis in zip(shown, ("x", "x2"), strict=True):
        traces = [trace for trace in figure.data if trace.xaxis == axis]
        again = "taken before these rows: python -m tests.figures.picture"
        assert [len(trace.x) for trace in traces] == [len(trace) for trace in panel], again
        places = np.array([mark for trace in panel for mark in trace])
        numbers = [
            np.concatenate([np.log10(trace.x) for trace in traces]),
            np.concatenate([np.asarray(trace.y) for trace in traces]),
        ]
        for pixels, values, upwards in zip(places.T, numbers, (1, -1), strict=True):
            slope, offset = np.polyfit(values, pixels, 1)
            assert slope * upwards > 0
            np.testing.assert_allclose(pixels, slope * values + offset, atol=0.05, err_msg=again)


@pytest.mark.parametrize("theme", figures.THEMES)
def test_a_picture_is_small_and_says_what_it_shows(theme):
    text = picture.file(theme).read_text(encoding="utf-8")
    assert len(text.encode()) <= picture.MOST_BYTES
    said = ["Recall of 24 pairs, as in training", "Recall of 96 pairs", *(title for _, title in figures.AXES.values())]
    assert [each for each in said if each not in text] == ["operations for the last token"]
