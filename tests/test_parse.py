"""What tasks say of sequences that they did not draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import tasks
from tests.test_tasks import sizes

TOPICS, NEEDLE, MQAR = tasks.topics(), tasks.needle(), tasks.mqar()
COPY, INDUCTION = tasks.selective_copy(), tasks.induction()


def answers(parsed):
    """The questions that have an answer: {place: (answer, where it stands)}."""
    batch = parsed.batch
    return {int(t): (batch.answers()[t], int(batch.sources[0, t])) for t in np.flatnonzero(batch.mask[0])}


@given(task=sizes(), seed=st.integers(0, 2**32 - 1))
def test_of_what_it_drew_a_task_says_what_it_drew(task, seed):
    drawn = task.sample(seed, batch=1)
    parsed = task.parse(drawn.tokens[0])
    for name in ("tokens", "targets", "mask", "sources"):
        np.testing.assert_array_equal(getattr(parsed.batch, name), getattr(drawn, name), err_msg=name)
    assert parsed.batch.labels == drawn.labels
    assert parsed.remarks == ()


@given(task=sizes(), seed=st.integers(0, 2**16), data=st.data())
def test_an_answer_is_always_the_token_at_its_source(task, seed, data):
    drawn = task.sample(seed, batch=1).tokens[0]
    tokens = data.draw(st.permutations(drawn.tolist()))
    batch = task.parse(tokens).batch
    assert not batch.targets[~batch.mask].any()
    assert (batch.sources[~batch.mask] == -1).all()
    _, t = np.nonzero(batch.mask)
    assert (batch.sources[0, t] <= t).all()
    np.testing.assert_array_equal(batch.tokens[0, batch.sources[0, t]], batch.targets[0, t])


@pytest.mark.parametrize(
    ("task", "text", "expected", "remark"),
    [
        (TOPICS, "fox fox red axe and fox red", {6: ("axe", 3)}, ""),
        (TOPICS, "fox fox red axe and fox blue", {}, "“fox blue” at token 6 asks for something, and no fact says it."),
        (TOPICS, "fox red and fox red axe", {}, "“fox red” at token 1 asks for something, which is stated only later"),
        (TOPICS, "fox red axe fox red axe fox red", {7: ("axe", 2)}, "stated at tokens 2 and 5; the first is marked"),
        (TOPICS, "fox red axe fox red bag fox red", {}, "“fox red” is stated as “axe” at token 2 and “bag” at token 5"),
        (TOPICS, "fox red axe fox red fox red bag fox red", {4: ("axe", 2)}, "after them it has no one answer"),
        (TOPICS, "fox axe red and here", {}, ""),
        (TOPICS, "fox", {}, ""),
        (NEEDLE, "·1 k3 v1 k3", {3: ("v1", 2)}, ""),
        (NEEDLE, "k3 v1 k4", {}, "“k4” at token 2 asks for something, and no fact says it."),
        (MQAR, "k3 v1 k4 v2 k4 k3", {4: ("v2", 3), 5: ("v1", 1)}, ""),
        (MQAR, "k3 v1 k3 v2 k3", {}, "“k3” is stated as “v1” at token 1 and “v2” at token 3"),
        (COPY, "· s2 s2 s3 · ? ? ?", {5: ("s2", 1), 6: ("s2", 2), 7: ("s3", 3)}, ""),
        (COPY, "s2 ? ? s3", {1: ("s2", 0)}, "Token 2 asks for symbol 2, but only 1 stand before it."),
        (INDUCTION, "s3 s2 s1 s3 s2 s1", {3: ("s2", 1), 4: ("s1", 2)}, ""),
        (INDUCTION, "s3 s2 s3 s1 s3 s1", {2: ("s2", 1)}, "“s3” at token 4 was followed by “s2” at token 1 and “s1”"),
        (INDUCTION, "s3 s2 s1 s3 s7 s1", {3: ("s2", 1)}, "“s7” at token 4 stands there for the first time"),
    ],
)
def test_which_fact_answers_which_question(task, text, expected, remark):
    parsed = task.parse(text.split())
    assert answers(parsed) == expected
    assert remark in " ".join(parsed.remarks)
    assert bool(remark) == bool(parsed.remarks)


def test_text_asks_for_its_next_character():
    task = tasks.text()
    batch = task.parse(task.encode("a rabbit")).batch
    assert batch.answers() == (*"␣rabbit", "")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ((), "tokens: expected at least one, got none"),
        (
            ("ant", "unicorn"),
            r"expected the 80 tokens of the task topics \(ant, bat, bear …\), .* got 'unicorn' at place 1",
        ),
        ((0, 80), "got 80 at place 1"),
        ((-1,), "got -1 at place 0"),
        ((True,), "got True at place 0"),
        (("x" * 10_000,), "x{40}…' at place 0"),
    ],
)
def test_what_the_vocabulary_does_not_have_is_named(tokens, message):
    with pytest.raises(ValueError, match=message):
        TOPICS.parse(tokens)


def test_labels_and_numbers_are_the_same_tokens():
    drawn = TOPICS.sample(3, batch=1)
    np.testing.assert_array_equal(TOPICS.parse(drawn.words()).batch.sources, drawn.sources)
