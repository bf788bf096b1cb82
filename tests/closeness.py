"""How close sums must be that were added in another order: relative to their terms, not to what is left of them."""

import numpy as np


def rounding(terms, axis=None, steps=1):
    """By how much two sums of `terms` over `axis` (over all) may differ, each rounded in an order of its own.

    A sum of n floating-point numbers is off by less than n eps Σ|terms|, in any order (Higham, Accuracy and Stability
    of Numerical Algorithms, section 4.2), and each term by eps for every one of the `steps` operations that made it.
    """
    size = np.abs(terms).sum(axis)
    return 2 * (np.size(terms) // max(1, size.size) + steps) * np.finfo(terms.dtype).eps * size


def assert_sums_agree(got, wanted, terms, axis=None, steps=1):
    """`got` and `wanted` are sums of `terms`. Where they cancel, a tolerance relative to the sum would mean nothing."""
    got, wanted, most = np.asarray(got), np.asarray(wanted), np.asarray(rounding(terms, axis, steps))
    assert got.shape == wanted.shape == most.shape, f"{got.shape}, {wanted.shape} and {most.shape}"
    off = np.abs(got - wanted)
    worst = np.argmax(off - most)
    assert (off <= most).all(), (
        f"{got.flat[worst]!r} and {wanted.flat[worst]!r} are {off.flat[worst]:.3g} apart; rounding explains at most "
        f"{most.flat[worst]:.3g}"
    )
