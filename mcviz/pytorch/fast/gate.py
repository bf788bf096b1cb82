"""How much each memory counts: scores, gates and the router, for all tokens at once."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from mcviz.config import GATED, MCConfig
from mcviz.pytorch.fast.launches import numbers

BLOCK = 2**18
"""Numbers in a block of scores on a CPU. The router keeps its choices only, so that its memory does not grow with N."""

WHOLE = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Whole numbers, by their bytes."""

MIX = -7046029254386353131
"""An odd number whose bits are in no order."""

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


class Twins(NamedTuple):
    """Which checkpoints have equal contexts, and so equal scores.

    A product of matrices may round equal rows differently, which the router would take for a difference.
    """

    order: Int[Tensor, "B H N"]  # the checkpoints, those with equal contexts side by side, the lowest first
    begin: Int[Tensor, "B H N"]  # where in `order` the equals of each checkpoint begin

    @classmethod
    def of(cls, contexts: Float[Tensor, "B H N K"]) -> "Twins":
        # in the order of a whole number that follows from their bits, equals are neighbours; 0 and -0 are equal
        bits = (contexts + 0.0).view(WHOLE[contexts.element_size()]).long()
        bits = (bits + torch.arange(bits.shape[-1], device=bits.device)) * MIX
        order = ((bits ^ (bits >> 32)) * MIX).sum(-1).argsort(dim=-1, stable=True)
        rows = contexts.take_along_dim(order[..., None], 2)
        differs = (rows[:, :, 1:] != rows[:, :, :-1]).any(-1)
        place = torch.arange(1, order.shape[-1], device=order.device)
        begin = F.pad(place * differs, (1, 0)).cummax(-1).values
        return cls(order, torch.empty_like(order).scatter(-1, order, begin))

    def score(self, scores: Float[Tensor, "B H N t"]) -> Float[Tensor, "B H N t"]:
        """The scores, those of equals made equal to the lowest one's."""
        B, H, N, _ = scores.shape
        heads = torch.arange(0, B * H * N, N, device=scores.device).view(B, H, 1)
        rows = self.order.gather(-1, self.begin) + heads
        return scores.flatten(0, 2).index_select(0, rows.flatten()).view_as(scores)

    def lowest(self, chosen: Int[Tensor, "B H k t"]) -> Int[Tensor, "B H k t"]:
        """As many of each kind as were chosen, the lowest of them."""
        _, _, k, t = chosen.shape
        begin = self.begin[..., None].expand(-1, -1, -1, t).gather(2, chosen)
        rank = torch.arange(k, device=chosen.device)
        earlier = (rank < rank[:, None])[..., None]
        nth = ((begin[:, :, :, None] == begin[:, :, None]) & earlier).sum(3)
        # a choice of what cannot be read, where there is too little to choose from, may be any
        place = (begin + nth).clamp(max=self.order.shape[2] - 1)
        return self.order[..., None].expand(-1, -1, -1, t).gather(2, place)


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
    twins: Twins | None,
) -> list[Any]:
    """The aggregator's weights (Eq. 6-9, 16-17): the fields of `Gates`, with tokens last."""
    i, s = torch.arange(whole.shape[2], device=u.device)[:, None], segment
    past, own = finished(u, whole, segment, cfg), online(u, running, cfg)
    scores = None
    if keep_scores:
        compared = past if twins is None else twins.score(past)
        scores = torch.where(i == s, own, compared).masked_fill(i > s, -torch.inf).detach()
    choices, read = None, i < s
    if cfg.aggregator in GATED:
        readable = past.masked_fill(i >= s, -torch.inf)
        if cfg.aggregator == "ssc" and cfg.top_k < len(i) - 1:
            # R_t = the k checkpoints of largest score                                                 (16)
            with torch.no_grad():
                value, chosen = largest(readable, cfg.top_k, twins)
            if len(i) * u.shape[-1] > FEW:
                choices, read = chosen, value > -torch.inf
                readable = pick(past, choices).masked_fill(value == -torch.inf, -torch.inf)
            else:
                # the others get -∞ by addition, which is faster than to look at a mask
                readable = readable + torch.full_like(past, -torch.inf).scatter(-2, chosen, 0)
                read = readable > -torch.inf if keep_scores else read
        # γ_t = softmax over the scores of what is read, the online memory included                 (9, 17)
        gates = torch.cat([readable, own], -2).softmax(-2)
        past, own = gates[..., :-1, :], gates[..., -1, :]
    else:
        # 1 each (6-7), or 1 / (number of memories) each; the online memory alone, where nothing is cached
        share: Any = {"none": 1, "residual": 1, "average": s + 1}[cfg.aggregator]
        read = read & (cfg.aggregator != "none")
        past, own = read.to(past.dtype).expand_as(past) / share, torch.ones_like(own[..., 0, :]) / share
    return [own, past, choices, read.expand_as(past), scores]


def pick(x: Float[Tensor, "*n t"], index: Int[Tensor, "*k t"]) -> Float[Tensor, "*k t"]:
    """`x.gather(-2, index)`, which would keep all of x for the backward pass."""
    N, t = x.shape[-2:]
    firsts = torch.arange(0, x.numel(), N * t, device=x.device).view(*x.shape[:-2], 1, 1)
    places = firsts + index * t + torch.arange(t, device=x.device)
    return x.flatten().index_select(0, places.flatten()).view(index.shape)


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
    block = max(64, numbers(u, BLOCK) // (B * H * whole.shape[2]))
    twins = Twins.of(whole.detach()) if cfg.aggregator == "ssc" and cfg.gate != "token" else None
    parts: list[Any] = []
    for at, here, pooled in zip(segment.split(block), u.split(block, 2), running.split(block, 2), strict=True):
        parts.append(weigh(here, pooled, whole, at, cfg, keep_scores, twins))
    if len(parts) > 1:
        parts = [[None if column[0] is None else torch.cat(column, -1) for column in zip(*parts, strict=True)]]
    own, *others = parts[0]
    return Gates._make([own, *(x if x is None else x.mT for x in others)])


def largest(
    x: Float[Tensor, "B H N t"], k: int, twins: Twins | None = None
) -> tuple[Float[Tensor, "B H k t"], Int[Tensor, "B H k t"]]:
    """The k largest numbers and their places, the lowest place first among equals, as `topk` does not promise.

    `twins` are equal, whatever rounding made of them.
    """
    if k > 8:
        # where a checkpoint can be read, so can the lowest of its equals
        x = x if twins is None else torch.where(x > -torch.inf, twins.score(x), x)
        values, places = x.sort(dim=-2, descending=True, stable=True)
        return values[..., :k, :], places[..., :k, :]
    found = [x.max(-2, keepdim=True)]
    while len(found) < k:
        x = x.scatter(-2, found[-1].indices, -torch.inf)
        found.append(x.max(-2, keepdim=True))
    places = torch.cat([f.indices for f in found], -2)
    return torch.cat([f.values for f in found], -2), places if twins is None else twins.lowest(places)
