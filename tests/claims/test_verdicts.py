"""A cheap claim of each family: a run made anew falls among those of the board, and the verdict stays.

Of each claim those conditions are made anew that are like no others: a training for each family, not for each side of
each comparison, and one for several families where it stands in all of them. The frontier's claims take minutes:
tests/claims/test_frontier.py trains one point again.
"""

import pytest

from mcviz import claims
from mcviz.claims import FAMILIES
from mcviz.claims.finding import by_seed, judge
from mcviz.claims.trials import perform
from mcviz.rows import key
from mcviz.training.sweeps import spread

CHEAP = {
    "Recall": ("recall-gap-topics", ["SSC"]),
    "Gates and memories": ("gate-context-topics", ["token and context"]),
    "Segments": ("segments-start-topics", ["anew"]),
    "The selector": ("selector-choice-topics", ["router", "best subset", "random subset"]),
    "Cost": ("cache-linear", ["C = 7", "C = 8", "C = 9"]),
    "Longer sequences": ("length-caching", ["SSC", "SSC ×4"]),
    "Language": ("language-text", ["RNN"]),
    "Identities": ("I9", ["within", "outside"]),
}
"""Of each family a claim, and what is made anew of it. GRM and SSC on topics stand in five of them."""

SEED = 0


def test_each_family_has_its_cheap_claim():
    assert list(CHEAP) == [family for family in FAMILIES if family not in claims.LONG]
    assert [claims.CLAIMS[name].family for name, _ in CHEAP.values()] == list(CHEAP)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The runs that are made anew; claims share the models that they are about."""
    conditions = [claims.CLAIMS[name].conditions[label] for name, labels in CHEAP.values() for label in labels]
    wanted = {key(condition.settings, SEED): (dict(condition.settings), SEED) for condition in conditions}
    path = tmp_path_factory.mktemp("claims") / "runs.jsonl"
    return spread(perform, [*wanted.values()], path, jobs=1, progress=False)


@pytest.mark.parametrize(("name", "labels"), CHEAP.values())
def test_made_anew_it_falls_among_the_boards_runs_and_the_verdict_stays(made, name, labels):
    claim, board = claims.CLAIMS[name], claims.rows()
    for label in labels:
        condition = claim.conditions[label]
        again = by_seed(condition, made)[SEED]
        shipped = [value for seed, value in by_seed(condition, board).items() if seed != SEED]
        spread = max(shipped) - min(shipped)
        assert min(shipped) - spread <= again <= max(shipped) + spread, label
    anew = {key(row["settings"], SEED) for row in made}
    kept = [row for row in board if key(row["settings"], row["seed"]) not in anew]
    (shipped,) = claims.board(names=[name])
    assert judge(claim, [*made, *kept]).verdict == shipped.verdict
