"""The first screen: a question, a document to open, and what the run made of it."""

import json

import pytest

from app import asking
from app.stops import PLAIN
from mcviz import watch, words
from tests.app.test_pages import in_link, numbers, opened
from tests.app.test_pages import words as text

pytestmark = pytest.mark.skipif(asking.MODEL not in watch.names(), reason="no trained model is here")


def run():
    return watch.run(watch.Sitting(asking.MODEL))


def press(page, label):
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception


def test_who_comes_without_a_link_is_asked_and_foreign_parameters_say_nothing():
    for parameters in ({}, {"utm_source": "x", "fbclid": "y"}):
        page = opened(**parameters)
        assert not page.warning
        assert page.title[0].value.replace("\\", "") == "What pink thing has the fox?"
        assert "2602.24281" in text(page)
        assert in_link(page, "ask") == asking.BEGUN
        assert numbers(page) is None


def test_before_a_document_is_opened_nothing_of_the_run_is_in_the_page():
    page = opened(ask="n")
    sent = next(part.proto.json for part in page.get("bidi_component") if '"rows"' in part.proto.json)
    assert '"gate":0.0' in sent.replace(" ", "")
    assert '"taken":true' not in sent.replace(" ", "")
    trace = run()
    t = words.questions(trace)[0]
    assert f"{trace.weights[t, 0].max():.3f}" not in text(page)


@pytest.mark.parametrize("picked", [3, 5])
def test_what_is_told_is_what_the_run_recorded(picked):
    page = opened(ask=f"n {picked}")
    trace = run()
    t = words.questions(trace)[0]
    assert words.found(trace, t) in text(page)
    alone = watch.run(watch.Sitting(PLAIN)).predictions
    said, right = alone.tokens[t][0], alone.tokens[t][0] == alone.targets[t]
    assert (
        f"you opened the right document {int(picked == 3)} of 1 times; the network answered 1 right, and a "
        f"network trained without checkpoints {int(right)}: here it says “{said}”."
    ) in text(page)
    press(page, "Next question")
    assert in_link(page, "ask") == f"n {picked} n"
    assert page.title[0].value.replace("\\", "") != "What pink thing has the fox?"


def test_a_gate_is_the_same_number_in_its_row_and_in_the_sentence():
    page = opened(ask="n 3 n 6 n 6")
    trace = run()
    gates = [words.portion(row.gate) for row in words.shelf(trace, words.questions(trace)[2])]
    assert gates[-1] == "<0.001"
    assert "and <0.001 to the words it is reading now" in text(page)
    sent = next(part.proto.json for part in page.get("bidi_component") if '"rows"' in part.proto.json)
    assert [row["number"] for row in json.loads(sent)["rows"]] == gates


def test_the_sentence_quotes_the_numbers_of_the_trace():
    trace = run()
    for t in words.questions(trace):
        said = words.found(trace, t)
        rows = words.shelf(trace, t)
        first = max(rows, key=lambda row: row.gate)
        home = int(trace.segment_of[trace.sources[t]])
        assert f"{first.gate:.3f}" in said
        assert f"“{trace.predictions.tokens[t][0]}” (probability {trace.predictions.probabilities[t, 0]:.3f})" in said
        assert ("which is right" in said) == (trace.predictions.tokens[t][0] == trace.predictions.targets[t])
        fact = " ".join(trace.tokens[trace.sources[t] - 2 : trace.sources[t] + 1])
        assert f"document {home} says “{fact}”" in said
        assert [row.gate for row in rows] == trace.weights[t, 0, : len(rows)].tolist()


@pytest.mark.parametrize("ask", ["x", "n 99", "3", "n n", "n 3 4"])
def test_a_game_that_cannot_be_read_says_so_and_begins_again(ask):
    page = opened(ask=ask)
    assert "ask: expected" in text(page)
    press(page, "Begin again")
    assert in_link(page, "ask") == "n"


def test_the_stepper_is_one_press_away_at_the_question():
    page = opened(ask="n 3")
    press(page, "Step through it, number by number")
    assert numbers(page)[0]["id"].startswith(run().hash)
    assert in_link(page, "step") == str(words.questions(run())[0])
    press(page, "Ask me first")
    assert in_link(page, "ask") == "n"


def test_hidden_answers_are_not_asked_for():
    assert numbers(opened(ask="n 3", hide="answers"))
