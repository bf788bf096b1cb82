import base64
import json
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig
from mcviz.stepper import html
from mcviz.stepper.details import details
from mcviz.trace import LONGEST, Predictions
from tests.stepper import reading
from tests.stepper.examples import library, noise
from tests.stepper.hosts import drawn, expect, shown

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(window, tmp_path):
    """`visit(trace)` opens the file of a run, with the network off. Any complaint of the console fails the test."""

    def open_page(trace, other=None, at="", edit=lambda text: text, wait=True, **how):
        path = tmp_path / "run.html"
        trace.to_html(path, other)
        path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
        page = window(offline=True, **how)
        page.goto(path.as_uri() + at)
        if wait:
            shown(page)
        return page

    return open_page


@pytest.mark.parametrize("aggregator", ["ssc", "grm", "soup", "residual"])
def test_the_page_shows_the_numbers_of_the_trace(visit, aggregator):
    trace = library(MCConfig(aggregator=aggregator))
    page = visit(trace)
    rng = np.random.default_rng(0)
    lost = details(trace, keep_states=False).losses
    for _ in range(12):
        t, h, i = int(rng.integers(trace.T)), int(rng.integers(trace.H)), int(rng.integers(-1, trace.N))
        reading.go(page, step=t, head=h, segment=i)
        assert reading.check_cards(page, trace, t, h) == trace.segment_of[t] + 1
        rows = page.locator(".answers li")
        for p, (label, probability) in enumerate(
            zip(trace.predictions.tokens[t], trace.predictions.probabilities[t], strict=True)
        ):
            assert rows.nth(p).locator(".label").text_content() == label
            assert reading.agrees(rows.nth(p).locator(".number").text_content(), probability)
        if trace.predictions.targets[t]:
            target = page.locator("[data-number=target]").text_content()
            assert reading.agrees(target, trace.predictions.target_probabilities[t])
        if i in (-1, int(trace.segment_of[t])) or i > trace.segment_of[t]:
            for side, name in enumerate(("loss-before", "loss-after")):
                text = page.locator(f"[data-number={name}]").text_content()
                assert reading.agrees(text, lost[t, h, side])


def test_no_decimal_on_the_page_comes_from_elsewhere(visit):
    """Each number with a point, in the story, the cards and the filled-in equations, is one of the Trace's."""
    trace = library()
    found = details(trace, keep_states=True)
    page = visit(trace)
    seen = 0
    for t, h in ((135, 0), (131, 1), (40, 0), (3, 1)):
        reading.go(page, step=t, head=h, segment=-1)
        states = [found.states["M"][t, h], found.changes["M"][t, h], found.losses[t, h]]
        known = reading.all_numbers(trace, t, h, states)
        text = page.locator(".mcviz .views").inner_text()
        for number in re.findall(r"[−<]?\d+\.\d+(?:e[−+]?\d+)?", text):
            if number.startswith("±"):
                continue
            seen += 1
            assert any(reading.agrees(number, x) or reading.agrees(number, -x) for x in known), (t, h, number)
    assert seen > 60


def test_pointing_at_a_bar_tells_its_number(visit):
    trace = library()
    page = visit(trace, at="#step=135")
    bars = page.locator(".mixture > canvas")
    box = bars.bounding_box()
    for c in (0, 5, 15):
        page.mouse.move(box["x"] + (c + 0.5) * box["width"] / trace.V, box["y"] + 20)
        expect(page.locator(".tip")).to_have_text(re.compile(rf"^y\[{c}\] = "))
        said = re.fullmatch(rf"y\[{c}\] = (\S+)", page.locator(".tip").text_content())
        assert reading.value(said[1]) == pytest.approx(trace.output[135, 0, c], rel=1e-6)
    page.locator("[data-segment='3'] [data-number=weight]").hover()
    said = page.locator(".tip").text_content().split(" = ")[1]
    assert reading.value(said) == pytest.approx(trace.weights[135, 0, 3], rel=1e-6)


def test_clicking_a_number_explains_it(visit):
    trace = library()
    page = visit(trace, at="#step=135")
    filled, source = page.locator(".filled"), page.locator(".equation .origin")
    page.locator("[data-segment='2'] [data-number=weight]").click()
    filled.get_by_text("γ(2) = exp").wait_for()
    page.locator("[data-segment='3'] [data-number=weight]").click()
    filled.get_by_text("γ(3) = exp").wait_for()
    numbers = [reading.value(x) for x in re.findall(r"exp\((\S+?)\)", filled.inner_text())]
    read = np.flatnonzero(trace.read[135, 0])
    np.testing.assert_allclose(numbers, [trace.scores[135, 0, 3], *trace.scores[135, 0, read]], atol=6e-4)
    assert "Eq. 17" in page.locator(".formula").inner_text()
    assert "aggregators.py" in source.inner_text()
    page.locator("[data-segment='3'] [data-number=score]").click()
    filled.get_by_text("·").first.wait_for()
    terms = re.findall(r"\(?(−?\d[^·()\s]*)\)?·\(?(−?\d[^·()\s]*)\)?", filled.inner_text())
    pairs = [(reading.value(a), reading.value(b)) for a, b in terms]
    context = trace.checkpoint_contexts[3, 0]
    np.testing.assert_allclose(pairs, np.stack([trace.u[135, 0], context], 1)[: len(pairs)], atol=6e-3)
    assert len(pairs) >= 7
    assert "loop.py" in source.inner_text()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("[data-step='134']")  # and the equation stays, with new numbers
    assert reading.agrees(filled.inner_text().split("= ")[-1].strip(), trace.scores[134, 0, 3])


_PICK_ALL = """() => {
  const [view] = stepper.views;
  const kinds = {};
  for (const node of document.querySelectorAll(".mcviz *")) {
    if (!node.pick || !node.checkVisibility()) continue;
    for (let x = 2; x < node.clientWidth; x += 9) {
      for (let y = 2; y < node.clientHeight; y += 9) {
        const pick = node.pick(x, y);
        if (!pick || pick.kind === "inspect") continue;
        view.picked = pick;
        kinds[pick.kind] = view.explain(view.at).lines.join();
      }
    }
  }
  return kinds;
}"""


def test_whatever_can_be_picked_is_explained(visit):
    seen = {}
    for aggregator in ("ssc", "soup"):
        page = visit(library(MCConfig(aggregator=aggregator)), at="#step=135")
        seen |= page.evaluate(_PICK_ALL)
        reading.go(page, segment=2)
        seen |= page.evaluate(_PICK_ALL)
    kinds = {"score", "weight", "read", "output", "mixed", "probability", "state", "change", "checkpoint", "loss"}
    assert set(seen) == kinds | {"share", "alone"}
    assert all(re.search(r"\d", lines) and "NaN" not in lines for lines in seen.values()), seen


@pytest.mark.parametrize("gate", ["context", "token"])
def test_a_gate_that_compares_no_context_shows_none(visit, gate):
    page = visit(noise(MCConfig(gate=gate, segment_length=8), 24), at="#step=20")
    assert page.get_by_label("Connector").is_visible()
    assert page.get_by_label("Context of the memory").is_visible() == (gate == "context")


def test_keys(visit):
    trace = library()
    page = visit(trace, at="#step=40")
    root = shown(page, 40)

    def press(key, **expected):
        page.keyboard.press(key)
        for name, number in expected.items():
            page.wait_for_selector(f".mcviz[data-{name}='{number}']")

    press("ArrowRight", step=41)
    press("ArrowLeft", step=40)
    press("PageDown", step=48)
    press("PageUp", step=32)
    press("PageUp", step=16)
    press("End", step=trace.T - 1)
    press("ArrowRight", step=trace.T - 1)
    press("Home", step=0)
    press("ArrowLeft", step=0)
    press("ArrowDown", head=1)
    press("ArrowUp", head=0)
    asked = [t for t, place in enumerate(trace.sources) if place >= 0]
    press("n", step=asked[0])
    press("n", step=asked[1])
    press("p", step=asked[0])
    press("a", step=trace.sources[asked[0]])
    press("a", step=asked[0])
    press("[", segment=trace.segment_of[asked[0]] - 1)
    press("]", segment=trace.segment_of[asked[0]])
    press("o", segment=-1)
    press("b")
    press("ArrowRight", step=asked[0] + 1)
    press(",", step=asked[0])
    page.wait_for_url(f"**marks={asked[0]}*")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    press("Home", step=0)
    page.keyboard.press("Space")
    # a busy machine skips steps: which ones are seen is not certain
    expect(root).to_have_attribute("data-step", re.compile(r"[3-9]|\d\d+"))
    page.keyboard.press("Space")
    page.wait_for_selector("[aria-label=Play]")
    drawn(page)
    stopped = root.get_attribute("data-step")
    page.wait_for_timeout(600)
    drawn(page)
    assert root.get_attribute("data-step") == stopped


def test_events_stop_where_they_happen(visit):
    trace = library(MCConfig(aggregator="grm", start="checkpoint"))
    page = visit(trace)
    header = {
        "boundary": [start for start, _ in trace.segments][1:],
        "wrong": [
            t
            for t in range(trace.T)
            if trace.predictions.targets[t] and trace.predictions.tokens[t][0] != trace.predictions.targets[t]
        ],
    }
    assert header["wrong"]
    for name, steps in header.items():
        page.keyboard.press("Home")
        page.wait_for_selector("[data-step='0']")
        page.get_by_label("Kind of event").select_option(name)
        page.locator(".mcviz").focus()
        for t in steps[:4]:
            page.keyboard.press("n")
            page.wait_for_selector(f".mcviz[data-step='{t}']")
    page.get_by_label("Kind of event").select_option("entropy")
    weights = np.where(trace.weights > 0, trace.weights, 1)
    spread = -(trace.weights * np.log(weights)).sum(-1)[:, 0]
    page.get_by_label("Entropy above, in nats").fill(f"{spread.max() / 2:.3f}")
    page.locator(".mcviz").focus()
    page.keyboard.press("Home")
    page.keyboard.press("n")
    expected = np.flatnonzero(spread > round(spread.max() / 2, 3))
    page.wait_for_selector(f".mcviz[data-step='{expected[expected > 0][0]}']")


def test_dragging_the_map_goes_there(visit):
    trace = library()
    page = visit(trace)
    box = page.locator(".map").bounding_box()
    page.mouse.move(box["x"] + 100.5 / trace.T * box["width"], box["y"] + 2.5 / trace.N * box["height"])
    page.mouse.down()
    page.wait_for_selector(".mcviz[data-step='100'][data-segment='2']")
    page.mouse.move(box["x"] + 50.5 / trace.T * box["width"], box["y"] + 2.5 / trace.N * box["height"])
    page.mouse.up()
    page.wait_for_selector(".mcviz[data-step='50']")


def test_the_address_keeps_the_state(visit):
    trace = library()
    page = visit(trace, at="#step=77&head=1&segment=2&marks=5.9")
    assert page.locator(".mcviz").evaluate("node => ({...node.dataset})") | {
        "theme": "",
        "lmSuppressShortcuts": "",
    } == {
        "step": "77",
        "head": "1",
        "segment": "2",
        "theme": "",
        "lmSuppressShortcuts": "",
    }
    page.keyboard.press(",")
    page.wait_for_selector(".mcviz[data-step='9']")
    page.wait_for_url("**#step=9&head=1&segment=2&marks=5.9")


@pytest.mark.parametrize("at", ["#step=1e9", "#step=-4&head=99", "#segment=nonsense&marks=x.y", "#%ff"])
def test_a_mangled_address_still_shows_the_run(visit, at):
    page = visit(library(), at=at)
    assert 0 <= int(shown(page).get_attribute("data-step")) < 144


HOSTILE = (
    '<img src=x onerror="window.hacked=1">',
    "</script><script>window.hacked=1</script>",
    "<!--<script>",
    "javascript:window.hacked=1",
    "\u202e\u0000&amp;",
)


def test_text_of_a_run_is_never_markup(visit):
    trace = library()
    labels = tuple(HOSTILE[t % len(HOSTILE)] for t in range(trace.T))
    said = trace.predictions
    predictions = Predictions(
        tuple(HOSTILE for _ in range(trace.T)), said.probabilities, labels, said.target_probabilities
    )
    page = visit(replace(trace, tokens=labels, predictions=predictions, title=HOSTILE[1]))
    for t in range(0, trace.T, 13):
        reading.go(page, step=t)
        assert page.locator(".chip.now").text_content() == labels[t]
    page.keyboard.press("?")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".mcviz img, .mcviz script").count() == 0
    assert page.title() == HOSTILE[1]


FOREIGN = base64.b64encode(zlib.compress(b"a file of another program")).decode()


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r'octet-stream">.{40}', 'octet-stream">AAAA', "the data in this file are damaged"),
        (r'octet-stream">[^<]*', 'octet-stream">', "the data in this file are damaged"),
        (r'octet-stream">[^<]*', f'octet-stream">{FOREIGN}', "not a run packed by mcviz"),
    ],
)
def test_damaged_data_are_reported_in_words(visit, pattern, replacement, message):
    page = visit(library(), edit=lambda text: re.sub(pattern, replacement, text, count=1), wait=False)
    page.wait_for_selector("[role=alert]")
    assert message in page.locator("[role=alert]").inner_text()


def test_nothing_else_may_run_or_load(visit):
    page = visit(library())
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert (
        page.evaluate(
            "performance.getEntriesByType('resource').filter((one) => !/^(data|blob):/.test(one.name)).length"
        )
        == 0
    )


def test_export(visit, tmp_path):
    trace = library()
    page = visit(trace, at="#step=135")
    with page.expect_download() as saved:
        page.get_by_label("Save this view as SVG").click()
    saved.value.save_as(tmp_path / "view.svg")
    drawing = (tmp_path / "view.svg").read_text()
    assert saved.value.suggested_filename == "Topic-library-token-135.svg"
    assert "<script" not in drawing
    texts = re.findall(r"<text[^>]*>([^<]*)<", drawing)
    assert "0.999" in texts
    assert drawing.count("<image") >= 5
    with page.expect_download() as saved:
        page.get_by_label("Save this view as PNG").click()
    saved.value.save_as(tmp_path / "view.png")
    data = (tmp_path / "view.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") > 2000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_reader(visit, scheme):
    page = visit(library(), scheme=scheme)
    expect(shown(page)).to_have_attribute("data-theme", scheme)
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    page.wait_for_selector(f".mcviz[data-theme={'dark' if scheme == 'light' else 'light'}]")


@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
@pytest.mark.parametrize("cfg", [MCConfig(), MCConfig(aggregator="soup"), MCConfig(memory="dla", segment_length=2)])
def test_every_width_holds_the_view(visit, width, cfg):
    trace = noise(cfg, 48)
    page = visit(trace, at="#step=40", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert reading.check_cards(page, trace, 40, 0) >= 3


@pytest.mark.parametrize("width", [390, 1440])
def test_the_longest_labels_widen_no_page_and_hide_no_memory(visit, width):
    def long(label):
        return label and label.ljust(LONGEST, "W")

    trace = library()
    said = trace.predictions
    rows, targets = (tuple(map(long, row)) for row in said.tokens), tuple(map(long, said.targets))
    said = replace(said, tokens=tuple(rows), targets=targets)
    page = visit(
        replace(trace, title="T" * LONGEST, tokens=tuple(map(long, trace.tokens)), predictions=said),
        at="#step=143",
        width=width,
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    story = page.locator(".story")
    assert story.locator("b").first.text_content() == f"{long(trace.tokens[143])[:47]}…"
    assert story.bounding_box()["height"] < 300


def test_long_runs_show_a_window(visit):
    trace = noise(MCConfig(aggregator="ssc", top_k=4, segment_length=8), 512)
    page = visit(trace)
    rng = np.random.default_rng(1)
    for t in map(int, rng.integers(200, trace.T, 6)):
        reading.go(page, step=t)
        reading.check_cards(page, trace, t, 0)
        shown, read = set(reading.cards(page)), set(np.flatnonzero(trace.read[t, 0]))
        others = sorted(set(range(trace.segment_of[t] + 1)) - read, key=lambda i: -trace.scores[t, 0, i])
        assert shown == read | set(others[: len(shown) - len(read)])
        why = f"{len(shown)} of {trace.segment_of[t] + 1}: {len(read)} read, then the most relevant"
        assert page.locator(".memories .labels .more").first.text_content() == why
        assert page.locator(".chip.now").text_content() == str(t)
    reading.go(page, step=20)
    assert page.locator(".memories .labels .more").first.text_content() == "all 3; 3 read"


def test_where_more_memories_are_read_than_there_are_cards_the_largest_have_one(visit):
    """The inspected one has one as well, and the online memory; where nothing weighs or compares, the latest have."""
    trace = noise(MCConfig(aggregator="grm", segment_length=2), 64)
    page = visit(trace, at="#step=60", width=390)
    shown, more = reading.cards(page), page.locator(".memories .labels .more").first
    assert {30, int(trace.weights[60, 0, :31].argmax())} <= set(shown)
    assert more.text_content() == f"{len(shown)} of 31; of 31 read the largest by gate or share"
    page = visit(noise(MCConfig(aggregator="none", segment_length=2), 64), at="#step=60&segment=4", width=390)
    more = page.locator(".memories .labels .more").first
    assert list(reading.cards(page)) == [4, *range(32 - len(shown), 31)]
    assert more.text_content() == f"{len(shown)} of 31: 1 read, the inspected, then the latest"


def test_one_segment_has_one_memory_in_the_middle(visit):
    trace = noise(MCConfig(segment_length=12), 12)
    page = visit(trace, at="#step=11")
    assert reading.check_cards(page, trace, 11, 0) == 1
    card, row = (page.locator(f".mcviz {name}").first.bounding_box() for name in (".card:not([hidden])", ".cards"))
    assert card["x"] + card["width"] / 2 == pytest.approx(row["x"] + row["width"] / 2, abs=2)


def test_two_runs_in_step(visit):
    a, b = library(MCConfig(aggregator="ssc")), library(MCConfig(aggregator="grm"))
    page = visit(a, b)
    first = int(np.flatnonzero((a.output != b.output).any((1, 2)))[0])
    page.get_by_role("button", name=f"output: token {first}").click()
    for t, h in ((first, 0), (135, 0), (136, 1)):
        reading.go(page, step=t, head=h)
        reading.check_cards(page, a, t, h, view=0)
        reading.check_cards(page, b, t, h, view=1)
        size = np.abs(b.output - a.output)[t, h].max()
        assert reading.agrees(page.locator("[data-number=difference]").text_content(), size)


def test_a_run_that_diverged_says_so(visit):
    trace = noise(MCConfig(memory="titans", segment_length=8), 24)
    output = trace.output.copy()
    output[13:] = np.nan
    page = visit(replace(trace, output=output), at="#step=12")
    assert "diverged" not in page.locator(".story").inner_text()
    reading.go(page, step=14)
    assert "diverged: from token 13 on" in page.locator(".story").inner_text()


def test_stepping_leaves_nothing_behind(visit):
    page = visit(library())
    nodes = "document.querySelectorAll('*').length"
    for step in (20, 100, 135):
        reading.go(page, step=step)
    before = page.evaluate(nodes)
    page.evaluate("""async () => {
      for (let i = 0; i < 100; i++) {
        stepper.go({ step: (7 * i) % 144, head: i % 2, segment: (i % 9) - 1 });
        await new Promise(requestAnimationFrame);
      }
      stepper.go({ step: 135, head: 0, segment: -1 });
    }""")
    reading.go(page, step=135, head=0, segment=-1)
    assert page.evaluate(nodes) == before


def test_reduced_motion_and_names_for_screen_readers(visit):
    page = visit(library(), at="#step=135", reduced_motion="reduce")
    unnamed = page.evaluate("""() =>
      [...document.querySelectorAll(".mcviz :is(button, select, input, [role=img], section)")]
        .filter((node) => node.checkVisibility() && !node.disabled)
        .filter((node) => !(node.getAttribute("aria-label") || node.textContent.trim()))
        .map((node) => node.outerHTML)""")
    assert unnamed == []
    assert page.locator("[data-segment='3']").get_attribute("aria-label") == "Checkpoint 3, read"
    assert page.locator(".chip[aria-current=step]").count() == 1


def test_the_page_needs_no_more_than_its_title():
    page = html.page(replace(library(), title=""))
    assert "<title>Memory Caching, step by step</title>" in page
    assert json.dumps(page).isascii()


def test_rows_of_two_runs_are_in_step(visit):
    """Also where one of them compares nothing, and so has no relevance."""
    runs = [library(MCConfig(aggregator="grm")), library(MCConfig(aggregator="none", start="checkpoint"))]
    page = visit(*runs, width=1900)
    for kind in ("weight", "share"):
        tops = [view.locator(f"[data-number={kind}]").first.bounding_box()["y"] for view in page.locator(".view").all()]
        assert len(tops) == 2
        assert abs(tops[0] - tops[1]) < 1, kind
    for view in page.locator(".view").all():
        river, box = view.locator(".flows").bounding_box(), view.locator(".output").bounding_box()
        assert abs(river["y"] + river["height"] - box["y"]) < 12
