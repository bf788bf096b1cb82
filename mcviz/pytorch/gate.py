"""How much each memory counts: scores, gates and the router, for all tokens at once."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mcviz.config import GATED, MCConfig

BLOCK = 2**18
"""Numbers in a block of scores. The router keeps its choices only, so that its memory does not grow with N."""


class Gates(NamedTuple):
    """How much each token counts each memory. `choices` say which checkpoints `past` weighs: None for all, in order.

    A token with fewer than k checkpoints has choices of weight 0, for which `read` is False.
    """

    own: Float[Tensor, "B H T"]
    past: Float[Tensor, "B H T n"]  # 0 for the online memory and later ones
    read: Bool[Tensor, "B H T n"]
    choices: Int[Tensor, "B H T n"] | None = None
    scores: Float[Tensor, "B H T N"] | None = None

    def dense(self, N: int) -> "Gates":
        """The same with all N memories in order."""
        if self.choices is None:
            return self
        past = self.past.new_zeros(*self.past.shape[:3], N)
        read = torch.zeros_like(past, dtype=torch.long).scatter_add(-1, self.choices, self.read.long())
        return Gates(self.own, past.scatter_add(-1, self.choices, self.past), read > 0, None, self.scores)

    def everything(self, segment: Int[Tensor, "T"]) -> Float[Tensor, "B H T N"]:
        """Weights of all N memories, the online one in its place."""
        at = segment[:, None].expand(*self.own.shape, 1)
        return self.past.scatter(-1, at, self.own[..., None])


def finished(
    u: Float[Tensor, "B H t K"], whole: Float[Tensor, "B H N K"], segment: Int[Tensor, "t"], cfg: MCConfig
) -> Float[Tensor, "B H t N"]:
    """`r_t^(i) = <u_t, c^(i)>` (Eq. 9, 16) of all checkpoints, those of later segments not yet left out; 0 where the
    aggregator compares nothing."""
    if cfg.aggregator not in GATED:
        return u.new_zeros(*u.shape[:3], whole.shape[2])
    if cfg.gate == "token":
        # r_t^(i) = u_t[(s - i) mod K]: by the memory's age alone
        age = (segment[:, None] - torch.arange(whole.shape[2], device=u.device)) % u.shape[-1]
        return u.gather(-1, age.expand(*u.shape[:2], -1, -1))
    return u @ whole.mT


def online(u: Float[Tensor, "B H t K"], running: Float[Tensor, "B H t K"], cfg: MCConfig) -> Float[Tensor, "B H t 1"]:
    """`r_t^(s)` of each token's own segment, as it is at the token."""
    if cfg.aggregator not in GATED:
        return u.new_zeros(*u.shape[:3], 1)
    return u[..., :1] if cfg.gate == "token" else (u * running).sum(-1, keepdim=True)


def weigh(
    u: Float[Tensor, "B H t K"],
    running: Float[Tensor, "B H t K"],
    whole: Float[Tensor, "B H N K"],
    segment: Int[Tensor, "t"],
    cfg: MCConfig,
    keep_scores: bool,
) -> Gates:
    """The aggregator's weights (Eq. 6-9, 16-17)."""
    i, s = torch.arange(whole.shape[2], device=u.device), segment[:, None]
    past, own = finished(u, whole, segment, cfg), online(u, running, cfg)
    scores = torch.where(i == s, own, past).masked_fill(i > s, -torch.inf).detach() if keep_scores else None
    choices, read = None, i < s
    if cfg.aggregator == "ssc" and cfg.top_k < len(i) - 1:
        # R_t = the k checkpoints of largest score                                                     (16)
        with torch.no_grad():
            value, choices = largest(past.masked_fill(~read, -torch.inf), cfg.top_k)
        past, read = pick(past, choices), value > -torch.inf
    if cfg.aggregator in GATED:
        # γ_t = softmax over the scores of what is read, the online memory included                 (9, 17)
        gates = torch.cat([past.masked_fill(~read, -torch.inf), own], -1).softmax(-1)
        past, own = gates[..., :-1], gates[..., -1]
    else:
        # 1 each (6-7), or 1 / (number of memories) each
        read = read & (cfg.aggregator != "none")
        past, own = read.to(past.dtype).expand_as(past), torch.ones_like(own[..., 0])
        past, own = (past / (s + 1), own / segment.add(1)) if cfg.aggregator == "average" else (past, own)
    return Gates(own, past, read.expand_as(past), choices, scores)


def pick(x: Float[Tensor, "*t N"], index: Int[Tensor, "*t k"]) -> Float[Tensor, "*t k"]:
    """`x.gather(-1, index)`, which would keep all of x for the backward pass."""
    rows = torch.arange(0, x.numel(), x.shape[-1], device=x.device).view(*x.shape[:-1], 1)
    return x.flatten().index_select(0, (rows + index).flatten()).view(index.shape)


def gates(
    u: Float[Tensor, "B H T K"],
    running: Float[Tensor, "B H T K"],
    whole: Float[Tensor, "B H N K"],
    segment: Int[Tensor, "T"],
    cfg: MCConfig,
    keep_scores: bool = False,
) -> Gates:
    """Scores and weights of all tokens, a block of tokens at a time."""
    B, H, _, _ = u.shape
    block = max(64, BLOCK // (B * H * whole.shape[2]))
    parts = []
    for at, here, pooled in zip(segment.split(block), u.split(block, 2), running.split(block, 2), strict=True):
        parts.append(weigh(here, pooled, whole, at, cfg, keep_scores))
    if len(parts) == 1:
        return parts[0]
    return Gates._make(None if column[0] is None else torch.cat(column, 2) for column in zip(*parts, strict=True))


def largest(x: Float[Tensor, "*t N"], k: int) -> tuple[Float[Tensor, "*t k"], Int[Tensor, "*t k"]]:
    """The k largest numbers and their places, the lowest place first among equals, as `topk` does not promise."""
    if k > 8:
        values, places = x.sort(dim=-1, descending=True, stable=True)
        return values[..., :k], places[..., :k]
    found = []
    for _ in range(k):
        found.append(x.max(-1, keepdim=True))
        x = x.scatter(-1, found[-1].indices, -torch.inf)
    return torch.cat([f.values for f in found], -1), torch.cat([f.indices for f in found], -1)
