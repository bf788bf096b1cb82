"""The writes of a chunk of tokens to an MLP memory, unrolled; rows of a matrix are tokens.

The writes of a chunk that starts from `W_0` and momentum `S_0` leave after t of its tokens

    W_t = A_t W_0 - b_t S_0 - Σ_j C_tj ∇_j                S_t = B_t S_0 + Σ_j D_tj ∇_j

where each gradient is an outer product, `∇W1_j = e_j a_jᵀ` and `∇W2_j = δ_j x_jᵀ` (see `Deep` in `memory.py`). So no
`W_t` is ever formed: it answers from its parts,

    W_t x_t = A_t W_0 x_t - b_t S_0 x_t - Σ_j C_tj <right_j, x_t> left_j            for ∇_j = left_j right_jᵀ
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from mcviz.pytorch.aliases import State
from mcviz.pytorch.fast.flushed import flushed


class Decay(NamedTuple):
    """How much of a chunk's start and of its gradients is in the memory after t of its c tokens, t = 0 … c.

    Without momentum and decay (DLA) only C is there: `W_t = W_0 - Σ_j C_tj ∇_j`.
    """

    C: Float[Tensor, "G t c"]
    D: Any = None  # [G, t, c]
    A: Any = None  # [G, t, 1]
    b: Any = None  # [G, t, 1]
    B: Any = None  # [G, t, 1]

    def at(self, rows: slice) -> "Decay":
        parts: list[Any] = [part if part is None else part[:, rows] for part in self]
        return Decay(*parts)


class Errors(NamedTuple):
    """What a chunk's gradients are made of: `∇W1_j = e_j a_jᵀ` and, in a memory of two layers, `∇W2_j = δ_j x_jᵀ`."""

    a: Float[Tensor, "G c E"]  # the hidden layer; x itself at depth 1
    e: Float[Tensor, "G c V"]
    delta: Any  # [G, c, E]; None at depth 1
    overflown: Any = None  # [G, c, 1]: tokens after which the memory is no longer finite, or None if there are none


class Chunk(NamedTuple):
    """What is left of a chunk once it is written: enough to answer for the memory after each of its tokens."""

    start: State  # W and S, [G, ...]
    decay: Decay
    x: Float[Tensor, "G c K"]  # keys, normed
    errors: Errors


def products(factor: Float[Tensor, "G c"]) -> Float[Tensor, "G t t"]:
    """`P_tj = Π_{j<i≤t} factor_i` for t, j = 0 … c, and 0 where j > t. Nothing is divided: a factor may be 0."""
    c = factor.shape[-1]
    steps = F.pad(factor, (1, 0), value=1.0)[..., None].expand(-1, -1, c + 1)
    later = torch.ones(c + 1, c + 1, dtype=torch.bool, device=factor.device).tril(-1)
    return flushed(torch.where(later, steps, torch.ones_like(steps)).cumprod(-2).tril())


def unroll(c: Mapping[str, Float[Tensor, "G c"]]) -> Decay:
    """The writes of a chunk, as weights of its start and of its gradients."""
    eta = c["eta"]
    if "alpha" not in c:
        # C_tj = η_j for j ≤ t
        return Decay(F.pad(eta[:, None, :].expand(-1, eta.shape[1], -1).tril(), (0, 0, 1, 0)))
    alpha, beta = products(c["alpha"]), products(c["beta"])
    # S_t = (Π_{0<i≤t} β_i) S_0 + Σ_j (Π_{j<i≤t} β_i) η_j ∇_j            (36)
    S = beta * F.pad(eta, (1, 0), value=1.0)[:, None, :]
    # W_t = (Π_{0<i≤t} α_i) W_0 - Σ_{0<i≤t} (Π_{i<l≤t} α_l) S_i          (35)
    W = alpha[..., 1:] @ S[:, 1:]
    return Decay(C=W[..., 1:], D=S[..., 1:], A=alpha[..., :1], b=W[..., :1], B=S[..., :1])


def carry(x: Tensor, W: Tensor, S: Any, d: Decay) -> Tensor:
    """`(A_t W_0 - b_t S_0) x_t`: what the chunk's start has to say. Scalars go to the narrower side."""
    if S is None:
        return x @ W.mT
    if W.shape[-1] < W.shape[-2]:
        return torch.baddbmm((d.A * x) @ W.mT, d.b * x, S.mT, alpha=-1)
    return d.A * (x @ W.mT) - d.b * (x @ S.mT)


def answer(x: Tensor, W: Tensor, S: Any, left: Tensor, right: Tensor, d: Decay) -> Tensor:
    """`W_t x_t = (A_t W_0 - b_t S_0) x_t - Σ_j C_tj <right_j, x_t> left_j`"""
    return torch.baddbmm(carry(x, W, S, d), d.C * (x @ right.mT), left, alpha=-1)


def hidden(chunk: Chunk, x: Float[Tensor, "G c K"]) -> Float[Tensor, "G c E"]:
    """`W2_t x_t`"""
    start, errors = chunk.start, chunk.errors
    return answer(x, start["W2"], start.get("S2"), errors.delta, chunk.x, chunk.decay.at(slice(1, None)))


def outer(chunk: Chunk, a: Float[Tensor, "G c E"]) -> Float[Tensor, "G c V"]:
    """`W1_t a_t`"""
    start, errors = chunk.start, chunk.errors
    y = answer(a, start["W1"], start.get("S1"), errors.e, errors.a, chunk.decay.at(slice(1, None)))
    return y if errors.overflown is None else y.masked_fill(errors.overflown, torch.nan)


def end(chunk: Chunk) -> State:
    """The state after the chunk's last token."""
    state, last = {}, chunk.decay.at(slice(-1, None))
    a, e, delta, overflown = chunk.errors
    for n, left, right in (("1", e, a), ("2", delta, chunk.x)):
        if left is None:
            continue
        W, S = chunk.start[f"W{n}"], chunk.start.get(f"S{n}")
        # W_c = A_c W_0 - b_c S_0 - Σ_j C_cj left_j right_jᵀ
        carried = W if S is None else last.A * W - last.b * S
        state[f"W{n}"] = torch.baddbmm(carried, (last.C.mT * left).mT, right, alpha=-1)
        if S is not None:
            # S_c = B_c S_0 + Σ_j D_cj left_j right_jᵀ
            state[f"S{n}"] = torch.baddbmm(last.B * S, (last.D.mT * left).mT, right)
    if overflown is not None:
        state = {name: W.masked_fill(overflown[:, -1:], torch.nan) for name, W in state.items()}
    return state
