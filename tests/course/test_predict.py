"""Predict, then reveal: what a prediction is worth, and how well its maker knew."""

from functools import cache
from html import escape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import MCConfig, examples, words

predict = pytest.importorskip("mcviz.course.predict")


@cache
def library():
    return examples.run("topics", MCConfig(segment_length=16))


@pytest.fixture
def trace():
    return library()


T = 119


def test_those_above_an_equal_share_score_all_and_the_worst_nothing(trace):
    gates = trace.weights[T, 0, :8]
    card = predict.Scorecard()
    for segments in (np.flatnonzero(gates > 1 / 8), [np.argmin(gates)]):
        question = card.segments(trace, T)
        question.pick(*map(int, segments), confidence=0.9)
        question.button.click()
    assert [one.hit for one in card.rounds] == [True, False]
    assert [one.score for one in card.rounds] == [pytest.approx(1), 0]


def test_picking_everything_is_refused_and_nearly_everything_scores_little(trace):
    card = predict.Scorecard()
    question = card.segments(trace, T)
    question.pick(*range(8))
    question.reveal()
    assert "Picking all of them predicts nothing" in question.shown.value
    assert not card.rounds
    worst = int(np.argmin(trace.weights[T, 0, :8]))
    question.pick(*(i for i in range(8) if i != worst))
    question.reveal()
    gates = trace.weights[T, 0, :8]
    most = (gates - 1 / 8)[gates > 1 / 8].sum()
    assert card.rounds[0].score == pytest.approx((1 / 8 - gates[worst]) / most)
    assert card.rounds[0].score < 0.2


def test_a_pick_is_worth_its_gates(trace):
    gates = trace.weights[T, 0]
    best = int(np.argmax(gates))
    other = (best + 1) % 8
    card = predict.Scorecard()
    question = card.segments(trace, T)
    question.pick(best, other)
    question.reveal()
    most = (gates - 1 / 8)[gates > 1 / 8].sum()
    assert card.rounds[0].score == pytest.approx(max(0, gates[best] + gates[other] - 2 / 8) / most)
    for gate in gates:
        assert f"<td>{escape(words.portion(gate))}</td>" in question.shown.value


def test_nothing_is_revealed_before_a_pick_and_nothing_counted_twice(trace):
    card = predict.Scorecard()
    question = card.segments(trace, T)
    question.reveal()
    assert "Pick at least one" in question.shown.value
    assert not card.rounds
    question.pick(1)
    question.reveal()
    question.reveal()
    assert len(card.rounds) == 1
    assert question.button.disabled


@given(heights=st.lists(st.integers(0, 100).map(lambda n: n / 100), min_size=8, max_size=8))
def test_drawn_gates_score_what_they_share(heights):
    trace = library()
    card = predict.Scorecard()
    question = card.gates(trace, T)
    question.draw(heights)
    question.reveal()
    drawn = np.array(heights) / sum(heights) if any(heights) else np.full(8, 1 / 8)
    assert card.score == pytest.approx(1 - np.abs(drawn - trace.weights[T, 0]).sum() / 2)


def test_drawing_the_gates_themselves_is_perfect(trace):
    card = predict.Scorecard()
    question = card.gates(trace, T)
    question.draw((trace.weights[T, 0] / trace.weights[T, 0].max()).tolist())
    question.reveal()
    assert card.score == pytest.approx(1, abs=0.03)  # sliders move by hundredths
    assert card.rounds[0].hit


@pytest.mark.parametrize(
    ("confidence", "hits", "said"),
    [(1.0, [True, True], "well calibrated"), (1.0, [True, False], "too sure"), (0.5, [True, True], "too modest")],
)
def test_calibration_in_words(confidence, hits, said):
    card = predict.Scorecard([predict.Round(0, 1.0, hit, confidence) for hit in hits])
    assert said in repr(card)
    assert card.brier == pytest.approx(np.mean([(confidence - hit) ** 2 for hit in hits]))
    assert said in card._repr_html_()


def test_an_empty_card_says_so():
    assert repr(predict.Scorecard()) == "No prediction yet."


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda card, trace: card.segments(trace, 120), "t: expected a token from 0 to 119, got 120"),
        (lambda card, trace: card.gates(trace, -1), "t: expected a token"),
        (lambda card, trace: card.segments(trace, T, head=5), "head: expected a head from 0 to 1, got 5"),
        (lambda card, trace: card.segments(trace, T).pick(8), "segments: expected numbers from 0 to 7, got 8"),
        (lambda card, trace: card.gates(trace, T).draw([0.5]), "heights: expected 8 numbers"),
    ],
)
def test_bad_questions_are_named(trace, call, said):
    with pytest.raises(ValueError, match=said):
        call(predict.Scorecard(), trace)
