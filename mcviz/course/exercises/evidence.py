"""Notebook 08: how sure may one be of a difference?"""

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from mcviz.course.exercises.cases import Case, seeds, whole
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


def _runs(n: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    return {"a": whole(rng, [n]), "b": whole(rng, [n]), "t": 2.0}


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
        {"a": np.array([0.95, 0.94, 0.96, 0.95, 0.93]), "b": np.array([0.90, 0.91, 0.90, 0.89, 0.90]), "t": 2.776},
        {"a": np.array([0.5, 0.7, 0.9]), "b": np.array([0.4, 0.6, 0.85]), "t": 4.303},
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
    ),
    hints=(
        "Everything follows from the n differences <code>a - b</code>.",
        "Standard error = standard deviation (<code>ddof=1</code>) / √n.",
    ),
)
