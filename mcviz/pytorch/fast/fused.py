"""`cached.Dense` in three kernels of Triton: on a GPU nothing as large as `w_t ⊗ q_t` is ever formed.

Each program holds a block of tokens of one sequence and goes over the checkpoints that they reach, so that every
memory is read from cache once a block. Products are summed in float32. Triton's interpreter runs the same kernels on a
CPU (`TRITON_INTERPRET=1`), as tests do.
"""

from functools import partial
from typing import Any

import torch
import triton
import triton.language as tl
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mcviz.pytorch.fast.again import again

TOKENS = 64
"""In a block."""

SPAN = 2048
"""Tokens of which a program sums up the gradient of a memory, about; `PARTS` such sums of each memory at most."""

PARTS = 16


@triton.jit
def reached(stops, end, N, BN: tl.constexpr):
    """How many checkpoints the tokens before `end` reach: those that stop before it."""
    i = tl.arange(0, BN)
    return tl.sum((tl.load(stops + i, mask=i < N, other=end) < end).to(tl.int32))


@triton.jit
def block(x, rows, columns, T, D, stride, along):
    """Rows and columns of a matrix [T, D]; 0 beyond its edges."""
    inside = (rows[:, None] < T) & (columns[None, :] < D)
    return tl.load(x + rows[:, None] * stride + columns[None, :] * along, mask=inside, other=0.0)


@triton.jit
def read_kernel(
    w, q, M, stops, y, T, N, K, V, wg, wt, wn, qg, qt, qk, Mg, Mn, Mv, Mk,
    L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """`y_t = Σ_i w_ti M^(i) q_t` (Eq. 8, 14) for a block of tokens."""
    g, first = tl.program_id(1).to(tl.int64), tl.program_id(0) * L
    t, k, v = first + tl.arange(0, L), tl.arange(0, BK), tl.arange(0, BV)
    x = block(q + g * qg, t, k, T, K, qt, qk)
    total = tl.zeros((L, BV), tl.float32)
    for i in range(reached(stops, tl.minimum(first + L, T), N, BN)):
        said = tl.dot(x, block(M + g * Mg + i * Mn, k, v, K, V, Mk, Mv), input_precision="ieee")
        weight = tl.load(w + g * wg + t * wt + i * wn, mask=t < T, other=0.0).to(tl.float32)
        # what a token does not reach yet may not even be finite
        total += tl.where((t >= tl.load(stops + i))[:, None], weight[:, None] * said, 0.0)
    place = y + g * T * V + t[:, None] * V + v[None, :]
    tl.store(place, total.to(y.dtype.element_ty), mask=(t[:, None] < T) & (v[None, :] < V))


@triton.jit
def token_gradients_kernel(
    w, q, M, stops, dy, dw, dq, T, N, K, V, wg, wt, wn, qg, qt, qk, Mg, Mn, Mv, Mk, yg, yt, yv,
    L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """`dq_t = Σ_i w_ti M^(i)ᵀ dy_t` and `dw_ti = <dy_t, M^(i) q_t>` for a block of tokens. dw is 0 before."""
    g, first = tl.program_id(1).to(tl.int64), tl.program_id(0) * L
    t, k, v = first + tl.arange(0, L), tl.arange(0, BK), tl.arange(0, BV)
    x, e = block(q + g * qg, t, k, T, K, qt, qk), block(dy + g * yg, t, v, T, V, yt, yv)
    total = tl.zeros((L, BK), tl.float32)
    for i in range(reached(stops, tl.minimum(first + L, T), N, BN)):
        memory = block(M + g * Mg + i * Mn, v, k, V, K, Mv, Mk)
        back = tl.where((t >= tl.load(stops + i))[:, None], tl.dot(e, memory, input_precision="ieee"), 0.0)
        weight = tl.load(w + g * wg + t * wt + i * wn, mask=t < T, other=0.0).to(tl.float32)
        total += weight[:, None] * back
        share = tl.sum(back * x.to(tl.float32), 1)
        tl.store(dw + (g * N + i) * T + t, share.to(dw.dtype.element_ty), mask=t < T)
    place = dq + g * T * K + t[:, None] * K + k[None, :]
    tl.store(place, total.to(dq.dtype.element_ty), mask=(t[:, None] < T) & (k[None, :] < K))


@triton.jit
def memory_gradients_kernel(
    w, q, stops, dy, dM, T, N, K, V, span, wg, wt, wn, qg, qt, qk, yg, yt, yv,
    L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr,
):  # fmt: skip
    """`dM^(i)ᵀ = Σ_t w_ti q_t dy_tᵀ` over a part of the tokens, in float32: dM [parts, G, N, K, V]."""
    i, g, part = tl.program_id(0), tl.program_id(1).to(tl.int64), tl.program_id(2)
    k, v = tl.arange(0, BK), tl.arange(0, BV)
    total = tl.zeros((BK, BV), tl.float32)
    stop = tl.load(stops + i)
    for first in range(tl.maximum(part * span, stop // L * L), tl.minimum(part * span + span, T), L):
        t = first + tl.arange(0, L)
        x, e = block(q + g * qg, k, t, K, T, qk, qt), block(dy + g * yg, t, v, T, V, yt, yv)
        weight = tl.load(w + g * wg + t * wt + i * wn, mask=t < T, other=0.0)
        total += tl.dot((x * weight[None, :]).to(e.dtype), e, input_precision="ieee")
    place = dM + (((part * tl.num_programs(1) + g) * N + i) * K + k[:, None]) * V + v[None, :]
    tl.store(place, total, mask=(k[:, None] < K) & (v[None, :] < V))


def sides(K: int, V: int) -> dict[str, int]:
    """The sizes of blocks: powers of two, and at least what a product of matrices needs."""
    return {"BK": max(16, triton.next_power_of_2(K)), "BV": max(16, triton.next_power_of_2(V))}


class Fused(torch.autograd.Function):
    """`y_t = Σ_i w_ti M^(i) q_t` (Eq. 8, 14). Memory i is complete at `stops[i]`; its weights are 0 before."""

    @staticmethod
    def forward(
        ctx: Any,
        w: Float[Tensor, "G T N"],
        q: Float[Tensor, "G T K"],
        M: Float[Tensor, "G N V K"],
        stops: Int[Tensor, "N"],
    ) -> Float[Tensor, "G T V"]:
        ctx.save_for_backward(w, q, M, stops)
        (G, T, K), (N, V) = q.shape, M.shape[1:3]
        y = q.new_empty(G, T, V)
        size = {"L": TOKENS, **sides(K, V), "BN": triton.next_power_of_2(N)}
        # here and below, what a product takes from the right lies row by row: in float32 that is twice as fast
        turned = M.mT.contiguous().mT
        strides = (*w.stride(), *q.stride(), *turned.stride())
        read_kernel[(triton.cdiv(T, TOKENS), G)](w, q, turned, stops, y, T, N, K, V, *strides, **size)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (dy,), (w, q, M, stops) = gradients, ctx.saved_tensors
        if torch.is_grad_enabled():
            early = torch.arange(q.shape[1], device=q.device)[:, None] < stops
            return *again(partial(plain, early), (w, q, M), dy), None
        (G, T, K), (N, V) = q.shape, M.shape[1:3]
        size = {"L": TOKENS, **sides(K, V)}
        dw, dq = w.new_zeros(G, N, T).mT, torch.empty_like(q, memory_format=torch.contiguous_format)
        M, dy, columns = M.contiguous(), dy.contiguous(), q.mT.contiguous().mT
        token_gradients_kernel[(triton.cdiv(T, TOKENS), G)](
            w, q, M, stops, dy, dw, dq, T, N, K, V, *w.stride(), *q.stride(), *M.stride(), *dy.stride(),
            **size, BN=triton.next_power_of_2(N),
        )  # fmt: skip
        parts = max(1, min(PARTS, triton.cdiv(T, SPAN)))
        span = triton.cdiv(triton.cdiv(T, parts), TOKENS) * TOKENS
        dM = torch.empty(parts, G, N, K, V, device=q.device, dtype=torch.float32)
        strides = (*w.stride(), *columns.stride(), *dy.stride())
        memory_gradients_kernel[(N, G, parts)](w, columns, stops, dy, dM, T, N, K, V, span, *strides, **size)
        return dw, dq, dM.sum(0).to(M.dtype).mT, None


def plain(
    early: Bool[Tensor, "T N"], w: Float[Tensor, "G T N"], q: Float[Tensor, "G T K"], M: Float[Tensor, "G N V K"]
) -> Float[Tensor, "G T V"]:
    """`Fused`, in plain products. Weights of a memory are not looked at before it is complete, where it is `early`."""
    return torch.einsum("gtn,gtk,gnvk->gtv", w.masked_fill(early, 0), q, M)


def weighted(
    w: Float[Tensor, "G T N"], q: Float[Tensor, "G T K"], M: Float[Tensor, "G N V K"], stops: Int[Tensor, "N"]
) -> Float[Tensor, "G T V"]:
    """`Fused`."""
    y: Tensor = Fused.apply(w, q, M, stops)  # type: ignore[no-untyped-call]
    return y
