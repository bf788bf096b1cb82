"""One cheap claim of each family, from scratch: runs made anew fall among those of the board, and its verdict stays.

The frontier's claims take minutes: tests/claims/test_frontier.py trains one point again.
"""

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
ATTENTION = "behind-attention-topics"
DEAR = claims.CLAIMS["language-text"].conditions["attention"]
"""A control that takes as long as all the rest. Attention is trained anew for a claim of its own."""


def test_each_family_has_its_cheap_claim():
    assert list(CHEAP) == [family for family in FAMILIES if family != claims.FRONTIER]
    assert [claims.CLAIMS[name].family for name in CHEAP.values()] == list(CHEAP)


def test_made_anew_they_fall_among_the_boards_runs_and_the_verdicts_stay(tmp_path):
    """The runs with the first seed, again; claims share the models that they are about."""
    names = [*CHEAP.values(), ATTENTION]
    wanted = [(settings, seed) for settings, seed in due(names, 1) if settings != DEAR.settings]
    made = spread(perform, wanted, tmp_path / "runs.jsonl", jobs=1, progress=False)
    others = [row for row in claims.rows() if row["seed"] or row["settings"] == DEAR.settings]
    for claim in map(claims.CLAIMS.__getitem__, names):
        for condition in claim.conditions.values():
            if condition.settings == DEAR.settings:
                continue
            (again,) = by_seed(condition, made).values()
            shipped = by_seed(condition, others).values()
            width = max(shipped) - min(shipped)
            assert min(shipped) - width <= again <= max(shipped) + width, (claim.name, condition)
        (shipped,) = claims.board(names=[claim.name])
        assert judge(claim, [*made, *others]).verdict == shipped.verdict
