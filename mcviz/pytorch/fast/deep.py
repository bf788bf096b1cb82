"""MLP memories over whole segments: the recurrence of `memory.py` itself, without its loop over tokens.

Tokens are taken in chunks (`layout.py`), and a chunk's tokens all at once: no `W_t` is ever formed, it answers from its
parts (`unrolled.py`), of which the errors are found by sweeps (`errors.py`, `sweeps.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.config import MCConfig
from mcviz.pytorch import memory
from mcviz.pytorch.aliases import Coefficients, State
from mcviz.pytorch.fast.chunks import Chunks
from mcviz.pytorch.fast.errors import LOSSES, Solve, exact
from mcviz.pytorch.fast.gelu import gelu
from mcviz.pytorch.fast.launches import numbers
from mcviz.pytorch.fast.layout import TILE, Layout
from mcviz.pytorch.fast.unrolled import Chunk, end, hidden, outer, unroll
from mcviz.pytorch.numerics import is_hidden
from mcviz.segments import Segments

P = ParamSpec("P")
R = TypeVar("R")

CHUNK = 32
"""Tokens that are taken at once: more would need more sweeps, fewer more chunks."""


def network(cfg: MCConfig) -> memory.Deep:
    """The memory's rule. Raises `ValueError` if it is not a network that has a form over chunks."""
    rule = memory.rule(cfg)
    if cfg.memory not in LOSSES or not isinstance(rule, memory.Deep):
        raise ValueError(f"memory: expected {' or '.join(LOSSES)}, got {cfg.memory!r}")
    return rule


def written(
    layout: Layout,
    k: Tensor,
    v: Tensor,
    c: Coefficients,
    start: State,
    cfg: MCConfig,
    solve: Solve,
    first: State | None,
) -> Iterator[tuple[Chunk, State | None]]:
    """Write the tokens chunk by chunk. Where segments end with a chunk, their state comes with it."""
    rule, loss = network(cfg), LOSSES[cfg.memory]
    aim = loss.aim(rule, k, v)
    xs, aims = layout.split(rule.inputs(k)), layout.split(aim)
    cs = [dict(zip(c, parts, strict=True)) for parts in zip(*map(layout.split, c.values()), strict=True)]
    state = None
    for x, aim, scalars, (S, begins, ends) in zip(xs, aims, cs, layout.turns(), strict=True):
        if begins and (cfg.start == "independent" or state is None):
            opening = start if first is None or state is not None else first
            state = {name: W[:, None].expand(-1, S, *W.shape[1:]).flatten(0, 2) for name, W in opening.items()}
        assert state is not None
        decay = unroll(scalars)
        chunk = Chunk(state, decay, x, solve(loss, state, x, aim, scalars, decay.at(slice(None, -1))))
        state = end(chunk)
        yield chunk, state if ends else None


def widen(x: Any) -> Any:
    """Numbers of 16 bits as float32: an inner step is smaller than the last place of what it changes."""
    if isinstance(x, Mapping):
        return {name: widen(part) for name, part in x.items()}
    if x is None:
        return None
    return x.float() if x.dtype.itemsize < 4 else x


def eager(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, left out of compiled graphs: its sweeps stop where the numbers say so.

    `torch.compiler.disable` loads the compiler, which takes longer than torch itself: only those who compile wait.
    """

    @wraps(function)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        if torch.compiler.is_compiling():
            outside: Callable[P, R] = torch.compiler.disable(function)
            return outside(*arguments, **options)
        return function(*arguments, **options)

    return call


@eager
def online(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    c: Coefficients,
    start: State,
    cfg: MCConfig,
    cuts: Segments,
    *,
    first: State | None = None,
    solve: Solve = exact,
    chunk: int = CHUNK,
) -> tuple[Float[Tensor, "B T H V"], State]:
    """Write every token into its segment's memory and read it there: `M_t^(s)(q_t)` (Eq. 30, 34).

    `c` holds the coefficients [B, T, H] and `start` is `M_0` [B, H, ...]; the first segment begins from `first`, if it
    is not None. Also returned is the full state [B, N, H, ...] where every segment ended.
    """
    dtype, (q, k, v, c, start, first) = q.dtype, map(widen, (q, k, v, c, start, first))
    rule, layout = network(cfg), Layout.of(q, start, cuts, cfg, chunk, first is not None)
    reads, ends = [], []
    writes = written(layout, k, v, c, start, cfg, solve, first)
    for x, (part, state) in zip(layout.split(rule.inputs(q)), writes, strict=True):
        reads.append(outer(part, gelu(hidden(part, x)) if rule.depth == 2 else x))
        if state is not None:
            ends.append(state)
    y = layout.join(reads)
    y = y + rule.skip(q, v.shape[-1]) if rule.residual else y
    return y.to(dtype), {name: W.to(dtype) for name, W in layout.states(ends).items()}


def read(states: State, x: Float[Tensor, "*lead n K"]) -> Float[Tensor, "*lead n V"]:
    """`W1 σ(W2 x)`: what a memory adds to its skip, for n normed queries at each state [*lead, ...]."""
    a = gelu(x @ states["W2"].mT) if "W2" in states else x
    return a @ states["W1"].mT


@eager
def soup(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    c: Coefficients,
    start: State,
    cfg: MCConfig,
    cuts: Segments,
    weights: Float[Tensor, "B T H N"],
    *,
    detach: bool = False,
    first: State | None = None,
    before: State | None = None,
    solve: Solve = exact,
    chunk: int = CHUNK,
) -> tuple[Float[Tensor, "B T H V"], State]:
    """Read mixed memories (Eq. 14-15): `M*_t(q_t)` with `θ*_t = Σ_i γ_t^(i) θ^(i)`, and the states of `online`.

    Each layer is linear in its parameters, so the answers of a layer are mixed instead, and no θ*_t is formed.
    `weights` are the γ_t^(i), with that of a token's own segment for its online memory; the first of them are those of
    checkpoints `before` these tokens, if there are any. With `detach`, no gradient flows through what is mixed.
    """
    tensors = (q, k, v, c, start, weights, first, before)
    dtype, (q, k, v, c, start, weights, first, before) = q.dtype, map(widen, tensors)
    rule, layout = network(cfg), Layout.of(q, start, cuts, cfg, chunk, first is not None)
    parts, ends = zip(*written(layout, k, v, c, start, cfg, solve, first), strict=True)
    states = layout.states([state for state in ends if state is not None])
    cached = {
        name: W if before is None or name not in before else torch.cat([before[name], W], 1)
        for name, W in states.items()
    }
    own, past = divide(weights, cuts)

    def layer(name: str, online: Callable[[Chunk, Tensor], Tensor], x: Tensor) -> Tensor:
        # W*_t x = Σ_{i<s} γ_t^(i) W^(i) x + γ_t^(s) W_t x
        W = cached[name].detach() if detach else cached[name]
        mine = layout.join([online(part, rows) for part, rows in zip(parts, layout.split(x), strict=True)])
        return mix(past, x, W) + own * mine

    x = rule.inputs(q)
    a = gelu(layer("W2", hidden, x)) if rule.depth == 2 else x
    y = layer("W1", outer, a)
    y = y + rule.skip(q, v.shape[-1]) if rule.residual else y
    return y.to(dtype), {name: W.to(dtype) for name, W in states.items()}


def divide(
    weights: Float[Tensor, "B T H N"], cuts: Segments
) -> tuple[Float[Tensor, "B T H 1"], Float[Tensor, "B T H N"]]:
    """The weight of each token's online memory, and those of the checkpoints before it."""
    N = weights.shape[-1]
    s = Chunks.of(cuts, weights.device, N - len(cuts)).segment_of[:, None, None]
    own = weights.gather(-1, s.expand(*weights.shape[:-1], 1))
    return own, weights.masked_fill(torch.arange(N, device=weights.device) >= s, 0)


def mix(
    weights: Float[Tensor, "B T H N"], x: Float[Tensor, "B T H i"], W: Float[Tensor, "B N H o i"]
) -> Float[Tensor, "B T H o"]:
    """`Σ_i γ_t^(i) W^(i) x_t`, some tokens at a time: what is as wide as all memories together stays small."""
    if not is_hidden(W) and torch.isfinite(W.sum()):
        return product(weights, x, W)
    # What is not read, with a weight of 0, may be infinite.
    lost = ~torch.isfinite(W).flatten(3).all(-1)
    spoilt = ((weights != 0) & lost.mT[:, None]).any(-1, keepdim=True)
    return product(weights, x, W.masked_fill(lost[..., None, None], 0)).masked_fill(spoilt, torch.nan)


def product(
    weights: Float[Tensor, "B T H N"], x: Float[Tensor, "B T H i"], W: Float[Tensor, "B N H o i"]
) -> Float[Tensor, "B T H o"]:
    """`mix`, for memories that are finite."""
    (B, N, H, o, i), T = W.shape, x.shape[1]
    rows = max(1, min(T, numbers(x, TILE) // (B * H * N * min(i, o))))
    tiles = zip(*(torch.split(part.transpose(1, 2), rows, 2) for part in (weights[..., None], x)), strict=True)
    if i <= o:
        # Σ_i W^(i) (γ^(i) x): inputs side by side
        wide = W.permute(0, 2, 1, 4, 3).flatten(2, 3)
        mixed = [(gates * x[..., None, :]).flatten(-2) @ wide for gates, x in tiles]
    else:
        # Σ_i γ^(i) (W^(i) x): outputs side by side
        wide = W.permute(0, 2, 4, 1, 3).flatten(3, 4)
        mixed = [(gates * torch.unflatten(x @ wide, -1, (N, o))).sum(-2) for gates, x in tiles]
    return torch.cat(mixed, 2).transpose(1, 2)
