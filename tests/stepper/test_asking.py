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
def page(chromium):
    page = chromium.new_page()
    page.evaluate(_MOUNT, [assets.script(), base64.b64encode(pack(library())).decode()])
    yield page
    page.close()


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
