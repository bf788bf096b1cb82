"""Aggregators: how a token reads all memories that it can reach.

The twin of `mcviz.reference.aggregators`. The memories of a token in segment s are the checkpoints 1 … s-1, oldest
first, and its own online memory, last; n counts them, and stands before the axes of batch and heads.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mcviz.pytorch.aliases import State
from mcviz.pytorch.memory import Rule, mix


class Weighing(NamedTuple):
    """How much each memory counts, and which are read at all. A memory that is not read weighs exactly 0."""

    weights: Float[Tensor, "n *h"]
    read: Bool[Tensor, "n *h"]


class Reading(NamedTuple):
    """What a token got: its output, and what each memory said (0 where not read; None if they were mixed first)."""

    output: Float[Tensor, "*h V"]
    reads: Float[Tensor, "n *h V"] | None


def softmax(scores: Float[Tensor, "n *h"]) -> Float[Tensor, "n *h"]:
    """Softmax over memories. A score of -inf weighs 0."""
    return torch.softmax(scores, 0)


def select(scores: Float[Tensor, "n *h"], k: int) -> Bool[Tensor, "n *h"]:
    """The router's set `R_t` (Eq. 16): the k largest scores of each head, the lowest index first among equals."""
    order = torch.argsort(scores, dim=0, descending=True, stable=True)
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    return chosen.scatter(0, order[:k], True)


def none(scores: Float[Tensor, "n *h"], top_k: int) -> Weighing:
    """Only the online memory is read: under checkpoint start, the plain recurrent layer.

    Under independent start it forgets at every boundary.
    """
    online = torch.zeros_like(scores, dtype=torch.bool)
    online[-1] = True
    return Weighing(online.to(scores.dtype), online)


def residual(scores: Float[Tensor, "n *h"], top_k: int) -> Weighing:
    """Every memory counts in full (Eq. 6-7)."""
    return Weighing(torch.ones_like(scores), torch.ones_like(scores, dtype=torch.bool))


def average(scores: Float[Tensor, "n *h"], top_k: int) -> Weighing:
    """Every memory counts alike: caching after training, nothing learned (section 4.3)."""
    return Weighing(torch.full_like(scores, 1 / len(scores)), torch.ones_like(scores, dtype=torch.bool))


def grm(scores: Float[Tensor, "n *h"], top_k: int) -> Weighing:
    """Gated residual memory: `γ_t = softmax_i r_t^(i)` (Eq. 9)."""
    return Weighing(softmax(scores), torch.ones_like(scores, dtype=torch.bool))


def ssc(scores: Float[Tensor, "n *h"], top_k: int) -> Weighing:
    """Sparse selective caching: the gate over the k selected checkpoints and the online memory (Eq. 16-17)."""
    read = torch.cat([select(scores[:-1], top_k), torch.ones_like(scores[-1:], dtype=torch.bool)])
    return Weighing(softmax(torch.where(read, scores, -torch.inf)), read)


WEIGHINGS: Mapping[str, Callable[[Float[Tensor, "n *h"], int], Weighing]] = {
    "none": none,
    "residual": residual,
    "average": average,
    "grm": grm,
    "soup": grm,
    "ssc": ssc,
}


def add(rule: Rule, checkpoints: State, online: State, q: Float[Tensor, "*h K"], weighing: Weighing) -> Reading:
    """Read, then add: `y_t = Σ_i γ_t^(i) M^(i)(q_t)` (Eq. 6, 8, 17). Only memories with `read` are touched:
    the online one always is. The n - 1 `checkpoints` lie side by side, [n-1 *h ...]."""
    own = rule.read(online, q)
    # each checkpoint once for each head that reads it
    read = weighing.read[:-1]
    touched = {name: array[read] for name, array in checkpoints.items()}
    said = rule.read(touched, q.expand(len(read), *q.shape)[read])
    reads = torch.cat([own.new_zeros(len(read), *own.shape).index_put((read,), said), own[None]])
    return Reading(torch.sum(weighing.weights[..., None] * reads, 0), reads)


def blend(
    rule: Rule,
    checkpoints: State,
    online: State,
    q: Float[Tensor, "*h K"],
    weighing: Weighing,
    names: Sequence[str],
) -> Reading:
    """Mix, then read once: `y_t = M*_t(q_t)` with `θ*_t = Σ_i γ_t^(i) θ^(i)` (Eq. 14-15)."""
    return Reading(rule.read(mix(checkpoints, online, weighing.weights, names), q), None)
