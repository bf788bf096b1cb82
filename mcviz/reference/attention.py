"""Causal softmax attention: the mixer that Memory Caching is compared with.

Token t reads itself and those before it: of the `window` latest tokens (0: of all) each last of `stride`. A window is
sliding-window attention, and a stride attention over every n-th token, of which the others are forgotten.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz.reference.aggregators import softmax
from mcviz.reference.memory import Array


def reached(t: int, window: int = 0, stride: int = 1) -> list[int]:
    """The tokens that token `t` reads, itself last."""
    first = max(0, t + 1 - window) if window else 0
    return [*(s for s in range(first, t) if (s + 1) % stride == 0), t]


def read(q: Float[Array, "H K"], keys: Float[Array, "n H K"], values: Float[Array, "n H V"]) -> Float[Array, "H V"]:
    """What a query reads of n tokens."""
    # y_t = Σ_s softmax_s(<q_t, k_s> / √K) v_s
    scores = np.sum(q * keys, -1) / q.shape[-1] ** 0.5
    return np.sum(softmax(scores)[..., None] * values, 0)


def attention(
    q: Float[Array, "T H K"], k: Float[Array, "T H K"], v: Float[Array, "T H V"], window: int = 0, stride: int = 1
) -> Float[Array, "T H V"]:
    """What every token reads."""
    return np.stack([read(q[t], k[at], v[at]) for t in range(len(q)) for at in [reached(t, window, stride)]])


class KVCache:
    """Softmax attention, one token at a time: it keeps the keys and values that later tokens may read."""

    def __init__(self, window: int = 0, stride: int = 1) -> None:
        self.window, self.stride = window, stride
        self.t = -1
        self.places: list[int] = []
        self.keys: list[Float[Array, "H K"]] = []
        self.values: list[Float[Array, "H V"]] = []

    def step(
        self, q: Float[Array, "H K"], k: Float[Array, "H K"], v: Float[Array, "H V"], *_: Any
    ) -> Float[Array, "H V"]:
        """What the next token reads."""
        self.t += 1
        while self.window and self.places and self.places[0] <= self.t - self.window:
            self.drop(0)
        self.places.append(self.t)
        self.keys.append(k)
        self.values.append(v)
        y = read(q, np.stack(self.keys), np.stack(self.values))
        if (self.t + 1) % self.stride:
            self.drop(-1)
        return y

    def drop(self, at: int) -> None:
        """Forget the oldest token, 0, or the latest, -1."""
        for each in (self.places, self.keys, self.values):
            each.pop(at)
