"""A game on runs that were trained: reach a recall with at most so many reads, or say that none of them does.

Every number is a measurement of a stored run or the formula's count of its reads; see `mcviz.cost` for what a read is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, NamedTuple

from mcviz import cost
from mcviz.config import MCConfig

GOAL = 0.95
"""The share of questions to answer right, on average over seeds."""

BUDGETS = (12_000, 3_000, 1_000, 500, 250)
"""Reads per sequence that each round allows."""

TASK = "mqar"
T, K, V, H, SEGMENT, TOP_K = 144, 24, 8, 1, 8, 2
"""Tokens, sizes and heads of the models behind the rows, and the segments and k of a row that names none."""

CHOICES = {"task", "aggregator", "segment_length", "top_k"}


@dataclass(frozen=True)
class Play:
    """A trained combination that can be chosen, and what its runs measured."""

    aggregator: str  # or "attention"
    segment_length: int | None  # None where nothing is cut: the plain recurrent layer, attention
    top_k: int | None  # for SSC
    accuracies: tuple[float, ...]  # by seed
    bits: float  # -log2 of the right answer's probability, mean over questions and seeds
    reads: int  # per sequence, by formula

    @property
    def accuracy(self) -> float:
        """Mean over seeds."""
        return mean(self.accuracies)

    @property
    def reached(self) -> bool:
        """Whether it answers enough questions right."""
        return self.accuracy >= GOAL


@dataclass(frozen=True)
class Verdict:
    """What became of an answer."""

    right: bool
    said: str


class Try(NamedTuple):
    """One answer in one round; no play says that no stored run reaches the goal."""

    budget: int
    play: Play | None
    verdict: Verdict


def plays(rows: Iterable[Mapping[str, Any]]) -> list[Play]:
    """What can be played, the fewest reads first: the rows of MQAR that differ in aggregator, C and k alone.

    A row is `{"settings": {"task", "aggregator", ...}, "seed", "accuracy", "bits"}`.
    """
    groups: dict[tuple[str, int | None, int | None], dict[int, Mapping[str, Any]]] = {}
    for row in rows:
        settings = row["settings"]
        if settings.get("task") == TASK and settings.keys() <= CHOICES:
            groups.setdefault(_choice(settings), {})[row["seed"]] = row
    found = [
        Play(
            *choice,
            accuracies=tuple(by_seed[seed]["accuracy"] for seed in sorted(by_seed)),
            bits=mean(row["bits"] for row in by_seed.values()),
            reads=reads(*choice),
        )
        for choice, by_seed in groups.items()
    ]
    return sorted(found, key=lambda play: (play.reads, play.accuracy))


def _choice(settings: Mapping[str, Any]) -> tuple[str, int | None, int | None]:
    aggregator = settings["aggregator"]
    cut = aggregator not in ("none", "attention")
    length = settings.get("segment_length", SEGMENT) if cut else None
    return aggregator, length, settings.get("top_k", TOP_K) if aggregator == "ssc" else None


def reads(aggregator: str, segment_length: int | None = None, top_k: int | None = None) -> int:
    """Reads over one sequence of the task."""
    if aggregator == "attention":
        return cost.attention(T, K, V, H).reads
    cfg = MCConfig(aggregator=aggregator, segment_length=segment_length or T, top_k=top_k or TOP_K)
    return cost.sequence(cfg, T, K, V, H).reads


def judge(answer: Play | None, budget: int, known: Sequence[Play]) -> Verdict:
    """Whether `answer` reaches the goal within the budget; None says that no run that is `known` does."""
    if answer is None:
        won = winners(budget, known)
        if won:
            reach = "reaches" if len(won) == 1 else "reach"
            return Verdict(False, f"One does: {len(won)} of the {len(known)} stored combinations {reach} the goal.")
        nearest = max((play for play in known if play.reads <= budget), key=lambda p: p.accuracy, default=None)
        best = f"The best of those within it recalls {nearest.accuracy:.1%}." if nearest else "None is within it."
        return Verdict(True, f"No stored run reaches the goal with at most {budget:,} reads. {best}")
    within = f"{answer.reads:,} reads, {'within' if answer.reads <= budget else 'more than'} the budget of {budget:,}"
    recalled = f"recall {answer.accuracy:.1%}, {'enough' if answer.reached else f'less than {GOAL:.0%}'}"
    return Verdict(answer.reached and answer.reads <= budget, f"{within}; {recalled}.")


def winners(budget: int, known: Sequence[Play]) -> list[Play]:
    """The plays that reach the goal within the budget, the fewest reads first."""
    return [play for play in known if play.reached and play.reads <= budget]


def attempt(answer: Play | None, budget: int, known: Sequence[Play]) -> Try:
    """An answer, judged."""
    return Try(budget, answer, judge(answer, budget, known))


def score(tries: Sequence[Try]) -> int:
    """How many rounds were answered right at once."""
    first = {one.budget: one.verdict.right for one in reversed(tries)}
    return sum(first.values())


def frontier(known: Iterable[Play]) -> list[Play]:
    """The plays that no other one beats: each recalls more than all with as few reads or fewer."""
    best: list[Play] = []
    for play in sorted(known, key=lambda p: (p.reads, -p.accuracy)):
        if not best or play.accuracy > best[-1].accuracy:
            best.append(play)
    return best
