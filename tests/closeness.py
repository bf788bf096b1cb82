"""How close sums must be that were added in another order: relative to their terms, not to what is left of them."""

import numpy as np


def assert_sums_agree(got, wanted, terms, axis=None, steps=1):
    """`got` and `wanted` are the sum of `terms` over `axis` (of all), each rounded in some order.

    A sum of n floating-point numbers is off by less than n eps Σ|terms|, in any order (Higham, Accuracy and Stability
    of Numerical Algorithms, section 4.2), and each term by eps for every one of the `steps` operations that made it.
    Where the sum cancels, that is much compared with the sum, and a relative tolerance on it means nothing.
    """
    got, wanted, terms = np.asarray(got), np.asarray(wanted), np.abs(terms)
    size = terms.sum(axis)
    assert got.shape == wanted.shape == size.shape, f"{got.shape}, {wanted.shape} and {size.shape}"
    n = terms.size // max(1, size.size)
    most = 2 * (n + steps) * np.finfo(got.dtype).eps * size
    off = np.abs(got - wanted)
    worst = np.argmax(off - most)
    assert (off <= most).all(), (
        f"{got.flat[worst]!r} and {wanted.flat[worst]!r} are {off.flat[worst]:.3g} apart; rounding {n} terms explains "
        f"{np.ravel(most)[worst]:.3g}"
    )
