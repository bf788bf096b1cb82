"""Memory Caching over whole segments at once: what `loop.py` computes, without its loop over tokens."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from mcviz.config import GATED, MCConfig
from mcviz.initial import readable
from mcviz.pytorch.fast import cached, deep, gate
from mcviz.pytorch.fast import matrices as online
from mcviz.pytorch.fast.chunks import Chunks
from mcviz.pytorch.fast.dispatch import dispatch
from mcviz.pytorch.fast.gate import Gates
from mcviz.segments import Segments

State = dict[str, Float[Tensor, "..."]]


class Run(NamedTuple):
    """What a run computed. The last five fields are laid out with `trace` only, and None otherwise."""

    output: Float[Tensor, "B T H V"]
    states: State  # [B, N, H, ...], where every segment ended
    online_reads: Float[Tensor, "B T H V"] | None  # from each token's own segment; None for soups of deep memories
    online_contexts: Float[Tensor, "B T H K"] | None = None
    contexts: Float[Tensor, "B N H K"] | None = None
    scores: Float[Tensor, "B T H N"] | None = None
    weights: Float[Tensor, "B T H N"] | None = None
    selected: Bool[Tensor, "B T H N"] | None = None


class Matrices:
    """Memories that are one matrix each."""

    def __init__(
        self,
        tokens: online.Tokens,
        c: Mapping[str, Float[Tensor, "B H T"]],
        cfg: MCConfig,
        chunks: Chunks,
        detach: bool,
    ) -> None:
        self.cfg, self.chunks = cfg, chunks
        tokens = online.lift(tokens, cfg)
        self.q = tokens.q
        self.online, states = online.write(tokens, c, cfg, chunks)
        self.M = states["M"].detach() if detach else states["M"]
        self.reads = online.settle(self.online, cfg)
        self.states = {name: swap(x) for name, x in online.lower(states, cfg).items()}

    def total(self) -> Float[Tensor, "B H T V"]:
        if not self.cfg.rule_options.get("normalizer"):
            return cached.prefix(self.q, self.M, self.chunks)
        s, i = self.chunks.segment_of[:, None], torch.arange(self.M.shape[2], device=self.M.device)
        return self.weighted((i < s).to(self.M.dtype).expand(*self.reads.shape[:3], -1))

    def weighted(self, past: Float[Tensor, "B H T N"]) -> Float[Tensor, "B H T V"]:
        if not self.cfg.rule_options.get("normalizer"):
            return self.mixed(past, self.M)
        # γ (M q) / (z q): the normaliser is a weight of its own
        z = self.q @ self.M[..., -1, :].mT
        return self.mixed(past / torch.where(past == 0, 1, z), self.M[..., :-1, :])

    def mixed(self, past: Float[Tensor, "B H T N"], M: Float[Tensor, "B H N V K"]) -> Float[Tensor, "B H T V"]:
        """`(Σ_{i<s} γ_t^(i) M^(i)) q_t`, in the form that the shapes make the cheaper one."""
        return cached.dense(past, self.q, M, self.chunks.cuts)

    def read(self, state: State, q: Float[Tensor, "*lead n K"]) -> Float[Tensor, "*lead n V"]:
        return online.settle(q @ state["M"].mT, self.cfg)

    def routed(self, choices: Int[Tensor, "B H T k"], weights: Float[Tensor, "B H T k"]) -> Float[Tensor, "B H T V"]:
        return dispatch(choices, weights, self.q, {"M": self.M}, self.read)

    def soup(self, gates: Gates) -> Float[Tensor, "B H T V"]:
        return online.settle(gates.own[..., None] * self.online + self.mixed(gates.past, self.M), self.cfg)


class Networks:
    """Memories that are MLPs."""

    def __init__(
        self,
        tokens: online.Tokens,
        c: Mapping[str, Float[Tensor, "B H T"]],
        cfg: MCConfig,
        chunks: Chunks,
        detach: bool,
        **inner: Any,
    ) -> None:
        self.cfg, self.chunks = cfg, chunks
        q, k, v = (swap(x) for x in (tokens.q, tokens.k, tokens.v))
        c = {name: swap(x) for name, x in c.items()}
        reads, self.states = deep.online(q, k, v, c, tokens.start, cfg, chunks.cuts, **inner)
        self.reads = swap(reads)
        kept = {name: swap(self.states[name]) for name in readable(cfg)}
        self.checkpoints = {name: x.detach() if detach else x for name, x in kept.items()}
        # what all reads of a token share: its normed query, and what skips the memory
        rule = deep.network(cfg)
        self.x = rule.inputs(tokens.q)
        self.skip = rule.skip(tokens.q, v.shape[-1]) if rule.residual else torch.zeros_like(self.reads[..., :1])

    def total(self) -> Float[Tensor, "B H T V"]:
        s = self.chunks.segment_of[:, None]
        return s * self.skip + cached.each(None, self.x, self.checkpoints, self.chunks.cuts, deep.read)

    def weighted(self, past: Float[Tensor, "B H T N"]) -> Float[Tensor, "B H T V"]:
        s = past.sum(-1, keepdim=True)
        return s * self.skip + cached.each(past, self.x, self.checkpoints, self.chunks.cuts, deep.read)

    def routed(self, choices: Int[Tensor, "B H T k"], weights: Float[Tensor, "B H T k"]) -> Float[Tensor, "B H T V"]:
        s = weights.sum(-1, keepdim=True)
        return s * self.skip + dispatch(choices, weights, self.x, self.checkpoints, deep.read)


def run(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    u: Float[Tensor, "B T H K"],
    c: Mapping[str, Float[Tensor, "B T H"]],
    start: State,
    cfg: MCConfig,
    cuts: Segments,
    *,
    trace: bool = False,
    detach: bool = False,
    **inner: Any,
) -> Run:
    """Run Memory Caching over a batch of sequences, given what `prepare` checked.

    `c` are the rule's coefficients, `start` is `M_0` [B, H, ...], `cuts` are the segments. With `trace`, what was
    computed is also laid out for display. `detach` cuts gradients where checkpoints are read. `inner` goes to
    `deep.online` or `deep.soup`.
    """
    chunks = Chunks.of(cuts, q.device)
    pooled = online.contexts(swap(k), cfg, chunks) if trace or cfg.aggregator in GATED else None
    connector = swap(q if cfg.gate == "shared" else u)
    gates = None if pooled is None else gate.gates(connector, *pooled, chunks.segment_of, cfg, keep_scores=trace)
    pooled = pooled if trace else None

    network = cfg.memory in ("dla", "titans")
    if network and cfg.aggregator == "soup" and gates is not None:
        weights = swap(gates.everything(chunks.segment_of))
        output, states = deep.soup(q, k, v, c, start, cfg, cuts, weights, detach=detach, **inner)
        reads = None
    else:
        kind: Any = partial(Networks, **inner) if network else Matrices
        scalars = {name: swap(x) for name, x in c.items()}
        # these copies have no name here: once they are written, their memory is free for what is read
        rows = (swap(x).contiguous() for x in (q, k, v))
        memories = kind(online.Tokens._make([*rows, start]), scalars, cfg, chunks, detach)
        output, reads, states = swap(aggregate(memories, gates)), swap(memories.reads), memories.states
    if pooled is None or gates is None:
        return Run(output, states, reads)
    gates = gates.dense(len(cuts))
    assert gates.scores is not None
    assert gates.read is not None
    seen = (*pooled, gates.scores, gates.everything(chunks.segment_of), gates.read)
    return Run(output, states, reads, *(swap(x) for x in seen))


def aggregate(memories: Matrices | Networks, gates: Gates | None) -> Float[Tensor, "B H T V"]:
    """Combine what the memories say (Eq. 6-9, 14-17). Without gates, all count alike."""
    cfg, chunks, N = memories.cfg, memories.chunks, len(memories.chunks.cuts)
    if cfg.aggregator == "none" or N == 1:
        return memories.reads
    if cfg.aggregator in ("residual", "average") or gates is None:
        y = memories.reads + memories.total()
        return y / (chunks.segment_of[:, None] + 1) if cfg.aggregator == "average" else y
    if cfg.aggregator == "soup" and isinstance(memories, Matrices):
        return memories.soup(gates)
    past = memories.weighted(gates.past) if gates.choices is None else memories.routed(gates.choices, gates.past)
    return torch.addcmul(past, gates.own[..., None], memories.reads)


def swap(x: Shaped[Tensor, "B a b ..."]) -> Shaped[Tensor, "B b a ..."]:
    """Tokens (or segments) before heads, and back."""
    return x.transpose(1, 2)
