"""A finding: what the runs say to a claim."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mcviz import brief
from mcviz.claims.claim import Claim, Comparison, Condition, Gap, Rise, Side
from mcviz.claims.interval import Interval, bootstrap
from mcviz.rows import Row

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decidable at this scale"
VERDICTS = (HOLDS, FAILS, OPEN)
MISSING = "not run"
FEWEST = 2
"""Seeds without which nothing is decided."""


@dataclass(frozen=True)
class Step:
    """A comparison, measured."""

    comparison: Comparison
    differences: tuple[float, ...]  # right - left, seed by seed
    interval: Interval  # of their mean
    verdict: str


@dataclass(frozen=True)
class Finding:
    """A claim with what its runs gave: values of each condition seed by seed, and a verdict."""

    claim: Claim
    seeds: tuple[int, ...]  # those that every condition has
    values: Mapping[str, tuple[float, ...]]  # for each condition, a value for each of `seeds`
    intervals: Mapping[str, Interval]  # of their means
    steps: tuple[Step, ...]
    verdict: str
    control: tuple[Step, ...] = ()

    def __repr__(self) -> str:
        return brief.line(self, claim=self.claim.name, seeds=self.seeds, verdict=self.verdict)


def judge(claim: Claim, rows: Iterable[Row]) -> Finding:
    """What `rows` say to `claim`. Rows of other trials are passed over."""
    rows = list(rows)
    per_seed = {label: by_seed(condition, rows) for label, condition in claim.conditions.items()}
    seeds = sorted(set.intersection(*(set(values) for values in per_seed.values())))
    values = {label: tuple(of[seed] for seed in seeds) for label, of in per_seed.items()}
    if len(seeds) < FEWEST:
        return Finding(claim, tuple(seeds), values, {}, (), MISSING)
    steps = tuple(weigh(step, values) for step in claim.rule)
    verdicts = {step.verdict for step in steps}
    verdict = FAILS if FAILS in verdicts else OPEN if OPEN in verdicts else HOLDS
    control = tuple(weigh(step, values) for step in claim.control)
    if any(step.verdict != HOLDS for step in control):
        verdict = OPEN
    intervals = {label: bootstrap(of) for label, of in values.items()}
    return Finding(claim, tuple(seeds), values, intervals, steps, verdict, control)


def by_seed(condition: Condition, rows: Iterable[Row]) -> dict[int, float]:
    """The measured value for each seed that was run."""
    settings, measure = condition
    return {row["seed"]: float(row[measure]) for row in rows if row["settings"] == settings and measure in row}


def weigh(step: Comparison, values: Mapping[str, Sequence[float]]) -> Step:
    """Decide one comparison by the interval of the differences: same seeds mean the same sequences, so they pair."""
    left, right = (of(side, values) for side in (step.left, step.right))
    differences = tuple(b - a for a, b in zip(left, right, strict=True))
    interval = bootstrap(differences)
    return Step(step, differences, interval, decide(step, interval))


def of(side: Side, values: Mapping[str, Sequence[float]]) -> Sequence[float]:
    """What one side of a comparison came to, seed by seed."""
    if isinstance(side, str):
        return values[side]
    if isinstance(side, Gap):
        return [a - b for a, b in zip(values[side.above], values[side.below], strict=True)]
    if isinstance(side, Rise):
        return rise([of(gap, values) for gap in side.gaps])
    return [side] * len(next(iter(values.values())))


def rise(rungs: Sequence[Sequence[float]]) -> list[float]:
    """`(N - 1) Σ_n (n - n̄) x_n / Σ_n (n - n̄)²`: how far the line of least squares through N numbers rises."""
    off = [n - (len(rungs) - 1) / 2 for n in range(len(rungs))]
    scale = (len(rungs) - 1) / sum(n * n for n in off)
    return [scale * sum(n * x for n, x in zip(off, seed, strict=True)) for seed in zip(*rungs, strict=True)]


def decide(step: Comparison, interval: Interval) -> str:
    """Whether an interval of right - left lies where the comparison says, wholly elsewhere, or across."""
    _, low, high = interval
    inside, outside = {
        "<": (low > step.by, high <= step.by),
        "≤": (low >= -step.by, high < -step.by),
        "=": (-step.by <= low and high <= step.by, high < -step.by or low > step.by),
    }[step.relation]
    return HOLDS if inside else FAILS if outside else OPEN
