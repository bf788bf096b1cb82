"""Memory Caching, token by token: the algorithm of the paper as a loop that can be read aloud.

The twin of `mcviz.reference.loop`, on batches of sequences and with gradients through everything. It is what the
faster `mcviz.pytorch.memory_caching` is compared with, and works for every configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mcviz import segments
from mcviz.config import GATED, MCConfig
from mcviz.initial import readable
from mcviz.pytorch import aggregators, memory
from mcviz.pytorch.aggregators import Weighing
from mcviz.pytorch.aliases import Coefficients, State, Tokens
from mcviz.pytorch.inputs import prepare
from mcviz.pytorch.numerics import as_given
from mcviz.pytorch.traces import traces
from mcviz.trace import Trace


class Step(NamedTuple):
    """What one token computed: a row of the Trace. Its n memories are the checkpoints and, last, the online one."""

    output: Float[Tensor, "B H V"]
    context: Float[Tensor, "B H K"]
    scores: Float[Tensor, "n B H"]
    weights: Float[Tensor, "n B H"]
    read: Bool[Tensor, "n B H"]
    reads: Float[Tensor, "n B H V"] | None


@dataclass
class Stream:
    """A layer that consumes one token at a time: the memory it writes, and the cache it reads.

    `cuts` are the segments of the whole sequence. `start` is `M_0`, with the axes of batch and heads first. With
    `detach`, no gradient flows through what is read from a checkpoint into the tokens that it was written by; the
    state that a segment hands to the next one, and the contexts, keep theirs.
    """

    cfg: MCConfig
    cuts: segments.Segments
    start: State
    t: int = 0
    online: State = field(init=False)
    keys: Any = 0.0
    checkpoints: list[State] = field(default_factory=list)
    contexts: list[Float[Tensor, "B H K"]] = field(default_factory=list)
    cache: State = field(init=False)
    detach: bool = False

    def __post_init__(self) -> None:
        self.online = self.start
        self.cache = {name: self.start[name][None][:0] for name in readable(self.cfg)}

    def step(
        self,
        q: Float[Tensor, "B H K"],
        k: Float[Tensor, "B H K"],
        v: Float[Tensor, "B H V"],
        u: Float[Tensor, "B H K"],
        c: Coefficients,
    ) -> Step:
        cfg, rule = self.cfg, memory.rule(self.cfg)
        s = len(self.checkpoints)
        begin, end = self.cuts[s]
        if self.t == begin:
            # M_0^(s) = M_0, or where the last segment ended               (section 3.4)
            self.online = self.start if cfg.start == "independent" else self.online
            self.keys = torch.zeros_like(k)

        # M_t^(s) = write(M_{t-1}^(s); k_t, v_t)
        self.online = rule.write(self.online, k, v, c)
        # c^(s) = the mean (or sum) of the segment's keys up to t
        self.keys = self.keys + k
        context = self.keys / (self.t + 1 - begin) if cfg.pooling == "mean" else self.keys

        # r_t^(i) = <u_t, c^(i)>                                           (9, 16)
        scores = self.compare(q, u, torch.stack([*self.contexts, context]))
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
        q: Float[Tensor, "B T H K"],
        k: Float[Tensor, "B T H K"],
        v: Float[Tensor, "B T H V"],
        u: Float[Tensor, "B T H K"],
        c: Coefficients,
    ) -> list[Step]:
        """The next T tokens, one after the other."""
        scalars = {name: tensor.unbind(1) for name, tensor in c.items()}
        rows = zip(q.unbind(1), k.unbind(1), v.unbind(1), u.unbind(1), strict=True)
        return [self.step(*row, {name: each[t] for name, each in scalars.items()}) for t, row in enumerate(rows)]

    def compare(
        self, q: Float[Tensor, "B H K"], u: Float[Tensor, "B H K"], contexts: Float[Tensor, "n B H K"]
    ) -> Float[Tensor, "n B H"]:
        """The scores of a token."""
        return gate(self.cfg, q, u, contexts)

    def weigh(self, scores: Float[Tensor, "n B H"]) -> Weighing:
        """What a token reads, and how much each memory counts."""
        return aggregators.WEIGHINGS[self.cfg.aggregator](scores, self.cfg.top_k)

    def keep(self, context: Float[Tensor, "B H K"]) -> None:
        """Cache what a segment ended with: what a read needs of it, beside that of the checkpoints before."""
        kept = {name: tensor.detach() for name, tensor in self.online.items()} if self.detach else self.online
        self.checkpoints.append(kept)
        self.contexts.append(context)
        self.cache = {name: torch.cat([cached, kept[name][None]]) for name, cached in self.cache.items()}


def gate(
    cfg: MCConfig, q: Float[Tensor, "*h K"], u: Float[Tensor, "*h K"], contexts: Float[Tensor, "n *h K"]
) -> Float[Tensor, "n *h"]:
    """How relevant each memory is to the token (Eq. 9, 16); 0 for all, where the aggregator does not ask."""
    n, K = len(contexts), contexts.shape[-1]
    if cfg.aggregator not in GATED:
        return contexts.new_zeros(contexts.shape[:-1])
    if cfg.gate == "token":
        # r_t^(i) = u_t[(s - i) mod K]: by the memory's age alone
        return torch.moveaxis(u[..., torch.arange(n - 1, -1, -1, device=u.device) % K], -1, 0)
    connector = q if cfg.gate == "shared" else u
    return torch.sum(connector * contexts, -1)


def memory_caching(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    u: Float[Tensor, "B T H K"] | None,
    cfg: MCConfig,
    coefficients: Mapping[str, Any] | None = None,
    initial: Any = None,
    *,
    trace: bool = False,
    detach: bool = False,
) -> Any:
    """Run Memory Caching over a batch of sequences: the output [B, T, H, V], and with `trace` everything computed.

    Without a connector `u` the query takes its place, as `gate="shared"` has it. `coefficients` maps the rule's
    per-token scalars (`alpha`, `beta`, `eta`, `lam`) to tensors [B, T, H], [T, H] or scalars; what is left out takes
    the constants of `mcviz.initial.constants`. `initial` is the rule's `M_0`: named tensors with the axis of heads
    first, or batch and heads. All tensors share a dtype and a device. With `trace`, the result is a pair: the output,
    and a `mcviz.Trace` for each sequence. `detach` cuts gradients where checkpoints are read: see `Stream`.

    Raises `ValueError` for shapes that do not fit, an empty sequence, NaN or infinity, coefficients outside
    of their bounds, and lengths that do not sum to T, before anything is computed.
    """
    q, k, v, u, c, start = prepare(q, k, v, u, cfg, coefficients, initial)
    cuts = segments.cut(q.shape[1], cfg.segmentation, cfg.segment_length)
    stream = Stream(cfg, cuts, start, detach=detach)
    with as_given(q.device):
        steps = stream.run(q, k, v, u, c)
    output = torch.stack([step.output for step in steps], 1)
    return (output, record(cfg, cuts, (q, k, v, u), c, start, stream, steps)) if trace else output


def record(
    cfg: MCConfig,
    cuts: segments.Segments,
    tokens: Tokens,
    c: Coefficients,
    start: State,
    stream: Stream,
    steps: list[Step],
) -> list[Trace]:
    """Lay the rows of a run side by side, without computing anything anew."""
    q, _, v, _ = tokens
    (B, T, H, V), N = v.shape, len(cuts)
    scores = q.new_full((B, T, H, N), -torch.inf)
    weights = q.new_zeros((B, T, H, N))
    selected = q.new_zeros((B, T, H, N), dtype=torch.bool)
    reads = None if cfg.aggregator == "soup" else q.new_zeros((B, T, H, N, V))
    with torch.no_grad():
        for t, step in enumerate(steps):
            n = len(step.scores)
            scores[:, t, :, :n] = step.scores.movedim(0, -1)
            weights[:, t, :, :n] = step.weights.movedim(0, -1)
            selected[:, t, :, : n - 1] = step.read[:-1].movedim(0, -1)
            if reads is not None and step.reads is not None:
                reads[:, t, :, :n] = step.reads.movedim(0, 2)
        return traces(
            cfg,
            cuts,
            tokens,
            c,
            start,
            contexts=torch.stack(stream.contexts, 1),
            online_contexts=torch.stack([step.context for step in steps], 1),
            scores=scores,
            weights=weights,
            selected=selected,
            reads=reads,
            states={name: torch.stack([kept[name] for kept in stream.checkpoints], 1) for name in start},
            output=torch.stack([step.output for step in steps], 1),
        )
