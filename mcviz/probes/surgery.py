"""Surgery: change what a run read or wrote, and run it again.

`operate(trace, edits)` repeats a run from its own queries, keys, values, connectors, coefficients and `M_0`, with
edits, and records it like any other. Without edits it gives the same numbers again.

Most edits change how checkpoints are read, and leave every memory as it was written. An edit of what is written goes
on to everything that is written on top of it: see `propagates`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from mcviz import cost
from mcviz.checks import is_number, number, of_kinds, place, whole
from mcviz.config import GATED
from mcviz.initial import State, readable
from mcviz.reference import Stream, aggregators
from mcviz.reference.aggregators import Weighing
from mcviz.reference.blocks import memory_caching
from mcviz.reference.loop import record
from mcviz.trace import Trace

Array = np.ndarray


@dataclass(frozen=True)
class SwitchOff:
    """The checkpoint of `segment` cannot be read."""

    segment: int


@dataclass(frozen=True)
class Swap:
    """Two checkpoints exchange contexts: each keeps its memory, and is found and weighed by the other's score."""

    segment: int
    other: int


@dataclass(frozen=True)
class Force:
    """The checkpoints of `segments` are read, besides the online memory, and no others; at `token` alone, if given."""

    segments: tuple[int, ...]
    token: int | None = None


@dataclass(frozen=True)
class Freeze:
    """The gate on `segment` is held at `gate`; the other gates share what is left in proportion."""

    segment: int
    gate: float


@dataclass(frozen=True)
class Scale:
    """The checkpoint of `segment` is multiplied by `factor`, each of its arrays that a read needs.

    Under checkpoint start, the next segment starts from the scaled memory.
    """

    segment: int
    factor: float


@dataclass(frozen=True)
class Noise:
    """Normal noise on the checkpoint of `segment`, `scale` times the spread of each of its arrays.

    Under checkpoint start, the next segment starts from the noisy memory.
    """

    segment: int
    scale: float
    seed: int = 0


@dataclass(frozen=True)
class Erase:
    """The key and the value of `token` become zero, before anything is written."""

    token: int


Edit = SwitchOff | Swap | Force | Freeze | Scale | Noise | Erase


@of_kinds
def propagates(trace: Trace, edit: Edit) -> bool:
    """Whether an edit changes what is written, not only what is read."""
    return isinstance(edit, Erase) or (isinstance(edit, Noise | Scale) and trace.config.start == "checkpoint")


@of_kinds
def operate(trace: Trace, edits: Sequence[Edit]) -> Trace:
    """The run again, with `edits`, in the order given. Predictions are left out: only a model can make new ones.

    Raises `ValueError` for segments and tokens that the run does not have, a gate outside 0 to 1, a negative scale or
    seed, and edits of gates where the aggregator has none.
    """
    for edit in edits:
        check(trace, edit)
    trace = erased(trace, [edit.token for edit in edits if isinstance(edit, Erase)])
    tokens, c = (trace.q, trace.k, trace.v, trace.u), trace.coefficients
    stream = Operated(trace, edits)
    steps = stream.run(*tokens, c)
    again = record(trace.config, trace.segments, tokens, c, trace.initial, stream, enumerate(steps))
    sizes = (trace.K, trace.V, trace.H, trace.q.dtype.itemsize)
    spent = cost.counts(trace.config, trace.segments, *sizes, fetched=again.read.sum((1, 2)).tolist())
    return replace(
        trace,
        scores=again.scores,
        weights=again.weights,
        selected=again.selected,
        reads=again.reads,
        output=again.output,
        checkpoints=again.checkpoints,
        counts={name: np.array(values, np.int64) for name, values in spent.items()},
        predictions=None,
        alone=None,
        exchanged=(*trace.exchanged, *((edit.segment, edit.other) for edit in edits if isinstance(edit, Swap))),
        title=f"{trace.title}, after surgery" if edits else trace.title,
    )


class Operated(Stream):
    """The reference's stream with edits. The scores of the run are those that it recorded."""

    def __init__(self, trace: Trace, edits: Sequence[Edit]) -> None:
        super().__init__(trace.config, trace.segments, trace.initial)
        self.trace, self.edits = trace, edits

    def compare(
        self, q: Float[Array, "H K"], u: Float[Array, "H K"], contexts: Float[Array, "n H K"]
    ) -> Float[Array, "n H"]:
        # filled where they lie, so that sums over them round as those of the run
        scores = super().compare(q, u, contexts)
        scores[...] = self.trace.scores[self.t, :, : len(scores)].T
        exchange(scores, self.edits)
        return scores

    def weigh(self, scores: Float[Array, "n H"]) -> Weighing:
        n, cfg = len(scores), self.cfg
        allowed = allowed_memories(n, self.t, self.edits)[:, None]
        forced = any(isinstance(edit, Force) and edit.token in (None, self.t) for edit in self.edits)
        if cfg.aggregator in GATED:
            scores = np.where(allowed, scores, -np.inf)
        weights, read = aggregators.WEIGHINGS[cfg.aggregator](scores, n if forced else cfg.top_k)
        weights, read = np.where(allowed, weights, 0), read & allowed
        for edit in self.edits:
            if isinstance(edit, Freeze) and edit.segment < n and n > 1:
                weights, read = frozen(weights, read, edit)
        return Weighing(weights, read)

    def keep(self, context: Float[Array, "H K"]) -> None:
        s, names = len(self.checkpoints), readable(self.cfg)
        self.online = scaled(self.online, names, [e for e in self.edits if isinstance(e, Scale) and e.segment == s])
        self.online = noisy(self.online, names, [e for e in self.edits if isinstance(e, Noise) and e.segment == s])
        super().keep(context)


def erased(trace: Trace, tokens: Sequence[int]) -> Trace:
    """The run of the reference without what `tokens` would have written."""
    if not tokens:
        return trace
    k, v = trace.k.copy(), trace.v.copy()
    k[list(tokens)] = v[list(tokens)] = 0
    again = memory_caching(trace.q, k, v, trace.u, trace.config, trace.coefficients, trace.initial)
    return replace(again, tokens=trace.tokens, sources=trace.sources, title=trace.title, fact=trace.fact)


def allowed_memories(n: int, t: int, edits: Sequence[Edit]) -> Bool[Array, "n"]:
    """Which of the n memories of token `t` may be read; the online one, the last, always."""
    allowed = np.ones(n, bool)
    for edit in edits:
        if isinstance(edit, Force) and edit.token in (None, t):
            allowed &= np.isin(np.arange(n), edit.segments)
        if isinstance(edit, SwitchOff) and edit.segment < n:
            allowed[edit.segment] = False
    allowed[-1] = True
    return allowed


def frozen(weights: Float[Array, "n H"], read: Bool[Array, "n H"], edit: Freeze) -> Weighing:
    """One gate at a fixed value, the others scaled to what is left; as they were where they are all 0."""
    others = weights.copy()
    others[edit.segment] = 0
    total = others.sum(0)
    share = np.where(total > 0, (1 - edit.gate) / np.where(total > 0, total, 1), 0)
    scaled, touched = others * share.astype(weights.dtype), read.copy()
    scaled[edit.segment] = edit.gate
    touched[edit.segment] = edit.gate > 0
    touched[-1] = True
    return Weighing(scaled, touched)


def exchange(scores: Float[Array, "n H"], edits: Sequence[Edit]) -> None:
    """Let swapped checkpoints change scores, in place, once both of a pair exist."""
    for edit in edits:
        if isinstance(edit, Swap) and max(edit.segment, edit.other) < len(scores) - 1:
            scores[[edit.segment, edit.other]] = scores[[edit.other, edit.segment]]


def scaled(state: State, names: Sequence[str], edits: Sequence[Scale]) -> State:
    """A memory whose arrays that a read needs are multiplied."""
    for edit in edits:
        state = {**state, **{name: state[name] * state[name].dtype.type(edit.factor) for name in names}}
    return state


def noisy(state: State, names: Sequence[str], edits: Sequence[Noise]) -> State:
    """A memory with noise on the arrays that a read needs."""
    for edit in edits:
        rng = np.random.default_rng([edit.seed, edit.segment])
        drawn = {name: rng.standard_normal(state[name].shape).astype(state[name].dtype) for name in names}
        spread = {name: state[name].dtype.type(edit.scale * np.std(state[name])) for name in names}
        state = {**state, **{name: state[name] + spread[name] * drawn[name] for name in names}}
    return state


@of_kinds
def check(trace: Trace, edit: Edit) -> None:
    """Raise `ValueError` for an edit that this run cannot take, or that says to change nothing."""
    if not isinstance(edit, Force | Erase):
        place("segment", edit.segment, trace.N, "segment")
    match edit:
        case Swap(_, other):
            place("other", other, trace.N, "segment")
            if edit.segment == other:
                raise ValueError(f"other: expected another checkpoint than {other}, got the same")
        case Force(segments, token):
            for segment in segments:
                place("segments", segment, trace.N, "segment")
            if token is not None:
                place("token", token, trace.T, "token")
        case Erase(token):
            place("token", token, trace.T, "token")
        case Freeze(_, gate):
            if trace.config.aggregator not in GATED:
                raise ValueError(
                    f"gate: expected an aggregator with gates ({', '.join(GATED)}), got {trace.config.aggregator}"
                )
            number("gate", gate, 0, 1)
        case Scale(_, factor):
            if not is_number(factor) or factor == 1:
                raise ValueError(f"factor: expected a finite number other than 1, got {factor!r}")
        case Noise(_, scale, seed):
            number("scale", scale, 0)
            whole("seed", seed, 0)
