"""Tokens laid out for batched matrix products: in chunks of equal length, none of which crosses a segment's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

from mcviz.pytorch.fast.affine import states
from mcviz.pytorch.fast.launches import wide
from mcviz.pytorch.fast.once import once
from mcviz.segments import Segments

CHUNK = 64
"""Tokens in a chunk, at most: inside one each token meets each earlier one, between chunks only states pass."""


def swap(x: Shaped[Tensor, "B a b ..."]) -> Shaped[Tensor, "B b a ..."]:
    """Tokens (or segments) before heads, and back."""
    return x.transpose(1, 2)


RUNS = 16
"""Up to so many runs of evenly spaced numbers are made where they are needed; more are copied there."""


def whole_numbers(values: Sequence[int], device: torch.device) -> Int[Tensor, "n"]:
    """A list of whole numbers on the device. Cuts of equal lengths are made there, and nothing waits for a copy."""
    if device.type == "cpu":
        return torch.tensor(values, device=device)
    runs: list[list[int]] = []
    for value in values:
        if runs and (len(runs[-1]) == 1 or value - runs[-1][-1] == runs[-1][1] - runs[-1][0] != 0):
            runs[-1].append(value)
        else:
            runs.append([value])
    if len(runs) > RUNS or any(len(run) > 1 and run[0] >= run[1] for run in runs):
        return torch.tensor(values, device=device)
    steps = [run[1] - run[0] if len(run) > 1 else 1 for run in runs]
    made = [torch.arange(run[0], run[-1] + 1, step, device=device) for run, step in zip(runs, steps, strict=True)]
    return made[0] if len(made) == 1 else torch.cat(made)


@dataclass  # not frozen, nor are lanes: torch 2.9 cannot make a graph of what a frozen one caches
class Chunks:
    """T tokens in P chunks of `length` places each. The last places of a segment's last chunk may stay empty.

    `before` memories were kept before the first token, and the first segment had `opened` tokens then.
    """

    cuts: Segments
    length: int
    device: torch.device
    before: int = 0
    opened: int = 0

    @classmethod
    def of(cls, cuts: Segments, device: torch.device, before: int = 0, opened: int = 0) -> "Chunks":
        """Chunks as long as the longest segment, or `CHUNK`."""
        return cls(cuts, min(CHUNK, max(stop - start for start, stop in cuts)), device, before, opened)

    @once
    def counts(self) -> list[int]:
        """How many chunks each segment has: where launches cost, the same number, if few of them are empty."""
        counts = [-(-(stop - start) // self.length) for start, stop in self.cuts]
        most = max(counts)
        padded = wide(self.device) and len(counts) * most <= sum(counts) + 2 * most
        return [most] * len(counts) if padded else counts

    @once
    def P(self) -> int:
        return sum(self.counts)

    @once
    def N(self) -> int:
        """How many memories there are at the end, those of `before` included."""
        return self.before + len(self.cuts)

    @once
    def stops(self) -> list[int]:
        """Before which token each memory is complete."""
        return [0] * self.before + [stop for _, stop in self.cuts]

    @once
    def spans(self) -> tuple[Int[Tensor, "N"], Int[Tensor, "N"]]:
        """Where segments start and stop."""
        starts = whole_numbers([start for start, _ in self.cuts], self.device)
        return starts, F.pad(starts[1:], (0, 1), value=self.cuts[-1][1])

    @once
    def firsts(self) -> Int[Tensor, "N"]:
        """The first chunk of each segment."""
        return whole_numbers([*accumulate(self.counts[:-1], initial=0)], self.device)

    @once
    def lasts(self) -> Int[Tensor, "N"]:
        """The last chunk of each segment."""
        return F.pad(self.firsts[1:], (0, 1), value=self.P) - 1

    @once
    def shifts(self) -> Int[Tensor, "N"]:
        """How many empty places stand before each segment."""
        return self.firsts * self.length - self.spans[0]

    @once
    def places(self) -> Int[Tensor, "T"] | None:
        """The place of each token; None if every place is filled."""
        T = self.cuts[-1][1]
        if self.P * self.length == T:
            return None
        return torch.arange(T, device=self.device) + self.shifts[self.inside]

    @once
    def opens(self) -> Int[Tensor, "P"]:
        """The first token of each chunk; of an empty one, where its segment stops."""
        starts, stops = (x[self.owners] for x in self.spans)
        nth = torch.arange(self.P, device=self.device) - self.firsts[self.owners]
        return (starts + nth * self.length).minimum(stops)

    @once
    def inside(self) -> Int[Tensor, "T"]:
        """The segment that each token is in."""
        length, T = self.cuts[0][1], self.cuts[-1][1]
        if [start for start, _ in self.cuts] == [*range(0, T, length)]:
            return torch.arange(len(self.cuts), device=self.device).repeat_interleave(length)[:T]
        starts, stops = self.spans
        segment = torch.arange(len(self.cuts), device=self.device)
        return torch.repeat_interleave(segment, stops - starts, output_size=T)

    @once
    def segment_of(self) -> Int[Tensor, "T"]:
        """The memory that each token writes to."""
        return self.inside + self.before if self.before else self.inside

    @once
    def position(self) -> Int[Tensor, "T"]:
        """Which token of its segment each token is, from 1 on."""
        begins = F.pad(self.spans[0][1:], (1, 0), value=-self.opened) - 1
        return torch.arange(self.cuts[-1][1], device=self.device) - begins[self.inside]

    @once
    def owners(self) -> Int[Tensor, "P"]:
        """The segment that each chunk is in."""
        chunk = torch.arange(self.P, device=self.device)
        if len(set(self.counts)) == 1:
            return chunk // self.counts[0]
        return torch.searchsorted(self.firsts, chunk, right=True) - 1

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

    @once
    def lengths(self) -> list[int]:
        """Chunks in each lane."""
        return self.chunks.counts if self.independent else [self.chunks.P]

    @once
    def even(self) -> bool:
        return len(set(self.lengths)) == 1

    @once
    def single(self) -> bool:
        """Whether each lane is one chunk."""
        return max(self.lengths) == 1

    @once
    def ranking(self) -> list[int]:
        """The lanes, longest first."""
        return sorted(range(len(self.lengths)), key=lambda lane: -self.lengths[lane])

    @once
    def sizes(self) -> list[int]:
        """How many lanes take part in each round."""
        ended = [0] * (max(self.lengths) + 1)
        for length in self.lengths:
            ended[length] -= 1
        return [*accumulate(ended[1:-1], initial=len(self.lengths))]

    @once
    def order(self) -> Int[Tensor, "P"]:
        """The chunks, round by round."""
        firsts = [*accumulate(self.lengths[:-1], initial=0)]
        places = [firsts[lane] + n for n, size in enumerate(self.sizes) for lane in self.ranking[:size]]
        return torch.tensor(places, device=self.chunks.device)

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
            return torch.cat([after[stop - 1] for stop in accumulate(self.chunks.counts)], 2)
        if self.even:
            return after[-1]
        stay = [*self.sizes[1:], 0]
        ended = [x.narrow(2, n, x.shape[2] - n) for x, n in zip(after, stay, strict=True) if n < x.shape[2]]
        back = torch.tensor(self.ranking, device=self.chunks.device).argsort()
        return torch.cat(ended[::-1], 2).index_select(2, back)

    def begin(self, start: Float[Tensor, "B H *d"], first: Any) -> Float[Tensor, "B H lanes *d"]:
        """What each lane starts from: `start`, and the first one from `first`, if it is not None."""
        state = start[:, :, None].expand(-1, -1, len(self.lengths), *start.shape[2:])
        return state if first is None else torch.cat([first[:, :, None], state[:, :, 1:]], 2)


def carry(
    decay: Float[Tensor, "B H P ..."] | None,
    update: Float[Tensor, "B H P V K"],
    start: Float[Tensor, "B H V K"],
    lanes: Lanes,
    first: Float[Tensor, "B H V K"] | None = None,
) -> tuple[Float[Tensor, "B H P V K"], Float[Tensor, "B H N V K"]]:
    """States at the start of each chunk and at the end of each segment, where a chunk turns S to `S decay + update`.

    `decay` is a matrix [K, K], a number [1, 1], or None for 1. Lanes begin from `start`, the first one from `first`.
    """
    state = lanes.begin(start, first)
    if wide(update.device):
        return at_once(decay, update, state, lanes)
    updates = lanes.rounds(update)
    decays = [None] * len(updates) if decay is None else lanes.rounds(decay)
    state = state if first is None or lanes.even else state[:, :, lanes.ranking]
    before, after = [], []
    for factor, new in zip(decays, updates, strict=True):
        state = state if state.shape[2] == new.shape[2] else state.narrow(2, 0, new.shape[2])
        before.append(state)
        if factor is not None:
            state = state * factor if factor.shape[-1] == 1 else state @ factor
        state = state + new
        after.append(state)
    return lanes.join(before), lanes.ends(after)


def at_once(
    decay: Float[Tensor, "B H P ..."] | None,
    update: Float[Tensor, "B H P V K"],
    begin: Float[Tensor, "B H lanes V K"],
    lanes: Lanes,
) -> tuple[Float[Tensor, "B H P V K"], Float[Tensor, "B H N V K"]]:
    """`carry` as a scan over the chunks of a lane. What a lane begins from is its first update."""
    chunks, S = lanes.chunks, len(lanes.lengths)
    if lanes.even:
        # [chunks of a lane, B, H, lanes, ...]
        rows = update.unflatten(2, (S, -1)).movedim(3, 0)
        factors = None if decay is None else decay.unflatten(2, (S, -1)).movedim(3, 0)
        found = states(factors, torch.cat([begin[None], rows]))
        before, after = (x.movedim(0, 3).flatten(2, 3) for x in (found[:-1], found[1:]))
        if lanes.independent:
            return before, found[-1]
        regular = len(set(chunks.counts)) == 1
        return before, after[:, :, chunks.counts[0] - 1 :: chunks.counts[0]] if regular else after[:, :, chunks.lasts]
    # [lanes and chunks, B, H, ...]: each lane's chunks stand behind what it begins from
    rows = update.movedim(2, 0)
    factors = rows.new_ones(chunks.P, 1, 1, 1, 1) if decay is None else decay.movedim(2, 0)
    lane = torch.arange(S, device=chunks.device)
    place = torch.arange(chunks.P, device=chunks.device) + chunks.owners + 1
    order = torch.cat([chunks.firsts + lane, place]).argsort()
    factors = torch.cat([factors.new_zeros(S, *factors.shape[1:]), factors]).index_select(0, order[1:])
    found = states(factors, torch.cat([begin.movedim(2, 0), rows]).index_select(0, order), order < S)
    return found.index_select(0, place - 1).movedim(0, 2), found.index_select(0, chunks.lasts + lane + 1).movedim(0, 2)
