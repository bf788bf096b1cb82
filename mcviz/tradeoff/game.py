"""A game on the frontier's runs: reach a recall within a budget, or say that none of them does.

What is played are points of `mcviz.claims.points`. Every number is one that a stored row holds: what its models
recalled, and what their last token kept, read and computed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable


@runtime_checkable
class Spent(Protocol):
    """What the last token takes."""

    @property
    def kept(self) -> int: ...  # bytes

    @property
    def read(self) -> int: ...  # numbers

    @property
    def operations(self) -> int: ...


@runtime_checkable
class Play(Protocol):
    """A trained setting that can be chosen, and what its runs measured, by how many times the pairs of training."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def seeds(self) -> tuple[int, ...]: ...

    @property
    def spent(self) -> Mapping[int, Spent]: ...

    @property
    def recall(self) -> Mapping[int, tuple[float, float, float]]: ...  # mean over seeds, between what bounds


class Round(NamedTuple):
    """What one round asks for."""

    factor: int  # times as many pairs as in training
    goal: float  # the share of questions to answer right, on average over seeds
    axis: str  # of Spent
    budget: int  # of it, at most

    def spent(self, play: Play) -> int:
        """What a play takes of the budget."""
        return int(getattr(play.spent[self.factor], self.axis))

    def recall(self, play: Play) -> float:
        """What a play recalls, on average over seeds."""
        return play.recall[self.factor][0]

    def won(self, play: Play) -> bool:
        """Whether a play reaches the goal within the budget."""
        return self.recall(play) >= self.goal and self.spent(play) <= self.budget

    @property
    def says(self) -> str:
        """The budget in words."""
        return f"at most {self.amount(self.budget)}"

    def amount(self, n: int) -> str:
        """So much of what the round counts, in words."""
        return f"{n:,} {UNITS[self.axis]}"


PAIRS = 24
"""Of training; the games' rows hold them, and a test compares."""
UNITS = {"kept": "bytes kept", "read": "numbers read", "operations": "operations"}
ROUNDS = (
    Round(1, 0.95, "kept", 4_000),
    Round(1, 0.95, "read", 800),
    Round(1, 0.95, "operations", 2_200),
    Round(4, 0.85, "read", 2_000),
    Round(4, 0.8, "kept", 4_000),
)


@dataclass(frozen=True)
class Verdict:
    """What became of an answer."""

    right: bool
    said: str


class Try(NamedTuple):
    """One answer in one round; no play says that no stored run reaches the goal."""

    round: Round
    play: Play | None
    verdict: Verdict


def judge(answer: Play | None, asked: Round, known: Sequence[Play]) -> Verdict:
    """Whether `answer` reaches the goal within the budget; None says that no run that is `known` does."""
    if answer is None:
        won = winners(asked, known)
        if won:
            reach = "reaches" if len(won) == 1 else "reach"
            return Verdict(False, f"One does: {len(won)} of the {len(known)} settings {reach} the goal.")
        within = [play for play in known if asked.spent(play) <= asked.budget]
        best = f"The best of those within it recalls {max(map(asked.recall, within)):.1%}." if within else "None is."
        return Verdict(True, f"No stored run reaches {asked.goal:.0%} with {asked.says}. {best}")
    spent, recall = asked.spent(answer), asked.recall(answer)
    within_it = "within" if spent <= asked.budget else "more than"
    enough = "enough" if recall >= asked.goal else f"less than {asked.goal:.0%}"
    return Verdict(
        asked.won(answer),
        f"{asked.amount(spent)}, {within_it} the budget of {asked.budget:,}; recall {recall:.1%}, {enough}.",
    )


def winners(asked: Round, known: Sequence[Play]) -> list[Play]:
    """The plays that reach the goal within the budget, those that take least first."""
    return sorted(filter(asked.won, known), key=asked.spent)


def attempt(answer: Play | None, asked: Round, known: Sequence[Play]) -> Try:
    """An answer, judged."""
    return Try(asked, answer, judge(answer, asked, known))


def score(tries: Sequence[Try]) -> int:
    """How many rounds were answered right at once."""
    first = {one.round: one.verdict.right for one in reversed(tries)}
    return sum(first.values())


def frontier(asked: Round, known: Iterable[Play]) -> list[Play]:
    """The plays that no other one beats: each recalls more than all that take as little or less."""
    best: list[Play] = []
    for play in sorted(known, key=lambda each: (asked.spent(each), -asked.recall(each))):
        if not best or asked.recall(play) > asked.recall(best[-1]):
            best.append(play)
    return best


def word(play: Play) -> str:
    """A play as a word for links: `ssc-24-8-c-8-k-2`."""
    return re.sub(r"[^a-z0-9]+", "-", play.name.lower())


def earlier(said: str) -> bool:
    """Whether a word of a link is a play of the game as it was before, on runs of 48 pairs: `ssc.8.2`."""
    return re.fullmatch(r"(none|residual|grm|soup|ssc|average|attention)(\.\d+){0,2}", said) is not None
