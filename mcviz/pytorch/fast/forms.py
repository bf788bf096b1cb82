"""What a chunk of tokens does to a matrix memory: an affine map of the state S that it starts from, one form a rule.

    y_t = S q̃_t + ỹ_t                       S' = S D + U

Reads and updates of all chunks are batched matrix products; what is left of the recurrence is a loop over chunks.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.pytorch.aliases import Coefficients
from mcviz.pytorch.fast.flushed import flushed


class Affine(NamedTuple):
    """What a chunk does to any state: `y_t = S q̃_t + ỹ_t`, `S' = S D + U`."""

    queries: Float[Tensor, "B H P L K"]
    reads: Float[Tensor, "B H P L V"]
    decay: Float[Tensor, "B H P k l"] | None  # [K, K], or [1, 1] for a number, or None for 1
    update: Float[Tensor, "B H P V K"]


class Past(NamedTuple):
    """The pairs before each chunk that a rule's state keeps, oldest first."""

    k: Float[Tensor, "B H P past K"]
    v: Float[Tensor, "B H P past V"]


Form = Callable[[Tensor, Tensor, Tensor, Coefficients, Past | None], Affine]
"""A rule's form: of q, k, v [B, H, P, L, ·] in P chunks of L places, its coefficients [B, H, P, L], and `Past` if its
state keeps pairs. Empty places at a chunk's end hold 0, and the neutral value of a coefficient: what is written
there leaves S as it is."""


def linear(q: Tensor, k: Tensor, v: Tensor, c: Coefficients, past: Past | None) -> Affine:
    """`M_t = S + Σ_{j≤t} v_j k_jᵀ` (Eq. 2): masked attention without a softmax."""
    # ỹ_t = Σ_{j≤t} (q_t·k_j) v_j
    reads = (q @ k.mT).tril_() @ v
    return Affine(q, reads, None, v.mT @ k)


def products(factor: Float[Tensor, "*b L"]) -> Float[Tensor, "*b L L"]:
    """`P_ti = Π_{i<j≤t} factor_j`; 0 where i > t. Factors may be 0: nothing is divided, and no logarithm taken."""
    L = factor.shape[-1]
    earlier = torch.ones(L, L, dtype=torch.bool, device=factor.device).triu()
    return flushed(factor[..., :, None].masked_fill(earlier, 1).cumprod(-2).tril())


def unrolled(alpha: Float[Tensor, "*b L"]) -> tuple[Float[Tensor, "*b L 1"], Float[Tensor, "*b L L"]]:
    """How much is left after token t of the state that the chunk started from, `A_t = Π_{i≤t} α_i`, and of what token
    j wrote, `D_tj = Π_{j<i≤t} α_i`."""
    D = products(alpha)
    return D[..., :1] * alpha[..., :1, None], D


def decay(q: Tensor, k: Tensor, v: Tensor, c: Coefficients, past: Past | None) -> Affine:
    """`M_t = α_t M_{t-1} + λ_t v_t k_tᵀ`, unrolled: `M_t = (Π_{i≤t} α_i) S + Σ_j W_tj v_j k_jᵀ` with
    `W_tj = (Π_{j<l≤t} α_l) λ_j`."""
    A, D = unrolled(c["alpha"])
    W = D * c["lam"][..., None, :]
    return Affine(A * q, (W * (q @ k.mT)) @ v, A[..., -1:, :], (W[..., -1, :, None] * v).mT @ k)


def swla(q: Tensor, k: Tensor, v: Tensor, c: Coefficients, past: Past | None) -> Affine:
    """`M_t = α_t M_{t-1} + Σ_j b_tj v_j k_jᵀ` (Eq. 29), where b is λ_t at j = t and β_t at the window's other pairs.

    Unrolled, `M_t = (Π_{i≤t} α_i) S + Σ_j W_tj v_j k_jᵀ` with `W_tj = Σ_i (Π_{i<l≤t} α_l) b_ij`. Pairs j include the
    window - 1 before the chunk.
    """
    assert past is not None
    n, L = past.k.shape[-2], k.shape[-2]
    k, v = torch.cat([past.k, k], -2), torch.cat([past.v, v], -2)
    window = torch.ones(L, L + n, dtype=torch.bool, device=q.device).tril(n).triu()
    b = torch.where(window.triu(n), c["lam"][..., None], c["beta"][..., None]) * window
    A, D = unrolled(c["alpha"])
    W = D @ b
    return Affine(A * q, (W * (q @ k.mT)) @ v, A[..., -1:, :], (W[..., -1, :, None] * v).mT @ k)


def delta(q: Tensor, k: Tensor, v: Tensor, c: Coefficients, past: Past | None) -> Affine:
    """The delta rule as a linear memory of corrected values (the UT transform).

    `M_t = M_{t-1} + w_t k_tᵀ` with `w_t = η_t (v_t - M_{t-1} k_t)`. Within a chunk `M_{t-1} k_t` is
    `S k_t + Σ_{j<t} (k_j·k_t) w_j`: a triangular system for all w, affine in S: `w = w⁰ - X Sᵀ`, one row a token.
    """
    eta = c["eta"][..., None]
    # (1 + η tril(k kᵀ, -1)) w = η (v - k Sᵀ)
    system = eta * (k @ k.mT).tril(-1)
    solved = solve(system, eta * torch.cat([v, k], -1))
    w, x = solved.split([v.shape[-1], k.shape[-1]], -1)
    A = (q @ k.mT).tril_()
    identity = torch.eye(k.shape[-1], dtype=k.dtype, device=k.device)
    return Affine(q - A @ x, A @ w, identity - x.mT @ k, w.mT @ k)


def gated_delta(q: Tensor, k: Tensor, v: Tensor, c: Coefficients, past: Past | None) -> Affine:
    """The gated delta rule, as the delta rule's form with products of decays between tokens.

    `M_t = α_t M_{t-1} + w_t k_tᵀ` with `w_t = η_t (v_t - α_t M_{t-1} k_t)`. Within a chunk `α_t M_{t-1} k_t` is
    `A_t S k_t + Σ_{j<t} D_tj (k_j·k_t) w_j` with `D_tj = Π_{j<i≤t} α_i` and `A_t = Π_{i≤t} α_i`.
    """
    eta, (A, D) = c["eta"][..., None], unrolled(c["alpha"])
    # (1 + η tril(D ∘ k kᵀ, -1)) w = η (v - A k Sᵀ)
    system = eta * (D * (k @ k.mT)).tril(-1)
    solved = solve(system, eta * torch.cat([v, A * k], -1))
    w, x = flushed(solved).split([v.shape[-1], k.shape[-1]], -1)
    W = D * (q @ k.mT)
    last = D[..., -1, :, None]
    identity = torch.eye(k.shape[-1], dtype=k.dtype, device=k.device)
    return Affine(A * q - W @ x, W @ w, A[..., -1:, :] * identity - (last * x).mT @ k, (last * w).mT @ k)


def solve(lower: Float[Tensor, "*b L L"], right: Float[Tensor, "*b L d"]) -> Float[Tensor, "*b L d"]:
    """`x` of `(1 + lower) x = right`, for a strictly lower triangle. Half precision is solved in single."""
    wide = torch.float64 if right.dtype == torch.float64 else torch.float32
    solved = torch.linalg.solve_triangular(lower.to(wide), right.to(wide), upper=False, unitriangular=True)
    return solved.to(right.dtype)


CHUNK_FORMS: Mapping[str, Form] = {
    "linear": linear,
    "decay": decay,
    "swla": swla,
    "delta": delta,
    "gated_delta": gated_delta,
    "vector": linear,  # read and written with keys of 1
}
"""The form of each memory rule that has one."""
