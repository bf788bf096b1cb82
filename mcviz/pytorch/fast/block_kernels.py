"""Memory Caching on linear memories in kernels of Triton, each of which takes a block of tokens of one head.

A block of L tokens lies within a segment of C: all of its tokens are in segment s, and read the same checkpoints
i < s. Tokens are [B, T, H, d], one behind the other in memory; matrices are [G, N, K, V], one a segment of each of
G = B H heads. Products are summed in float32. Triton's interpreter runs the same kernels on a CPU
(`TRITON_INTERPRET=1`), as tests do.
"""

import triton
import triton.language as tl


@triton.jit
def rows(x, t, d, T, D, H, g):
    """Tokens t of head g, [L, D]; 0 beyond the edges."""
    place = (((g // H) * T + t[:, None]).to(tl.int64) * H + g % H) * D + d[None, :]
    return tl.load(x + place, mask=(t[:, None] < T) & (d[None, :] < D), other=0.0)


@triton.jit
def columns(x, d, t, T, D, H, g):
    """The same, [D, L]."""
    place = (((g // H) * T + t[None, :]).to(tl.int64) * H + g % H) * D + d[:, None]
    return tl.load(x + place, mask=(t[None, :] < T) & (d[:, None] < D), other=0.0)


@triton.jit
def put(x, value, t, d, T, D, H, g):
    """Write tokens t of head g."""
    place = (((g // H) * T + t[:, None]).to(tl.int64) * H + g % H) * D + d[None, :]
    tl.store(x + place, value.to(x.dtype.element_ty), mask=(t[:, None] < T) & (d[None, :] < D))


@triton.jit
def grid(x, a, b, A, D, along, across):
    """A matrix [A, D] with these strides; 0 beyond the edges."""
    inside = (a[:, None] < A) & (b[None, :] < D)
    return tl.load(x + a[:, None] * along + b[None, :] * across, mask=inside, other=0.0)


@triton.jit
def multiply(a, b, total):
    """`total + a b`"""
    return tl.dot(a, b, total, input_precision="ieee")


@triton.jit
def causal(a, t, j):
    """a_tj where j ≤ t, and 0."""
    return tl.where(t[:, None] >= j[None, :], a, 0.0)


@triton.jit
def sums_kernel(k, v, U, sums, T, N, C, H, K, V, L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr):
    """`U_s = Σ_t k_t v_tᵀ` and `Σ_t k_t` over the tokens of a segment."""
    s, g = tl.program_id(0), tl.program_id(1)
    a, b = tl.arange(0, BK), tl.arange(0, BV)
    total, pooled = tl.zeros((BK, BV), tl.float32), tl.zeros((BK,), tl.float32)
    for first in range(s * C, tl.minimum(s * C + C, T), L):
        t = first + tl.arange(0, L)
        x = columns(k, a, t, T, K, H, g)
        total = multiply(x, rows(v, t, b, T, V, H, g), total)
        pooled += tl.sum(x.to(tl.float32), 1)
    n = (g * N + s).to(tl.int64)
    tl.store(U + n * K * V + a[:, None] * V + b[None, :], total, mask=(a[:, None] < K) & (b[None, :] < V))
    tl.store(sums + n * K + a, pooled, mask=a < K)


@triton.jit
def sums_gradient_kernel(
    k, v, dU, dsums, dk, dv, T, N, C, H, K, V, L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr
):  # fmt: skip
    """`dk_t = dU_s v_t + dsums_s` and `dv_t = dU_sᵀ k_t`"""
    first, g = tl.program_id(0) * L, tl.program_id(1)
    t, a, b = first + tl.arange(0, L), tl.arange(0, BK), tl.arange(0, BV)
    n = (g * N + first // C).to(tl.int64)
    x, y = rows(k, t, a, T, K, H, g), rows(v, t, b, T, V, H, g)
    pooled = tl.load(dsums + n * K + a, mask=a < K, other=0.0)
    back = tl.zeros((L, BK), tl.float32) + pooled[None, :]
    put(dk, multiply(y, grid(dU + n * K * V, b, a, V, K, 1, V).to(y.dtype), back), t, a, T, K, H, g)
    said = multiply(x, grid(dU + n * K * V, a, b, K, V, V, 1).to(x.dtype), tl.zeros((L, BV), tl.float32))
    put(dv, said, t, b, T, V, H, g)


@triton.jit
def gate_kernel(
    u, k, c, w, own, T, N, C, H, K,
    k_most: tl.constexpr, mean: tl.constexpr, L: tl.constexpr, BK: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """`γ_t = softmax(<u_t, c^(i)>)` over the checkpoints and the token's own segment (Eq. 9), or over the `k_most` of
    them that score most (Eq. 16-17) and that segment; w is [G, N, T]."""
    first, g = tl.program_id(0) * L, tl.program_id(1)
    s, t, a = first // C, first + tl.arange(0, L), tl.arange(0, BK)
    x = rows(u, t, a, T, K, H, g)
    # r_t^(s) = <u_t, Σ_{j≤t} k_j>, over the number of tokens where the mean is pooled
    r = tl.zeros((L,), tl.float32)
    for at in range(s * C, first + L, L):
        j = at + tl.arange(0, L)
        said = multiply(x, columns(k, a, j, T, K, H, g), tl.zeros((L, L), tl.float32))
        r += tl.sum(causal(said, t, j), 1)
    if mean:
        r /= (t - s * C + 1).to(tl.float32)
    most, total = r, tl.full((L,), 1.0, tl.float32)
    base = (g * N).to(tl.int64)
    if k_most == 0:
        for at in range(0, s, BN):
            n = at + tl.arange(0, BN)
            said = multiply(x, grid(c + base * K, a, n, K, s, 1, K), tl.zeros((L, BN), tl.float32))
            said = tl.where(n[None, :] < s, said, -float("inf"))
            higher = tl.maximum(most, tl.max(said, 1))
            total = total * tl.exp(most - higher) + tl.sum(tl.exp(said - higher[:, None]), 1)
            most = higher
        for at in range(0, s, BN):
            n = at + tl.arange(0, BN)
            said = multiply(x, grid(c + base * K, a, n, K, s, 1, K), tl.zeros((L, BN), tl.float32))
            share = tl.exp(said - most[:, None]) / total[:, None]
            inside = (n[None, :] < s) & (t[:, None] < T)
            tl.store(w + (base + n[None, :]) * T + t[:, None], share.to(w.dtype.element_ty), mask=inside)
    else:
        n = tl.arange(0, BN)
        said = multiply(x, grid(c + base * K, a, n, K, s, 1, K), tl.zeros((L, BN), tl.float32))
        left = tl.where(n[None, :] < s, said, -float("inf"))
        said = tl.full((L, BN), -float("inf"), tl.float32)
        for _ in tl.static_range(k_most):
            # the lowest of equals, as `argmax` finds it
            at = tl.argmax(left, 1)
            hit = (n[None, :] == at[:, None]) & (left > -float("inf"))
            said = tl.where(hit, left, said)
            left = tl.where(hit, -float("inf"), left)
        most = tl.maximum(r, tl.max(said, 1))
        share = tl.exp(said - most[:, None])
        total = tl.exp(r - most) + tl.sum(share, 1)
        inside = (n[None, :] < s) & (t[:, None] < T)
        share /= total[:, None]
        tl.store(w + (base + n[None, :]) * T + t[:, None], share.to(w.dtype.element_ty), mask=inside)
    tl.store(own + g.to(tl.int64) * T + t, tl.exp(r - most) / total, mask=t < T)


@triton.jit
def read_kernel(
    q, k, v, first_states, M, w, own, y, T, N, C, H, K, V,
    gated: tl.constexpr, routed: tl.constexpr, L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr,
):  # fmt: skip
    """`y_t = γ_t^(s) M_t^(s) q_t + Σ_{i<s} γ_t^(i) M^(i) q_t` (Eq. 8), where `M_t^(s) = S_s + Σ_{j≤t} v_j k_jᵀ`."""
    first, g = tl.program_id(0) * L, tl.program_id(1)
    s, t, a, b = first // C, first + tl.arange(0, L), tl.arange(0, BK), tl.arange(0, BV)
    x = rows(q, t, a, T, K, H, g)
    states = (g * N).to(tl.int64) * K * V
    total = multiply(x, grid(first_states + states + s * K * V, a, b, K, V, V, 1), tl.zeros((L, BV), tl.float32))
    for at in range(s * C, first + L, L):
        j = at + tl.arange(0, L)
        met = causal(multiply(x, columns(k, a, j, T, K, H, g), tl.zeros((L, L), tl.float32)), t, j)
        total = multiply(met.to(x.dtype), rows(v, j, b, T, V, H, g), total)
    if gated:
        total *= tl.load(own + g.to(tl.int64) * T + t, mask=t < T, other=0.0)[:, None]
        for i in range(s):
            weight = tl.load(w + ((g * N).to(tl.int64) + i) * T + t, mask=t < T, other=0.0).to(tl.float32)
            busy = True
            if routed:
                busy = tl.max(weight, 0) > 0
            if busy:
                part = (x.to(tl.float32) * weight[:, None]).to(x.dtype)
                total = multiply(part, grid(M + states + i * K * V, a, b, K, V, V, 1), total)
    put(y, total, t, b, T, V, H, g)


@triton.jit
def token_gradients_kernel(
    q, k, v, first_states, M, c, w, own, y, dy, dq, du, ds, dr, T, N, C, H, K, V,
    gated: tl.constexpr, routed: tl.constexpr, mean: tl.constexpr,
    L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr,
):  # fmt: skip
    """Gradients of a block's queries and connectors; ds [G, N, T] those of scores, and dr [G, T] those of
    `<u_t, Σ_{j≤t} k_j>`.

    A softmax passes `γ_t^(i) (<dy_t, M^(i) q_t> - <dy_t, y_t>)` on to score i.
    """
    first, g = tl.program_id(0) * L, tl.program_id(1)
    s, t, a, b = first // C, first + tl.arange(0, L), tl.arange(0, BK), tl.arange(0, BV)
    x, e = rows(q, t, a, T, K, H, g), rows(dy, t, b, T, V, H, g)
    states = (g * N).to(tl.int64) * K * V
    back = multiply(e, grid(first_states + states + s * K * V, b, a, V, K, 1, V), tl.zeros((L, BK), tl.float32))
    pooled = tl.zeros((L, BK), tl.float32)
    for at in range(s * C, first + L, L):
        j = at + tl.arange(0, L)
        z = rows(k, j, a, T, K, H, g)
        met = causal(multiply(e, columns(v, b, j, T, V, H, g), tl.zeros((L, L), tl.float32)), t, j)
        back = multiply(met.to(x.dtype), z, back)
        if gated:
            pooled = multiply(causal(tl.full((L, L), 1.0, tl.float32), t, j).to(x.dtype), z, pooled)
    if gated:
        whole = tl.sum(e.to(tl.float32) * rows(y, t, b, T, V, H, g).to(tl.float32), 1)
        gate = tl.load(own + g.to(tl.int64) * T + t, mask=t < T, other=0.0)
        score = gate * (tl.sum(back * x.to(tl.float32), 1) - whole)
        if mean:
            score /= (t - s * C + 1).to(tl.float32)
        tl.store(dr + g.to(tl.int64) * T + t, score, mask=t < T)
        back *= gate[:, None]
        pooled *= score[:, None]
        for i in range(s):
            place = ((g * N).to(tl.int64) + i) * T + t
            weight = tl.load(w + place, mask=t < T, other=0.0).to(tl.float32)
            score = tl.zeros((L,), tl.float32)
            busy = True
            if routed:
                busy = tl.max(weight, 0) > 0
            if busy:
                said = multiply(
                    e, grid(M + states + i * K * V, b, a, V, K, 1, V), tl.zeros((L, BK), tl.float32)
                )  # fmt: skip
                score = weight * (tl.sum(said * x.to(tl.float32), 1) - whole)
                context = tl.load(c + (g * N).to(tl.int64) * K + i * K + a, mask=a < K, other=0.0).to(tl.float32)
                back += weight[:, None] * said
                pooled += score[:, None] * context[None, :]
            tl.store(ds + place, score.to(ds.dtype.element_ty), mask=t < T)
        put(du, pooled, t, a, T, K, H, g)
    put(dq, back, t, a, T, K, H, g)


@triton.jit
def memory_gradients_kernel(
    q, u, w, ds, own, dy, dfirst, dM, dc, T, N, C, H, K, V, span,
    gated: tl.constexpr, routed: tl.constexpr, L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr,
):  # fmt: skip
    """Gradients of what segment i starts from, and over a part of the later tokens of its checkpoint,
    `Σ_t γ_t^(i) q_t dy_tᵀ`, and of its context, `Σ_t ds_t^(i) u_t`; dM and dc are [parts, G, N, ...]."""
    i, g, part = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    a, b = tl.arange(0, BK), tl.arange(0, BV)
    n = (g * N + i).to(tl.int64)
    stop = tl.minimum(i * C + C, T)
    inside = (a[:, None] < K) & (b[None, :] < V)
    if part == 0:
        total = tl.zeros((BK, BV), tl.float32)
        for first in range(i * C, stop, L):
            t = first + tl.arange(0, L)
            x = columns(q, a, t, T, K, H, g)
            if gated:
                gate = tl.load(own + g.to(tl.int64) * T + t, mask=t < T, other=0.0)
                x = (x.to(tl.float32) * gate[None, :]).to(x.dtype)
            total = multiply(x, rows(dy, t, b, T, V, H, g), total)
        tl.store(dfirst + n * K * V + a[:, None] * V + b[None, :], total, mask=inside)
    if gated:
        total, pooled = tl.zeros((BK, BV), tl.float32), tl.zeros((BK,), tl.float32)
        for first in range(tl.maximum(part * span, stop), tl.minimum(part * span + span, T), L):
            t = first + tl.arange(0, L)
            weight = tl.load(w + n * T + t, mask=t < T, other=0.0).to(tl.float32)
            busy = True
            if routed:
                busy = tl.max(weight, 0) > 0
            if busy:
                x = columns(q, a, t, T, K, H, g)
                x = (x.to(tl.float32) * weight[None, :]).to(x.dtype)
                total = multiply(x, rows(dy, t, b, T, V, H, g), total)
                score = tl.load(ds + n * T + t, mask=t < T, other=0.0).to(tl.float32)
                pooled += tl.sum(columns(u, a, t, T, K, H, g).to(tl.float32) * score[None, :], 1)
        n += part.to(tl.int64) * tl.num_programs(1) * N
        tl.store(dM + n * K * V + a[:, None] * V + b[None, :], total, mask=inside)
        tl.store(dc + n * K + a, pooled, mask=a < K)


@triton.jit
def key_gradients_kernel(
    q, k, v, u, own, dr, dy, dk, dv, T, C, H, K, V,
    gated: tl.constexpr, L: tl.constexpr, BK: tl.constexpr, BV: tl.constexpr,
):  # fmt: skip
    """Gradients of a block's keys and values, through reads of their own segment."""
    first, g = tl.program_id(0) * L, tl.program_id(1)
    stop = tl.minimum(first // C * C + C, T)
    j, a, b = first + tl.arange(0, L), tl.arange(0, BK), tl.arange(0, BV)
    x, z = rows(k, j, a, T, K, H, g), rows(v, j, b, T, V, H, g)
    dx, dz = tl.zeros((L, BK), tl.float32), tl.zeros((L, BV), tl.float32)
    for at in range(first, stop, L):
        t = at + tl.arange(0, L)
        later = t[None, :] >= j[:, None]
        asked, e = rows(q, t, a, T, K, H, g), rows(dy, t, b, T, V, H, g)
        if gated:
            gate = tl.load(own + g.to(tl.int64) * T + t, mask=t < T, other=0.0)
            e = (e.to(tl.float32) * gate[:, None]).to(e.dtype)
        met = tl.where(later, multiply(z, tl.trans(e), tl.zeros((L, L), tl.float32)), 0.0)
        dx = multiply(met.to(x.dtype), asked, dx)
        met = tl.where(later, multiply(x, tl.trans(asked), tl.zeros((L, L), tl.float32)), 0.0)
        dz = multiply(met.to(x.dtype), e, dz)
        if gated:
            score = tl.load(dr + g.to(tl.int64) * T + t, mask=t < T, other=0.0)
            said = (rows(u, t, a, T, K, H, g).to(tl.float32) * score[:, None]).to(x.dtype)
            dx = multiply(tl.where(later, 1.0, 0.0).to(x.dtype), said, dx)
    put(dk, dx, j, a, T, K, H, g)
    put(dv, dz, j, b, T, V, H, g)
