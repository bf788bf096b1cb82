"""The page of claims as Streamlit runs it, without a browser."""

import pytest

from app import runs
from mcviz import claims, watch
from tests.app.test_pages import in_link, opened, words

BOARD = claims.board()


def labels(page):
    """The claims that are listed, with their verdicts."""
    return [shut.label.replace("\\", "") for shut in page.expander]


def test_every_claim_is_listed_with_its_verdict_as_plainly_as_the_others():
    page = opened("claims")
    assert len(labels(page)) == len(BOARD)
    for finding in BOARD:
        (label,) = [label for label in labels(page) if label.endswith(finding.claim.statement)]
        assert f"{finding.verdict}]" in label


@pytest.mark.parametrize("verdict", claims.VERDICTS)
def test_verdicts_can_be_chosen(verdict):
    page = opened("claims", verdict=verdict)
    expected = [finding for finding in BOARD if finding.verdict == verdict]
    assert len(labels(page)) == len(expected)
    assert all(verdict in label for label in labels(page))
    assert bool(page.info) == (not expected)


def test_families_can_be_chosen():
    page = opened("claims", family="Segments")
    assert len(labels(page)) == sum(finding.claim.family == "Segments" for finding in BOARD)


@pytest.mark.parametrize("finding", BOARD, ids=lambda finding: finding.claim.name)
def test_a_claim_opens_to_what_it_rests_on(finding):
    page = opened("claims", claim=finding.claim.name, family=finding.claim.family)
    said = words(page)
    claim = finding.claim
    assert claim.source in said
    assert f"{len(finding.seeds)} seeds" in said
    for step in finding.steps:
        assert f"{step.comparison}: **{step.verdict}**" in said
    exact = claim.family == claims.EXACT
    assert len(page.get("plotly_chart")) == 1 + (not exact) + bool(claim.reported)
    assert "not there yet" not in said
    assert f"mcviz claims --run {claim.name}" in said.replace("`", "")
    watched = claim.run.get("run") in watch.names()
    assert any(button.label == "Watch one run" for button in page.button) == watched


def test_a_claim_without_runs_says_so(monkeypatch):
    monkeypatch.setattr(runs, "board", lambda: [claims.judge(claim, []) for claim in claims.CLAIMS.values()])
    page = opened("claims", claim="recall-gap")
    assert "not there yet" in page.info[0].value
    assert not page.get("plotly_chart")
    assert all("not run]" in label for label in labels(page))


def test_a_claim_that_is_not_there_is_said():
    page = opened("claims", claim="no-such", verdict="maybe")
    assert len(page.warning) == 2
    assert len(labels(page)) == len(BOARD)


def test_opening_goes_into_the_link():
    page = opened("claims")
    page.session_state["claim:recall-gap"] = True
    page.run()
    assert page.get("plotly_chart")
    again = opened("claims", claim="recall-gap")
    assert in_link(again, "claim") == "recall-gap"


@pytest.mark.skipif(not watch.names(), reason="no trained model is here")
def test_a_single_run_is_an_anecdote():
    page = opened("explore", run=watch.names()[0])
    assert "anecdote" in words(page)
    assert "anecdote" not in words(opened("explore", run="needle"))
