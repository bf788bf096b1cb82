"""Memories that are MLPs. They take tokens before heads, in the order in which `Layout` takes chunks out of them; only
the queries that ask checkpoints have heads first."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mcviz.config import MCConfig
from mcviz.initial import readable
from mcviz.pytorch.aliases import State
from mcviz.pytorch.fast import cached, deep
from mcviz.pytorch.fast.chunks import Chunks, swap
from mcviz.pytorch.fast.dispatch import dispatch
from mcviz.pytorch.fast.errors import LOSSES
from mcviz.pytorch.fast.gate import Gates
from mcviz.pytorch.fast.launches import wide
from mcviz.pytorch.fast.memories import Given


class Networks:
    """Memories that are MLPs: see `Memories`. `inner` goes to `deep.online` or `deep.soup`.

    A soup's tokens are written when it is asked, and no memory is read on its own.
    """

    rules = frozenset(LOSSES)

    def __init__(self, given: Given, cfg: MCConfig, chunks: Chunks, detach: bool, **inner: Any) -> None:
        self.given, self.cfg, self.chunks, self.detach, self.inner = given, cfg, chunks, detach, inner
        self.reads: Float[Tensor, "B H T V"] | None = None
        self.states: State = {}
        if cfg.aggregator == "soup":
            return
        # a view of the queries, so that gradients add up in one order: those of online reads, then the others
        own = given._replace(q=given.q.view_as(given.q))
        first = given.first(cfg.start == "independent")
        reads, self.states = deep.online(*own[:5], cfg, chunks.cuts, first=first, **inner)
        self.reads = swap(reads)
        kept = {name: swap(self.states[name]) for name in readable(cfg)}
        if given.earlier is not None and chunks.before:
            kept = {name: torch.cat([swap(given.earlier.checkpoints[name]), x], 2) for name, x in kept.items()}
        self.checkpoints = {name: x.detach() if detach else x for name, x in kept.items()}
        # what all reads of a token share: its normed query, and what skips the memory
        rule, q = deep.network(cfg), swap(given.q).contiguous()
        self.x = rule.inputs(q)
        self.skip = rule.skip(q, given.v.shape[-1]) if rule.residual else torch.zeros_like(self.reads[..., :1])

    def total(self) -> Float[Tensor, "B H T V"]:
        s = self.chunks.segment_of[:, None]
        if wide(self.x.device):
            earlier = torch.arange(self.chunks.N, device=s.device) < s
            return self.weighted(earlier.to(self.x.dtype).expand(*self.x.shape[:3], -1))
        return s * self.skip + cached.each(None, self.x, self.checkpoints, self.chunks.stops, deep.read)

    def weighted(self, past: Float[Tensor, "B H T N"]) -> Float[Tensor, "B H T V"]:
        s, stops = past.sum(-1, keepdim=True), self.chunks.stops
        if not wide(self.x.device):
            return s * self.skip + cached.each(past, self.x, self.checkpoints, stops, deep.read)
        W1, W2 = self.checkpoints["W1"], self.checkpoints.get("W2")
        said = cached.dense(past, self.x, W1, stops) if W2 is None else cached.layers(past, self.x, W1, W2, stops)
        return s * self.skip + said

    def routed(self, choices: Int[Tensor, "B H T k"], weights: Float[Tensor, "B H T k"]) -> Float[Tensor, "B H T V"]:
        s = weights.sum(-1, keepdim=True)
        return s * self.skip + dispatch(choices, weights, self.x, self.checkpoints, deep.read)

    def soup(self, gates: Gates) -> Float[Tensor, "B H T V"]:
        weights, given = swap(gates.everything(self.chunks.segment_of)), self.given
        before = given.earlier.checkpoints if given.earlier is not None and self.chunks.before else None
        y, self.states = deep.soup(
            *given[:5],
            self.cfg,
            self.chunks.cuts,
            weights,
            detach=self.detach,
            first=given.first(self.cfg.start == "independent"),
            before=before,
            **self.inner,
        )
        return swap(y)
