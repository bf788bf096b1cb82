"""Causal softmax attention: the mixer that Memory Caching is compared with."""

from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz.reference.aggregators import softmax
from mcviz.reference.memory import Array


class KVCache:
    """Softmax attention, one token at a time: it keeps every key and every value."""

    def __init__(self) -> None:
        self.keys: list[Float[Array, "H K"]] = []
        self.values: list[Float[Array, "H V"]] = []

    def step(
        self, q: Float[Array, "H K"], k: Float[Array, "H K"], v: Float[Array, "H V"], *_: Any
    ) -> Float[Array, "H V"]:
        """What the next token reads."""
        self.keys.append(k)
        self.values.append(v)
        # y_t = Σ_s softmax_s(<q_t, k_s> / √K) v_s
        scores = np.sum(q * np.stack(self.keys), -1) / q.shape[-1] ** 0.5
        return np.sum(softmax(scores)[..., None] * np.stack(self.values), 0)


def attention(q: Float[Array, "T H K"], k: Float[Array, "T H K"], v: Float[Array, "T H V"]) -> Float[Array, "T H V"]:
    """What every token reads of itself and of those before it."""
    cache = KVCache()
    return np.stack([cache.step(q[t], k[t], v[t]) for t in range(len(q))])
