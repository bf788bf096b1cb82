"""The two steps of `blocks.run` and their gradients: sums of segments, and what tokens read."""

from functools import partial
from typing import Any, NamedTuple

import torch
import triton
from jaxtyping import Float
from torch import Tensor

from mcviz.pytorch.fast import block_kernels as kernels
from mcviz.pytorch.fast.again import again
from mcviz.pytorch.fast.fused import PARTS, SPAN, sides

SCORED = 64
"""Checkpoints scored at once, at most, where no router has to see all."""


class Plan(NamedTuple):
    """What the kernels are made for."""

    segment: int
    tokens: int  # in a block: divides the tokens of a segment
    gated: bool = False
    choices: int = 0  # of the router, where there is one and not all is read
    mean: bool = True  # pooled; otherwise the sum

    @property
    def routed(self) -> bool:
        return self.choices > 0


class Sums(torch.autograd.Function):
    """`Σ_t k_t v_tᵀ` and `Σ_t k_t` of each segment, in float32."""

    @staticmethod
    def forward(
        ctx: Any, k: Float[Tensor, "B T H K"], v: Float[Tensor, "B T H V"], plan: Plan
    ) -> tuple[Float[Tensor, "G N K V"], Float[Tensor, "G N K"]]:
        ctx.save_for_backward(k, v)
        ctx.plan = plan
        (B, T, H, K), V = k.shape, v.shape[3]
        N = triton.cdiv(T, plan.segment)
        U = k.new_empty(B * H, N, K, V, dtype=torch.float32)
        pooled = k.new_empty(B * H, N, K, dtype=torch.float32)
        kernels.sums_kernel[(N, B * H)](k, v, U, pooled, T, N, plan.segment, H, K, V, L=plan.tokens, **sides(K, V))
        return U, pooled

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (dU, dpooled), (k, v), plan = gradients, ctx.saved_tensors, ctx.plan
        if torch.is_grad_enabled():
            return *again(partial(summed, plan=plan), (k, v), (dU, dpooled)), None
        (B, T, H, K), V = k.shape, v.shape[3]
        N, dk, dv = dU.shape[1], torch.empty_like(k), torch.empty_like(v)
        kernels.sums_gradient_kernel[(triton.cdiv(T, plan.tokens), B * H)](
            k, v, dU.contiguous(), dpooled.contiguous(), dk, dv, T, N, plan.segment, H, K, V,
            L=plan.tokens, **sides(K, V),
        )  # fmt: skip
        return dk, dv, None


class Answers(torch.autograd.Function):
    """`y_t = γ_t^(s) M_t^(s) q_t + Σ_{i<s} γ_t^(i) M^(i) q_t`, given what each segment starts from, all checkpoints
    and contexts; without gates `y_t = M_t^(s) q_t`."""

    @staticmethod
    def forward(
        ctx: Any,
        q: Float[Tensor, "B T H K"],
        k: Float[Tensor, "B T H K"],
        v: Float[Tensor, "B T H V"],
        u: Float[Tensor, "B T H K"],
        first: Float[Tensor, "G N K V"],
        M: Float[Tensor, "G N K V"],
        c: Float[Tensor, "G N K"],
        plan: Plan,
    ) -> Float[Tensor, "B T H V"]:
        (B, T, H, K), V = q.shape, v.shape[3]
        G, N, size = B * H, first.shape[1], {"L": plan.tokens, **sides(K, V)}
        w, own = q.new_empty(G, N if plan.gated else 0, T), q.new_empty(G, T, dtype=torch.float32)
        y = torch.empty_like(v)
        blocks = (triton.cdiv(T, plan.tokens), G)
        if plan.gated:
            scored = triton.next_power_of_2(max(16, N if plan.routed else min(SCORED, N)))
            kernels.gate_kernel[blocks](
                u, k, c, w, own, T, N, plan.segment, H, K,
                k_most=plan.choices, mean=plan.mean, L=plan.tokens, BK=size["BK"], BN=scored,
            )  # fmt: skip
        kernels.read_kernel[blocks](
            q, k, v, first, M, w, own, y, T, N, plan.segment, H, K, V, gated=plan.gated, routed=plan.routed, **size
        )
        ctx.save_for_backward(q, k, v, u, first, M, c, w, own, y)
        ctx.plan = plan
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (dy,), (*given, w, own, y), plan = gradients, ctx.saved_tensors, ctx.plan
        if torch.is_grad_enabled():
            return *again(partial(answered, plan=plan), given, dy), None
        q, k, v, u, first, M, c = given
        (B, T, H, K), V = q.shape, v.shape[3]
        G, N, size, dy = B * H, first.shape[1], {"L": plan.tokens, **sides(K, V)}, dy.contiguous()
        dq, dk, dv, du = (torch.empty_like(x) for x in (q, k, v, u))
        ds, dr = torch.empty_like(w), torch.empty_like(own)
        blocks, how = (triton.cdiv(T, plan.tokens), G), {"gated": plan.gated}
        kernels.token_gradients_kernel[blocks](
            q, k, v, first, M, c, w, own, y, dy, dq, du, ds, dr, T, N, plan.segment, H, K, V,
            **how, routed=plan.routed, mean=plan.mean, **size,
        )  # fmt: skip
        parts = max(1, min(PARTS, triton.cdiv(T, SPAN))) if plan.gated else 1
        span = triton.cdiv(triton.cdiv(T, parts), plan.tokens) * plan.tokens
        dfirst = torch.empty_like(first, dtype=torch.float32)
        dM, dc = (torch.empty(parts, *x.shape, device=x.device, dtype=torch.float32) for x in (M, c))
        kernels.memory_gradients_kernel[(N, G, parts)](
            q, u, w, ds, own, dy, dfirst, dM, dc, T, N, plan.segment, H, K, V, span,
            **how, routed=plan.routed, **size,
        )  # fmt: skip
        kernels.key_gradients_kernel[blocks](q, k, v, u, own, dr, dy, dk, dv, T, plan.segment, H, K, V, **how, **size)
        if not plan.gated:
            return dq, dk, dv, None, dfirst.to(first.dtype), None, None, None
        return dq, dk, dv, du, dfirst.to(first.dtype), dM.sum(0).to(M.dtype), dc.sum(0).to(c.dtype), None


def summed(
    k: Float[Tensor, "B T H K"], v: Float[Tensor, "B T H V"], plan: Plan
) -> tuple[Float[Tensor, "G N K V"], Float[Tensor, "G N K"]]:
    """`Sums`, in plain products."""
    k, v = (heads(x).split(plan.segment, 1) for x in (k, v))
    U = [x.mT @ y for x, y in zip(k, v, strict=True)]
    return torch.stack(U, 1).float(), torch.stack([x.sum(1) for x in k], 1).float()


def answered(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    u: Float[Tensor, "B T H K"],
    first: Float[Tensor, "G N K V"],
    M: Float[Tensor, "G N K V"],
    c: Float[Tensor, "G N K"],
    plan: Plan,
) -> Float[Tensor, "B T H V"]:
    """`Answers`, in plain products."""
    H, place = q.shape[2], torch.arange(q.shape[1], device=q.device)
    q, k, v, u = map(heads, (q, k, v, u))
    segment = place // plan.segment
    met = (place[:, None] >= place) & (segment[:, None] == segment)
    y = (q @ k.mT * met) @ v + (q[:, :, None] @ first[:, segment])[:, :, 0]
    if plan.gated:
        own = (u @ k.mT * met).sum(-1, keepdim=True)
        own = own / (place % plan.segment + 1)[:, None] if plan.mean else own
        later = torch.arange(c.shape[1], device=q.device) >= segment[:, None]
        scores = (u @ c.mT).masked_fill(later, -torch.inf)
        if plan.choices:
            kept = torch.sort(scores, dim=-1, descending=True, stable=True).indices[..., : plan.choices]
            scores = torch.full_like(scores, -torch.inf).scatter(-1, kept, scores.gather(-1, kept))
        past, own = torch.cat([scores, own], -1).softmax(-1).split([c.shape[1], 1], -1)
        y = own * y + torch.einsum("gtn,gtk,gnkv->gtv", past, q, M)
    return y.unflatten(0, (-1, H)).transpose(1, 2)


def heads(x: Float[Tensor, "B T H d"]) -> Float[Tensor, "G T d"]:
    """Heads before tokens."""
    return x.transpose(1, 2).flatten(0, 1)
