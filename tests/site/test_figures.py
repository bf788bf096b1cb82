"""Figures of the site in a real browser: drawn when they are seen, and asked for again where they did not come."""

import json

import plotly.offline
import pytest

from mcviz import words
from mcviz.site import build, frame, numbers
from mcviz.tradeoff import Setting
from tests.site.conftest import Visit
from tests.stepper.hosts import expect, until

FIGURE = {"data": [{"x": [1, 2], "y": [3, 4], "type": "scatter"}], "layout": {}}


@pytest.mark.browser
@pytest.mark.parametrize("lost", ["plotly.js", "one-light.json"])
def test_a_figure_that_does_not_come_is_said_and_comes_when_it_is_asked_for_again(chromium, tmp_path, lost):
    build.front(tmp_path)
    body = numbers.figure("cost/one", "What one figure shows") + numbers.table(words.ledger(Setting()))
    how = {"styles": numbers.STYLES, "scripts": numbers.SCRIPTS, "policy": numbers.POLICY}
    build.put(tmp_path / "cost" / "index.html", frame.page("Cost", body, "cost/", **how))
    build.put(tmp_path / "cost" / "one-light.json", json.dumps(FIGURE))
    build.put(tmp_path / "plotly.js", plotly.offline.get_plotlyjs())
    cut = {"prepare": lambda page: page.route(f"**/{lost}", lambda route: route.abort()), "expected": ("ERR_FAILED",)}
    visit = Visit(chromium, tmp_path, "cost/", **cut)
    page = visit.page
    page.get_by_text("This did not come to your browser").wait_for()
    page.unroute(f"**/{lost}")
    page.get_by_role("button", name="Try again").click()
    page.locator(".drawing .trace").first.wait_for()
    expect(page.locator(".missing")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})  # where a table is whole, too
    until(page, lambda: page.locator(".scroll").evaluate("node => node.scrollWidth <= node.clientWidth"))
    visit.close()
