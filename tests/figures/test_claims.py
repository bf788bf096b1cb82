"""The figures of a claim show its numbers, and nothing else."""

import math
from itertools import cycle

import pytest

from mcviz import claims, figures, words
from mcviz.figures.claims import FLOOR

BOARD = claims.board()
MEASURED = [finding for finding in BOARD if finding.claim.family != claims.EXACT]


def named(given):
    return given if isinstance(given, str) else given.claim.name


@pytest.mark.parametrize(("finding", "theme"), [*zip(BOARD, cycle(figures.THEMES), strict=False)], ids=named)
def test_every_seed_and_every_mean_is_drawn(finding, theme):
    drawn = figures.evidence(finding, theme).data
    assert len(drawn) == 2 * len(finding.values)
    assert {mean.cliponaxis for mean in drawn[1::2]} == {False}  # a number at the end of the axis is whole
    for rings, mean, (label, values) in zip(drawn[::2], drawn[1::2], finding.values.items(), strict=True):
        assert set(rings.y) == {label} == set(mean.y)
        assert [value for _, value in rings.customdata] == list(values)
        interval = finding.intervals[label]
        if finding.claim.family == claims.EXACT:
            assert list(rings.x) == [max(value, FLOOR) for value in values]
            continue
        assert list(rings.x) == list(values)
        assert mean.x[0] == interval.mean
        assert mean.x[0] + mean.error_x.array[0] == pytest.approx(interval.high)
        assert mean.x[0] - mean.error_x.arrayminus[0] == pytest.approx(interval.low)


@pytest.mark.parametrize("finding", MEASURED, ids=named)
def test_every_comparison_is_drawn_with_where_it_holds(finding):
    figure = figures.comparisons(finding)
    low, high = figure.layout.xaxis.range
    shades = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    *notes, _ = figure.layout.annotations
    for step, shade, note, rings in zip(finding.steps, shades, notes, figure.data[::2], strict=True):
        assert list(rings.x) == list(step.differences)
        assert note.text.startswith(words.SIGNS[step.verdict])
        inside = shade.x0 <= step.interval.low and step.interval.high <= shade.x1
        assert inside == (step.verdict == "holds")
        assert low <= min(step.differences)
        assert max(step.differences) <= high
        assert math.isfinite(low + high)


@pytest.mark.parametrize("finding", [one for one in BOARD if one.claim.reported], ids=named)
def test_the_papers_numbers_are_drawn_as_they_are(finding):
    (bars,) = figures.reported(finding).data
    assert dict(zip(bars.y, bars.x, strict=True)) == dict(finding.claim.reported)
