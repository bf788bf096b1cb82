"""What a reader meets: words that explain themselves, keys from anywhere, a view that fits, and one for a class."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, examples
from mcviz.palette import PALETTES
from mcviz.reference import shares
from mcviz.words import glossary
from tests.stepper import reading
from tests.stepper.examples import library, noise
from tests.stepper.hosts import PAGE, drawn, expect, shown, until

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(window, tmp_path):
    """`visit(trace)` opens the file of a run. Any complaint of the console fails the test."""

    def open_page(trace, at="#step=135", size=(1440, 900), before="", hide_answers=False, **how):
        trace.to_html(tmp_path / "run.html", hide_answers=hide_answers)
        page = window(*size, offline=True, fresh=bool(before), **how)
        if before:
            page.add_init_script(before)
        page.goto((tmp_path / "run.html").as_uri() + at)
        page.wait_for_selector(".mcviz[data-step], [role=alert]")
        return page

    return open_page


@pytest.fixture
def served(window, streamlit_server):
    def open_page(query=""):
        page = window()
        page.goto(streamlit_server(PAGE) + query)
        shown(page)
        return page

    return open_page


def in_view(page, locator):
    """Wait until an element stands in the window, whole, and nothing lies over its middle."""
    until(page, lambda: within(page, locator), locator)


def within(page, locator):
    box, size = locator.bounding_box(), page.viewport_size
    inside = box and box["x"] >= 0 and box["y"] >= 0
    inside = inside and box["x"] + box["width"] <= size["width"] and box["y"] + box["height"] <= size["height"]
    return inside and locator.evaluate("""node => {
      const { x, y, width, height } = node.getBoundingClientRect();
      const hit = node.getRootNode().elementFromPoint(x + width / 2, y + height / 2);
      const part = (one) => one?.closest(".toolbar, .tokens, .story, .memories, .output, .gates, .details, .equation");
      return part(hit) === part(node);
    }""")


PARTS = (".strip", ".cards", ".card.read [data-number=weight]", ".mixture > canvas", ".prediction")


@pytest.mark.parametrize("size", [(1440, 900), (1366, 768), (1920, 1080)])
@pytest.mark.parametrize("aggregator", ["ssc", "soup"])
def test_what_there_is_to_see_is_in_view_together(visit, size, aggregator):
    page = visit(library(MCConfig(aggregator=aggregator)), size=size)
    for part in PARTS:
        in_view(page, page.locator(f".mcviz {part}").first)
    page.locator("[data-segment='3'] [data-number=weight]").click()
    in_view(page, page.locator(".equation .filled"))


@pytest.mark.parametrize("size", [(1440, 900), (768, 1024), (390, 844)])
def test_a_number_is_explained_in_view(visit, size):
    page = visit(library(), size=size)
    for kind in ("score", "weight", "share"):
        number = page.locator(f"[data-segment='3'] [data-number={kind}]")
        number.scroll_into_view_if_needed()
        number.click()
        filled = page.locator(".equation .filled")
        filled.wait_for()
        in_view(page, filled)
        page.keyboard.press("Escape")
        filled.wait_for(state="visible" if size[0] > 1100 else "hidden")


def test_every_label_explains_itself_to_pointer_and_focus(visit):
    page = visit(library())
    labels = page.locator(".mcviz .term:visible")
    tip = page.locator(".mcviz .tip")
    seen = set()
    for n in range(labels.count()):
        label = labels.nth(n)
        name = label.get_attribute("data-term")
        label.hover()
        expect(tip.locator("p").first).to_have_text(glossary.about(name))
        page.mouse.move(2, 2)
        tip.wait_for(state="hidden")
        seen.add(name)
    assert {"memory", "gate", "relevance", "read", "alone", "contribution", "output", "head", "token"} <= seen
    page.keyboard.press("Tab")
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement?.dataset.term")
        if name:
            expect(tip).to_contain_text(glossary.about(name))
            return
    raise AssertionError("no label can have the focus")


def test_a_label_explains_itself_to_a_finger_that_rests(visit):
    page = visit(library(), size=(390, 844), has_touch=True)
    label = page.locator(".term[data-term=gate]").first
    box = label.bounding_box()
    touch = """([x, y, ...kinds]) => kinds.forEach((kind) => document.elementFromPoint(x, y).dispatchEvent(
      new PointerEvent(kind, { pointerType: "touch", clientX: x, clientY: y, bubbles: true, composed: true })))"""
    where = [box["x"] + 4, box["y"] + 4]
    tip = page.locator(".tip")
    page.evaluate(touch, [*where, "pointerdown", "pointerup"])
    page.wait_for_timeout(700)
    assert not tip.is_visible()
    page.evaluate(touch, [*where, "pointerdown"])
    expect(tip).to_contain_text(glossary.about("gate"))


def test_keys_count_from_anywhere_on_a_fresh_page(visit):
    page = visit(library(), at="#step=40")
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("ArrowRight")
    shown(page, 41)
    page.locator("h1").click()
    page.keyboard.press("PageDown")
    shown(page, 48)


def test_keys_count_from_anywhere_in_streamlit_but_in_fields(served):
    page = served()
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("ArrowRight")
    shown(page, 136)
    page.wait_for_function("location.search.includes('step=136')")  # the server knows
    page.get_by_role("button", name="go to 20").click()
    shown(page, 20)
    page.keyboard.press("ArrowRight")  # the button has the focus, and no use for it
    shown(page, 21)
    page.get_by_label("a field").click()
    page.keyboard.type("nap?")
    page.keyboard.press("ArrowLeft")
    drawn(page)
    expect(page.get_by_label("a field")).to_have_value("nap?")
    expect(page.locator(".mcviz").first).to_have_attribute("data-step", "21")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("h1").click()  # beside the field: what is typed then is meant for it still
    page.keyboard.type("n ap?")
    page.keyboard.press("ArrowLeft")
    shown(page, 20)
    drawn(page)
    expect(page.locator(".mcviz").first).to_have_attribute("data-step", "20")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".story").first.click()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_focus_is_seen(visit):
    page = visit(library())
    page.keyboard.press("Tab")
    ring = page.locator(".mcviz").evaluate("node => getComputedStyle(node).boxShadow")
    assert page.evaluate("document.activeElement.classList.contains('mcviz')")
    assert re.search(r"5px", ring)


def test_large_for_a_class(visit):
    page = visit(library(), size=(1920, 1080))
    page.keyboard.press("f")
    page.wait_for_selector(".mcviz.present")
    page.wait_for_url("**present=1*")
    drawn(page)
    small = page.locator(".mcviz :is(.chip, .story, .number, .word, .label, .caption)").evaluate_all("""(nodes) => nodes
      .filter((node) => node.checkVisibility() && node.textContent.trim())
      .map((node) => parseFloat(getComputedStyle(node).fontSize) * node.currentCSSZoom)""")
    assert min(small) >= 18
    for part in PARTS:
        in_view(page, page.locator(f".mcviz {part}").first)
    for t in (134, 140, 20):
        reading.go(page, step=t)
        in_view(page, page.locator(".prediction"))
    page.keyboard.press("PageDown")
    shown(page, 21)
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    shown(page, 19)
    box = page.locator(".mixture > canvas").bounding_box()
    page.locator(".mixture > canvas").hover(position={"x": 5.5 / 16 * box["width"], "y": 20})
    expect(page.locator(".tip")).to_have_text(re.compile(r"^y\[5\] = "))
    page.keyboard.press("f")
    page.wait_for_selector(".mcviz:not(.present)")


def test_large_for_a_class_in_streamlit_as_the_host_says_and_back(served):
    page = served("?present=1")
    page.wait_for_selector(".mcviz.present")
    page.keyboard.press("f")
    page.wait_for_url("**present=0*")
    page.wait_for_selector(".mcviz:not(.present)")


def test_an_old_browser_is_told_what_it_lacks(visit):
    page = visit(library(), before="delete globalThis.DecompressionStream")
    said = page.locator("[role=alert]").inner_text()
    assert "too old" in said
    assert "DecompressionStream" in said
    assert "damaged" not in said


def test_answers_are_hidden_until_they_are_asked_for(visit):
    trace = library()
    page = visit(trace, hide_answers=True)
    answer = trace.predictions.targets[135]
    view = page.locator(".view")
    assert "★" not in view.inner_text()
    assert not page.locator(".answers").is_visible()
    assert page.locator(".word:visible").evaluate_all("nodes => nodes.map((node) => node.textContent).join('')") == ""
    assert page.get_by_label("Kind of event").input_value() == "question"
    here, other = page.locator(".chip.asks.now"), page.locator(".chip.asks:not(.now)").first
    line = "node => getComputedStyle(node).textDecorationColor"
    asked = other.evaluate(line)  # neither right nor wrong, as long as nobody may know
    assert {here.evaluate(line), other.evaluate(line)} == {asked}
    page.get_by_role("button", name="Show the answer").click()
    page.locator(".answers").wait_for()
    assert "right" in page.locator(".target").inner_text()
    expect(here).to_have_css(
        "text-decoration-color", page.locator(".target .truth").evaluate("n => getComputedStyle(n).color")
    )
    assert other.evaluate(line) == asked != here.evaluate(line)
    assert answer in page.locator(".target").inner_text()
    assert "★" in view.inner_text()
    page.keyboard.press("n")
    page.get_by_role("button", name="Show the answer").wait_for()
    reading.go(page, step=20)
    assert "Nothing is asked here that has an answer" in page.locator(".target").inner_text()


def test_paper_is_white(visit):
    page = visit(library(), scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_selector(".mcviz[data-theme=light]")
    expect(page.locator(".mcviz")).to_have_css("background-color", "rgb(255, 255, 255)")  # it fades
    expect(page.locator(".story")).to_have_css("color", "rgb(0, 0, 0)")
    gate = page.locator(".mcviz").evaluate("node => getComputedStyle(node).getPropertyValue('--gate').trim()")
    assert gate == PALETTES["light"].gate
    assert not page.locator(".toolbar").is_visible()


def test_what_is_not_written_yet_is_not_seen(visit):
    page = visit(library(), at="#step=40")
    painted = page.locator(".layer").evaluate("""(canvas) => {
      const home = canvas.getBoundingClientRect();
      return [...document.querySelectorAll(".card")].map((card) => {
        const { left, width } = card.getBoundingClientRect();
        const { data } = canvas.getContext("2d").getImageData(left - home.left, 0, width, canvas.height);
        return [card.classList.contains("later"), data.some((x, i) => i % 4 === 3 && x > 0)];
      });
    }""")
    assert len(painted) == 9
    assert all(later != seen for later, seen in painted)


def test_blanks_are_seen_and_what_is_joined_is_one_chip(visit):
    words = ("a", " ", "👨‍👩‍👧", "e\u0301", "\n", "हि", "ที่")
    page = visit(replace(noise(MCConfig(segment_length=3), 7), tokens=words), at="#step=6")
    chips = page.locator(".chip:visible").all_text_contents()
    assert chips == ["a", "␣", "👨‍👩‍👧", "e\u0301", "⏎", "हि", "ที่"]
    reading.go(page, step=1)
    assert "Token ␣" in page.locator(".story").inner_text()


def test_rivers_are_what_flows(visit):
    """Their widths are the shares' sizes, their colours the signs; the largest gate may add less than another."""
    trace = noise(MCConfig(aggregator="grm", segment_length=1), 12)
    adds, best = shares(trace), trace.weights[:, 0].argmax(-1)
    t = next(t for t in range(12) if np.abs(adds[t, 0]).argmax() != best[t] and (adds[t, 0] < 0).any())
    page = visit(trace, at=f"#step={t}")
    flows = page.locator(".flow:not([hidden])").evaluate_all(
        "nodes => nodes.map((node) => [Number(node.getAttribute('stroke-width')), node.classList.contains('against')])"
    )
    shown_shares = adds[t, 0, : t + 1]
    widths = np.maximum(0.75, 34 * np.abs(shown_shares) / max(1, np.abs(shown_shares).sum()))
    np.testing.assert_allclose([width for width, _ in flows], widths, atol=0.01)
    assert [against for _, against in flows] == list(shown_shares < 0)
    story = page.locator(".story").inner_text()
    best, most = int(best[t]), int(np.abs(shown_shares).argmax())
    name = {t: "its own segment"}
    says = re.search(r"is on (.+?), which adds (−?[\d.]+.%) of the output; (.+?) adds (−?[\d.]+.%)", story)
    assert says, story
    assert (says[1], says[3]) == tuple(name.get(i, f"checkpoint {i}") for i in (best, most))
    assert reading.percent_agrees(says[2], shown_shares[best])
    assert reading.percent_agrees(says[4], shown_shares[most])


def test_the_source_is_quoted(visit):
    trace = library()
    page = visit(trace)
    source = trace.sources[135]
    segment = trace.segment_of[source]
    said = f"Segment {segment} says: “{trace.tokens[source - 1]} {trace.tokens[source]}”"
    assert said in page.locator(".story").inner_text()
    for start, reads, where, names in (
        ("checkpoint", "its one memory, as a plain", "went into it", ["★ memory"]),
        ("independent", "the memory that began with its", f"stands in segment {segment}", None),
    ):
        page = visit(library(MCConfig(aggregator="none", start=start)))
        plain = page.locator(".story").inner_text()
        assert f"reads {reads}" in plain
        assert f"The answer {where}, ★" in plain
        assert "checkpoint" not in plain
        found = page.locator(".card:visible .title").all_inner_texts()
        assert found == names if names else len(found) == trace.N
        title = page.locator(".details h2").inner_text()
        assert title == ("The one memory" if names else "Online memory, segment 8")
        assert (
            f"after {136 if names else 8} writes of {trace.T if names else 16}" in page.locator(".details").inner_text()
        )


def test_random_weights_are_not_said_to_find_the_answer(visit):
    trace = examples.run("topics", MCConfig())
    assert trace.weights[97, 0].argmax() == trace.segment_of[trace.sources[97]]  # its largest gate is on it
    assert trace.tokens[trace.sources[97] - 1] == trace.tokens[97]
    nobody = "The weights are random, and nobody taught the network to find ★ token "
    for run, t, said in (
        (trace, 97, f"{nobody}{trace.sources[97]}, ring, which followed the same word before, in checkpoint 1."),
        (replace(library(), title="library, untrained"), 135, ", which is the answer, in checkpoint "),
    ):
        story = visit(run, at=f"#step={t}").locator(".story").inner_text()
        assert said in story
        assert nobody in story
        assert "answer stands" not in story


def test_where_no_gate_weighs_the_strongest_memory_is_named_and_where_nothing_is_a_share_that_is_said(visit):
    trace = library(MCConfig(aggregator="residual"))
    adds = shares(trace)[135, 0]
    most = int(adds.argmax())
    story = visit(trace).locator(".story").inner_text()
    says = re.search(r"The largest share of the output, (\d+.%), comes from checkpoint (\d+)", story)
    assert int(says[2]) == most
    assert reading.percent_agrees(says[1], adds[most])
    page = visit(noise(MCConfig(memory="dla", aggregator="soup", segment_length=4), 12), at="#step=9")
    assert "no share of the output is one's own" in page.locator(".story").inner_text()
    assert page.locator(".flow.mixed:not([hidden])").count() > 0
    assert not page.locator("[data-number=share]").first.is_visible()
