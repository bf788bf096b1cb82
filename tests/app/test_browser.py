"""The app in a real browser."""

import re

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(chromium, streamlit_server):
    """`visit(path, width=…)` opens the app; when the test ends, nothing may have gone wrong in the console."""
    problems, contexts = [], []

    def opened(path="", width=1440, height=900, scheme="light"):
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: "127.0.0.1" not in request.url and problems.append(request.url))
        page.goto(f"{streamlit_server()}/{path}")
        page.wait_for_selector("[data-testid=stAppViewContainer]", timeout=60_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [problem for problem in problems if not problem.startswith(("http://127", "ws://127", "data:", "blob:"))]


def drawn(page):
    page.wait_for_selector(".js-plotly-plot .heatmaplayer", timeout=60_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)


def test_the_page_loads_filled_in_and_quiet(visit):
    page = visit()
    drawn(page)
    assert page.locator("h1").count() == 1
    assert page.locator(".js-plotly-plot").count() == 5
    assert page.locator(".katex").count() > 4


def test_stepping_changes_the_picture_and_the_address(visit):
    page = visit("?v=1&step=40")
    drawn(page)
    assert page.get_by_text("Token 40 “").is_visible()
    page.get_by_role("button", name="One token forward").click()
    page.get_by_text("Token 41 “").wait_for(timeout=30_000)
    page.wait_for_url(re.compile(r"step=41"))


def test_an_invalid_setting_shows_the_message_and_keeps_the_others(visit):
    page = visit("?v=1&run=needle&aggregator=ssc")
    drawn(page)
    length = page.get_by_label("Tokens in a segment", exact=True)
    length.fill("0")
    length.press("Enter")
    page.get_by_text("segment_length: expected a whole number, at least 1, got 0").wait_for(timeout=30_000)
    assert length.input_value() == "0"
    length.fill("12")
    length.press("Enter")
    drawn(page)
    assert "aggregator=ssc" in page.url
    assert "run=needle" in page.url


def test_markup_in_a_text_is_text(visit):
    text = "%3Cimg src=x onerror=window.hit=1%3E %3Cscript%3Ewindow.hit=1%3C/script%3E ![x](http://127.0.0.1:9/x.png)"
    page = visit(f"?v=1&run=text&text={text}")
    drawn(page)
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src*='9/x.png']").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_telephone(visit, scheme):
    page = visit(width=360, height=800, scheme=scheme)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
