"""The page of claims as Streamlit runs it, without a browser."""

import argparse
import json
import shlex

import pytest

from app import runs
from mcviz import claims, figures, training, watch
from mcviz import words as said
from mcviz.claims.point import TREE
from mcviz.tradeoff import game
from mcviz.training import shell
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


def test_the_page_begins_with_its_answer_and_the_frontier():
    page = opened("claims")
    assert said.verdicts([finding.verdict for finding in BOARD]) in words(page)
    assert titles(page)[0] == f"Recall of {claims.ASKED[1]}"
    for chosen in {"family": "Segments"}, {"verdict": claims.VERDICTS[1]}:
        assert not opened("claims", **chosen).get("plotly_chart")  # what was asked for is in view at once


def test_families_can_be_chosen():
    page = opened("claims", family="Segments")
    assert len(labels(page)) == sum(finding.claim.family == "Segments" for finding in BOARD)


def test_a_link_that_names_a_claim_leads_to_it_before_all_else():
    named = BOARD[-1].claim
    page = opened("claims", claim=named.name)
    assert labels(page)[0].endswith(named.statement)
    assert len(labels(page)) == len(BOARD)
    assert said.origin(named.source) in words(page)


@pytest.mark.parametrize("family", claims.FAMILIES)
def test_claims_open_to_what_they_rest_on(family):
    page = opened("claims", family=family)
    found = [finding for finding in BOARD if finding.claim.family == family]
    for finding in found:
        page.session_state[f"claim:{finding.claim.name}"] = True
    page.run()
    assert not page.exception
    told = words(page)
    assert "not there yet" not in told
    for finding in found:
        claim = finding.claim
        where = f"Not in the paper, but {claim.source}" if claim.source.startswith("our ") else f"paper: {claim.source}"
        assert f"{where}. Measured: {claim.measured}; {len(finding.seeds)} seeds" in told
        assert f"mcviz claims --run {claim.name}" in told.replace("`", "")
        for step in (*finding.steps, *finding.control):
            mean, low, high = (f"{value:.3g}" for value in step.interval)
            decides = f"the second minus the first is {mean} ({low} to {high})"
            assert f"{step.comparison}: **{step.verdict}**; {decides}" in told
        assert ("Only where this holds, too, is anything decided" in told) >= bool(finding.control)
    charts = sum(1 + (family != claims.EXACT) + bool(finding.claim.reported) for finding in found)
    if family == claims.FRONTIER:
        charts += 1
        assert list(page.table[0].value["recalled"]) == [what for what, *_ in said.claims.BESIDE.values()]
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


POINTS = claims.points(claims.rows())
SAID = [
    *said.frontier_in_words({finding.claim.name: finding.intervals for finding in BOARD}),
    *said.seeds_in_words({finding.claim.name: finding.values for finding in BOARD}),
]


@pytest.mark.parametrize(("factor", "axis"), list(zip(claims.FACTORS, figures.AXES, strict=True)))
def test_the_frontier_is_drawn_with_as_many_pairs_and_against_what_is_asked_for(factor, axis):
    page = opened("claims", family=claims.FRONTIER)
    for name, value in (("asked", str(factor)), ("axis", axis)):
        next(one for one in page.button_group if one.key == f"choice:{name}").set_value(value).run()
    assert not page.exception
    (drawn,) = [json.loads(one.proto.spec) for one in page.get("plotly_chart")]
    expected = json.loads(figures.against(POINTS, axis, factor).to_json())
    assert drawn["data"] == expected["data"]
    assert [sentence for sentence in SAID if sentence not in words(page)] == []
    again = opened("claims", family=claims.FRONTIER, asked=str(factor), axis=axis)
    assert json.loads(again.get("plotly_chart")[0].proto.spec)["data"] == expected["data"]


@pytest.mark.parametrize(
    "point", [POINTS[0], *(next(one for one in POINTS if one.kind == kind) for kind in (claims.ATTENTION, TREE))]
)
def test_a_mark_opens_to_its_numbers_its_command_and_what_ships(point):
    page = opened("claims", family=claims.FRONTIER, asked="4")
    page.selectbox(key="choice:point").set_value(point.name).run()
    assert not page.exception
    assert in_link(page, "point") == point.name
    told = words(page)
    for number in (f"{point.recall[4].mean:.1%}", *(f"{n:,}" for n in point.spent[4]), f"{point.parameters:,} weights"):
        assert number in told
    command = next(code.value for code in page.code if "mcviz train" in code.value)
    assert command.startswith(f"{point.command} --name {game.word(point)}")
    assert trains(command.splitlines()[0]) == training.plan(**point.settings)
    near = claims.nearest(point)
    ways = [button.label for button in page.button if button.label.startswith("Watch mqar")]
    if near is None:
        assert ways == []
        assert "no memories to step through" in told
    else:
        assert f"not this very one: it has {'; '.join(near.apart)}" in told
        assert f"\nmcviz export {game.word(point)}.film" in command
        assert ways == ([f"Watch {near.name}"] if near.name in watch.names() else [])
    data = json.loads(page.get("plotly_chart")[0].proto.spec)["data"]
    assert data == json.loads(figures.against(POINTS, "kept", 4, chosen=point.name).to_json())["data"]


def test_the_nearest_model_is_taken_and_the_mark_stays_open():
    """Else the button that leads there would be gone before it leads."""
    point = POINTS[0]
    page = opened("claims", family=claims.FRONTIER, asked="4", point=point.name)
    near = claims.nearest(point).name
    next(button for button in page.button if button.label == f"Watch {near}").click().run()  # no page to turn to here
    taken = page.session_state["screen"]
    assert (taken["run"], taken["point"], taken["asked"]) == (near, point.name, "4")


def trains(line):
    """What a line of the shell would train."""
    parser = argparse.ArgumentParser()
    shell.add_arguments(parser)
    given = parser.parse_args(shlex.split(line)[2:])
    flags = {name: getattr(given, name) for name in ("aggregator", "memory", "seed", "steps") if getattr(given, name)}
    settings = dict(map(shell.assignment, given.set or ()))
    planned = training.plan(given.task, **flags, **settings)
    shell.check_heard(planned, settings)
    return planned


def test_a_mark_that_is_not_there_is_none():
    page = opened("claims", family=claims.FRONTIER, point="<b>")
    assert not page.exception
    assert page.selectbox(key="choice:point").value == ""
    assert not [code for code in page.code if "mcviz train" in code.value]
