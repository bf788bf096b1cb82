"""A recurrence that is affine in its state, all steps at once: `S_n = S_{n-1} D_n + U_n`.

Where D_n is a number, that is one product of matrices. Otherwise it is done in log₂ rounds.

Two steps are one step, `S D_1 D_2 + (U_1 D_2 + U_2)`. So after a round in which each step takes in the one before it,
steps span two, after another round four, and after log₂ n rounds each spans all that came before (Hillis and Steele).
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mcviz.pytorch.fast.forms import products
from mcviz.pytorch.fast.launches import numbers
from mcviz.pytorch.numerics import is_transformed


def states(
    decay: Float[Tensor, "m ..."] | None, update: Float[Tensor, "n *b V K"], opens: Bool[Tensor, "n"] | None = None
) -> Float[Tensor, "n *b V K"]:
    """`S_n = S_{n-1} D_n + U_n` from `S_0 = U_0`, with `decay` from `D_1` on. Where a step `opens`, `S_n = U_n`.

    `D_n` is a matrix [K, K], a number [1, 1], or None for 1: then the states are one cumulative sum.
    """
    if decay is None:
        return update.cumsum(0)
    decay = torch.cat([torch.zeros_like(decay[:1]), decay])
    if is_transformed(decay, update):
        return rounds(decay, update, opens)
    found: Tensor = Scan.apply(decay, update, opens)  # type: ignore[no-untyped-call]
    return found


def fits(D: Float[Tensor, "n ..."]) -> bool:
    """Whether there is room for a number for each pair of steps."""
    return len(D) * D.numel() <= numbers(D, 0)


def sums(D: Float[Tensor, "n *b 1 1"], U: Float[Tensor, "n *b V K"]) -> Float[Tensor, "n *b V K"]:
    """The states where `D_n` is a number: `S_n = Σ_m (Π_{m<i≤n} D_i) U_m`, one product of matrices."""
    P = products(D[..., 0, 0].movedim(0, -1))
    return (P @ U.flatten(-2).movedim(0, -2)).movedim(-2, 0).unflatten(-1, U.shape[-2:])


def rounds(
    D: Float[Tensor, "n ..."], U: Float[Tensor, "n *b V K"], opens: Bool[Tensor, "n"] | None
) -> Float[Tensor, "n *b V K"]:
    """The states, round by round."""
    span = 1
    while span < len(U):
        D0, U0, D1, U1 = D[:-span], U[:-span], D[span:], U[span:]
        if opens is not None:
            # what opened within the span takes in nothing from before it
            new = along(opens[span:], U1)
            D0, D1, U0 = (x.masked_fill(new, 0) for x in (D0, D1, U0))
            opens = torch.cat([opens[:span], opens[span:] | opens[:-span]])
        U = torch.cat([U[:span], step(U0, D1, U1)])
        span *= 2
        if span < len(U):
            D = torch.cat([D[: span // 2], step(D0, D1)])
    return U


def along(opens: Bool[Tensor, "n"], x: Float[Tensor, "n *d"]) -> Bool[Tensor, "n ..."]:
    """The flags of steps, ready to mask `x`."""
    return opens.view(-1, *[1] * (x.ndim - 1))


def step(S: Float[Tensor, "n *b V K"], D: Float[Tensor, "n ..."], U: Any = None) -> Float[Tensor, "n *b V K"]:
    """`S D + U`"""
    if D.shape[-1] == 1:
        return S * D if U is None else torch.addcmul(U, S, D)
    S3, D3 = S.flatten(0, -3), D.flatten(0, -3)
    found = torch.bmm(S3, D3) if U is None else torch.baddbmm(U.flatten(0, -3), S3, D3)
    return found.view(*S.shape[:-1], D.shape[-1])


class Scan(torch.autograd.Function):
    """`rounds`, whose backward pass is one of the same kind from the last step to the first; no round is kept."""

    @staticmethod
    def forward(
        ctx: Any, D: Float[Tensor, "n ..."], U: Float[Tensor, "n *b V K"], opens: Bool[Tensor, "n"] | None
    ) -> Float[Tensor, "n *b V K"]:
        S = sums(D, U) if opens is None and D.shape[-1] == 1 and fits(D) else rounds(D, U, opens)
        ctx.save_for_backward(D, S)
        ctx.opens = opens
        return S

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (g,), (D, S) = gradients, ctx.saved_tensors
        opens = None if ctx.opens is None else torch.cat([ctx.opens[:1], ctx.opens[1:].flip(0)])
        # dU_n = g_n + dU_{n+1} D_{n+1}ᵀ
        dU = states(D[1:].mT.flip(0), g.flip(0), opens).flip(0)
        if not ctx.needs_input_grad[0]:
            return None, dU, None
        before = S[:-1] if ctx.opens is None else S[:-1].masked_fill(along(ctx.opens[1:], S[:-1]), 0)
        # dD_n = S_{n-1}ᵀ dU_n
        dD = (before * dU[1:]).sum((-2, -1), keepdim=True) if D.shape[-1] == 1 else before.mT @ dU[1:]
        return torch.cat([torch.zeros_like(D[:1]), dD.sum_to_size(D[1:].shape)]), dU, None
