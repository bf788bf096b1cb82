import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz.claims import interval
from mcviz.claims.interval import bootstrap
from tests.closeness import assert_sums_agree

numbers = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: round(x, 6))
samples = st.lists(numbers, min_size=2, max_size=8)


@given(samples)
def test_the_mean_lies_between_the_bounds_and_these_within_the_values(values):
    mean, low, high = bootstrap(values)
    assert_sums_agree(np.float64(mean), np.mean(values), np.array(values) / len(values))
    assert min(values) - 1e-9 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= max(values) + 1e-9


@given(samples, numbers, st.sampled_from([0.5, 2.0, 4.0]))
def test_the_interval_moves_and_grows_with_the_values(values, shift, scale):
    moved = bootstrap([scale * value + shift for value in values])
    assert moved == pytest.approx([scale * bound + shift for bound in bootstrap(values)], abs=1e-6)


@given(samples)
def test_turning_the_signs_turns_the_interval(values):
    mean, low, high = bootstrap([-value for value in values])
    if len(values) <= interval.EXACT:  # drawn resamples are not symmetric
        assert (-mean, -high, -low) == pytest.approx(bootstrap(values), abs=1e-6)


@pytest.mark.parametrize(("n", "covered"), [(3, 0.72), (5, 0.90), (8, 0.92)])
def test_it_covers_the_mean_of_normal_values_about_as_often_as_is_said(n, covered):
    draw = np.random.default_rng(n)
    intervals = [bootstrap(draw.standard_normal(n).tolist()) for _ in range(300)]
    assert np.mean([low <= 0 <= high for _, low, high in intervals]) > covered - 0.03


def test_it_is_wider_than_percentiles_alone():
    values = [0.1, 0.4, 0.5, 0.7, 0.2]
    means = [np.mean(picks) for picks in product(values, repeat=5)]
    plain = np.quantile(means, [0.025, 0.975])
    _, low, high = bootstrap(values)
    assert low < plain[0]
    assert high > plain[1]


def test_one_value_decides_nothing_and_none_is_refused():
    assert bootstrap([0.3]) == (0.3, -math.inf, math.inf)
    assert bootstrap([0.3] * 5) == pytest.approx((0.3, 0.3, 0.3))
    with pytest.raises(ValueError, match="values: expected at least one number"):
        bootstrap([])


def test_the_same_values_give_the_same_interval():
    values = list(np.random.default_rng(0).standard_normal(9))
    assert bootstrap(values) == bootstrap(values)
