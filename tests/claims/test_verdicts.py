"""One cheap claim of each family, from scratch: with fewer seeds than the board has, the verdict is the same.

The frontier's claims take minutes: tests/claims/test_frontier.py trains one point again.
"""

import pytest

from mcviz import claims
from mcviz.claims import FAMILIES

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
SEEDS = 2


def test_each_family_has_its_cheap_claim():
    assert list(CHEAP) == [family for family in FAMILIES if family != claims.FRONTIER]
    assert [claims.CLAIMS[name].family for name in CHEAP.values()] == list(FAMILIES)


@pytest.fixture(scope="module")
def made():
    """The claims, run again; they share the models that they are about."""
    return {finding.claim.name: finding for finding in claims.run(list(CHEAP.values()), SEEDS, jobs=2, progress=False)}


@pytest.mark.parametrize("name", CHEAP.values())
def test_the_verdict_is_that_of_the_board(made, name):
    (shipped,) = claims.board(names=[name])
    assert made[name].seeds == tuple(range(SEEDS))
    assert made[name].verdict == shipped.verdict
