"""Matrix memories over whole segments: what each token reads from its own segment, and where segments end.

A chunk of tokens turns the state S that it starts from into an affine map of S, and so does each of its reads:

    y_t = S q̃_t + ỹ_t                       S' = S D + U

Reads and updates of all chunks are batched matrix products; what is left of the recurrence is a loop over chunks.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from mcviz.config import MCConfig
from mcviz.pytorch.fast.chunks import Chunks, Lanes, carry

State = dict[str, Float[Tensor, "..."]]
Coefficients = Mapping[str, Float[Tensor, "..."]]


class Affine(NamedTuple):
    """What a chunk does to any state: `y_t = S q̃_t + ỹ_t`, `S' = S D + U`."""

    queries: Float[Tensor, "B H P L K"]
    reads: Float[Tensor, "B H P L V"]
    decay: Float[Tensor, "B H P k l"] | None  # [K, K], or [1, 1] for a number, or None for 1
    update: Float[Tensor, "B H P V K"]


def linear(q: Tensor, k: Tensor, v: Tensor) -> Affine:
    """`M_t = S + Σ_{j≤t} v_j k_jᵀ` (Eq. 2): masked attention without a softmax."""
    # ỹ_t = Σ_{j≤t} (q_t·k_j) v_j
    reads = (q @ k.mT).tril_() @ v
    return Affine(q, reads, None, v.mT @ k)


def products(factor: Float[Tensor, "*b L"]) -> Float[Tensor, "*b L L"]:
    """`P_ti = Π_{i<j≤t} factor_j`; 0 where i > t. Factors may be 0: nothing is divided, and no logarithm taken."""
    L = factor.shape[-1]
    later = torch.ones(L, L, dtype=torch.bool, device=factor.device).tril(-1)
    return torch.where(later, factor[..., :, None], 1.0).cumprod(-2).tril()


def swla(q: Tensor, k: Tensor, v: Tensor, c: Coefficients, k_past: Tensor, v_past: Tensor) -> Affine:
    """`M_t = α_t M_{t-1} + Σ_j b_tj v_j k_jᵀ` (Eq. 29), where b is λ_t at j = t and β_t at the window's other pairs.

    Unrolled, `M_t = (Π_{i≤t} α_i) S + Σ_j W_tj v_j k_jᵀ` with `W_tj = Σ_i (Π_{i<l≤t} α_l) b_ij`. Pairs j include the
    window - 1 before the chunk, `k_past` and `v_past` [B, H, P, window-1, ·].
    """
    past, L = k_past.shape[-2], k.shape[-2]
    k, v = torch.cat([k_past, k], -2), torch.cat([v_past, v], -2)
    age = torch.arange(L, device=q.device)[:, None] + past - torch.arange(L + past, device=q.device)
    b = torch.where(age == 0, c["lam"][..., None], c["beta"][..., None]) * ((age >= 0) & (age <= past))
    D = products(c["alpha"])
    A = D[..., :1] * c["alpha"][..., :1, None]
    W = D @ b
    return Affine(A * q, (W * (q @ k.mT)) @ v, A[..., -1:, :], (W[..., -1, :, None] * v).mT @ k)


def delta(q: Tensor, k: Tensor, v: Tensor, c: Coefficients) -> Affine:
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


def solve(lower: Float[Tensor, "*b L L"], right: Float[Tensor, "*b L d"]) -> Float[Tensor, "*b L d"]:
    """`x` of `(1 + lower) x = right`, for a strictly lower triangle. Half precision is solved in single."""
    wide = torch.float64 if right.dtype == torch.float64 else torch.float32
    solved = torch.linalg.solve_triangular(lower.to(wide), right.to(wide), upper=False, unitriangular=True)
    return solved.to(right.dtype)


def before(tokens: Int[Tensor, "n"], starts: Int[Tensor, "n"], past: int) -> Int[Tensor, "n past"]:
    """Where the latest `past` pairs before each of n tokens stand, oldest first, in the pairs of `M_0`, `past` of
    them, followed by all tokens. `starts` is where the token's lane starts: there the pairs of `M_0` precede."""
    ago = torch.arange(past, 0, -1, device=tokens.device)
    place = tokens[:, None] - ago
    return torch.where(place >= starts[:, None], place, place - starts[:, None]) + past


class Tokens(NamedTuple):
    """What a matrix memory is written with and asked, and `M_0`."""

    q: Float[Tensor, "B H T K"]
    k: Float[Tensor, "B H T K"]
    v: Float[Tensor, "B H T V"]
    start: State


def lift(tokens: Tokens, cfg: MCConfig) -> Tokens:
    """Every matrix memory as a plain one, `y_t = M q_t`.

    Features replace queries and keys. The normaliser's z is one more row of M, written with values of 1; a memory
    without keys is a matrix with one column, written and read with keys of 1.
    """
    q, k, v, start = tokens
    if cfg.memory == "vector":
        ones = torch.ones_like(v[..., :1])
        return Tokens(ones, ones, v, {"M": start["m"][..., None]})
    options = cfg.rule_options
    if options.get("feature_map") == "elu":
        q, k = F.elu(q) + 1, F.elu(k) + 1
    if options.get("normalizer"):
        v = torch.cat([v, torch.ones_like(v[..., :1])], -1)
        start = {"M": torch.cat([start["M"], start["z"][..., None, :]], -2)}
    return Tokens(q, k, v, start)


def lower(states: State, cfg: MCConfig) -> State:
    """A lifted state under its own names again."""
    M = states["M"]
    if cfg.memory == "vector":
        return {"m": M[..., 0]}
    if cfg.rule_options.get("normalizer"):
        return {"M": M[..., :-1, :], "z": M[..., -1, :]}
    return states


def settle(y: Float[Tensor, "*b V"], cfg: MCConfig) -> Float[Tensor, "*b v"]:
    """A lifted read as the memory's own: divided by `z q` where there is a normaliser (Eq. 2)."""
    return y[..., :-1] / y[..., -1:] if cfg.rule_options.get("normalizer") else y


def write(
    tokens: Tokens, c: Mapping[str, Float[Tensor, "B H T"]], cfg: MCConfig, chunks: Chunks
) -> tuple[Float[Tensor, "B H T V"], State]:
    """Each token's read of the online memory, and the states [B, H, N, ...] where every segment ended; all lifted."""
    lanes = Lanes(chunks, cfg.start == "independent")
    q, k, v = (chunks.split(x) for x in (tokens.q, tokens.k, tokens.v))
    coefficients = {name: chunks.split(x, fill=float(name == "alpha")) for name, x in c.items()}
    states: State = {}
    if cfg.memory == "swla":
        past, states = pairs(tokens, lanes)
        affine = swla(q, k, v, coefficients, *past)
    elif cfg.memory == "delta":
        affine = delta(q, k, v, coefficients)
    else:
        affine = linear(q, k, v)
    first, states["M"] = carry(affine.decay, affine.update, tokens.start["M"], lanes)
    # y_t = S q̃_t + ỹ_t
    reads = torch.baddbmm(*(x.flatten(0, 2) for x in (affine.reads, affine.queries, first.mT)))
    return chunks.join(reads.unflatten(0, q.shape[:3])), states


def pairs(tokens: Tokens, lanes: Lanes) -> tuple[list[Float[Tensor, "B H P past d"]], State]:
    """The pairs in the window before each chunk, and those that each segment leaves to the next one."""
    _, k, v, start = tokens
    chunks, past = lanes.chunks, start["k"].shape[2]
    starts, stops = torch.tensor(chunks.cuts, device=k.device).unbind(1)
    lane = starts if lanes.independent else torch.zeros_like(starts)
    into, out = before(chunks.opens, lane[chunks.owners], past), before(stops, lane, past)
    whole = {"k": torch.cat([start["k"], k], 2), "v": torch.cat([start["v"], v], 2)}
    return [pick(x, into) for x in whole.values()], {name: pick(x, out) for name, x in whole.items()}


def pick(x: Float[Tensor, "B H T d"], index: Int[Tensor, "n past"]) -> Float[Tensor, "B H n past d"]:
    """Rows of `x`."""
    return x.index_select(2, index.flatten()).unflatten(2, index.shape)


def contexts(
    k: Float[Tensor, "B H T K"], cfg: MCConfig, chunks: Chunks
) -> tuple[Float[Tensor, "B H T K"], Float[Tensor, "B H N K"]]:
    """`c^(s)`, the pooled keys of each token's own segment up to the token, and those of whole segments."""
    sums = chunks.split(k).cumsum(3)
    whole = sums[:, :, :, -1:]
    if len(chunks.cuts) < chunks.P:
        first, whole = carry(None, whole, torch.zeros_like(k[:, :, :1]), Lanes(chunks, independent=True))
        sums = sums.add_(first)
    running, whole = chunks.join(sums), whole[:, :, :, 0]
    if cfg.pooling == "sum":
        return running, whole
    starts, stops = torch.tensor(chunks.cuts, device=k.device).unbind(1)
    position = torch.arange(k.shape[2], device=k.device) - starts[chunks.segment_of]
    whole = whole / (stops - starts)[:, None]
    return running.div_((position + 1)[:, None]), whole
