"""How sure a mean over a few seeds is: a bootstrap interval that is honest about how few they are."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

LEVEL = 0.95
EXACT = 6
"""Up to so many values every resample is enumerated; of more, `DRAWS` are drawn."""
DRAWS = 20_000


class Interval(NamedTuple):
    """A mean, and the bounds between which the mean of very many seeds is thought to lie."""

    mean: float
    low: float
    high: float


def bootstrap(values: Sequence[float]) -> Interval:
    """The mean of `values` and its bootstrap interval at `LEVEL`; without bounds for fewer than two values.

    Percentiles of resampled means are too close for small samples: they forget that a sample's spread is too small by
    √((n - 1)/n), and that it is itself uncertain. So the percentiles are moved outwards until, for normal values, the
    interval is as wide as Student's (the expanded percentile interval of Hesterberg, "What Teachers Should Know About
    the Bootstrap", 2015). Of five normal values it then covers the mean 92 times in 100, and without that 84.
    Raises `ValueError` for no values.
    """
    from scipy import special

    sample = np.asarray(values, float)
    n = len(sample)
    if not n:
        raise ValueError("values: expected at least one number, got none")
    mean = float(sample.mean())
    if n == 1:
        return Interval(mean, -math.inf, math.inf)
    tail = special.ndtr(-math.sqrt(n / (n - 1)) * special.stdtrit(n - 1, (1 + LEVEL) / 2))
    low, high = np.quantile(sample[picks(n)].mean(1), [tail, 1 - tail])
    return Interval(mean, float(low), float(high))


@lru_cache(maxsize=4)
def picks(n: int) -> Int[np.ndarray, "samples n"]:
    """Which of `n` values are drawn: every way there is, or as many as suffice."""
    if n <= EXACT:
        return np.array(list(product(range(n), repeat=n)))
    return np.random.default_rng(0).integers(n, size=(DRAWS, n))
