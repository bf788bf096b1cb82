"""Memory Caching on linear memories where a GPU has kernels for it: what `scan.run` computes, in a few launches."""

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.config import GATED, OPTIONS, MCConfig
from mcviz.pytorch.fast.launches import on_a_gpu
from mcviz.pytorch.fast.memories import Given, Run
from mcviz.pytorch.numerics import is_transformed
from mcviz.segments import Segments

TOKENS = (64, 32, 16)
"""In a block: the most that divide a segment."""

WIDEST, LONGEST, MOST = 128, 512, 128
"""Sides of a matrix, tokens of a segment, and checkpoints among which the router chooses, at most."""

SERVED = ("none", "residual", "grm", "soup", "ssc")
DTYPES = (torch.bfloat16, torch.float16)
"""In single precision plain products are quicker."""


def is_plain(cfg: MCConfig) -> bool:
    """Whether the memory is `M_t = M_{t-1} + v_t k_tᵀ`, read as `M q`, and each token's gates compare contexts."""
    usual = cfg.memory == "linear" and cfg.rule_options == OPTIONS["linear"]
    return usual and cfg.aggregator in SERVED and cfg.gate != "token"


def is_served(given: Given, u: Float[Tensor, "B T H K"], cfg: MCConfig, cuts: Segments) -> bool:
    """Whether there are kernels for a run: from its first token on."""
    q, k, v, _, start, earlier = given
    if earlier is not None or not is_plain(cfg) or not on_a_gpu(q):
        return False
    length, N = cuts[0][1], len(cuts)
    even = cfg.segmentation == "constant" or N == 1
    small = max(q.shape[3], v.shape[3]) <= WIDEST and length <= LONGEST and (cfg.aggregator != "ssc" or N <= MOST)
    hidden = torch.compiler.is_compiling() or is_transformed(q, k, v, u)
    same = {x.dtype for x in (q, k, v, u, *start.values())} == {q.dtype}
    return q.dtype in DTYPES and same and even and small and (N == 1 or length % TOKENS[-1] == 0) and not hidden


def run(given: Given, u: Float[Tensor, "B T H K"], cfg: MCConfig, cuts: Segments, detach: bool) -> Run:
    """Memory Caching, where it `is_served`. Under `detach` checkpoints come without gradients."""
    from mcviz.pytorch.fast.block_steps import Answers, Plan, Sums  # needs Triton

    q, k, v = (x.contiguous() for x in (given.q, given.k, given.v))
    B, H, N, length = len(q), q.shape[2], len(cuts), cuts[0][1]
    gated = cfg.aggregator in GATED and N > 1
    tokens = next((n for n in TOKENS if length % n == 0), TOKENS[-1])
    choices = cfg.top_k if cfg.aggregator == "ssc" and cfg.top_k < N - 1 else 0
    plan = Plan(-(-length // tokens) * tokens, tokens, gated, choices, cfg.pooling == "mean")
    u = q if cfg.gate == "shared" else u.contiguous()
    # what segment s writes, Σ_t v_t k_tᵀ, and its keys Σ_t k_t                                     (2, 9)
    U, sums = Sums.apply(k, v, plan)  # type: ignore[no-untyped-call]
    M0 = given.start["M"].mT.flatten(0, 1)[:, None]
    first, M = carried(M0, U, cfg.start == "independent")
    checkpoints = M.detach() if detach else M
    if cfg.aggregator == "residual":
        # Σ_{i<s} M^(i) q_t is one read more of what the segment starts from                            (6-7)
        first = first + before(checkpoints.cumsum(1), torch.zeros_like(M0))
    c = sums / (lengths(cuts, q.device)[:, None] if cfg.pooling == "mean" else 1)
    parts = (x.to(q.dtype).contiguous() for x in (first.expand_as(M), checkpoints, c))
    # y_t = γ_t^(s) M_t^(s) q_t + Σ_{i<s} γ_t^(i) M^(i) q_t                                          (8)
    y = Answers.apply(q, k, v, u, *parts, plan)  # type: ignore[no-untyped-call]
    states = {"M": M.to(q.dtype).mT.unflatten(0, (B, H)).transpose(1, 2)}
    if cfg.aggregator not in GATED:
        return Run(y, states, None, None, None)
    contexts, keys = c.to(q.dtype).unflatten(0, (B, H)).transpose(1, 2), sums[:, -1].to(q.dtype).unflatten(0, (B, H))
    return Run(y, states, None, contexts, keys)


def carried(
    M0: Float[Tensor, "G 1 K V"], U: Float[Tensor, "G N K V"], independent: bool
) -> tuple[Float[Tensor, "G _ K V"], Float[Tensor, "G N K V"]]:
    """What each segment starts from, and where it ends."""
    if independent:
        return M0, M0 + U
    ends = U.cumsum(1) + M0
    return before(ends, M0.to(ends.dtype)), ends


def before(x: Float[Tensor, "G N K V"], opening: Float[Tensor, "G 1 K V"]) -> Float[Tensor, "G N K V"]:
    """What stands before each of N, the `opening` before the first."""
    return torch.cat([opening, x[:, :-1]], 1)


def lengths(cuts: Segments, device: torch.device) -> Float[Tensor, "N"]:
    """Tokens of each segment."""
    full = cuts[0][1]
    return (cuts[-1][1] - full * torch.arange(len(cuts), device=device)).clamp(max=full)
