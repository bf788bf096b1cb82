"""Log-linear attention (arXiv 2506.04761): token t reads the buckets of a Fenwick tree over the tokens before it.

The 13th token reads itself, and sums over 8 and over 4 of the 12 before it: their number in powers of two, the largest
first, as `mcviz.segments.logarithmic` cuts it. What is older lies in larger sums. Each level has a weight, which the
token gives; where all are 1, this is linear attention.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from mcviz.reference.memory import Array


def level(t: int, s: int) -> int:
    """The level at which token `t` reads token `s`, from 0 and not after it: 0 is itself, ℓ > 0 a sum of 2^(ℓ-1)."""
    return (t ^ s).bit_length()


def weights(u: Float[Array, "H K"], levels: Iterable[int]) -> Float[Array, "n H"]:
    """How much a token reads of each of n levels, positive. Where there are more than K levels, they share weights."""
    # λ_t^(ℓ) = log(1 + exp(u_t[ℓ]))
    return np.logaddexp(0, np.stack([u[:, each % u.shape[1]] for each in levels]))


class Fenwick:
    """Log-linear attention, one token at a time: after t of them it keeps as many sums as t has powers of two."""

    def __init__(self) -> None:
        self.sums: dict[int, Float[Array, "H K V"]] = {}

    def step(
        self, q: Float[Array, "H K"], k: Float[Array, "H K"], v: Float[Array, "H V"], u: Float[Array, "H K"]
    ) -> Float[Array, "H V"]:
        """What the next token reads."""
        own = k[:, :, None] * v[:, None, :]
        read = {**self.sums, 0: own}
        # y_t = Σ_ℓ λ_t^(ℓ) q_tᵀ S_t^(ℓ)
        reads = np.einsum("hk,nhkv->nhv", q, np.stack(list(read.values())))
        y = np.sum(weights(u, list(read))[:, :, None] * reads, 0)
        # a bucket that is full is added to the next one
        place = 1
        while place in self.sums:
            own, place = own + self.sums.pop(place), place + 1
        self.sums[place] = own
        return y


def fenwick(
    q: Float[Array, "T H K"], k: Float[Array, "T H K"], v: Float[Array, "T H V"], u: Float[Array, "T H K"]
) -> Float[Array, "T H V"]:
    """What every token reads."""
    tree = Fenwick()
    return np.stack([tree.step(*token) for token in zip(q, k, v, u, strict=True)])
