"""A colour means the same in every figure, and every figure brings the ground on which it is read."""

import re
from functools import cache

import numpy as np
import pytest

from mcviz import MCConfig, claims, examples, game, interference, plot, surgery, tradeoff
from mcviz.palette import SERIES

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)

T = 95
SETTING = tradeoff.Setting()
POINTS = claims.points(claims.rows())


@cache
def run():
    return examples.run("needle", MCConfig(aggregator="ssc", segment_length=12), key_size=6, value_size=5)


@cache
def finding():
    return next(one for one in claims.board() if one.claim.reported and one.steps)


@cache
def every(theme):
    """All figures but the oracle's, which take a trained model."""
    return tuple(drawings(theme))


def drawings(theme):
    trace, seen, grown = run(), interference.recall(run()), interference.capacity(run())
    edited = surgery.operate(trace, [surgery.SwitchOff(2)])
    yield figures.tokens(trace, T, theme=theme)
    yield figures.gates(trace, t=T, theme=theme)
    yield figures.relevance(trace, T, theme=theme)
    yield figures.checkpoints(trace, T - 12, theme=theme)
    yield figures.reads(trace, T, theme=theme)
    yield figures.difference(trace, edited, theme)
    yield figures.recovered(trace, seen.places, seen.likeness, seen.right, theme)
    yield figures.capacity(grown.pairs, grown.alone, grown.cached, theme)
    yield from (draw(SETTING, theme) for draw in (figures.spent, figures.stored, figures.fetched))
    yield from (draw(finding(), theme) for draw in (figures.evidence, figures.comparisons, figures.reported))
    yield figures.tries(POINTS, game.ROUNDS[0], POINTS[:1], theme=theme)
    yield figures.frontier(POINTS, theme=theme)
    yield figures.against(POINTS, "read", 4, POINTS[0].name, theme)


def charts():
    """The notebooks' plain charts."""
    yield plot.lines({"a": ([1, 2], [1, 2]), "b": ([1, 2], [2, 1])})
    yield plot.bars({"a": 1.0, "b": 2.0}, highlight=["b"])
    yield plot.maps({"a": np.eye(3)})


def written(figure):
    """Every colour in a figure."""
    return set(re.findall(r"#[0-9a-fA-F]{6}|rgba?\([^)]*\)", str(figure.to_plotly_json() | {"layout": own(figure)})))


def own(figure):
    """The layout without Plotly's template, which brings colours that nothing uses."""
    return {name: value for name, value in figure.to_plotly_json()["layout"].items() if name != "template"}


@pytest.mark.parametrize("theme", figures.THEMES)
def test_figures_bring_the_ground_on_which_their_ink_is_read(theme):
    colours = figures.THEMES[theme]
    for figure in every(theme):
        assert (figure.layout.paper_bgcolor, figure.layout.font.color) == (colours.ground, colours.ink)
    for figure in charts():
        assert figure.layout.paper_bgcolor == figures.THEMES["light"].ground


@pytest.mark.parametrize("theme", figures.THEMES)
def test_all_colours_of_a_figure_are_the_palettes(theme):
    palette = {value for value in vars(figures.THEMES[theme]).values()} | {"rgba(0, 0, 0, 0)"}
    for figure in every(theme):
        assert written(figure) <= palette
    for figure in charts():
        assert written(figure) <= {*vars(figures.THEMES["light"]).values(), *SERIES, "rgba(0, 0, 0, 0)"}


@pytest.mark.parametrize("theme", figures.THEMES)
def test_a_gate_is_violet_and_the_online_memory_grey(theme):
    colours, trace = figures.THEMES[theme], run()
    for bars in figures.relevance(trace, T, theme=theme).data:
        assert list(bars.marker.line.color) == [colours.gate] * (trace.N - 1) + [colours.online]
    for figure in (figures.gates(trace, theme=theme), figures.tokens(trace, T, theme=theme)):
        assert figure.data[0].colorscale[-1] == (1.0, colours.gate)
    edges = [shape.line.color for shape in figures.checkpoints(trace, T, theme=theme).layout.shapes]
    assert edges == [colours.gate] * (trace.read[T, 0].sum() - 1) + [colours.online]


@pytest.mark.parametrize("theme", figures.THEMES)
def test_signs_are_blue_and_orange_everywhere(theme):
    colours, trace, seen = figures.THEMES[theme], run(), interference.recall(run())
    drawn = [figures.checkpoints(trace, T, theme=theme), figures.reads(trace, T, theme=theme)]
    drawn.append(figures.recovered(trace, seen.places, seen.likeness, seen.right, theme))
    drawn += [plot.maps({"a": np.eye(2)})] if theme == "light" else []
    for figure in drawn:
        (low, below), _, (high, above) = figure.data[0].colorscale
        assert (low, below, high, above) == (0.0, colours.negative, 1.0, colours.positive)


@pytest.mark.parametrize("theme", figures.THEMES)
def test_what_is_right_is_green(theme):
    colours, trace = figures.THEMES[theme], run()
    marked = {
        shape.x0 + 0.48
        for shape in figures.tokens(trace, T, theme=theme).layout.shapes
        if shape.line.color == colours.answer
    }
    assert marked == {trace.sources[T] % 12}
    asked = game.ROUNDS[0]
    both = [pick(POINTS, key=asked.recall) for pick in (max, min)]
    played = figures.tries(both, asked, [], theme=theme).data
    assert [trace.marker.color for trace in played] == [colours.answer, colours.wrong]


def test_numbers_in_bars_are_read_in_hollow_and_in_filled_ones():
    colours, trace = figures.THEMES["dark"], run()
    for bars in figures.relevance(trace, T, theme="dark").data:
        inside = np.where(trace.read[T, 0], colours.ground, colours.ink)
        assert list(bars.insidetextfont.color) == list(inside)
