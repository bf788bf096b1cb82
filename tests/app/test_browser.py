"""The app in a real browser."""

import re
from contextlib import suppress
from importlib import import_module

import pytest

from mcviz import claims
from mcviz.claims.point import KINDS
from mcviz.palette import PALETTES
from tests.stepper.hosts import expect, shown, until

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(window, streamlit_server):
    """`visit(path, width=…)` opens the app; when the test ends, nothing may have gone wrong in the console."""

    def opened(path="", **how):
        page = window(**how)
        page.goto(f"{streamlit_server()}/{path}")
        page.wait_for_selector("[data-testid=stAppViewContainer]")
        return page

    return opened


def settled(page):
    """Wait until the page's run has ended, without a traceback."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def whole(page, sizes=((1280, 720), (1366, 768), (1440, 900), (1920, 1080))):
    """Wait until all that there is to see at a token stands in a window of each size, of two runs of both."""
    here = page.viewport_size
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        until(page, lambda: shown(page).evaluate(OUTSIDE) == [], (width, height))
    page.set_viewport_size(here)


OUTSIDE = """root => [...root.querySelectorAll(
    ".view, .film, .view :is(.strip, .cards, .card .frame, .card .gate, .card .weight, .mixture, .prediction)"
)].filter((node) => {
    const { left, top, right, bottom } = node.getBoundingClientRect();
    const around = node.matches(".view, .film") ? top : bottom;
    return left < 0 || top < 0 || right > innerWidth + 1 || around > innerHeight;
}).map((node) => node.className)"""
"""What of a run is not in the window: of what goes on below, its top."""


def segments_of(page, length):
    """Wait until the field says so, and the run is over that took it."""
    expect(page.get_by_label("Tokens in a segment", exact=True)).to_have_value(str(length))
    settled(page)


def to(page, name):
    """Go to a page of the app by its link in the header, where the last three are a menu."""
    link = page.get_by_role("link", name=name).first
    if name in ("Library", "Write", "Your own"):
        page.get_by_test_id("stTopNavSection").filter(has_text="Yours").click()
        link = page.get_by_test_id("stTopNavDropdownLink").filter(has_text=name)
    link.click()
    page.get_by_role("heading", name=name, level=1).wait_for()


def test_every_page_opens_filled_in_and_quiet(visit):
    page = visit("?v=1")
    shown(page)
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator(".stSidebar")).to_be_visible()
    page.get_by_role("button", name="Ask me first").click()
    page.get_by_text("Which one would you open").wait_for()
    expect(page.locator(".stSidebar")).to_be_hidden()
    for name in ("Compare", "Surgery", "Your own", "Library"):
        to(page, name)
        shown(page)
        settled(page)
        if name == "Compare":
            whole(page)
        if name == "Library":
            page.get_by_text("The library, and what it answers").click()
        if name in ("Your own", "Library"):
            whole(page, ((1366, 768),))
    to(page, "Words")
    to(page, "Interference")
    page.wait_for_selector(".js-plotly-plot .heatmaplayer")
    settled(page)


def test_arrow_keys_step_the_address_leads_back_to_the_same_screen_and_a_bookmark_stays(visit):
    page = visit("?v=1&run=topics&aggregator=ssc&step=40")
    shown(page, 40).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    shown(page, 41)
    page.wait_for_url(re.compile(r"step=41.*head=1"))
    again = visit(page.url.partition("/?")[2].join(["?", ""]))
    shown(again, 41, head=1)
    until(again, lambda: len({one.locator(".mcviz").first.inner_text() for one in (page, again)}) == 1)
    page.locator(".mcviz").first.focus()
    page.keyboard.press("b")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("step=42"))
    page.reload()
    shown(page, 42).focus()
    page.keyboard.press(",")
    shown(page, 41)


def test_an_invalid_setting_shows_the_message_and_keeps_the_others(visit):
    page = visit("?v=1&run=needle&aggregator=ssc")
    shown(page)
    length = page.get_by_label("Tokens in a segment", exact=True)
    length.fill("0")
    length.press("Enter")
    page.get_by_text("Tokens in a segment: expected a whole number, at least 1, got 0. It stays 16.").wait_for()
    expect(length).to_have_value("16")
    expect(page.get_by_test_id("stNumberInputClearButton").first).to_be_hidden()
    length.fill("12")
    length.press("Enter")
    page.wait_for_url(re.compile("run=needle.*aggregator=ssc.*segment_length=12"))
    settled(page)
    page.get_by_label("Segments", exact=True).click()
    page.get_by_role("option", name="Lengths of your own").click()
    page.get_by_label("Lengths", exact=True).fill("3, 4")
    page.get_by_label("Lengths", exact=True).press("Enter")
    page.get_by_text("sum to T = 96").wait_for()
    settled(page)
    page.get_by_role("button", name="Reset").click()
    shown(page)


def test_surgery_changes_the_output(visit):
    page = visit("?v=1&run=topics")
    shown(page)
    to(page, "Surgery")
    shown(page)
    settled(page)
    expect(page.locator(".mcviz .view")).to_have_count(1)
    switch = page.get_by_role("button", name=re.compile(r"^(Switch|Restore) \d+"))
    at = switch.bounding_box()
    switch.click()
    page.get_by_text("The outputs first differ at token").wait_for()
    settled(page)
    assert switch.bounding_box()["y"] == at["y"]  # nothing moves below a pointer that rests
    expect(page.locator(".story").last).to_contain_text(re.compile(r"checkpoints [\d, ]*\d–\d"))
    page.wait_for_url(re.compile("edits=off"))
    page.get_by_text("every memory is written as before").first.wait_for()
    expect(page.get_by_text(re.compile(r"Checkpoint \d+ is switched off"))).to_have_count(1)
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_have_count(1)
    whole(page)


def test_costs_follow_a_slider_and_a_game_is_played(visit):
    page = visit()
    to(page, "Cost")
    page.wait_for_selector(".js-plotly-plot .scatterlayer")
    settled(page)
    page.get_by_role("slider", name="Tokens in the sequence, L").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("Over 8,192 tokens").wait_for()
    page.wait_for_url(re.compile("cost_L=8192"))
    settled(page)
    page.get_by_role("spinbutton", name="Tokens in the sequence, L").fill("1e5")
    page.keyboard.press("Enter")
    page.get_by_text("Over 100,000 tokens").wait_for()
    page.wait_for_url(re.compile("cost_L=100000"))
    settled(page)
    # a table's cells are lines where there is room, and on a telephone it is whole
    until(page, lambda: max(page.locator(".st-key-ledger td p").evaluate_all(LINES_OF_CELLS)) == 1)
    page.set_viewport_size({"width": 390, "height": 844})
    until(page, lambda: page.locator(".stTable > div").evaluate_all(ASIDE) == [0, 0, 0])
    page.set_viewport_size({"width": 1280, "height": 720})
    settled(page)
    page.get_by_role("button", name="No stored run reaches it").click()
    page.get_by_text("One does:").wait_for()
    settled(page)


def test_a_claim_opens_and_leads_to_a_run(visit):
    page = visit()
    page.get_by_role("link", name="Claims").first.click()
    page.get_by_role("heading", name="Do the numbers hold up?", level=1).wait_for()
    settled(page)
    page.get_by_text(claims.CLAIMS["recall-gap"].statement).click()
    page.wait_for_selector(".js-plotly-plot .scatterlayer")
    page.get_by_text("It was fixed before its runs").wait_for()
    page.wait_for_url(re.compile("claim=recall-gap"))
    settled(page)
    page.get_by_text(claims.CLAIMS["frontier-segments"].statement).click()
    page.wait_for_url(re.compile("claim=frontier-segments"))
    settled(page)
    page.go_back()
    opened = page.locator("[data-testid=stExpander] details[open]")

    def alone(name):
        # while one opens and the other closes, both are open
        expect(opened).to_have_text([re.compile(re.escape(claims.CLAIMS[name].statement))])

    alone("recall-gap")
    expect(opened.locator("summary")).to_be_in_viewport(ratio=1)
    page.go_forward()
    alone("frontier-segments")
    expect(opened.locator("summary")).to_be_in_viewport(ratio=1)
    settled(page)
    for width in (390, 768):
        page.set_viewport_size({"width": width, "height": 844})
        until(page, lambda: opened.locator(".js-plotly-plot").evaluate_all(UNCUT) == [[], []], width)
    page.go_back()
    alone("recall-gap")
    settled(page)
    page.get_by_role("button", name="Watch one run").click()
    page.get_by_role("heading", name="Explore", level=1).wait_for()
    shown(page)
    page.get_by_text("one example").first.wait_for()
    page.wait_for_url(re.compile("run=mqar-grm"))
    settled(page)


LINES_OF_CELLS = "cells => cells.map((p) => Math.round(p.clientHeight / parseFloat(getComputedStyle(p).lineHeight)))"
ASIDE = "tables => tables.map((node) => node.scrollWidth - node.clientWidth)"
"""How far one can scroll aside."""
UNCUT = """figures => figures.map((figure) => {
    const { left, right, top, bottom } = figure.getBoundingClientRect();
    return [...figure.querySelectorAll(".infolayer text")].filter((text) => {
        const box = text.getBoundingClientRect();
        return box.left < left - 1 || box.right > right + 1 || box.top < top - 1 || box.bottom > bottom + 1;
    }).map((text) => text.textContent);
})"""
"""The words around each figure that do not stand in it, whole."""


def test_the_oracle_leads_from_a_question_to_the_stepper(visit):
    page = visit("?v=1&run=topics-ssc&top_k=1")
    shown(page)
    page.get_by_role("link", name="Oracle").first.click()
    page.get_by_role("heading", name="Was its choice right?", level=1).wait_for()
    page.wait_for_selector(".js-plotly-plot .barlayer")
    page.wait_for_url(re.compile(r"question=\d+"))
    settled(page)
    step = re.search(r"question=(\d+)", page.url)[1]
    page.get_by_role("button", name="Step through it").click()
    shown(page, int(step))
    settled(page)


def test_markup_in_a_text_is_text(visit):
    text = "%3Cimg src=x onerror=window.hit=1%3E %3Cscript%3Ewindow.hit=1%3C/script%3E ![x](http://127.0.0.1:9/x.png)"
    page = visit(f"?v=1&run=text&text={text}")
    shown(page)
    settled(page)
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src*='9/x.png']").count() == 0


def test_nothing_is_wider_than_a_telephone(visit):
    page = visit("?v=1", width=360, height=800)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(shown(page)).to_have_attribute("data-theme", scheme)
        settled(page)
        page.wait_for_function("document.documentElement.scrollWidth <= 360")
        until(page, lambda: shown(page).evaluate("node => node.getBoundingClientRect().right") <= 361, scheme)


def test_figures_follow_when_the_page_turns_dark_or_light(visit):
    """Without a press: else dark letters stay on a ground that turned dark."""
    page = visit("?tour=2")
    for scheme in ("light", "dark", "light"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".js-plotly-plot .gtitle").first).to_have_css("fill", rgb(PALETTES[scheme].ink))
        settled(page)


def rgb(colour):
    """#1b1f24 -> rgb(27, 31, 36)"""
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


def test_back_and_forward_lead_from_state_to_state(visit):
    """Four states: a page as it opened, two settings, and another page. Tokens at rest are none."""
    page = visit("?v=1&run=needle", fresh=True)
    shown(page)
    settled(page)
    entries = page.evaluate("history.length")
    for n in ("12", "13"):
        field = page.get_by_label("Tokens in a segment", exact=True)
        field.fill(n)
        field.press("Enter")
        page.wait_for_url(re.compile(f"segment_length={n}"))
        segments_of(page, n)
    shown(page).focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile("step="))
    settled(page)
    to(page, "Surgery")
    settled(page)
    field = page.get_by_label("Tokens in a segment", exact=True)
    field.fill("14")
    field.press("Enter")
    page.wait_for_url(re.compile("segment_length=14"))
    settled(page)
    page.wait_for_function(f"history.length === {entries + 4}")
    for heading, wanted in (("Surgery", "13"), ("Explore", "13"), ("Explore", "12"), ("Explore", "16")):
        page.go_back()
        page.get_by_role("heading", name=heading, level=1).wait_for()
        segments_of(page, wanted)
    page.go_forward()
    segments_of(page, 12)
    assert page.evaluate("history.length") == entries + 4


def test_a_reader_opens_a_document_and_is_told(visit):
    page = visit("?utm_source=x&fbclid=y", width=390, height=844)
    page.get_by_role("heading", name="What pink thing has the fox?").wait_for()
    page.get_by_role("button", name=re.compile("^Open document 3")).click()
    page.get_by_text("you opened the right document 1 of 1 times").wait_for()
    expect(page.locator(".ask .row.mine[data-segment='3'] .number")).to_have_text(re.compile(r"^0\.\d{3}$"))
    settled(page)
    expect(page.locator("[data-testid=stAlert]")).to_have_count(0)
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Words").click()
    page.get_by_role("heading", name="Words", level=1).wait_for()
    expect(page.get_by_test_id("stSidebarCollapseButton")).not_to_be_in_viewport()


def test_a_checkpoint_is_clicked_away_on_explore_and_comes_back_by_a_key(visit):
    page = visit("?v=1&run=topics-ssc&step=129")
    shown(page, 129)
    home = page.locator(".card.source").get_attribute("data-segment")
    page.locator(".card.source").get_by_role("button", name="off").click()
    page.wait_for_url(re.compile(f"edits=off.{home}"))
    page.locator(".operations", has_text=f"Checkpoint {home} is switched off").wait_for()
    expect(page.locator(".mcviz .view")).to_have_count(2)
    expect(page.locator(".view").first.locator(".right")).not_to_have_count(0)
    expect(page.locator(".view").last.locator(".right")).to_have_count(0)
    page.locator(".mcviz").first.focus()
    page.locator(f".card[data-segment='{home}'] .name").first.click()
    page.keyboard.press("x")
    page.wait_for_url(lambda url: "edits" not in url)
    page.locator(".operations").wait_for(state="hidden")
    settled(page)
    expect(page.locator(".mcviz .view")).to_have_count(1)


def test_a_model_writes_until_it_is_stopped_and_steps_on(visit):
    draft = "Alice was not a bit hurt, and she jumped up on to her feet "
    page = visit(f"?v=1&run=text-grm&draft={draft.replace(' ', '+')}")
    to(page, "Write")
    shown(page, len(draft) - 1)
    whole(page)
    page.get_by_role("button", name="Write", exact=True).click()
    page.wait_for_url(re.compile("written="))
    page.get_by_role("button", name="Stop writing").click()
    page.get_by_role("button", name="Go on").wait_for()
    settled(page)
    before = int(re.search("written=(\\d+)", page.url)[1])
    page.get_by_role("button", name="Step", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"written={before + 1}"))
    shown(page, len(draft) + before)
    page.set_viewport_size({"width": 390, "height": 844})
    text = page.locator(".st-key-writing [data-testid=stMarkdown] p")
    until(page, lambda: text.evaluate(LINES), "lines of the text are whole")
    page.get_by_role("button", name="Start over").click()
    shown(page, len(draft) - 1)


LINES = """text => {
    const line = parseFloat(getComputedStyle(text).lineHeight);
    const { scrollHeight, clientHeight } = text.closest("[data-testid=stVerticalBlock]");
    const over = (scrollHeight - clientHeight) % line;
    return Math.min(over, line - over) < 2;
}"""
"""Whether a text that is scrolled to its end shows whole lines."""


def test_a_mark_of_the_frontier_opens_by_a_click_and_by_keys(visit):
    page = visit("?v=1&run=needle&family=Frontier&asked=4&axis=read", width=1366, height=768)
    shown(page)
    page.get_by_role("link", name="Claims").first.click()
    first, second = [point.name for point in claims.points(claims.rows()) if point.kind == KINDS[0]][:2]
    mark = page.locator(".js-plotly-plot .scatterlayer .point").first
    mark.scroll_into_view_if_needed()
    settled(page)

    # A figure finds its place in steps, and marks lie under what catches the pointer: one click may miss.
    def opens():
        box = mark.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        with suppress(import_module("playwright.sync_api").TimeoutError):
            page.wait_for_url(re.compile("point="), timeout=10_000)
        return "point=" in page.url

    until(page, opens)
    page.get_by_text(f"{first} recalls").wait_for()
    settled(page)
    page.get_by_label("A mark to open").focus()
    page.keyboard.type(second)
    page.keyboard.press("Enter")
    page.get_by_text(f"{second} recalls").wait_for()
    settled(page)
    page.get_by_role("button", name="Watch mqar-rnn").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Explore", level=1).wait_for()
    shown(page)
    page.wait_for_url(re.compile("run=mqar-rnn"))
    settled(page)
