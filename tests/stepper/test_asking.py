"""The channel by which a reader asks for another run: what Python lets through, and what the front end sends."""

import base64

import pytest

from mcviz.stepper import asking, assets
from mcviz.stepper.payload import pack
from mcviz.widgets import Stepper
from tests.stepper.examples import library

OFFERS = {"edit": {"vocabulary": ["ant", "bat"]}}
_MOUNT = """async ([source, text]) => {
  const mcviz = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  window.sent = [];
  const onAsk = (request) => sent.push(request);
  window.stepper = mcviz.mount(document.body, Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), { onAsk });
  const offers = { edit: { vocabulary: ["ant", "bat", "abba", "bee"], changes: ["a", "b"], touched: [3], said: "" } };
  window.offer = () => stepper.offer(offers);
  window.ask = (at) => stepper.asking.ask(() => ({ edit: { at } }));
}"""


def test_what_is_offered_is_done_and_answered():
    done = []
    said = asking.answer({"number": 3, "edit": {"at": 1}}, OFFERS, lambda *request: done.append(request))
    assert done == [("edit", {"at": 1})]
    assert said == {"answered": 3, "problem": ""}


@pytest.mark.parametrize("said", [None, "edit", {}, {"surgery": {}}, {"edit": 3}, {"edit": [1]}, [{"edit": {}}]])
def test_nothing_else_gets_through(said):
    done = []
    answer = asking.answer(said, OFFERS, lambda *request: done.append(request))
    assert not done
    assert answer["answered"] == -1
    assert answer["problem"].startswith("request: expected one of edit; got")


def test_what_cannot_be_done_is_answered_in_words():
    def refuse(kind, value):
        raise ValueError("at: expected a token from 0 to 7, got 9")

    said = asking.answer({"number": 2, "edit": {"at": 9}}, OFFERS, refuse)
    assert said == {"answered": 2, "problem": "at: expected a token from 0 to 7, got 9"}


def test_offers_are_of_known_kinds():
    assert asking.check(OFFERS) == OFFERS
    with pytest.raises(ValueError, match="offers: expected kinds among edit, surgery; got fly"):
        asking.check({"fly": {}})


def test_the_widget_answers(monkeypatch):
    heard, sent = [], []

    class Asked(Stepper):
        def on_request(self, kind, value):
            heard.append((kind, value))

    stepper = Asked(library(), offers=OFFERS)
    monkeypatch.setattr(stepper, "send", lambda content, buffers=None: sent.append(content))
    stepper._handle_custom_msg({"request": {"number": 1, "edit": {"at": 0}}}, [])
    stepper._handle_custom_msg({"request": {"number": 2, "surgery": {}}}, [])
    assert heard == [("edit", {"at": 0})]
    assert [one["answered"] for one in sent] == [1, 2]
    assert sent[1]["problem"]


@pytest.fixture
def page(window):
    page = window(1280, 720)
    page.evaluate(_MOUNT, [assets.script(), base64.b64encode(pack(library())).decode()])
    return page


@pytest.mark.browser
def test_one_request_is_under_way_and_the_newest_waits(page):
    for at in range(20):
        page.evaluate("ask", at)
    assert page.evaluate("sent") == [{"number": 1, "edit": {"at": 0}}]
    assert page.locator(".asking").inner_text() == "running again …"
    page.evaluate("stepper.go({ step: 7 })")  # and the reader steps on
    page.wait_for_selector("[data-step='7'][aria-busy='true']")
    page.evaluate("stepper.asking.answer({ answered: 0 })")  # an older answer is none
    assert len(page.evaluate("sent")) == 1
    page.evaluate("stepper.asking.answer({ answered: 1 })")
    assert page.evaluate("sent")[1:] == [{"number": 2, "edit": {"at": 19}}]
    page.evaluate("stepper.asking.answer({ answered: 2 })")
    assert len(page.evaluate("sent")) == 2
    assert page.locator(".asking").is_hidden()
    assert page.locator("[aria-busy]").count() == 0


@pytest.mark.browser
def test_a_refusal_is_said_and_what_waited_is_dropped(page):
    for at in range(2):
        page.evaluate("ask", at)
    page.evaluate("stepper.asking.answer({ answered: 1, problem: 'at: expected <b>less</b>' })")
    assert page.locator(".asking").inner_text() == "at: expected <b>less</b>"
    assert len(page.evaluate("sent")) == 1
    page.evaluate("ask", 5)
    assert page.evaluate("sent")[1] == {"number": 2, "edit": {"at": 5}}


def asked(page) -> list[dict]:
    """What the front end has sent of edits, in order."""
    return [request["edit"] for request in page.evaluate("sent")]


@pytest.mark.browser
def test_without_an_offer_there_is_nothing_to_edit_with(page):
    page.evaluate("stepper.go({ step: 5 })")
    page.wait_for_selector("[data-step='5']")
    for shut in (".write-here", ".editor", ".changes"):
        assert page.locator(shut).is_hidden()
    page.locator(".chip.now").click()
    page.keyboard.press("w")
    page.keyboard.press("u")
    page.keyboard.press("?")
    assert "write another word here" not in page.locator("dialog[open]").inner_text()
    assert page.locator(".editor").is_hidden()
    assert not page.evaluate("sent")


@pytest.mark.browser
def test_a_word_is_changed_inserted_moved_and_deleted_by_keys(page):
    page.evaluate("offer()")
    page.evaluate("stepper.go({ step: 5 })")
    page.wait_for_selector("[data-step='5']")
    assert page.locator(".chip.edited").count() == 1
    for number, (way, sent) in enumerate(
        {"Change": "5=bat", "Insert before": "5+bat", "Insert after": "6+bat"}.items()
    ):
        page.locator("body").focus()
        page.keyboard.press("w")
        editor = page.locator(".editor")
        editor.get_by_role("button", name=way, exact=True).press("Enter")
        editor.get_by_role("combobox").fill("b")
        assert editor.get_by_role("option").all_inner_texts() == [
            "bat",
            "bee",
            "abba",
        ]  # those that begin with it first
        editor.get_by_role("combobox").press("Enter")
        assert editor.is_hidden()
        assert asked(page)[-1] == {"change": sent}
        page.evaluate(f"stepper.asking.answer({{ answered: {number + 1} }})")
        page.evaluate("stepper.go({ step: 5 })")
        page.wait_for_selector("[data-step='5']")
    page.keyboard.press("w")
    editor.get_by_role("button", name="Move this token to the left").press("Enter")
    assert asked(page)[-1] == {"change": "5>4"}
    page.evaluate("stepper.asking.answer({ answered: 4 })")
    page.wait_for_selector("[data-step='4']")  # the reader stays with the token
    editor.get_by_role("button", name="Delete this token").press("Enter")
    assert asked(page)[-1] == {"change": "4-"}
    page.evaluate("stepper.asking.answer({ answered: 5 })")
    editor.get_by_role("combobox").press("Escape")
    assert editor.is_hidden()
    page.keyboard.press("u")
    assert asked(page)[-1] == {"keep": 1}
    page.evaluate("stepper.asking.answer({ answered: 6 })")
    page.locator(".changes").get_by_role("button", name="Clear edits").click()
    assert asked(page)[-1] == {"keep": 0}


@pytest.mark.browser
def test_what_waits_follows_its_token(page):
    """A held key: of many moves one is under way and one waits, and both are of the same token."""
    page.evaluate("offer()")
    page.evaluate("stepper.go({ step: 5 })")
    page.wait_for_selector("[data-step='5']")
    page.evaluate("for (let i = 0; i < 9; i++) stepper.editing.change('>', '', 1)")
    assert asked(page) == [{"change": "5>6"}]
    page.evaluate("stepper.asking.answer({ answered: 1 })")
    assert asked(page)[1:] == [{"change": "6>7"}]
    page.evaluate("stepper.asking.answer({ answered: 2 })")
    assert len(asked(page)) == 2
    page.wait_for_selector("[data-step='7']")
    page.evaluate("stepper.editing.change('+', 'ant')")  # before the token, at which something waits meanwhile
    page.evaluate("stepper.editing.change('=', 'bat')")
    page.evaluate("stepper.asking.answer({ answered: 3 })")
    assert asked(page)[2:] == [{"change": "7+ant"}, {"change": "8=bat"}]
