"""A claim: what is said, where, what would show it, and the rule that decides, fixed before the runs; or the claim says
what had been seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Settings = Mapping[str, Any]


class Gap(NamedTuple):
    """How far one condition lies above another, seed by seed."""

    above: str
    below: str

    def __str__(self) -> str:
        return f"[{self.above}] - [{self.below}]"


class Rise(NamedTuple):
    """How much higher the line of least squares through gaps, a step apart, ends than it begins, seed by seed."""

    gaps: tuple[Gap, ...]

    def __str__(self) -> str:
        return f"the rise from {self.gaps[0]} to {self.gaps[-1]} along the line of least squares"


Side = str | Gap | Rise | float
"""A condition by its label, the gap between two, the rise of gaps, or a number."""


def labels(side: Side) -> set[str]:
    """The conditions that a side of a comparison needs."""
    if isinstance(side, Rise):
        return {label for gap in side.gaps for label in gap}
    return {side} if isinstance(side, str) else set(side) if isinstance(side, Gap) else set()


class Condition(NamedTuple):
    """What is measured: a number of the rows of one setting, one for each seed."""

    settings: Settings  # of a trial, see `mcviz.claims.trials`
    measure: str = "accuracy"


SEQUENCES, LONGER_SEQUENCES, CHOICE_SEQUENCES = 256, 64, 8
"""How many sequences each seed is measured on: of the training length, longer ones, and where every subset is tried."""

LOOKS = 40
"""How often a model is measured in the middle of its training, on `LONGER_SEQUENCES` each time."""


def sequences(condition: Condition) -> int:
    """On how many sequences each seed of a condition was measured; 0 where nothing was trained."""
    if condition.settings.get("trial") == "onset":
        return LONGER_SEQUENCES
    if "trial" in condition.settings:
        return 0
    if "×" in condition.measure:
        return LONGER_SEQUENCES
    return CHOICE_SEQUENCES if condition.measure.startswith("choice") else SEQUENCES


MQAR: Settings = {"task": "mqar"}


class Comparison(NamedTuple):
    """One step of a claim: how two sides must stand to each other.

    "<" says that `left` lies below `right` by more than `by`, "≤" that it lies above it by no more than `by`, and "="
    that they lie no further apart than `by`. `by` is the smallest difference that matters.
    """

    left: Side
    relation: str
    right: Side
    by: float

    def __str__(self) -> str:
        left, right = (str(side) if labels(side) else f"{side:g}" for side in (self.left, self.right))
        said = {"<": "lies below", "≤": "does not exceed", "=": "equals"}[self.relation]
        margin = {"<": "by more than", "≤": "by more than", "=": "within"}[self.relation]
        return f"{left} {said} {right}" + (f" {margin} {self.by:g}" if self.by else "")


@dataclass(frozen=True)
class Claim:
    """One claim. It holds if each of its comparisons does, for the interval of the differences, seed by seed.

    Where a comparison of its `control` does not hold, the runs cannot show what the claim is about, and it stays open.
    """

    name: str  # names it on the command line and in links
    family: str
    statement: str  # in our words
    source: str  # where in the paper
    measured: str  # the quantity, with its unit
    conditions: Mapping[str, Condition]
    rule: tuple[Comparison, ...]
    control: tuple[Comparison, ...] = ()  # what must hold for the rule to decide anything: else the claim is open
    reported: Mapping[str, float] = field(default_factory=dict)  # the paper's own numbers
    reported_as: str = ""  # what those numbers are, and of which size of model
    remark: str = ""  # what to bear in mind
    seen: str = ""  # which runs had been seen when the rule was fixed, if any
    # one run to watch: a model of the zoo as `run`, and changes to its configuration
    run: Settings = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {
            label for step in (*self.rule, *self.control) for side in (step.left, step.right) for label in labels(side)
        }
        unknown = sorted(named - set(self.conditions))
        if unknown or not self.rule:
            raise ValueError(f"{self.name}: expected a rule over {', '.join(self.conditions)}; unknown: {unknown}")


MATTERS = 0.02
"""The smallest difference that matters here, in accuracy and bits per character; for a router's choice, half a bit."""


def on(task: Settings, aggregator: str, measure: str = "accuracy", **changes: Any) -> Condition:
    """A model trained on a task."""
    return Condition({**task, "aggregator": aggregator, **changes}, measure)


def below(left: Side, right: Side, by: float = MATTERS) -> Comparison:
    """`left` lies below `right` by more than `by`."""
    return Comparison(left, "<", right, by)


def at_most(left: Side, right: Side, by: float = MATTERS) -> Comparison:
    """`left` does not exceed `right` by more than `by`."""
    return Comparison(left, "≤", right, by)


def equal(left: Side, right: Side, by: float = MATTERS) -> Comparison:
    """`left` is `right`, but for `by`."""
    return Comparison(left, "=", right, by)
