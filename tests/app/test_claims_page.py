"""The page of claims as Streamlit runs it, without a browser."""

import json

import pytest

from app import runs
from mcviz import claims, figures, watch
from mcviz import words as said
from tests.app.test_pages import in_link, opened, titles, words

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


@pytest.mark.parametrize("family", claims.FAMILIES)
def test_claims_open_to_what_they_rest_on(family):
    page = opened("claims", family=family)
    found = [finding for finding in BOARD if finding.claim.family == family]
    for finding in found:
        page.session_state[f"claim:{finding.claim.name}"] = True
    page.run()
    assert not page.exception
    said = words(page)
    assert "not there yet" not in said
    for finding in found:
        claim = finding.claim
        assert f"In the paper: {claim.source}. Measured: {claim.measured}; {len(finding.seeds)} seeds" in said
        assert f"mcviz claims --run {claim.name}" in said.replace("`", "")
        for step in finding.steps:
            assert f"{step.comparison}: **{step.verdict}**" in said
        for step in finding.control:
            assert f"Only where this holds, too, is anything decided: {step.comparison}: **{step.verdict}**" in said
    charts = sum(1 + (family != claims.EXACT) + bool(finding.claim.reported) for finding in found)
    charts += family == claims.FRONTIER
    assert len(titles(page)) == charts
    watched = [finding.claim.name for finding in found if finding.claim.run.get("run") in watch.names()]
    assert [button.key for button in page.button if button.label == "Watch one run"] == [
        f"watch:{name}" for name in watched
    ]


def test_a_claim_without_runs_says_so(monkeypatch):
    monkeypatch.setattr(runs, "board", lambda: [claims.judge(claim, []) for claim in claims.CLAIMS.values()])
    monkeypatch.setattr(runs, "points", list)
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
def test_a_single_run_is_one_example():
    page = opened("explore", run=watch.names()[0])
    assert "one example" in words(page)
    assert "one example" not in words(opened("explore", run="needle"))


@pytest.mark.skipif(not watch.names(), reason="no trained model is here")
def test_the_way_to_a_run_opens_no_lock():
    page = opened("claims", claim="recall-gap", hide="answers", game="nothing")
    button = next(button for button in page.button if button.label == "Watch one run")
    screen = page.session_state["screen"]
    button.click().run()  # there is no page to turn to here
    assert (screen["hide"], screen["game"]) == ("answers", "nothing")


@pytest.mark.parametrize("factor", claims.FACTORS)
def test_the_frontier_is_drawn_with_as_many_pairs_as_are_asked_for(factor):
    page = opened("claims", family=claims.FRONTIER)
    (asked,) = [one for one in page.button_group if one.key == "frontier:asked"]
    asked.set_value(factor).run()
    assert not page.exception
    (drawn,) = [json.loads(one.proto.spec) for one in page.get("plotly_chart")]
    expected = figures.frontier(claims.points(claims.rows()), factor)
    assert [trace["name"] for trace in drawn["data"]] == [trace.name for trace in expected.data]
    assert [sentence for sentence in SAID if sentence not in words(page)] == []


SAID = said.frontier_in_words({finding.claim.name: finding.intervals for finding in BOARD})
