"""The frontier's figure shows its points, and nothing else."""

import pytest

from mcviz import claims, figures
from mcviz.figures.frontier import AXES

POINTS = claims.points(claims.rows())


@pytest.mark.parametrize("theme", figures.THEMES)
@pytest.mark.parametrize("factor", claims.FACTORS)
def test_every_point_stands_at_its_numbers_on_each_axis(factor, theme):
    figure = figures.frontier(POINTS, factor, theme)
    drawn = [list(about) for trace in figure.data for about in trace.customdata]
    assert sorted(about[0] for about in drawn) == sorted(point.name for point in POINTS)
    (menu,) = figure.layout.updatemenus
    assert [button.label for button in menu.buttons] == [short for short, _ in AXES.values()]
    for point in POINTS:
        (trace,) = [trace for trace in figure.data if trace.name == point.kind]
        at = [about[0] for about in trace.customdata].index(point.name)
        mean, low, high = point.recall[factor]
        assert trace.y[at] == mean
        if len(point.seeds) > 1:
            assert trace.y[at] + trace.error_y.array[at] == pytest.approx(min(high, 1))
            assert trace.y[at] - trace.error_y.arrayminus[at] == pytest.approx(max(low, 0))
        assert trace.x[at] == point.spent[factor].kept
        which = list(figure.data).index(trace)
        for button, name in zip(menu.buttons, AXES, strict=True):
            assert button.args[0]["x"][which][at] == getattr(point.spent[factor], name)
        assert trace.customdata[at][-1] == point.command


def test_a_run_of_its_own_is_drawn_without_an_interval():
    """One seed has no bounds."""
    one = POINTS[0]._replace(seeds=(0,), recall={1: claims.bootstrap([0.5])})
    (trace,) = figures.frontier([one]).data
    assert (trace.error_y.array[0], trace.error_y.arrayminus[0]) == (0, 0)


@pytest.mark.parametrize("axis", AXES)
def test_one_axis_stands_by_itself(axis):
    figure = figures.against(POINTS, axis, 4)
    for trace in figure.data:
        named = {point.name: getattr(point.spent[4], axis) for point in POINTS if point.kind == trace.name}
        assert dict(zip((about[0] for about in trace.customdata), trace.x, strict=True)) == named
    assert figure.layout.xaxis.title.text == AXES[axis][1]
    assert not figure.layout.updatemenus


def test_the_chosen_point_has_a_ring_and_all_else_stays():
    plain = figures.against(POINTS, "read", 4)
    ringed = figures.against(POINTS, "read", 4, chosen=POINTS[3].name)
    *others, ring = ringed.data
    assert others == list(plain.data)
    assert (ring.x, ring.y) == ((POINTS[3].spent[4].read,), (POINTS[3].recall[4].mean,))
    assert figures.against(POINTS, "read", 4, chosen="no such").data == plain.data


BOXES = """() => ["legend", "xtitle"].map((name) => document.querySelector(`.${name}`).getBoundingClientRect())"""


@pytest.mark.browser
def test_the_legend_stands_below_the_axis_in_a_window_that_grows_and_shrinks(chromium):
    plotly = pytest.importorskip("plotly.offline")
    page = chromium.new_page(viewport={"width": 450, "height": 500})
    page.set_content("<div id='figure' style='height: 460px'></div>")
    page.add_script_tag(content=plotly.get_plotlyjs())
    drawn = figures.against(POINTS, "kept").to_json()
    page.evaluate(f"Plotly.newPlot('figure', {{...{drawn}, config: {{responsive: true}}}}).then(() => null)")
    for width in (450, 800, 330, 1200):
        page.set_viewport_size({"width": width, "height": 500})
        page.wait_for_function("() => document.querySelector('.main-svg').clientWidth >= innerWidth - 40")
        page.wait_for_function("() => document.querySelector('.main-svg').clientWidth <= innerWidth")
        legend, title = page.evaluate(BOXES)
        assert legend["top"] >= title["bottom"] - 1, width
    page.close()
