"""The page on which a trained model reads the reader's text and writes on."""

import pytest

from mcviz import watch, writing
from mcviz.writing import MOST, Draft
from tests.app.test_pages import in_link, numbers, opened, place, press, words

TEXT = "Alice was not a bit hurt, and she "
HERE = {"run": "text-grm", "draft": TEXT, "heat": "70", "seed": "3"}


def draft(characters):
    return Draft("text-grm", TEXT, characters, 0.7, 3)


def test_the_page_opens_on_a_text_that_was_read():
    page = opened("write")
    header, _ = numbers(page)
    assert header["runs"][0]["T"] == len(page.text_area[0].value)
    assert "It learned from three chapters" in words(opened("write", run="text-grm"))


def test_a_step_writes_the_character_that_the_library_writes():
    page = opened("write", **HERE)
    before = numbers(page)[0]["id"]
    press(page, "Step")
    press(page, "Step")
    assert in_link(page, "written") == "2"
    assert in_link(page, "step") == str(len(TEXT) + 1)
    assert numbers(page)[0]["id"].startswith(writing.run(draft(2)).hash)
    assert writing.continuation(draft(2)).strip() in words(page)
    press(page, "Back")
    press(page, "Back")
    assert "written" not in page.query_params
    assert numbers(page)[0]["id"] == before


def test_a_link_leads_to_the_same_text():
    page = opened("write", **HERE, written="9")
    assert numbers(page)[0]["id"].startswith(writing.run(draft(9)).hash)
    assert '"step":42' in place(opened("write", **HERE, written="9", step="42")).replace(" ", "")


def test_write_goes_on_until_it_is_stopped():
    page = opened("write", **HERE)
    press(page, "Write")
    first = int(in_link(page, "written"))
    page.run()
    second = int(in_link(page, "written"))
    assert 0 < first < second
    press(page, "Stop writing")
    page.run()
    assert int(in_link(page, "written")) == second
    assert any(button.label == "Go on" for button in page.button)


def test_another_text_begins_anew():
    page = opened("write", **HERE, written="5")
    page.text_area(key="choice:draft").set_value("Oh dear! ").run()
    assert "written" not in page.query_params
    assert numbers(page)[0]["runs"][0]["T"] == 9
    page.number_input(key="typed:heat").set_value(0).run()
    press(page, "Step")
    assert numbers(page)[0]["id"].startswith(writing.run(Draft("text-grm", "Oh dear! ", 1)).hash)


def test_what_the_model_does_not_know_is_said_and_nothing_is_lost():
    page = opened("write", run="text-grm", draft="A Ψ letter")
    assert "text: expected characters that text-grm has learned" in words(page)
    assert "got Ψ" in words(page)
    assert page.text_area[0].value == "A Ψ letter"
    press(page, "Keep what it can read")
    assert page.text_area[0].value == "A  letter"
    assert numbers(page)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"draft": "a" * 5000}, f"text: expected 1 to {MOST:,} characters, got 5,000"),
        ({"written": "99999999"}, "characters: expected a text and what is written after it of at most 1,024"),
        ({"written": "-3"}, "written: expected a whole number, at least 0, got -3"),
        ({"seed": "-3", "written": "1"}, "seed: expected a whole number, at least 0, got -3"),
        ({"heat": "401", "written": "1"}, "heat: expected a whole number from 0 to 400, got 401"),
        ({"segmentation": "logarithmic", "written": "3"}, "segmentation: expected segments of one length to write on"),
    ],
)
def test_what_a_link_may_not_ask_for_is_one_sentence(given, said):
    page = opened("write", **HERE | given)
    assert said in words(page)
    assert page.text_area[0].value == given.get("draft", TEXT)


def test_a_pasted_book_is_one_sentence():
    page = opened("write", **HERE)
    page.text_area(key="choice:draft").set_value("a" * 100_000).run()
    assert not page.exception
    assert "text: expected 1 to 1,024 characters, got 100,000" in words(page)
    assert len(page.text_area[0].value) == 100_000


def test_what_the_models_can_do_is_what_their_cards_say():
    page = opened("write", run="stories-grm")
    right, _, _, sequences = watch.measured("stories-grm")
    again = watch.recalled("stories-grm")
    assert f"On {sequences:,} new texts, {right:.0%} of the characters" in words(page)
    assert f"begins right in {again[0]:.0%} ({again[1]:.1%} to {again[2]:.1%})" in words(page)
    assert watch.recalled("text-grm") is None


def test_a_teacher_who_hides_the_controls_shows_the_text():
    page = opened("write", **HERE, written="4", hide="controls")
    assert not page.button
    assert not page.text_area
    assert numbers(page)
