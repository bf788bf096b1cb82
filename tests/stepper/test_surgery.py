"""Surgery on the cards: what a press asks for, and where nothing is offered, nothing is there."""

import base64

import pytest

from mcviz import MCConfig
from mcviz.probes import edits, surgery
from mcviz.probes.surgery import Swap, SwitchOff
from mcviz.stepper import assets
from mcviz.stepper.payload import pack
from tests.stepper.examples import library
from tests.stepper.hosts import drawn, expect, until

pytestmark = pytest.mark.browser
_MOUNT = """async ([source, style, text, offers]) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const mcviz = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  window.sent = [];
  const onAsk = (request) => sent.push(request.surgery.edits);
  const root = document.body.appendChild(document.createElement("div"));
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  window.stepper = mcviz.mount(root, bytes, { onAsk, offers, step: 1e6 });
}"""

_PRESS = """(node, key) => {
  node.dispatchEvent(new KeyboardEvent("keydown", { key }));
  return node.innerText;
}"""
"""Press a key; what the page says right then."""

_SCORES = """[3, 2].map((i, run) => {
  const view = stepper.views[run];
  view.picked = { kind: "score", i };
  return view.explain(view.at).lines;
})"""
"""How the first run explains the score of checkpoint 3, and the second that of checkpoint 2."""

_REOPEN = """(text) => stepper.open(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), { step: 1e6 })"""


@pytest.fixture
def mounted(window):
    """`mounted(offers, other)` opens a stepper on a run, or on two; the last token is on screen."""

    def open_page(offers, other=None):
        page = window(1366, 768)
        trace = library()
        page.evaluate(_MOUNT, [assets.script(), assets.style(), encoded(trace, other), offers])
        page.wait_for_selector(f"[data-step='{trace.T - 1}']")
        return page

    return open_page


def encoded(trace, other=None):
    return base64.b64encode(pack(trace, other)).decode()


def offers(*changes):
    return {"surgery": edits.offer(library(), list(changes))}


def answered(page, offers):
    """The host has done what was asked for."""
    page.evaluate(
        "(offers) => { stepper.offer(offers); stepper.asking.answer({ answered: stepper.asking.under }); }", offers
    )
    drawn(page)


def test_a_checkpoint_is_clicked_away_and_restored(mounted):
    page = mounted(offers())
    assert page.locator(".operations").is_hidden()
    page.get_by_role("button", name="Switch checkpoint 1 off").click()
    assert page.evaluate("sent") == ["off.1"]
    answered(page, offers(SwitchOff(1)))
    expect(page.locator(".operations li")).to_contain_text("Checkpoint 1 is switched off")
    expect(page.locator(".card.off")).to_have_attribute("data-segment", "1")
    page.get_by_role("button", name="Restore checkpoint 1").click()
    assert page.evaluate("sent") == ["off.1", ""]


def test_edits_are_undone_one_by_one(mounted):
    page = mounted(offers(SwitchOff(0), SwitchOff(1)))
    page.get_by_role("button", name="Undo: Checkpoint 0 is switched off").click()
    assert page.evaluate("sent") == ["off.1"]
    answered(page, offers(SwitchOff(1)))
    expect(page.get_by_role("button", name="Undo all")).to_have_count(0)
    expect(page.locator(".operations li")).to_have_count(1)


@pytest.mark.parametrize(
    ("group", "button", "word"),
    [
        ("Read", "Switch it off", "off.1"),
        ("Multiply by", "Multiply by −1", "scale.1.-1.0"),
        ("Hold the gate at", "Hold the gate at 0.5", "freeze.1.0.5"),
        ("Swap with", "Swap with 0", "swap.1.0"),
    ],
)
def test_all_that_can_be_done_is_in_the_menu(mounted, group, button, word):
    page = mounted(offers())
    page.get_by_role("button", name="Operate on checkpoint 1").click()
    page.get_by_role("group", name=group).get_by_role("button", name=button, exact=True).click()
    expect(page.locator("dialog.surgery[open]")).to_have_count(0)
    assert page.evaluate("sent") == [word]
    assert edits.asked(library(), {"edits": word})


def test_by_keyboard(mounted):
    page = mounted(offers())
    page.locator(".mcviz").focus()
    said = page.locator(".mcviz").evaluate(_PRESS, "x")  # which is gone after a moment
    assert "choose a checkpoint" in said
    page.evaluate("stepper.go({ segment: 1 })")
    page.keyboard.press("x")
    assert page.evaluate("sent") == ["off.1"]
    answered(page, offers(SwitchOff(1)))
    page.keyboard.press("s")
    page.get_by_role("button", name="Restore it").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.surgery[open]")).to_have_count(0)
    page.keyboard.press("?")
    assert "switch the inspected checkpoint off" in page.locator("dialog[open]").inner_text()


def test_where_nothing_is_offered_nothing_is_there(mounted):
    page = mounted({})
    assert page.locator(".operate:visible").count() == 0
    page.locator(".mcviz").focus()
    page.evaluate("stepper.go({ segment: 1 })")
    page.keyboard.press("x")
    page.keyboard.press("s")
    assert page.evaluate("sent") == []
    page.keyboard.press("?")
    assert "checkpoint off" not in page.locator("dialog[open]").inner_text()


def test_what_the_reader_made_is_named_and_comes_first_where_runs_stand_one_below_the_other(mounted):
    page = mounted(offers(SwitchOff(1)), surgery.operate(library(), [SwitchOff(1)]))
    before, after = page.locator(".view").all()
    page.locator(".view:last-child .which", has_text="after surgery").wait_for()
    assert before.locator(".which").inner_text() == "before surgery"
    assert before.bounding_box()["x"] < after.bounding_box()["x"]
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_selector(".views.latest")
    assert after.bounding_box()["y"] < before.bounding_box()["y"]
    page.evaluate("stepper.offer({})")
    page.wait_for_selector(".views:not(.latest)")
    assert page.locator(".which").all_inner_texts() == ["Topic library", "Topic library, after surgery"]
    assert before.bounding_box()["y"] < after.bounding_box()["y"]


def test_a_swapped_checkpoint_says_whose_relevance_it_has_and_explains_it_so(mounted):
    page = mounted({}, surgery.operate(library(), [Swap(2, 3)]))  # as a file does, which offers nothing
    before, after = page.locator(".view").all()
    expect(after.locator(".exchanged:visible")).to_have_text(["⇄ 3’s", "⇄ 2’s"])
    expect(before.locator(".exchanged:visible")).to_have_count(0)
    (before_says, after_says) = page.evaluate(_SCORES)
    assert [line.replace("(2)", "(3)") for line in after_says[:2]] == before_says
    assert after_says[2].startswith("exchanged with 3")
    page.evaluate("stepper.go({ step: 50 })")  # where checkpoint 3 is being written
    expect(after.locator(".exchanged:visible")).to_have_count(0)
    by_age = library(MCConfig(aggregator="ssc", segment_length=16, gate="token"))
    page.evaluate(_REOPEN, encoded(by_age, surgery.operate(by_age, [Swap(2, 3)])))
    (before_says, after_says) = page.evaluate(_SCORES)
    assert before_says[0].endswith("entry for this age")
    assert after_says == [
        before_says[0].replace("(3)", "(2)").replace("this", "that"),
        "exchanged with 3: the age is that of checkpoint 3",
    ]


def test_on_a_phone_there_is_room_for_a_finger(mounted):
    page = mounted(offers())
    page.set_viewport_size({"width": 390, "height": 800})
    button = page.locator(".operate:not(.more):visible").first
    until(page, lambda: min(button.bounding_box()[side] for side in ("width", "height")) >= 22)
    frame = page.locator(".card .frame").first.bounding_box()
    for each in (button, page.locator(".operate.more:visible").first):
        assert each.bounding_box()["y"] >= frame["y"] + frame["height"], "it hides the memory"
    lower = page.locator(".card .chart.score").first
    assert button.bounding_box()["y"] + button.bounding_box()["height"] <= lower.bounding_box()["y"]
    at = lower.bounding_box()["y"]
    button.click()
    assert page.evaluate("sent[0]").startswith("off.")
    page.evaluate("stepper.offer({})")
    until(page, lambda: lower.bounding_box()["y"] < at)
