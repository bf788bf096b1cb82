"""Routed reads: each memory answers the tokens that chose it, whatever the number of memories."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from mcviz.pytorch.aliases import Read, State
from mcviz.pytorch.fast.launches import wide
from mcviz.pytorch.numerics import is_transformed

BUSY = 32
"""Pairs of a token and a memory in a block. A memory with more to answer, on average, is worth a call of its own."""


LARGE = 2**20
"""Numbers asked by all pairs together. On a CPU, with more of them heads take turns, in the same memory."""


class Ask(torch.autograd.Function):
    """Queries in the order of the memories they go to: the token of pair `order[n]` at place n.

    Its backward adds up by `place`, where each pair went: always in the same order.
    """

    @staticmethod
    def forward(
        ctx: Any, q: Float[Tensor, "t K"], order: Int[Tensor, "n"], place: Int[Tensor, "t k"]
    ) -> Float[Tensor, "n K"]:
        ctx.save_for_backward(place)
        return q.index_select(0, order.clamp(min=0) // place.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (dq,), (place,) = gradients, ctx.saved_tensors
        return F.embedding_bag(place, dq, mode="sum"), None, None


class Add(torch.autograd.Function):
    """`y_t = Σ_n w_tn a_n` over the answers a to each token's k choices."""

    @staticmethod
    def forward(
        ctx: Any,
        answers: Float[Tensor, "n V"],
        weights: Float[Tensor, "t k"],
        order: Int[Tensor, "n"],
        place: Int[Tensor, "t k"],
    ) -> Float[Tensor, "t V"]:
        ctx.save_for_backward(answers, weights, order, place)
        return F.embedding_bag(place, answers, mode="sum", per_sample_weights=weights)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (dy,), (answers, weights, order, place) = gradients, ctx.saved_tensors
        pair = order.clamp(min=0)
        share = weights.flatten().index_select(0, pair).masked_fill(order < 0, 0)
        danswers = dy.index_select(0, pair // place.shape[1]) * share[:, None]
        dweights = [(dy * answers.index_select(0, column)).sum(-1) for column in place.unbind(1)]
        return danswers, torch.stack(dweights, 1), None, None


def ask(q: Float[Tensor, "t K"], order: Int[Tensor, "n"], place: Int[Tensor, "t k"]) -> Float[Tensor, "n K"]:
    """`Ask`, which transforms of functions do not know."""
    if is_transformed(q, order):
        return q.index_select(0, order.clamp(min=0) // place.shape[1])
    rows: Tensor = Ask.apply(q, order, place)  # type: ignore[no-untyped-call]
    return rows


def add(
    answers: Float[Tensor, "n V"], weights: Float[Tensor, "t k"], order: Int[Tensor, "n"], place: Int[Tensor, "t k"]
) -> Float[Tensor, "t V"]:
    """`Add`, likewise."""
    if is_transformed(answers, weights, place):
        return (weights[..., None] * answers.index_select(0, place.flatten()).unflatten(0, place.shape)).sum(1)
    y: Tensor = Add.apply(answers, weights, order, place)  # type: ignore[no-untyped-call]
    return y


class Layout(NamedTuple):
    """Where (token, choice) pairs stand once they are sorted by the memory they ask."""

    order: Int[Tensor, "places"]  # the pair at each place, -1 for none
    place: Int[Tensor, "pairs"]  # the place of each pair
    sizes: Int[Tensor, "memories"]  # places of each memory


def lay(asked: Int[Tensor, "pairs"], memories: int, size: int) -> Layout:
    """Sort pairs by memory. Each memory's places are filled up to a multiple of `size`."""
    n, device = len(asked), asked.device
    memory, pair = asked.sort(stable=True)
    count = torch.zeros(memories, dtype=torch.long, device=device).index_add(0, asked, torch.ones_like(asked))
    if size == 1:
        return Layout(pair, torch.empty_like(pair).index_copy(0, pair, torch.arange(n, device=device)), count)
    # a pair stands as many places on as were left empty before it
    empty = -count % size
    places = (empty.cumsum(0) - empty)[memory] + torch.arange(n, device=device)
    # as many places as there can be at most: a size that nobody has to wait for
    order = places.new_full(((n // size + memories) * size,), -1).index_copy(0, places, pair)
    return Layout(order, torch.empty_like(pair).index_copy(0, pair, places), count + empty)


def dispatch(
    choices: Int[Tensor, "B H T k"],
    weights: Float[Tensor, "B H T k"],
    q: Float[Tensor, "B H T K"],
    states: State,
    read: Read,
) -> Float[Tensor, "B H T V"]:
    """`Σ_n w_tn M^(i_tn)(q_t)` over the k checkpoints i that a token chose, at a cost that does not grow with N.

    (Token, choice) pairs are sorted by memory, each memory answers those who asked it, and each token adds up its
    answers. On a CPU a busy memory answers all its pairs at once. Otherwise they come in blocks of one size, so that
    one batched read answers all, and nothing has to wait for a count.
    """
    B, H, _, k = choices.shape
    if not wide(q.device) and H > 1 and choices.numel() * q.shape[-1] > LARGE:
        heads = zip(*(x.split(1, 1) for x in (choices, weights, q, *states.values())), strict=True)
        return torch.cat([dispatch(c, w, x, dict(zip(states, M, strict=True)), read) for c, w, x, *M in heads], 1)
    flat = {name: x.flatten(0, 2) for name, x in states.items()}
    memories = len(next(iter(flat.values())))
    firsts = torch.arange(0, memories, memories // (B * H), device=q.device).view(B, H, 1, 1)
    asked = (choices + firsts).flatten()
    cached = not wide(q.device) and not is_transformed(choices, weights, q, *states.values())
    one_by_one = cached and len(asked) >= BUSY * memories
    order, place, sizes = lay(asked, memories, 1 if one_by_one else BUSY)
    place = place.view(-1, k)
    rows = ask(q.flatten(0, 2), order, place)
    if one_by_one:
        each = [
            dict(zip(flat, parts, strict=True)) for parts in zip(*(x.unbind(0) for x in flat.values()), strict=True)
        ]
        parts = zip(each, rows.split(sizes.tolist()), strict=True)
        answers = torch.cat([read(state, part) for state, part in parts if len(part)])
    else:
        blocks = torch.arange(0, len(rows), BUSY, device=q.device)
        owner = torch.searchsorted(sizes.cumsum(0), blocks, right=True).clamp(max=memories - 1)
        block = {name: x.index_select(0, owner) for name, x in flat.items()}
        answers = read(block, rows.unflatten(0, (-1, BUSY))).flatten(0, 1)
    return add(answers, weights.flatten(0, 2), order, place).unflatten(0, q.shape[:3])
