"""How much each memory counts: scores, gates and the router, for all tokens at once."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mcviz.config import GATED, MCConfig
from mcviz.pytorch.fast.flushed import flushed
from mcviz.pytorch.fast.launches import numbers, wide
from mcviz.pytorch.numerics import is_hidden

BLOCK = 2**18
"""Numbers in a block of scores on a CPU. The router keeps its choices only, so that its memory does not grow with N."""

FEW = 512
"""Up to so many rows in all memories together, N K, to read all with weights of 0 is as fast as to dispatch."""


class Gates(NamedTuple):
    """How much each token counts each memory. `choices` say which checkpoints `past` weighs: None for all, in order.

    A token with fewer than k checkpoints has choices of weight 0, for which `read` is False. The tokens of a memory
    lie side by side in memory, as `cached.Dense` wants them.
    """

    own: Float[Tensor, "B H T"]
    past: Float[Tensor, "B H T n"]  # 0 for the online memory and later ones
    choices: Int[Tensor, "B H T n"] | None = None
    read: Bool[Tensor, "B H T n"] | None = None  # with `keep_scores`, as is
    scores: Float[Tensor, "B H T N"] | None = None

    def dense(self, N: int) -> "Gates":
        """The same with all N memories in order."""
        if self.choices is None:
            return self
        past = self.past.new_zeros(*self.past.shape[:3], N)
        assert self.read is not None
        read = torch.zeros_like(past, dtype=torch.long).scatter_add(-1, self.choices, self.read.long())
        return Gates(self.own, past.scatter_add(-1, self.choices, self.past), None, read > 0, self.scores)

    def everything(self, segment: Int[Tensor, "T"]) -> Float[Tensor, "B H T N"]:
        """Weights of all N memories, the online one in its place."""
        at = segment[:, None].expand(*self.own.shape, 1)
        return self.past.scatter(-1, at, self.own[..., None])


def equals(contexts: Float[Tensor, "B H N K"]) -> Int[Tensor, "B H N"] | None:
    """For each checkpoint the lowest one with an equal context, and so with an equal score; None where a look shows
    that no two are equal.

    A product of matrices may round equal rows differently, which the router would take for a difference.
    """
    if not wide(contexts.device) and not is_hidden(contexts):
        first = contexts[..., 0].sort(-1).values
        if (first[..., 1:] != first[..., :-1]).all():
            return None
    B, H, N, K = contexts.shape
    parts = contexts[:, :, :, None].split(max(1, numbers(contexts, BLOCK) // (B * H * N * K)), 2)
    same = torch.cat([(part == contexts[:, :, None]).all(-1) for part in parts], 2)
    itself = torch.eye(N, dtype=torch.bool, device=contexts.device)  # also where numbers are not finite
    return (same | itself).max(-1).indices


def score(scores: Float[Tensor, "B H N t"], equals: Int[Tensor, "B H N"] | None) -> Float[Tensor, "B H N t"]:
    """The scores, those of equals made equal to the lowest one's."""
    return scores if equals is None else scores.gather(2, equals[..., None].expand_as(scores))


def finished(
    u: Float[Tensor, "B H t K"], whole: Float[Tensor, "B H N K"], segment: Int[Tensor, "t"], cfg: MCConfig
) -> Float[Tensor, "B H N t"]:
    """`r_t^(i) = <u_t, c^(i)>` (Eq. 9, 16) of all checkpoints, those of later segments not yet left out; 0 where the
    aggregator compares nothing."""
    if cfg.aggregator not in GATED:
        return u.new_zeros(*whole.shape[:3], u.shape[2])
    if cfg.gate == "token":
        # r_t^(i) = u_t[(s - i) mod K]: by the memory's age alone
        age = (segment - torch.arange(whole.shape[2], device=u.device)[:, None]) % u.shape[-1]
        return u.mT.gather(-2, age.expand(*u.shape[:2], -1, -1))
    return whole @ u.mT


def online(u: Float[Tensor, "B H t K"], running: Float[Tensor, "B H t K"], cfg: MCConfig) -> Float[Tensor, "B H 1 t"]:
    """`r_t^(s)` of each token's own segment, as it is at the token."""
    if cfg.aggregator not in GATED:
        return u.new_zeros(*u.shape[:2], 1, u.shape[2])
    return u[..., :1].mT if cfg.gate == "token" else (u * running).sum(-1)[:, :, None]


def weigh(
    u: Float[Tensor, "B H t K"],
    running: Float[Tensor, "B H t K"],
    whole: Float[Tensor, "B H N K"],
    segment: Int[Tensor, "t"],
    cfg: MCConfig,
    keep_scores: bool,
    twins: Int[Tensor, "B H N"] | None,
) -> list[Any]:
    """The aggregator's weights (Eq. 6-9, 16-17): the fields of `Gates`, with tokens last."""
    i, s = torch.arange(whole.shape[2], device=u.device)[:, None], segment
    past, own = finished(u, whole, segment, cfg), online(u, running, cfg)
    scores = choices = read = None
    if keep_scores:
        scores = torch.where(i == s, own, score(past, twins)).masked_fill(i > s, -torch.inf).detach()
    if cfg.aggregator in GATED:
        later = i >= s
        if cfg.aggregator == "ssc" and cfg.top_k < len(i) - 1:
            # R_t = the k checkpoints of largest score                                                 (16)
            with torch.no_grad():
                value, chosen = largest(torch.where(later, -torch.inf, score(past, twins)), cfg.top_k)
            if len(i) * u.shape[-1] > FEW:
                choices, none = chosen, value == -torch.inf
                readable, read = pick(past, choices).masked_fill(none, -torch.inf), ~none if keep_scores else None
            else:
                # the others get -∞ by addition, which is faster than to look at a mask
                others = torch.full_like(past, -torch.inf).scatter(-2, chosen, 0)
                readable = torch.where(later, -torch.inf, past) + others
                read = readable > -torch.inf if keep_scores else None
        else:
            readable, read = torch.where(later, -torch.inf, past), ~later if keep_scores else None
        # γ_t = softmax over the scores of what is read, the online memory included                 (9, 17)
        gates = flushed(torch.cat([readable, own], -2).softmax(-2))
        past, own = gates[..., :-1, :], gates[..., -1, :]
    else:
        # 1 each (6-7), or 1 / (number of memories) each; the online memory alone, where nothing is cached
        share: Any = {"none": 1, "residual": 1, "average": s + 1}[cfg.aggregator]
        read = (i < s) & (cfg.aggregator != "none")
        past, own = read.to(past.dtype).expand_as(past) / share, torch.ones_like(own[..., 0, :]) / share
    return [own, past, choices, None if read is None else read.expand_as(past), scores]


def pick(x: Float[Tensor, "*n t"], index: Int[Tensor, "*k t"]) -> Float[Tensor, "*k t"]:
    """`x.gather(-2, index)`, which would keep all of x for the backward pass."""
    *b, N, t = x.shape
    tokens = torch.arange(0, x.numel(), N, device=x.device).view(*b, 1, t)
    return x.mT.flatten().index_select(0, (tokens + index).flatten()).view(index.shape)


def gates(
    u: Float[Tensor, "B H T K"],
    running: Float[Tensor, "B H T K"],
    whole: Float[Tensor, "B H N K"],
    segment: Int[Tensor, "T"],
    cfg: MCConfig,
    keep_scores: bool = False,
) -> Gates:
    """Scores and weights of all tokens, a block of tokens at a time."""
    B, H, T, _ = u.shape
    block = max(64, numbers(u, BLOCK) // (B * H * whole.shape[2]))
    twins = equals(whole.detach()) if cfg.aggregator == "ssc" and cfg.gate != "token" else None
    blocks: Any = [(u, running, segment)]
    if block < T:
        blocks = zip(u.split(block, 2), running.split(block, 2), segment.split(block), strict=True)
    parts: list[Any] = [weigh(here, pooled, whole, at, cfg, keep_scores, twins) for here, pooled, at in blocks]
    if len(parts) > 1:
        parts = [[None if column[0] is None else torch.cat(column, -1) for column in zip(*parts, strict=True)]]
    own, *others = parts[0]
    return Gates._make([own, *(x if x is None else x.mT for x in others)])


def largest(x: Float[Tensor, "B H N t"], k: int) -> tuple[Float[Tensor, "B H k t"], Int[Tensor, "B H k t"]]:
    """The k largest numbers and their places, the lowest place first among equals, as `topk` does not promise."""
    if k > 8:
        values, places = x.sort(dim=-2, descending=True, stable=True)
        return values[..., :k, :], places[..., :k, :]
    found = [x.max(-2, keepdim=True)]
    while len(found) < k:
        x = x.scatter(-2, found[-1].indices, -torch.inf)
        found.append(x.max(-2, keepdim=True))
    return torch.cat([f.values for f in found], -2), torch.cat([f.indices for f in found], -2)
