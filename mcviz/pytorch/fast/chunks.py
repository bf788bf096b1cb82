"""Tokens laid out for batched matrix products: in chunks of equal length, none of which crosses a segment's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from mcviz.segments import Segments

CHUNK = 64
"""Tokens in a chunk, at most: inside one each token meets each earlier one, between chunks only states pass."""


def swap(x: Shaped[Tensor, "B a b ..."]) -> Shaped[Tensor, "B b a ..."]:
    """Tokens (or segments) before heads, and back."""
    return x.transpose(1, 2)


def segment_of(cuts: Segments, device: torch.device) -> Int[Tensor, "T"]:
    """The segment that each token is in."""
    lengths = torch.tensor([stop - start for start, stop in cuts], device=device)
    return torch.repeat_interleave(torch.arange(len(cuts), device=device), lengths, output_size=cuts[-1][1])


@dataclass  # not frozen, nor are lanes: torch 2.9 cannot make a graph of what a frozen one caches
class Chunks:
    """T tokens in P chunks of `length` places each. The last places of a segment's last chunk may stay empty."""

    cuts: Segments
    length: int
    device: torch.device

    @classmethod
    def of(cls, cuts: Segments, device: torch.device) -> "Chunks":
        """Chunks as long as the longest segment, or `CHUNK`."""
        return cls(cuts, min(CHUNK, max(stop - start for start, stop in cuts)), device)

    @cached_property
    def counts(self) -> list[int]:
        """How many chunks each segment has."""
        return [-(-(stop - start) // self.length) for start, stop in self.cuts]

    @cached_property
    def P(self) -> int:
        return sum(self.counts)

    @cached_property
    def shifts(self) -> Int[Tensor, "N"]:
        """How many empty places stand before each segment."""
        used = accumulate([count * self.length for count in self.counts], initial=0)
        return torch.tensor([at - start for at, (start, _) in zip(used, self.cuts, strict=False)], device=self.device)

    @cached_property
    def places(self) -> Int[Tensor, "T"] | None:
        """The place of each token; None if every place is filled."""
        T = self.cuts[-1][1]
        if self.P * self.length == T:
            return None
        return torch.arange(T, device=self.device) + self.shifts[self.segment_of]

    @cached_property
    def opens(self) -> Int[Tensor, "P"]:
        """The first token of each chunk."""
        return torch.arange(self.P, device=self.device) * self.length - self.shifts[self.owners]

    @cached_property
    def segment_of(self) -> Int[Tensor, "T"]:
        """The segment that each token is in."""
        return segment_of(self.cuts, self.device)

    @cached_property
    def owners(self) -> Int[Tensor, "P"]:
        """The segment that each chunk is in."""
        counts = torch.tensor(self.counts, device=self.device)
        return torch.repeat_interleave(torch.arange(len(counts), device=self.device), counts, output_size=self.P)

    def split(self, x: Float[Tensor, "B H T *d"], fill: float = 0.0) -> Float[Tensor, "B H P L *d"]:
        """Tokens to chunks. Empty places hold `fill`."""
        if self.places is not None:
            empty = x.new_full((*x.shape[:2], self.P * self.length, *x.shape[3:]), fill)
            x = empty.index_copy(2, self.places, x)
        return x.unflatten(2, (self.P, self.length))

    def join(self, x: Float[Tensor, "B H P L *d"]) -> Float[Tensor, "B H T *d"]:
        """Chunks to tokens."""
        x = x.flatten(2, 3)
        return x if self.places is None else x.index_select(2, self.places)


@dataclass
class Lanes:
    """Which chunk hands its state to which.

    A lane is a run of chunks that starts from `M_0`: a segment under independent start, the whole sequence under
    checkpoint start. The n-th chunks of all lanes make one round, and are computed at once; the longest lanes come
    first, so that the lanes which go on are always the first ones.
    """

    chunks: Chunks
    independent: bool

    @cached_property
    def lengths(self) -> list[int]:
        """Chunks in each lane."""
        return self.chunks.counts if self.independent else [self.chunks.P]

    @cached_property
    def even(self) -> bool:
        return len(set(self.lengths)) == 1

    @cached_property
    def ranking(self) -> list[int]:
        """The lanes, longest first."""
        return sorted(range(len(self.lengths)), key=lambda lane: -self.lengths[lane])

    @cached_property
    def sizes(self) -> list[int]:
        """How many lanes take part in each round."""
        ended = torch.bincount(torch.tensor(self.lengths))[1:]
        return (len(self.lengths) - ended.cumsum(0) + ended).tolist()

    @cached_property
    def order(self) -> Int[Tensor, "P"]:
        """The chunks, round by round."""
        firsts = torch.tensor(self.lengths).cumsum(0) - torch.tensor(self.lengths)
        ranked = firsts[self.ranking]
        return torch.cat([ranked[:size] + n for n, size in enumerate(self.sizes)]).to(self.chunks.device)

    def rounds(self, x: Float[Tensor, "B H P *d"]) -> Sequence[Float[Tensor, "B H _ *d"]]:
        """The chunks of each round."""
        if self.even:
            return x.unflatten(2, (len(self.lengths), self.lengths[0])).unbind(3)
        return x.index_select(2, self.order).split(self.sizes, 2)

    def join(self, rounds: list[Float[Tensor, "B H _ *d"]]) -> Float[Tensor, "B H P *d"]:
        """The chunks of all rounds, back in the order of tokens."""
        if self.even:
            return torch.stack(rounds, 3).flatten(2, 3)
        return torch.cat(rounds, 2).index_select(2, self.order.argsort())

    def ends(self, after: list[Float[Tensor, "B H _ *d"]]) -> Float[Tensor, "B H N *d"]:
        """What each segment ends with, out of what each round ends with."""
        if not self.independent:
            last = torch.tensor(self.chunks.counts).cumsum(0) - 1
            return torch.cat([after[n] for n in last.tolist()], 2)
        if self.even:
            return after[-1]
        stay = [*self.sizes[1:], 0]
        ended = [x.narrow(2, n, x.shape[2] - n) for x, n in zip(after, stay, strict=True) if n < x.shape[2]]
        back = torch.tensor(self.ranking, device=self.chunks.device).argsort()
        return torch.cat(ended[::-1], 2).index_select(2, back)


def carry(
    decay: Float[Tensor, "B H P ..."] | None,
    update: Float[Tensor, "B H P V K"],
    start: Float[Tensor, "B H V K"],
    lanes: Lanes,
) -> tuple[Float[Tensor, "B H P V K"], Float[Tensor, "B H N V K"]]:
    """States at the start of each chunk and at the end of each segment, where a chunk turns S to `S decay + update`.

    `decay` is a matrix [K, K], a number [1, 1], or None for 1.
    """
    updates = lanes.rounds(update)
    decays = [None] * len(updates) if decay is None else lanes.rounds(decay)
    state = start[:, :, None].expand(-1, -1, len(lanes.lengths), -1, -1)
    before, after = [], []
    for factor, new in zip(decays, updates, strict=True):
        state = state if state.shape[2] == new.shape[2] else state.narrow(2, 0, new.shape[2])
        before.append(state)
        if factor is not None:
            state = state * factor if factor.shape[-1] == 1 else state @ factor
        state = state + new
        after.append(state)
    return lanes.join(before), lanes.ends(after)
