"""Another model: MLP memories whose gradients are all taken at the first state of a chunk.

Test-time training and Titans are trained this way, because a chunk's gradients then do not wait for each other:
`∇ℓ(M_{t-1}; k_t, v_t)` (Eq. 31, 36) becomes `∇ℓ(M_{t'}; k_t, v_t)`, where t' is the last token before the chunk.
Momentum, decay and reads stay as they were. It is the rule itself for chunks of one token, and departs from it the
more the longer they are; where learning rate and momentum are high, it diverges and the rule does not.
Nothing else in mcviz uses it.
"""

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor

from mcviz import segments
from mcviz.checks import whole
from mcviz.config import MCConfig
from mcviz.pytorch.aliases import Coefficients, State
from mcviz.pytorch.fast import deep, scan
from mcviz.pytorch.fast.errors import Loss, bounded
from mcviz.pytorch.fast.gelu import gelu_and_slope
from mcviz.pytorch.fast.unrolled import Decay, Errors
from mcviz.pytorch.inputs import prepare
from mcviz.pytorch.numerics import as_given
from mcviz.segments import Segments


def first(
    loss: Loss, start: State, x: Float[Tensor, "G c K"], aim: Float[Tensor, "G c V"], c: Coefficients, before: Decay
) -> Errors:
    """The errors of a chunk, all at the memory before it."""
    W1, W2 = start["W1"], start.get("W2")
    # a = σ(W2 x), e = ∂ℓ/∂y at y = W1 a, δ = σ'(W2 x) ∘ W1ᵀ e
    a, slope = (x, None) if W2 is None else gelu_and_slope(x @ W2.mT)
    e = loss.at(W1, a, aim)
    return bounded(a, e, None if slope is None else slope * (e @ W1))


def memory_reads(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    c: Coefficients,
    start: State,
    cfg: MCConfig,
    cuts: Segments,
    *,
    chunk: int = 16,
) -> tuple[Float[Tensor, "B T H V"], State]:
    """What `deep.online` returns, under this rule. Chunks are counted from the start of each segment."""
    return deep.online(q, k, v, c, start, cfg, cuts, solve=first, chunk=chunk)


def memory_caching(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    u: Float[Tensor, "B T H K"] | None,
    cfg: MCConfig,
    coefficients: Mapping[str, Any] | None = None,
    initial: Any = None,
    *,
    chunk: int = 16,
    detach: bool = False,
) -> Float[Tensor, "B T H V"]:
    """Memory Caching with memories that are written this way: the output.

    Arguments and errors are those of `mcviz.pytorch.memory_caching`, and `chunk`, the tokens in a chunk, counted from
    the start of each segment. Raises `ValueError` also for a memory that is no network, and for an empty chunk.
    """
    q, k, v, u, c, start = prepare(q, k, v, u, cfg, coefficients, initial)
    deep.network(cfg)
    chunk = whole("chunk", chunk, of="tokens")
    cuts = segments.cut(q.shape[1], cfg.segmentation, cfg.segment_length)
    with as_given(q.device):
        return scan.run(q, k, v, u, c, start, cfg, cuts, detach=detach, solve=first, chunk=chunk).output
