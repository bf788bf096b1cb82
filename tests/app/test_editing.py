"""Edits of a trained model's sequence and a library of the reader's, on the pages."""

import json
import re

import pytest

from mcviz import changes, watch, words
from mcviz.tasks import library, shelf
from mcviz.watch import Sitting
from tests.app.test_pages import in_link, numbers, opened
from tests.app.test_pages import words as text_of
from tests.conftest import APP
from tests.stepper.hosts import expect, shown

needs_models = pytest.mark.skipif("topics-ssc" not in watch.names(), reason="no trained model is here")
LINK = {"v": "1", "run": "topics-ssc", "seed": "3"}
SITTING = Sitting("topics-ssc", watch.config("topics-ssc") if "topics-ssc" in watch.names() else None, 3)


def told(page):
    """What the page tells the stepper."""
    return next(json.loads(part.proto.json) for part in page.get("bidi_component") if '"step"' in part.proto.json)


@needs_models
def test_a_link_carries_edits_and_the_stepper_shows_them_beside_the_run_before():
    sitting = SITTING.edited(*changes.parse("3=fox 129=green"))
    page = opened(**LINK, changes="3=fox 129=green")
    first, second = numbers(page)[0]["runs"]
    after, before = watch.run(sitting), watch.run(sitting.undone())
    assert (first["hash"], second["hash"]) == (before.hash, after.hash)
    offer = told(page)["offers"]["edit"]
    assert offer["changes"] == ["Token 3 is “fox”", "Token 129 is “green”"]
    assert offer["touched"] == [3, 129]
    assert offer["said"].startswith(words.rewritten(before, after, range(after.T)))
    assert offer["vocabulary"] == list(watch.vocabulary("topics-ssc"))
    assert in_link(page, "changes") == "3=fox 129=green"


@needs_models
def test_one_token_less_is_shown_alone():
    page = opened(**LINK, changes="20-")
    (run,) = numbers(page)[0]["runs"]
    assert (run["T"], run["tokens"]) == (159, list(watch.words(SITTING.edited(changes.Delete(20)))))


@needs_models
def test_a_link_with_nonsense_says_so_and_keeps_the_rest():
    page = opened(**LINK, changes="<b>nonsense</b>")
    (warning,) = page.warning
    assert "This link could not be read in full" in warning.value
    assert in_link(page, "seed") == "3"
    assert len(numbers(page)[0]["runs"]) == 1


@needs_models
@pytest.mark.parametrize(
    ("text", "message"), [("900=fox", "got 900"), ("3=unicorn", "unicorn"), ("3=fox " * 101, "101")]
)
def test_edits_that_cannot_be_made_are_said_and_cleared(text, message):
    page = opened(**LINK, changes=text)
    said = [one.value for one in (*page.error, *page.warning)]
    assert len(said) == 1
    assert message in said[0]
    clear = [button for button in page.button if button.label == "Clear edits"]
    if clear:
        clear[0].click().run()
    assert not page.error
    assert len(numbers(page)[0]["runs"]) == 1
    assert in_link(page, "seed") == "3"


@needs_models
def test_another_seed_has_no_edits_of_the_first():
    page = opened(**LINK, changes="3=fox")
    page.number_input(key="typed:seed").set_value(4).run()
    assert not page.exception
    assert told(page)["offers"]["edit"]["changes"] == []
    assert "Your edits are not kept, as another seed draws another sequence" in page.info[0].value


@needs_models
def test_edits_stay_where_another_model_reads_the_same_sequence_and_else_it_is_said_that_they_go():
    page = opened(**LINK, changes="3=fox")
    page.selectbox(key="choice:run").set_value("topics-grm").run()
    assert not page.exception
    assert told(page)["offers"]["edit"]["changes"] == ["Token 3 is “fox”"]
    assert not page.info
    page.selectbox(key="choice:run").set_value("mqar-ssc").run()
    assert told(page)["offers"]["edit"]["changes"] == []
    (said,) = page.info
    assert "Your edits are not kept, as topics" in said.value
    page.run()
    assert not page.info


@needs_models
def test_where_controls_or_answers_are_hidden_nothing_is_edited():
    for hide in ("controls", "answers", "both"):
        assert "edit" not in told(opened(**LINK, hide=hide))["offers"]


@needs_models
def test_an_example_without_a_model_offers_no_edits():
    assert "edit" not in told(opened(v="1", run="topics"))["offers"]


@needs_models
def test_a_library_in_the_link_is_answered_by_the_model():
    text = "owl: red pen, blue lamp\nfox: red axe\n? owl red\n? fox red\n? fox blue"
    page = opened("library", v="1", run="topics-grm", library=text)
    table = page.table[0].value
    trace = watch.run(
        Sitting("topics-grm", watch.config("topics-grm"), tokens=tuple(numbers(page)[0]["runs"][0]["tokens"]))
    )
    assert {name: list(table[name]) for name in table} == words.replies(
        trace, [33, 35, 37], stated=shelf.parse(text).stated()
    )
    assert trace.predictions.targets[33:38:2] == ("pen", "axe", "")
    for said in ("A document that is short is filled up with words that say nothing", "facts like *red axe*, and ask"):
        assert said in text_of(page)
    assert in_link(page, "library") == text


@needs_models
def test_a_word_that_no_model_knows_leaves_the_library_as_it_was():
    here = {"v": "1", "run": "topics-grm", "library": "fox: red axe\n? fox red"}
    page = opened("library", **here)
    assert set(library.ANIMALS + library.COLOURS + library.THINGS + library.FILLERS) <= set(
        re.findall(r"\w+", text_of(page))
    )
    page.text_area[0].set_value("fox: red axle\n? fox red").run()
    assert "axe" in page.error[0].value
    assert in_link(page, "library") == here["library"]

    page = opened("library", **here, hide="controls")
    answers = page.table[0].value
    page.session_state.screen["library"] = "fox: red axle\n? fox red"
    page.run()
    (warning,) = page.warning
    assert "axe" in warning.value
    assert "your library as it was before" in warning.value
    assert page.table[0].value.equals(answers)


@needs_models
def test_the_tables_hold_the_library_when_their_reader_comes_back_from_another_page():
    page = opened("library", v="1", run="topics-grm", library="fox: red axe\n? fox red")
    written = "fox: blue axe\n? fox blue"
    page.session_state.screen["library"] = page.session_state["library:text"] = written
    del page.session_state["library:documents 1"]  # as Streamlit does on a page without it
    page.run()
    assert in_link(page, "library") == written
    assert list(page.table[0].value["Question"]) == ["fox blue"]
    page.session_state.screen["library"] = page.session_state["library:text"] = "fox: blue\n? fox blue"
    del page.session_state["library:documents 2"]
    page.run()
    assert "your library as it was before" in page.warning[0].value
    assert in_link(page, "library") == written


@needs_models
def test_a_library_of_ten_thousand_facts_is_one_sentence():
    page = opened("library", v="1", run="topics-grm", library="fox: red axe; " * 10_000, seed="3")
    (warning,) = page.warning
    assert "got 140,000" in warning.value
    assert not page.error
    assert in_link(page, "seed") == "3"


@needs_models
@pytest.mark.browser
def test_a_reader_edits_by_mouse_by_keyboard_and_by_touch(chromium, streamlit_server):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(streamlit_server(APP) + "/?v=1&run=topics-ssc&step=129")
    shown(page, 129)
    edits, editor = page.locator(".changes"), page.locator(".editor")
    page.locator(".chip.now").tap()
    page.get_by_role("option", name="green", exact=True).tap()
    edits.get_by_text("1 edit: Token 129 is “green”.").wait_for()
    page.wait_for_url("**changes=129%3Dgreen**")
    expect(page.locator(".view")).to_have_count(2)
    expect(page.locator(".view").nth(1).locator(".chip.now")).to_have_text("green")

    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator(".mcviz").focus()
    page.keyboard.press("w")
    page.wait_for_selector(".editor input:focus")
    page.keyboard.type("gr")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # the second of the words with these letters first
    edits.get_by_text("2 edits; the last: Token 129 is “grey”.").wait_for()
    page.keyboard.press("u")
    edits.get_by_text("1 edit: Token 129 is “green”.").wait_for()

    page.locator(".write-here").last.click()
    editor.get_by_role("button", name="Insert before").click()
    editor.get_by_role("option", name="fox", exact=True).click()
    edits.get_by_text("2 edits; the last: “fox” stands before token 129.").wait_for()
    page.get_by_text("/ 160").wait_for()
    edits.get_by_role("button", name="Clear edits").click()
    edits.wait_for(state="hidden")
    page.wait_for_url(lambda url: "changes" not in url)
    assert not errors
    context.close()
