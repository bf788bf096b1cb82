"""Memory Caching, token by token: the algorithm of the paper as a loop that can be read aloud."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from mcviz import cost, segments
from mcviz.config import GATED, MCConfig
from mcviz.initial import State, readable
from mcviz.reference import aggregators, memory
from mcviz.reference.aggregators import Weighing
from mcviz.reference.inputs import prepare
from mcviz.reference.memory import Array, Coefficients
from mcviz.trace import Trace


class Step(NamedTuple):
    """What one token computed, or several of one segment: rows of the Trace. Their n memories are the checkpoints and,
    last, the online one."""

    output: Float[Array, "*t H V"]
    context: Float[Array, "*t H K"]
    scores: Float[Array, "n *t H"]
    weights: Float[Array, "n *t H"]
    read: Bool[Array, "n *t H"]
    reads: Float[Array, "n *t H V"] | None


@dataclass
class Stream:
    """A layer that consumes one token at a time: the memory it writes, and the cache it reads.

    `cuts` are the segments of the whole sequence. `start` is `M_0`, with the axis of heads first. What reads or keeps
    in another way overrides `compare`, `weigh` or `keep`.
    """

    cfg: MCConfig
    cuts: segments.Segments
    start: State
    t: int = 0
    online: State = field(init=False)
    keys: Any = 0.0
    checkpoints: list[State] = field(default_factory=list)
    contexts: list[Float[Array, "H K"]] = field(default_factory=list)
    cache: State = field(init=False)

    def __post_init__(self) -> None:
        self.online = self.start
        self.cache = {name: self.start[name][None][:0] for name in readable(self.cfg)}

    def step(
        self,
        q: Float[Array, "H K"],
        k: Float[Array, "H K"],
        v: Float[Array, "H V"],
        u: Float[Array, "H K"],
        c: Coefficients,
    ) -> Step:
        cfg, rule = self.cfg, memory.rule(self.cfg)
        s = len(self.checkpoints)
        if s == len(self.cuts):
            raise ValueError(f"step: expected at most {self.t} tokens, as the segments hold, got one more")
        begin, end = self.cuts[s]
        if self.t == begin:
            # M_0^(s) = M_0, or where the last segment ended               (section 3.4)
            self.online = self.start if cfg.start == "independent" else self.online
            self.keys = np.zeros_like(k)

        # M_t^(s) = write(M_{t-1}^(s); k_t, v_t)
        self.online = rule.write(self.online, k, v, c)
        # c^(s) = the mean (or sum) of the segment's keys up to t
        self.keys = self.keys + k
        context = self.keys / (self.t + 1 - begin) if cfg.pooling == "mean" else self.keys

        # r_t^(i) = <u_t, c^(i)>                                           (9, 16)
        scores = self.compare(q, u, np.array([*self.contexts, context]))
        # γ_t = softmax over what is read                                  (9, 17)
        weighing = self.weigh(scores)
        # y_t = Σ_i γ_t^(i) M^(i)(q_t), or the read of Σ_i γ_t^(i) θ^(i)    (6, 8, 14, 17)
        if cfg.aggregator == "soup":
            output, reads = aggregators.blend(rule, self.cache, self.online, q, weighing, readable(cfg))
        else:
            output, reads = aggregators.add(rule, self.cache, self.online, q, weighing)

        self.t += 1
        if self.t == end:
            self.keep(context)
        return Step(output, context, scores, *weighing, reads)

    def run(
        self,
        q: Float[Array, "T H K"],
        k: Float[Array, "T H K"],
        v: Float[Array, "T H V"],
        u: Float[Array, "T H K"],
        c: Coefficients,
    ) -> list[Step]:
        """The next T tokens, one after the other."""
        return [self.step(q[t], k[t], v[t], u[t], {name: each[t] for name, each in c.items()}) for t in range(len(q))]

    def compare(
        self, q: Float[Array, "H K"], u: Float[Array, "H K"], contexts: Float[Array, "n H K"]
    ) -> Float[Array, "n H"]:
        """The scores of a token."""
        return gate(self.cfg, q, u, contexts)

    def weigh(self, scores: Float[Array, "n H"]) -> Weighing:
        """What a token reads, and how much each memory counts."""
        return aggregators.WEIGHINGS[self.cfg.aggregator](scores, self.cfg.top_k)

    def keep(self, context: Float[Array, "H K"]) -> None:
        """Cache what a segment ended with: what a read needs of it, beside that of the checkpoints before."""
        self.checkpoints.append(self.online)
        self.contexts.append(context)
        self.cache = {name: np.concatenate([cached, self.online[name][None]]) for name, cached in self.cache.items()}


def gate(
    cfg: MCConfig, q: Float[Array, "*h K"], u: Float[Array, "*h K"], contexts: Float[Array, "n *h K"]
) -> Float[Array, "n *h"]:
    """How relevant each memory is to the token (Eq. 9, 16); 0 for all, where the aggregator does not ask."""
    n, K = len(contexts), contexts.shape[-1]
    if cfg.aggregator not in GATED:
        return np.zeros(contexts.shape[:-1], contexts.dtype)
    if cfg.gate == "token":
        # r_t^(i) = u_t[(s - i) mod K]: by the memory's age alone
        return np.moveaxis(u[..., np.arange(n - 1, -1, -1) % K], -1, 0)
    connector = q if cfg.gate == "shared" else u
    return np.sum(connector * contexts, -1)


def memory_caching(
    q: Float[Array, "T H K"],
    k: Float[Array, "T H K"],
    v: Float[Array, "T H V"],
    u: Float[Array, "T H K"] | None,
    cfg: MCConfig,
    coefficients: Mapping[str, Any] | None = None,
    initial: Any = None,
) -> Trace:
    """Run Memory Caching over one sequence and record everything it computed.

    Without a connector `u` the query takes its place, as `gate="shared"` has it. `coefficients` maps the rule's
    per-token scalars (`alpha`, `beta`, `eta`, `lam`) to arrays [T, H] or scalars; what is left out takes the
    constants of `mcviz.initial.constants`. `initial` is the rule's `M_0`: named arrays with the axis of heads first.
    Arrays of float32 stay float32; everything else is computed in float64.

    Raises `ValueError` for shapes that do not fit, an empty sequence, NaN or infinity, coefficients outside
    of their bounds, and lengths that do not sum to T, before anything is computed.
    """
    q, k, v, u, c, start = prepare(q, k, v, u, cfg, coefficients, initial)
    cuts = segments.cut(len(q), cfg.segmentation, cfg.segment_length)
    stream = Stream(cfg, cuts, start)
    steps = stream.run(q, k, v, u, c)
    return record(cfg, cuts, (q, k, v, u), c, start, stream, enumerate(steps))


def record(
    cfg: MCConfig,
    cuts: segments.Segments,
    tokens: tuple[Array, Array, Array, Array],
    c: Coefficients,
    start: State,
    stream: Stream,
    steps: Iterable[tuple[int | slice, Step]],
) -> Trace:
    """Lay the rows of a run side by side, without computing anything anew. `steps` go with the tokens they are of."""
    q, k, v, u = tokens
    T, H, V = v.shape
    N = len(cuts)
    output, contexts = np.empty_like(v), np.empty_like(k)
    scores = np.full((T, H, N), -np.inf, q.dtype)
    weights = np.zeros((T, H, N), q.dtype)
    selected = np.zeros((T, H, N), bool)
    reads = None if cfg.aggregator == "soup" else np.zeros((T, H, N, V), q.dtype)
    for t, step in steps:
        n = len(step.scores)
        output[t], contexts[t] = step.output, step.context
        scores[t, :, :n] = np.moveaxis(step.scores, 0, -1)
        weights[t, :, :n] = np.moveaxis(step.weights, 0, -1)
        selected[t, :, : n - 1] = np.moveaxis(step.read[:-1], 0, -1)
        if reads is not None and step.reads is not None:
            reads[t, :, :n] = np.moveaxis(step.reads, 0, -2)
    spent = cost.counts(cfg, cuts, q.shape[2], V, H, q.dtype.itemsize)
    return Trace(
        config=cfg,
        segments=cuts,
        q=q,
        k=k,
        v=v,
        u=u,
        coefficients=c,
        initial=start,
        checkpoint_contexts=np.stack(stream.contexts),
        online_contexts=contexts,
        scores=scores,
        weights=weights,
        selected=selected,
        reads=reads,
        checkpoints=tuple(stream.checkpoints),
        output=output,
        counts={name: np.array(values, np.int64) for name, values in spent.items()},
    )
