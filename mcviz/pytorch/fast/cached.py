"""Reads of all checkpoints by all tokens at once. A token in segment s reads checkpoints i < s."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from mcviz.pytorch.aliases import Read, State
from mcviz.pytorch.fast.chunks import Chunks, whole_numbers
from mcviz.pytorch.fast.gelu import gelu
from mcviz.pytorch.fast.launches import numbers, on_a_gpu, wide
from mcviz.pytorch.numerics import is_differentiated, is_transformed

TILE = 2**18
"""Numbers in an intermediate tile on a CPU: about 1 MB, so that it stays in cache."""

Tile = tuple[slice, slice, int]
"""Sequences, tokens, and how many memories these reach."""


def prefix(q: Float[Tensor, "B H T K"], M: Float[Tensor, "B H N V K"], chunks: Chunks) -> Float[Tensor, "B H T V"]:
    """`Σ_{i<s} M^(i) q_t`: one read of a sum of memories that grows from segment to segment."""
    if wide(M.device):
        before = F.pad(M[:, :, :-1].cumsum(2), (0, 0, 0, 0, 1, 0))
    else:
        before = torch.stack([*accumulate(M.unbind(2)[:-1], initial=torch.zeros_like(M[:, :, 0]))], 2)
    return chunks.join(chunks.split(q) @ before.index_select(2, chunks.owners + chunks.before).mT)


class Dense(torch.autograd.Function):
    """`y_t = Σ_i w_ti M^(i) q_t` as one matrix product of `w_t ⊗ q_t` with all memories on top of each other.

    `w_t ⊗ q_t` is N times as large as q: it is formed in tiles, and again in the backward pass.
    """

    @staticmethod
    def forward(
        ctx: Any, w: Float[Tensor, "G T N"], q: Float[Tensor, "G T K"], M: Float[Tensor, "G NK V"], tiles: list[Tile]
    ) -> Float[Tensor, "G T V"]:
        ctx.save_for_backward(w, q, M)
        ctx.tiles = tiles
        return mixed(w, q, M, tiles)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (dy,) = gradients
        w, q, M = ctx.saved_tensors
        dw, dq, dM = torch.zeros_like(w), torch.zeros_like(q), torch.zeros_like(M)
        for g, t, n in ctx.tiles:
            wt, qt = w[g, t, :n].mT, rows(q[g, t])
            e = expand(wt, qt)
            dM[g, : e.shape[1]].baddbmm_(e, dy[g, t])
            de = torch.bmm(M[g, : e.shape[1]], dy[g, t].mT).unflatten(1, (n, -1))
            dw[g, t, :n] = (de * qt[:, None]).sum(2).mT
            dq[g, t] = (de * wt[:, :, None]).sum(1).mT
        return dw, dq, dM, None


def mixed(
    w: Float[Tensor, "G T N"], q: Float[Tensor, "G T K"], M: Float[Tensor, "G NK V"], tiles: list[Tile]
) -> Float[Tensor, "G T V"]:
    """What `Dense` computes."""
    y = q.new_zeros(*q.shape[:2], M.shape[2])
    for g, t, n in tiles:
        e = expand(w[g, t, :n].mT, rows(q[g, t]))
        y[g, t] = torch.bmm(e.mT, M[g, : e.shape[1]])
    return y


def rows(x: Float[Tensor, "g t n"]) -> Float[Tensor, "g n t"]:
    """One row for each n, tokens side by side in memory: as long as rows can be, so that products of rows are fast."""
    return x.mT.contiguous()


def expand(w: Float[Tensor, "g n t"], q: Float[Tensor, "g K t"]) -> Float[Tensor, "g nK t"]:
    """`w_t ⊗ q_t`"""
    return (w[:, :, None] * q[:, None]).flatten(1, 2)


def tiles(q: Float[Tensor, "G T K"], stops: Sequence[int], most_numbers: int, width: int = 0) -> list[Tile]:
    """Tiles of all tokens that reach a memory; memory i is reached from token `stops[i]` on. A tile takes so many
    products, at most, of which there are `width` (or K) for a token and a memory.

    Tokens of a tile that reach less are computed with those that reach more: it spans an eighth of them at most; on a
    CPU a quarter, where even that is small for all sequences together.
    """
    G, T, K = q.shape[0], q.shape[1], width or q.shape[2]
    eighth, everywhere = -(-T // 256) * 32, wide(q.device)
    longest = eighth if everywhere else 2 * eighth
    found, t, n = [], stops[0], 0
    while t < T:
        stop = min(t + 32, T)
        n = reached(stops, stop, n)
        while stop < min(t + longest, T):
            after = min(stop + 32, T)
            more = reached(stops, after, n)
            if (after - t) * K * more * (G if everywhere or after - t > eighth else 1) > most_numbers:
                break
            stop, n = after, more
        groups = max(1, most_numbers // ((stop - t) * K * n))
        found += [(slice(g, min(g + groups, G)), slice(t, stop), n) for g in range(0, G, groups)]
        t = stop
    return found


def reached(stops: Sequence[int], t: int, n: int) -> int:
    """How many memories the tokens before t reach, `n` or more: those that stop before t."""
    while n < len(stops) and stops[n] < t:
        n += 1
    return n


def dense(
    weights: Float[Tensor, "B H T N"],
    q: Float[Tensor, "B H T K"],
    M: Float[Tensor, "B H N V K"],
    stops: Sequence[int],
) -> Float[Tensor, "B H T V"]:
    """`Σ_{i<s} w_t^(i) M^(i) q_t` (Eq. 8, 14) for weights that are 0 from i = s on; memory i stops at `stops[i]`."""
    if is_transformed(weights, q, M):
        return torch.einsum("bhtn,bhtk,bhnvk->bhtv", weights, q, M)
    if is_fused(q, M):
        from mcviz.pytorch.fast import fused  # needs Triton

        w, x, states = (each.flatten(0, 1) for each in (weights, q, M))
        return fused.weighted(w, x, states, whole_numbers(stops, q.device)).unflatten(0, q.shape[:2])
    w, x, stacked = weights.flatten(0, 1), q.flatten(0, 1), M.mT.flatten(0, 1).flatten(1, 2)
    compute = Dense.apply if any(map(is_differentiated, (w, x, stacked))) else mixed
    y: Tensor = compute(w, x, stacked, tiles(x, stops, numbers(x, TILE)))
    return y.unflatten(0, q.shape[:2])


def is_fused(q: Tensor, M: Tensor) -> bool:
    """Whether kernels of Triton read all memories: on a GPU, in at most single precision, where a matrix fits."""
    known = q.dtype in (torch.float32, torch.bfloat16, torch.float16) and max(M.shape[-2:]) <= 128
    return known and on_a_gpu(q) and not torch.compiler.is_compiling()


def layers(
    weights: Float[Tensor, "B H T N"],
    x: Float[Tensor, "B H T K"],
    W1: Float[Tensor, "B H N V E"],
    W2: Float[Tensor, "B H N E K"],
    stops: Sequence[int],
) -> Float[Tensor, "B H T V"]:
    """`dense`, for memories `W1 σ(W2 x)`: the hidden layers of all memories side by side, in tiles."""
    (B, H, T, _), E = x.shape, W1.shape[-1]
    gates, x = weights.flatten(0, 1), x.flatten(0, 1)
    down, up = W2.flatten(0, 1), W1.mT.flatten(0, 1)
    rows: dict[tuple[int, int], list[Tensor]] = {}
    for g, t, n in tiles(x, stops, numbers(x, TILE), E):
        # Σ_i w^(i) W1^(i) σ(W2^(i) x)
        a = gelu(x[g, t] @ down[g, :n].flatten(1, 2).mT).unflatten(-1, (n, E)) * gates[g, t, :n, None]
        rows.setdefault((t.start, t.stop), []).append(a.flatten(-2) @ up[g, :n].flatten(1, 2))
    found = torch.cat([torch.cat(part) for part in rows.values()], 1)
    return F.pad(found, (0, 0, T - found.shape[1], 0)).unflatten(0, (B, H))


def each(
    weights: Float[Tensor, "B H T N"] | None,
    q: Float[Tensor, "B H T K"],
    states: State,
    stops: Sequence[int],
    read: Read,
) -> Float[Tensor, "B H T V"]:
    """`Σ_{i<s} w_t^(i) M^(i)(q_t)` for any memory, each weight 1 if none are given: one checkpoint after the other."""
    one = [dict(zip(states, parts, strict=True)) for parts in zip(*(x.unbind(2) for x in states.values()), strict=True)]
    y: Tensor | None = None
    for i, stop in reversed([*enumerate(stops[:-1])]):
        # tokens from `stop` on: those of the next segment are the first to read checkpoint i
        part = read(one[i], q[:, :, stop:])
        part = part if weights is None else weights[:, :, stop:, i, None] * part
        y = part if y is None else part + F.pad(y, (0, 0, part.shape[2] - y.shape[2], 0))
    assert y is not None
    return F.pad(y, (0, 0, q.shape[2] - y.shape[2], 0))
