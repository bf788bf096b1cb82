"""Aggregators: how a token reads all memories that it can reach.

The memories of a token in segment s are the checkpoints 1 … s-1, oldest first, and its own online memory, last;
n counts them. An aggregator is a rule for the weights, and a way to combine.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from mcviz.initial import State
from mcviz.reference.memory import Array, Rule, mix


class Weighing(NamedTuple):
    """How much each memory counts, and which are read at all. A memory that is not read weighs exactly 0."""

    weights: Float[Array, "n *h"]
    read: Bool[Array, "n *h"]


class Reading(NamedTuple):
    """What a token got: its output, and what each memory said (0 where not read; None if they were mixed first)."""

    output: Float[Array, "*h V"]
    reads: Float[Array, "n *h V"] | None


def softmax(scores: Float[Array, "n *h"]) -> Float[Array, "n *h"]:
    """Softmax over memories. A score of -inf weighs 0."""
    e = np.exp(scores - np.max(scores, 0))
    return e / np.sum(e, 0)


def select(scores: Float[Array, "n *h"], k: int) -> Bool[Array, "n *h"]:
    """The router's set `R_t` (Eq. 16): the k largest scores of each head, the lowest index first among equals."""
    order = np.argsort(-scores, axis=0, kind="stable")
    chosen = np.zeros(scores.shape, bool)
    np.put_along_axis(chosen, order[:k], True, axis=0)
    return chosen


def none(scores: Float[Array, "n *h"], top_k: int) -> Weighing:
    """Only the online memory is read: under checkpoint start, the plain recurrent layer.

    Under independent start it forgets at every boundary.
    """
    online = np.zeros(scores.shape, bool)
    online[-1] = True
    return Weighing(online.astype(scores.dtype), online)


def residual(scores: Float[Array, "n *h"], top_k: int) -> Weighing:
    """Every memory counts in full (Eq. 6-7)."""
    return Weighing(np.ones_like(scores), np.ones(scores.shape, bool))


def average(scores: Float[Array, "n *h"], top_k: int) -> Weighing:
    """Every memory counts alike: caching after training, nothing learned (section 4.3)."""
    return Weighing(np.full_like(scores, 1 / len(scores)), np.ones(scores.shape, bool))


def grm(scores: Float[Array, "n *h"], top_k: int) -> Weighing:
    """Gated residual memory: `γ_t = softmax_i r_t^(i)` (Eq. 9)."""
    return Weighing(softmax(scores), np.ones(scores.shape, bool))


def ssc(scores: Float[Array, "n *h"], top_k: int) -> Weighing:
    """Sparse selective caching: the gate over the k selected checkpoints and the online memory (Eq. 16-17)."""
    read = np.concatenate([select(scores[:-1], top_k), np.ones_like(scores[-1:], bool)])
    return Weighing(softmax(np.where(read, scores, -np.inf)), read)


WEIGHINGS: Mapping[str, Callable[[Float[Array, "n *h"], int], Weighing]] = {
    "none": none,
    "residual": residual,
    "average": average,
    "grm": grm,
    "soup": grm,
    "ssc": ssc,
}


def add(rule: Rule, checkpoints: State, online: State, q: Float[Array, "*h K"], weighing: Weighing) -> Reading:
    """Read, then add: `y_t = Σ_i γ_t^(i) M^(i)(q_t)` (Eq. 6, 8, 17). Only memories with `read` are touched:
    the online one always is. The n - 1 `checkpoints` lie side by side, [n-1 *h ...]."""
    own = rule.read(online, q)
    output = weighing.weights[-1][..., None] * own
    reads = np.zeros((len(weighing.read), *own.shape), own.dtype)
    reads[-1] = own
    # each checkpoint once for each head that reads it: where all do, they are read where they lie
    read = weighing.read[:-1]
    at = np.nonzero(read)
    if 0 < len(at[0]) == read.size:
        reads[:-1] = said = rule.read(checkpoints, np.broadcast_to(q, (len(read), *q.shape)))
        for weight, one in zip(weighing.weights[:-1], said, strict=True):
            output += weight[..., None] * one
    elif len(at[0]):
        said = rule.read({name: array[at] for name, array in checkpoints.items()}, q[at[1:]])
        reads[at] = said
        np.add.at(output, at[1:], weighing.weights[at][:, None] * said)
    return Reading(output, reads)


def blend(
    rule: Rule,
    checkpoints: State,
    online: State,
    q: Float[Array, "*h K"],
    weighing: Weighing,
    names: Sequence[str],
) -> Reading:
    """Mix, then read once: `y_t = M*_t(q_t)` with `θ*_t = Σ_i γ_t^(i) θ^(i)` (Eq. 14-15)."""
    return Reading(rule.read(mix(checkpoints, online, weighing.weights, names), q), None)
