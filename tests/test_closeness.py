"""The tolerance lets rounding pass, in any order, and nothing that is larger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.closeness import assert_sums_agree, rounding


@given(st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_the_order_of_a_sum_that_cancels_does_not_matter(seed, dtype):
    random = np.random.default_rng(seed)
    half = random.standard_normal((50, 3)).astype(dtype)
    terms = random.permuted(np.concatenate([half, -half]), axis=0)
    assert_sums_agree(terms.sum(0), terms[::-1].cumsum(0)[-1], terms, 0)


def test_what_is_more_than_rounding_is_seen():
    terms = np.array([[1.0, 5.0], [-1.0, 1.0]])
    most = rounding(terms, 0)
    assert most.tolist() == (6 * np.finfo(float).eps * np.array([2.0, 6.0])).tolist()
    assert_sums_agree(terms.sum(0) + 0.9 * most, terms.sum(0), terms, 0)
    for component in range(2):
        off = terms.sum(0)
        off[component] += 2 * most[component]
        with pytest.raises(AssertionError, match="rounding explains at most"):
            assert_sums_agree(off, terms.sum(0), terms, 0)


def test_a_number_that_is_none_and_a_shape_that_differs_are_seen():
    terms = np.ones((3, 2))
    with pytest.raises(AssertionError):
        assert_sums_agree(np.array([np.nan, 3.0]), terms.sum(0), terms, 0)
    with pytest.raises(AssertionError, match="and"):
        assert_sums_agree(3.0, terms.sum(0), terms, 0)
