"""What each memory adds to the output, as a share of it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from mcviz.checks import of_kinds
from mcviz.config import MCConfig
from mcviz.initial import State
from mcviz.reference import memory, replay
from mcviz.reference.memory import Array
from mcviz.rules import equations, sheet
from mcviz.trace import Trace


def is_sum(cfg: MCConfig) -> bool:
    """Whether the output is a sum over memories: all but a soup of networks, which are not linear in what is mixed."""
    return "share" in equations(sheet(cfg.memory), cfg)


@of_kinds
def shares(trace: Trace) -> Float[Array, "T H N"] | None:
    """How much of each token's output comes from each memory, measured along it; None where it is no sum.

    The shares of a token and head sum to 1, and may be negative or above 1. They are 0 where a memory is not read, and
    NaN where the output is 0 or not finite. A soup has shares if its memories are matrices: `M* q = Σ_i γ^(i) M^(i) q`.
    """
    if not is_sum(trace.config):
        return None
    found = np.zeros(trace.weights.shape)
    for s, (begin, end) in enumerate(trace.segments):
        y = trace.output[begin:end].astype(float)
        with np.errstate(all="ignore"):
            size = np.abs(y).max(-1, keepdims=True)
            along = y / size
            # ⟨γ_t^(i) M^(i)(q_t), y_t⟩ / ⟨y_t, y_t⟩
            parts = np.einsum("thnv,thv->thn", contributions(trace, s), along) / size
            found[begin:end, :, : s + 1] = parts / np.sum(along**2, -1, keepdims=True)
    return found


def contributions(trace: Trace, s: int) -> Float[Array, "t H n V"]:
    """What each memory adds to the outputs of the t tokens of segment `s`: they sum to the outputs."""
    begin, end = trace.segments[s]
    gates = trace.weights[begin:end, :, : s + 1, None]
    if trace.reads is not None:
        # γ_t^(i) M^(i)(q_t)
        return gates * trace.reads[begin:end, :, : s + 1]
    rule = memory.rule(trace.config)
    q = trace.q[begin:end]
    added, norm = np.empty((*gates.shape[:3], trace.V)), np.zeros((*q.shape[:2], 1))
    # Σ_i γ^(i) M^(i) φ(q) / ⟨Σ_i γ^(i) z^(i), φ(q)⟩: the norm, where there is one, is that of the mixture
    normed = rule if isinstance(rule, memory.Linear) and rule.normalizer else None
    plain = replace(normed, normalizer=False) if normed else rule
    for i, rows, state in _memories(trace, s):
        added[rows, :, i] = gates[rows, :, i] * plain.read(state, q[rows])
        if normed:
            norm[rows] += gates[rows, :, i] * np.sum(state["z"] * normed.phi(q[rows]), -1, keepdims=True)
    return added / norm[:, :, None] if normed else added


def _memories(trace: Trace, s: int) -> Iterator[tuple[int, slice, State]]:
    """The memories that the tokens of segment `s` can read, for which of them, and with an axis for these: each
    checkpoint for all, and the online memory for one after the other."""
    begin, end = trace.segments[s]
    for i, checkpoint in enumerate(trace.checkpoints[:s]):
        every = {name: np.broadcast_to(array, (end - begin, *array.shape)) for name, array in checkpoint.items()}
        yield i, slice(0, end - begin), every
    states = replay.through(trace, s)
    next(states)
    for t, state in enumerate(states):
        yield s, slice(t, t + 1), {name: array[None] for name, array in state.items()}
