"""One cheap claim of each family, from scratch: runs made anew fall among those of the board, and its verdict stays.

The frontier's claims take minutes: tests/claims/test_frontier.py trains one point again.
"""

import pytest

from mcviz import claims
from mcviz.claims import FAMILIES
from mcviz.claims.finding import by_seed, judge
from mcviz.claims.lab import due
from mcviz.claims.trials import perform
from mcviz.training.sweeps import spread

CHEAP = {
    "Recall": "recall-gap-topics",
    "Gates and memories": "gate-context-topics",
    "Segments": "segments-start-topics",
    "The selector": "selector-choice-topics",
    "Cost": "cache-linear",
    "Longer sequences": "length-caching",
    "Language": "language-text",
    "Identities": "I9",
}


def test_each_family_has_its_cheap_claim():
    assert list(CHEAP) == [family for family in FAMILIES if family != claims.FRONTIER]
    assert [claims.CLAIMS[name].family for name in CHEAP.values()] == list(CHEAP)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The runs of the claims with the first seed, again; they share the models that they are about."""
    path = tmp_path_factory.mktemp("claims") / "runs.jsonl"
    return spread(perform, due(list(CHEAP.values()), 1), path, jobs=2, progress=False)


@pytest.mark.parametrize("name", CHEAP.values())
def test_made_anew_it_falls_among_the_boards_runs_and_the_verdict_stays(made, name):
    claim, others = claims.CLAIMS[name], [row for row in claims.rows() if row["seed"]]
    for condition in claim.conditions.values():
        (again,) = by_seed(condition, made).values()
        shipped = by_seed(condition, others).values()
        spread = max(shipped) - min(shipped)
        assert min(shipped) - spread <= again <= max(shipped) + spread, condition
    (shipped,) = claims.board(names=[name])
    assert judge(claim, [*made, *others]).verdict == shipped.verdict
