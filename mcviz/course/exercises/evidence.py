"""Notebook 08: how sure may one be of a difference?"""

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from mcviz.course.exercises.cases import Case, seeds
from mcviz.course.exercises.exercise import Exercise, Slip

Array = np.ndarray


def paired_interval(a: Float[Array, "n"], b: Float[Array, "n"], t: float) -> tuple[float, float]:
    """The mean difference and the half width of its interval."""
    difference = a - b
    return difference.mean(), t * difference.std(ddof=1) / np.sqrt(len(difference))


def _population(a: Array, b: Array, t: float) -> tuple[float, float]:
    return (a - b).mean(), t * (a - b).std() / np.sqrt(len(a))


def _spread(a: Array, b: Array, t: float) -> tuple[float, float]:
    return (a - b).mean(), t * (a - b).std(ddof=1)


def _unpaired(a: Array, b: Array, t: float) -> tuple[float, float]:
    return a.mean() - b.mean(), t * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))


def _turned(a: Array, b: Array, t: float) -> tuple[float, float]:
    return paired_interval(b, a, t)


def _ends(a: Array, b: Array, t: float) -> tuple[float, float]:
    mean, half = paired_interval(a, b, t)
    return mean - half, mean + half


def _variance(a: Array, b: Array, t: float) -> tuple[float, float]:
    return (a - b).mean(), t * (a - b).var(ddof=1) / np.sqrt(len(a))


def _by_n(a: Array, b: Array, t: float) -> tuple[float, float]:
    return (a - b).mean(), t * (a - b).std(ddof=1) / len(a)


def _twice_less(a: Array, b: Array, t: float) -> tuple[float, float]:
    return (a - b).mean(), t * (a - b).std(ddof=1) / np.sqrt(len(a) - 1)


def _of_a(a: Array, b: Array, t: float) -> tuple[float, float]:
    return (a - b).mean(), t * a.std(ddof=1) / np.sqrt(len(a))


def _runs(n: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    # accuracies in quarters: differences are exact, and checked in the head
    return {"a": rng.integers(0, 5, n) / 4, "b": rng.integers(0, 5, n) / 4, "t": 2.0}


PAIRED_INTERVAL = Exercise(
    title="The interval of a difference",
    task="Models A and B were trained with the same n seeds; <code>a</code> and <code>b</code> [n] are their "
    "accuracies, "
    "seed by seed. Return the mean of the difference a - b, and the half width of its confidence interval: "
    "<code>t</code> times the standard error of the mean difference. <code>t</code> is the quantile of Student's "
    "distribution for n - 1 degrees of freedom.",
    difficulty=2,
    minutes=7,
    solution=paired_interval,
    seeded=(
        {"a": np.array([0.95, 0.94, 0.96, 0.95, 0.93]), "b": np.array([0.90, 0.88, 0.92, 0.90, 0.87]), "t": 2.776},
        {"a": np.array([0.5, 0.7, 0.9]), "b": np.array([0.4, 0.75, 0.85]), "t": 4.303},
    ),
    searched=st.builds(_runs, n=st.integers(2, 5), seed=seeds),
    slips=(
        Slip("`std()` divides by n. A sample needs n - 1: `ddof=1`.", _population),
        Slip("That is the spread of single runs. The mean of n runs is surer by √n.", _spread),
        Slip(
            "Same seeds mean pairs: take the difference first, then its spread. You treat the two as unrelated.",
            _unpaired,
        ),
        Slip("The difference is a - b.", _turned),
        Slip(
            "`t` is not used: an interval is t standard errors wide, to each side.",
            lambda a, b, t: paired_interval(a, b, 1.0),
        ),
        Slip("That is the whole width; half of it is asked for.", lambda a, b, t: paired_interval(a, b, 2 * t)),
        Slip("Those are the ends of the interval; its middle and half its width are asked for.", _ends),
        Slip("That is a variance. The standard error is its root.", _variance),
        Slip("The mean of n runs is surer by √n, not by n.", _by_n),
        Slip("The spread of A alone: it is the differences a - b whose spread counts.", _of_a),
        Slip("Twice n - 1: with `ddof=1` the standard deviation has it, and the root is of n.", _twice_less),
        Slip(
            "Differences of either sign cancel in the mean: do not take absolute values.",
            lambda a, b, t: (np.abs(a - b).mean(), paired_interval(a, b, t)[1]),
        ),
    ),
    hints=(
        "Everything follows from the n differences <code>a - b</code>.",
        "Standard error = standard deviation (<code>ddof=1</code>) / √n.",
    ),
)
