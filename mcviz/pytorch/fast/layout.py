"""How tokens become chunks for MLP memories, whose writes wait for each other within a segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.config import MCConfig
from mcviz.pytorch.aliases import State
from mcviz.pytorch.fast.launches import wide
from mcviz.segments import Segments

TILE = 2**17
"""Numbers in a tensor on a CPU, about: what stays in cache."""


@dataclass(frozen=True)
class Layout:
    """How tokens [B, T, H, ...] become chunks [B·S·H, c, ...]: S segments of one length are written side by side."""

    batch: int
    heads: int
    cuts: Segments
    groups: list[list[int]]  # segments, those of each group of one length
    chunk: int

    @classmethod
    def of(cls, q: Tensor, start: State, cuts: Segments, cfg: MCConfig, chunk: int, opened: bool = False) -> "Layout":
        """Independent segments of one length go together, on a CPU as many as stay in cache; under checkpoint start,
        each waits for the one before. A first segment that was `opened` before stays alone."""
        B, _, H, _ = q.shape
        most = len(cuts)
        if cfg.start == "checkpoint":
            most = 1
        elif not wide(q.device):
            most = max(1, TILE // (B * H * chunk * start["W1"].shape[-1]))
        lengths: dict[int, list[int]] = {}
        for i, (begin, stop) in enumerate(cuts):
            lengths.setdefault(-1 if opened and i == 0 else stop - begin if most > 1 else i, []).append(i)
        groups = [same[i : i + most] for same in lengths.values() for i in range(0, len(same), most)]
        return cls(B, H, cuts, groups, chunk)

    def sizes(self) -> list[tuple[int, int]]:
        """How many segments each group has, and of how many tokens."""
        return [(len(members), self.cuts[members[0]][1] - self.cuts[members[0]][0]) for members in self.groups]

    @cached_property
    def order(self) -> list[int]:
        """The tokens in the order of the groups."""
        return [t for members in self.groups for i in members for t in range(*self.cuts[i])]

    def split(self, x: Float[Tensor, "B T H ..."]) -> list[Tensor]:
        """All chunks [B·S·H, c, ...], those of a segment in order."""
        parts = torch.split(arrange(x, self.order), [S * L for S, L in self.sizes()], 1)
        groups = zip(parts, self.sizes(), strict=True)
        together = [torch.unflatten(part, 1, size).transpose(2, 3).flatten(0, 2) for part, size in groups]
        return [chunk for group in together for chunk in torch.split(group, self.chunk, 1)]

    def turns(self) -> list[tuple[int, bool, bool]]:
        """For each chunk: of how many segments it is, whether they begin with it, whether they end with it."""
        counts = [(S, -(-L // self.chunk)) for S, L in self.sizes()]
        return [(S, j == 0, j == n - 1) for S, n in counts for j in range(n)]

    def join(self, chunks: Sequence[Tensor]) -> Float[Tensor, "B T H ..."]:
        """What `split` took apart."""
        rest, parts = iter(chunks), []
        for _, L in self.sizes():
            group = torch.cat([next(rest) for _ in range(0, L, self.chunk)], 1)
            parts.append(self.unfold(group).transpose(2, 3).flatten(1, 2))
        return arrange(torch.cat(parts, 1), inverse(self.order))

    def unfold(self, x: Float[Tensor, "G ..."]) -> Float[Tensor, "B S H ..."]:
        return torch.unflatten(x, 0, (self.batch, -1, self.heads))

    def states(self, ends: Sequence[State]) -> State:
        """The state [B, N, H, ...] where every segment ended, from those of the groups."""
        order = inverse([*chain.from_iterable(self.groups)])
        return {name: arrange(torch.cat([self.unfold(state[name]) for state in ends], 1), order) for name in ends[0]}


def inverse(order: list[int]) -> list[int]:
    """The permutation that undoes `order`."""
    return sorted(range(len(order)), key=order.__getitem__)


def arrange(x: Float[Tensor, "B n ..."], order: list[int]) -> Float[Tensor, "B n ..."]:
    """Axis 1 in another order."""
    return x if order == [*range(len(order))] else x.index_select(1, torch.tensor(order, device=x.device))
