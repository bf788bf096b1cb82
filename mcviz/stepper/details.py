"""What a run can show beyond its Trace, asked of the reference: states after every write, inner losses, events."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from mcviz.config import GATED
from mcviz.initial import State, readable
from mcviz.reference import memory, replay
from mcviz.rules import AGGREGATORS, sheet
from mcviz.trace import Trace

Array = np.ndarray


def _projection(rule: memory.Rule, state: State, k: Array, v: Array) -> Array:
    # ℓ = -<M k, v>; the normaliser is no part of it                    (12, 30)
    said = memory.apply(state["M"], rule.phi(k)) if isinstance(rule, memory.Linear) else rule.read(state, k)
    return -np.sum(said * v, -1)


def _distance(rule: memory.Rule, state: State, k: Array, v: Array) -> Array:
    # ℓ = |M(k) - v|²                                                    (34)
    return np.sum((rule.read(state, k) - v) ** 2, -1)


def _half_distance(rule: memory.Rule, state: State, k: Array, v: Array) -> Array:
    # ℓ = ½|M k - v|²
    return _distance(rule, state, k, v) / 2


LOSSES: Mapping[str, Callable[[memory.Rule, State, Array, Array], Array]] = {
    "projection": _projection,
    "distance": _distance,
    "half distance": _half_distance,
}
"""The inner losses that a rule's sheet may name."""


class Details(NamedTuple):
    """By name of a state's array: what stood after each of n writes, what the write changed, and soup's mixture."""

    states: dict[str, Float[Array, "n H ..."]]
    changes: dict[str, Float[Array, "n H ..."]]
    mixed: dict[str, Float[Array, "n H ..."]]
    losses: Float[Array, "n H 2"] | None  # before and after the write


def details(
    trace: Trace,
    keep_states: bool,
    span: tuple[int, int] | None = None,
    dtype: type[np.generic] = np.float64,
) -> Details:
    """Replay the run, or the tokens of `span`, (first, stop); states are kept as `dtype`.

    `keep_states=False` leaves out the arrays as large as n memories.
    """
    cfg, names = trace.config, readable(trace.config)
    rule, loss = memory.rule(cfg), LOSSES.get(sheet(cfg.memory).inner)
    first, stop = (0, trace.T) if span is None else span
    shapes = {name: (stop - first, *trace.initial[name].shape) for name in names} if keep_states else {}
    states, changes = ({name: np.empty(shape, dtype) for name, shape in shapes.items()} for _ in range(2))
    mixes = AGGREGATORS[cfg.aggregator].mixes
    mixed = {name: np.empty(shape, dtype) for name, shape in shapes.items()} if mixes else {}
    losses = None if loss is None else np.empty((stop - first, trace.H, 2))
    if not keep_states and losses is None:
        return Details({}, {}, {}, None)
    segment_of = trace.segment_of
    ends = {name: np.stack([state[name] for state in trace.checkpoints]) for name in mixed}
    for t, before, after in replay.abreast(trace, first, stop):
        n = t - first
        for name in states:
            states[name][n] = after[name]
            changes[name][n] = after[name] - before[name]
        for i in range(len(t) if mixed else 0):
            s = segment_of[t[i]]
            checkpoints = {name: array[:s] for name, array in ends.items()}
            online = {name: after[name][i] for name in names}
            for name, array in memory.mix(checkpoints, online, trace.weights[t[i], :, : s + 1].T, names).items():
                mixed[name][n[i]] = array
        if losses is not None and loss is not None:
            losses[n, :, 0] = loss(rule, before, trace.k[t], trace.v[t])
            losses[n, :, 1] = loss(rule, after, trace.k[t], trace.v[t])
    return Details(states, changes, mixed, losses)


def entropy(trace: Trace) -> Float[Array, "T H"] | None:
    """How spread each token's gates are, in nats: 0 for one memory alone. None where there are no gates."""
    if trace.config.aggregator not in GATED:
        return None
    logs = np.log(trace.weights, out=np.zeros_like(trace.weights), where=trace.weights > 0)
    return -np.sum(trace.weights * logs, -1)


def selection_changed(trace: Trace) -> Bool[Array, "T H"]:
    """The tokens that read other checkpoints than the token before them."""
    changed = np.zeros((trace.T, trace.H), bool)
    changed[1:] = (trace.selected[1:] != trace.selected[:-1]).any(-1)
    return changed


def wrong(trace: Trace) -> Bool[Array, "T"]:
    """The tokens whose likeliest prediction is not the answer that was asked for."""
    said = trace.predictions
    if said is None or not said.targets:
        return np.zeros(trace.T, bool)
    return np.array([bool(target) and row[0] != target for row, target in zip(said.tokens, said.targets, strict=True)])
