"""The page of the oracle as Streamlit runs it, without a browser."""

import pytest

import mcviz
from mcviz import watch
from tests.app.test_pages import in_link, opened, titles, words

pytestmark = pytest.mark.skipif("mqar-ssc" not in watch.names(), reason="no trained model is here")


@pytest.mark.parametrize(("run", "k"), [("mqar-ssc", 2), ("topics-ssc", 1), ("topics-grm", 2), ("text-grm", 2)])
def test_what_is_said_is_what_the_oracle_found(run, k):
    page = opened("oracle", run=run, top_k=str(k))
    sitting = watch.Sitting(run) if k == watch.config(run).top_k else None
    if sitting is not None:
        asked = watch.consult(sitting, k)
        worst = max(asked.choices, key=lambda one: one.regret)
        assert mcviz.words.judged(asked, worst) in words(page)
        assert in_link(page, "question") == str(worst.t)
    assert len(titles(page)) == 2
    assert not page.error


def test_another_question_can_be_asked():
    page = opened("oracle", run="topics-ssc")
    asked = watch.consult(watch.Sitting("topics-ssc"), 2)
    other = asked.choices[5]
    page.selectbox(key="choice:question").set_value(other.t).run()
    assert mcviz.words.judged(asked, other) in words(page)


@pytest.mark.parametrize("run", ["mqar-rnn", "mqar-soup", "needle"])
def test_runs_without_a_router_offer_one(run):
    page = opened("oracle", run=run)
    assert page.info
    assert not page.get("plotly_chart")
    next(button for button in page.button if button.label == "Take mqar-ssc").click().run()
    assert len(page.get("plotly_chart")) == 2


def test_hidden_answers_stay_hidden():
    page = opened("oracle", run="mqar-ssc", hide="answers")
    assert "hides the answers" in page.info[0].value
    assert not page.get("plotly_chart")


def test_what_cannot_be_tried_is_said():
    page = opened("oracle", run="mqar-ssc", top_k="9")
    assert "top_k: expected at most 20,000 selections" in words(page)
