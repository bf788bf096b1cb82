"""MLP memories over whole segments: the recurrence of `memory.py` itself, without its loop over tokens.

Tokens are taken in chunks, and a chunk's tokens all at once; rows of a matrix are tokens. Unrolled, the writes of a
chunk that starts from `W_0` and momentum `S_0` leave after t of its tokens

    W_t = A_t W_0 - b_t S_0 - Σ_j C_tj ∇_j                S_t = B_t S_0 + Σ_j D_tj ∇_j

where each gradient is an outer product, `∇W1_j = e_j a_jᵀ` and `∇W2_j = δ_j x_jᵀ` (see `Deep` in `memory.py`). So no
`W_t` is ever formed: it answers from its parts,

    W_t x_t = A_t W_0 x_t - b_t S_0 x_t - Σ_j C_tj <right_j, x_t> left_j            for ∇_j = left_j right_jᵀ

The errors e and δ of token t look at the memory before it, that is at earlier errors alone. Given δ, e solves a
triangular system; δ is the fixed point of a map whose row t depends on earlier rows of δ only. Sweeping that map over
all rows is exact after as many sweeps as there are tokens, and in practice nothing moves after a few.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from itertools import chain
from typing import Any, NamedTuple, ParamSpec, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from mcviz.config import MCConfig
from mcviz.pytorch import memory
from mcviz.pytorch.fast.chunks import segment_of
from mcviz.pytorch.memory import Coefficients, State
from mcviz.segments import Segments

P = ParamSpec("P")
R = TypeVar("R")

CHUNK = 32
"""Tokens that are taken at once: more would need more sweeps, fewer more chunks."""

TILE = 2**17
"""Numbers in a tensor on a CPU, about: what stays in cache."""

CUBIC, RISE = 0.044715, 2 * memory.SQRT_2_OVER_PI
"""Of GELU's tanh form."""


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


Solve = Callable[[State, Float[Tensor, "G c K"], Float[Tensor, "G c V"], Coefficients, Decay], Errors]
"""How the errors of a chunk are found: from its start, its normed keys, what its layers aim at, the coefficients, and
these unrolled, up to before each token."""


def products(factor: Float[Tensor, "G c"]) -> Float[Tensor, "G t t"]:
    """`P_tj = Π_{j<i≤t} factor_i` for t, j = 0 … c, and 0 where j > t. Nothing is divided: a factor may be 0."""
    c = factor.shape[-1]
    steps = F.pad(factor, (1, 0), value=1.0)[..., None].expand(-1, -1, c + 1)
    later = torch.ones(c + 1, c + 1, dtype=torch.bool, device=factor.device).tril(-1)
    return torch.where(later, steps, torch.ones_like(steps)).cumprod(-2).tril()


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


def gelu(h: Tensor) -> Tensor:
    """`σ(h)`: GELU in its tanh form. In place on a CPU, a few steps take half the time of PyTorch's one."""
    if h.device.type != "cpu" or (h.requires_grad and torch.is_grad_enabled()):
        return F.gelu(h, approximate="tanh")
    return gate(h).mul_(h)


def gate(h: Tensor) -> Tensor:
    """The p in `σ(h) = h p`, which is `(1 + tanh z) / 2 = 1 / (1 + exp(-2z))`, `2z = h (RISE + RISE CUBIC h²)`."""
    return torch.addcmul(h.new_full((), RISE), h, h, value=RISE * CUBIC).mul_(h).sigmoid_()


class Gelu(torch.autograd.Function):
    """`σ(h)` and `σ'(h)`, which share most of their work. The second derivative is computed once, for all sweeps."""

    @staticmethod
    def forward(ctx: Any, h: Tensor) -> tuple[Tensor, Tensor]:
        p = gate(h)
        a, rise = h * p, torch.addcmul(h.new_full((), RISE), h, h, value=3 * RISE * CUBIC)
        # σ' = p + h p', p' = p (1 - p) 2z'
        slope = torch.addcmul(p, p, (h - a).mul_(rise))
        if ctx.needs_input_grad[0]:
            # σ'' = 2 p' + h p'', p'' = p (1 - p) ((1 - 2p) 2z'² + 2z'')
            rest = 1 - p
            bend = p * rest * (2 * rise + h * ((rest - p) * rise * rise + 6 * RISE * CUBIC * h))
            ctx.save_for_backward(slope, bend)
        return a, slope

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        slope, bend = ctx.saved_tensors
        return torch.addcmul(gradients[0] * slope, gradients[1], bend)


gelu_and_slope: Callable[[Tensor], tuple[Tensor, Tensor]] = Gelu.apply


def output_errors(a: Tensor, aim: Tensor, W1: Tensor, S1: Tensor, d: Decay) -> Tensor:
    """Titans' `e_t = 2 (W1_{t-1} a_t - aim_t)`, where W1_{t-1} holds the earlier e: a triangular system."""
    # W1_{t-1} a_t = carried_t - Σ_j L_tj e_j  ⇒  (1 + 2 L) e = 2 (carried - aim)
    L = d.C * (a @ a.mT)
    return torch.linalg.solve_triangular(2 * L, 2 * (carry(a, W1, S1, d) - aim), upper=False, unitriangular=True)


def sweep_dla(delta: Tensor, h0: Tensor, P: Tensor, g0: Tensor, Q: Tensor) -> Tensor:
    """`δ_t = σ'(h_t) ∘ W1_{t-1}ᵀ e_t`, from earlier rows of δ. The errors e do not depend on δ."""
    # h = W2 x = carried - P δ
    a, slope = gelu_and_slope(torch.baddbmm(h0, P, delta, alpha=-1))
    # W1ᵀ e = carried - (C ∘ e eᵀ) a
    return slope * torch.baddbmm(g0, Q, a, alpha=-1)


def sweep_titans(delta: Tensor, h0: Tensor, P: Tensor, aim: Tensor, W1: Tensor, S1: Tensor, *d: Tensor) -> Tensor:
    """`δ_t = σ'(h_t) ∘ W1_{t-1}ᵀ e_t`, from earlier rows of δ."""
    before = Decay(d[0], None, d[1], d[2])
    a, slope = gelu_and_slope(torch.baddbmm(h0, P, delta, alpha=-1))
    e = output_errors(a, aim, W1, S1, before)
    return slope * answer(e, W1.mT, S1.mT, a, e, before)


class FixedPoint(torch.autograd.Function):
    """The δ with `δ = f(δ, *inputs)`, for an f whose row t depends on earlier rows of δ only."""

    @staticmethod
    def forward(ctx: Any, f: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        delta = settle(lambda delta: f(delta, *inputs), torch.zeros_like(inputs[0]))
        ctx.f = f
        ctx.save_for_backward(delta, *inputs)
        return delta

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        saved, (g,) = ctx.saved_tensors, gradients
        delta = saved[0].detach().requires_grad_()
        inputs = [x.detach().requires_grad_(y) for x, y in zip(saved[1:], ctx.needs_input_grad[1:], strict=True)]
        with torch.enable_grad():
            moved = ctx.f(delta, *inputs)
        # u = g + Jᵀ u, J = ∂f/∂δ at the fixed point: the same dependence, from the last row to the first
        u = settle(lambda u: g + torch.autograd.grad(moved, delta, u, retain_graph=True)[0], g)
        needed = [x for x in inputs if x.requires_grad]
        found = iter(torch.autograd.grad(moved, needed, u))
        return (None, *(next(found) if x.requires_grad else None for x in inputs))


fixed_point: Callable[..., Tensor] = FixedPoint.apply


def settle(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Sweep `z = f(z)` until nothing moves: at the latest after as many sweeps as z has rows.

    A row keeps its value once it and all before it have settled, so that no bit of it depends on later rows.
    """
    least, settled, before = torch.finfo(z.dtype).eps, None, None
    for _ in range(z.shape[1]):
        new = f(z) if settled is None else torch.where(settled, z, f(z))
        moved, size = (torch.linalg.vector_norm(x, dim=-1, keepdim=True) for x in (new - z, new))
        z = new
        # The next sweep would move a row less by the same factor again, or more.
        moving = moved * (moved / (size if before is None else before)) > least * size
        settled, before = moving.cumsum(1) == 0, moved
        if settled[:, -1].all():
            break
    return z


def overflow(x: Tensor) -> Any:
    """The tokens from the first one on for which `x` is not finite, or None if it is finite for all."""
    if torch.isfinite(x.sum()):
        return None
    return (~torch.isfinite(x)).any(-1, keepdim=True).cumsum(1) > 0


def clear(x: Any, tokens: Any) -> Any:
    """0 at these tokens: a weight of 0 would not keep infinity out of what others read."""
    return x if x is None or tokens is None else x.masked_fill(tokens, 0)


def bounded(a: Tensor, e: Tensor, delta: Any) -> Errors:
    """Errors, up to where they overflow: at depth 2 also their squares, as answers multiply two of a kind."""
    overflown = overflow(e if delta is None else delta * delta)
    return Errors(clear(a, overflown), clear(e, overflown), clear(delta, overflown), overflown)


def exact(start: State, x: Tensor, aim: Tensor, c: Coefficients, before: Decay) -> Errors:
    """The errors of a chunk, each at the memory before its token."""
    W1, W2, S1, S2 = start["W1"], start.get("W2"), start.get("S1"), start.get("S2")
    if W2 is None:
        return bounded(x, -aim if S1 is None else output_errors(x, aim, W1, S1, before), None)
    h0, P, e = carry(x, W2, S2, before), before.C * (x @ x.mT), -aim
    if S1 is None:
        delta = fixed_point(sweep_dla, h0, P, e @ W1, before.C * (e @ e.mT))
    else:
        delta = fixed_point(sweep_titans, h0, P, aim, W1, S1, before.C, before.A, before.b)
    if overflow(delta * delta) is not None:
        return one_by_one(start, x, aim, c)
    a = gelu(torch.baddbmm(h0, P, delta, alpha=-1))
    return Errors(a, e if S1 is None else output_errors(a, aim, W1, S1, before), delta)


def one_by_one(state: State, x: Tensor, aim: Tensor, c: Coefficients) -> Errors:
    """The same token by token. Where a memory diverges, sweeps overflow in rows that they have yet to get right, and
    spoil the others."""
    rule = (memory.Titans if "S1" in state else memory.DLA)(residual=False, norm=False)
    rows = []
    for t in range(x.shape[1]):
        y, _, h, a = rule.forward(state, x[:, t])
        e = rule.error(y, aim[:, t])
        rows.append((a, e, memory.gelu_slope(h) * memory.apply(state["W1"].mT, e)))
        state = rule.write(state, x[:, t], aim[:, t], {name: scalar[:, t] for name, scalar in c.items()})
    a, e, delta = (torch.stack(part, 1) for part in zip(*rows, strict=True))
    return bounded(a, e, delta)


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


@dataclass(frozen=True)
class Layout:
    """How tokens [B, T, H, ...] become chunks [B·S·H, c, ...]: S segments of one length are written side by side."""

    batch: int
    heads: int
    cuts: Segments
    groups: list[list[int]]  # segments, those of each group of one length
    chunk: int

    @classmethod
    def of(cls, q: Tensor, start: State, cuts: Segments, cfg: MCConfig, chunk: int) -> "Layout":
        """Independent segments of one length go together, on a CPU as many as stay in cache; under checkpoint start,
        each waits for the one before."""
        B, _, H, _ = q.shape
        most = len(cuts)
        if cfg.start == "checkpoint":
            most = 1
        elif q.device.type == "cpu":
            most = max(1, TILE // (B * H * chunk * start["W1"].shape[-1]))
        lengths: dict[int, list[int]] = {}
        for i, (begin, stop) in enumerate(cuts):
            lengths.setdefault(stop - begin if most > 1 else i, []).append(i)
        groups = [same[i : i + most] for same in lengths.values() for i in range(0, len(same), most)]
        return cls(B, H, cuts, groups, chunk)

    def sizes(self) -> list[tuple[int, int]]:
        """How many segments each group has, and of how many tokens."""
        return [(len(members), self.cuts[members[0]][1] - self.cuts[members[0]][0]) for members in self.groups]

    @cached_property
    def order(self) -> list[int]:
        """The tokens in the order of the groups."""
        return [t for members in self.groups for i in members for t in range(*self.cuts[i])]

    def split(self, x: Float[Tensor, "B T H ..."]) -> list[Tensor]:
        """All chunks [B·S·H, c, ...], those of a segment in order."""
        parts = torch.split(arrange(x, self.order), [S * L for S, L in self.sizes()], 1)
        groups = zip(parts, self.sizes(), strict=True)
        together = [torch.unflatten(part, 1, size).transpose(2, 3).flatten(0, 2) for part, size in groups]
        return [chunk for group in together for chunk in torch.split(group, self.chunk, 1)]

    def turns(self) -> list[tuple[int, bool, bool]]:
        """For each chunk: of how many segments it is, whether they begin with it, whether they end with it."""
        counts = [(S, -(-L // self.chunk)) for S, L in self.sizes()]
        return [(S, j == 0, j == n - 1) for S, n in counts for j in range(n)]

    def join(self, chunks: Sequence[Tensor]) -> Float[Tensor, "B T H ..."]:
        """What `split` took apart."""
        rest, parts = iter(chunks), []
        for _, L in self.sizes():
            group = torch.cat([next(rest) for _ in range(0, L, self.chunk)], 1)
            parts.append(self.unfold(group).transpose(2, 3).flatten(1, 2))
        return arrange(torch.cat(parts, 1), inverse(self.order))

    def unfold(self, x: Float[Tensor, "G ..."]) -> Float[Tensor, "B S H ..."]:
        return torch.unflatten(x, 0, (self.batch, -1, self.heads))

    def states(self, ends: Sequence[State]) -> State:
        """The state [B, N, H, ...] where every segment ended, from those of the groups."""
        order = inverse([*chain.from_iterable(self.groups)])
        return {name: arrange(torch.cat([self.unfold(state[name]) for state in ends], 1), order) for name in ends[0]}


def inverse(order: list[int]) -> list[int]:
    """The permutation that undoes `order`."""
    return sorted(range(len(order)), key=order.__getitem__)


def arrange(x: Float[Tensor, "B n ..."], order: list[int]) -> Float[Tensor, "B n ..."]:
    """Axis 1 in another order."""
    return x if order == [*range(len(order))] else x.index_select(1, torch.tensor(order, device=x.device))


def network(cfg: MCConfig) -> memory.Deep:
    """The memory's rule. Raises `ValueError` if it is not a network."""
    rule = memory.rule(cfg)
    if not isinstance(rule, memory.Deep):
        raise ValueError(f"memory: expected dla or titans, got {cfg.memory!r}")
    return rule


def written(
    layout: Layout, k: Tensor, v: Tensor, c: Coefficients, start: State, cfg: MCConfig, solve: Solve
) -> Iterator[tuple[Chunk, State | None]]:
    """Write the tokens chunk by chunk. Where segments end with a chunk, their state comes with it."""
    rule = network(cfg)
    # e = -v (DLA), e = 2 (skip + W1 a - v) (Titans)
    aim = v - rule.skip(k, v.shape[-1]) if cfg.memory == "titans" and rule.residual else v
    xs, aims = layout.split(rule.inputs(k)), layout.split(aim)
    cs = [dict(zip(c, parts, strict=True)) for parts in zip(*map(layout.split, c.values()), strict=True)]
    state = start
    for x, aim, scalars, (S, begins, ends) in zip(xs, aims, cs, layout.turns(), strict=True):
        if begins and (cfg.start == "independent" or state is start):
            state = {name: W[:, None].expand(-1, S, *W.shape[1:]).flatten(0, 2) for name, W in start.items()}
        decay = unroll(scalars)
        chunk = Chunk(state, decay, x, solve(state, x, aim, scalars, decay.at(slice(None, -1))))
        state = end(chunk)
        yield chunk, state if ends else None


def widen(x: Any) -> Any:
    """Numbers of 16 bits as float32: an inner step is smaller than the last place of what it changes."""
    if isinstance(x, Mapping):
        return {name: widen(part) for name, part in x.items()}
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
    solve: Solve = exact,
    chunk: int = CHUNK,
) -> tuple[Float[Tensor, "B T H V"], State]:
    """Write every token into its segment's memory and read it there: `M_t^(s)(q_t)` (Eq. 30, 34).

    `c` holds the coefficients [B, T, H] and `start` is `M_0` [B, H, ...]. Also returned is the full state
    [B, N, H, ...] where every segment ended.
    """
    dtype, (q, k, v, c, start) = q.dtype, map(widen, (q, k, v, c, start))
    rule, layout = network(cfg), Layout.of(q, start, cuts, cfg, chunk)
    reads, ends = [], []
    for x, (part, state) in zip(layout.split(rule.inputs(q)), written(layout, k, v, c, start, cfg, solve), strict=True):
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
    solve: Solve = exact,
    chunk: int = CHUNK,
) -> tuple[Float[Tensor, "B T H V"], State]:
    """Read mixed memories (Eq. 14-15): `M*_t(q_t)` with `θ*_t = Σ_i γ_t^(i) θ^(i)`, and the states of `online`.

    Each layer is linear in its parameters, so the answers of a layer are mixed instead, and no θ*_t is formed.
    `weights` are the γ_t^(i), with that of a token's own segment for its online memory. With `detach`, no gradient
    flows through the checkpoints that are mixed.
    """
    dtype, (q, k, v, c, start, weights) = q.dtype, map(widen, (q, k, v, c, start, weights))
    rule, layout = network(cfg), Layout.of(q, start, cuts, cfg, chunk)
    parts, ends = zip(*written(layout, k, v, c, start, cfg, solve), strict=True)
    states = layout.states([state for state in ends if state is not None])
    own, past = divide(weights, cuts)

    def layer(name: str, online: Callable[[Chunk, Tensor], Tensor], x: Tensor) -> Tensor:
        # W*_t x = Σ_{i<s} γ_t^(i) W^(i) x + γ_t^(s) W_t x
        W = states[name].detach() if detach else states[name]
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
    s = segment_of(cuts, weights.device)[:, None, None]
    own = weights.gather(-1, s.expand(*weights.shape[:-1], 1))
    return own, weights.masked_fill(torch.arange(len(cuts), device=weights.device) >= s, 0)


def mix(
    weights: Float[Tensor, "B T H N"], x: Float[Tensor, "B T H i"], W: Float[Tensor, "B N H o i"]
) -> Float[Tensor, "B T H o"]:
    """`Σ_i γ_t^(i) W^(i) x_t`, some tokens at a time: what is as wide as all memories together stays small."""
    (B, N, H, o, i), T = W.shape, x.shape[1]
    if not torch.isfinite(W.sum()):
        # What is not read, with a weight of 0, may be infinite.
        lost = ~torch.isfinite(W).flatten(3).all(-1)
        spoilt = ((weights != 0) & lost.mT[:, None]).any(-1, keepdim=True)
        return mix(weights, x, W.masked_fill(lost[..., None, None], 0)).masked_fill(spoilt, torch.nan)
    rows = max(1, min(T, TILE // (B * H * N * min(i, o))))
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
