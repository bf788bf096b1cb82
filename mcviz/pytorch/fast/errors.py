"""The errors of a chunk's tokens: what the gradients of its writes are made of, in an MLP memory.

The errors e and δ of token t (see `Deep` in `memory.py`) look at the memory before it, that is at earlier errors alone.
Given δ, e solves a triangular system; δ is the fixed point of a map whose row t depends on earlier rows of δ only.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.pytorch import memory
from mcviz.pytorch.aliases import Coefficients, State
from mcviz.pytorch.fast.gelu import gelu, gelu_and_slope
from mcviz.pytorch.fast.sweeps import fixed_point
from mcviz.pytorch.fast.unrolled import Decay, Errors, answer, carry
from mcviz.pytorch.numerics import is_hidden, is_transformed


@runtime_checkable
class Loss(Protocol):
    """A rule's inner loss over a chunk: its errors, for rows a that enter the outer layer.

    `before` is the chunk's `Decay` up to before each token; h0 and P give the hidden layer before σ, `h = h0 - P δ`.
    """

    def rule(self) -> memory.Rule:
        """The rule itself, for inputs that are normed and aims that the skip is taken from."""

    def aim(self, rule: memory.Deep, k: Float[Tensor, "*b K"], v: Float[Tensor, "*b V"]) -> Float[Tensor, "*b V"]:
        """What the layers alone aim at."""

    def at(self, W1: Tensor, a: Tensor, aim: Tensor) -> Tensor:
        """`e_t = ∂ℓ/∂y` at `y = W1 a_t`, the same W1 for all."""

    def one_layer(self, a: Tensor, aim: Tensor, start: State, before: Decay) -> Tensor:
        """Each `e_t` at the memory before its token."""

    def two_layers(self, h0: Tensor, P: Tensor, aim: Tensor, start: State, before: Decay) -> tuple[Tensor, ...]:
        """a, e and `δ_t = σ'(h_t) ∘ W1_{t-1}ᵀ e_t`, each at the memory before its token."""


class Correlation:
    """`-<M(k), v>`, of DLA: the errors are -v, whatever the memory says (Eq. 30-33)."""

    def rule(self) -> memory.Rule:
        return memory.DLA(residual=False, norm=False)

    def aim(self, rule: memory.Deep, k: Float[Tensor, "*b K"], v: Float[Tensor, "*b V"]) -> Float[Tensor, "*b V"]:
        return v

    def at(self, W1: Tensor, a: Tensor, aim: Tensor) -> Tensor:
        return -aim

    def one_layer(self, a: Tensor, aim: Tensor, start: State, before: Decay) -> Tensor:
        return -aim

    def two_layers(self, h0: Tensor, P: Tensor, aim: Tensor, start: State, before: Decay) -> tuple[Tensor, ...]:
        e = -aim
        delta = fixed_point(sweep_dla, h0, P, e @ start["W1"], before.C * (e @ e.mT))
        return hidden_layer(h0, P, delta), e, delta


class Distance:
    """`|M(k) - v|²`, of Titans: the errors are 2 (M(k) - v) (Eq. 34-36)."""

    def rule(self) -> memory.Rule:
        return memory.Titans(residual=False, norm=False)

    def aim(self, rule: memory.Deep, k: Float[Tensor, "*b K"], v: Float[Tensor, "*b V"]) -> Float[Tensor, "*b V"]:
        return v - rule.skip(k, v.shape[-1]) if rule.residual else v

    def at(self, W1: Tensor, a: Tensor, aim: Tensor) -> Tensor:
        return 2 * (a @ W1.mT - aim)

    def one_layer(self, a: Tensor, aim: Tensor, start: State, before: Decay) -> Tensor:
        return output_errors(a, aim, start["W1"], start["S1"], before)

    def two_layers(self, h0: Tensor, P: Tensor, aim: Tensor, start: State, before: Decay) -> tuple[Tensor, ...]:
        W1, S1 = start["W1"], start["S1"]
        delta = fixed_point(sweep_titans, h0, P, aim, W1, S1, before.C, before.A, before.b)
        a = hidden_layer(h0, P, delta)
        return a, output_errors(a, aim, W1, S1, before), delta


LOSSES: Mapping[str, Loss] = {"dla": Correlation(), "titans": Distance()}
"""The inner loss of each rule that has a form over chunks."""

Solve = Callable[[Loss, State, Tensor, Tensor, Coefficients, Decay], Errors]
"""How the errors of a chunk are found: from the loss, its start, its normed keys [G, c, K], what its layers aim at
[G, c, V], the coefficients, and these unrolled, up to before each token."""


def hidden_layer(h0: Tensor, P: Tensor, delta: Tensor) -> Tensor:
    """`a = σ(W2 x)`, each at the memory before its token."""
    return gelu(torch.baddbmm(h0, P, delta, alpha=-1))


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


def overflow(x: Tensor) -> Any:
    """The tokens from the first one on for which `x` is not finite, or None if it is seen to be finite for all."""
    if not is_hidden(x) and torch.isfinite(x.sum()):
        return None
    return (~torch.isfinite(x)).any(-1, keepdim=True).cumsum(1) > 0


def clear(x: Any, tokens: Any) -> Any:
    """0 at these tokens: a weight of 0 would not keep infinity out of what others read."""
    return x if x is None or tokens is None else x.masked_fill(tokens, 0)


def bounded(a: Tensor, e: Tensor, delta: Any) -> Errors:
    """Errors, up to where they overflow: at depth 2 also their squares, as answers multiply two of a kind."""
    overflown = overflow(e if delta is None else delta * delta)
    return Errors(clear(a, overflown), clear(e, overflown), clear(delta, overflown), overflown)


def exact(loss: Loss, start: State, x: Tensor, aim: Tensor, c: Coefficients, before: Decay) -> Errors:
    """The errors of a chunk, each at the memory before its token."""
    W2, S2 = start.get("W2"), start.get("S2")
    if W2 is None:
        return bounded(x, loss.one_layer(x, aim, start, before), None)
    if is_transformed(x, aim, *start.values(), *c.values()):
        return one_by_one(loss.rule(), start, x, aim, c)  # sweeps stop where the numbers say so
    h0, P = carry(x, W2, S2, before), before.C * (x @ x.mT)
    a, e, delta = loss.two_layers(h0, P, aim, start, before)
    if overflow(delta * delta) is not None:
        return one_by_one(loss.rule(), start, x, aim, c)
    return Errors(a, e, delta)


def one_by_one(rule: Any, state: State, x: Tensor, aim: Tensor, c: Coefficients) -> Errors:
    """The same token by token. Where a memory diverges, sweeps overflow in rows that they have yet to get right, and
    spoil the others."""
    rows = []
    for t in range(x.shape[1]):
        y, _, h, a = rule.forward(state, x[:, t])
        e = rule.error(y, aim[:, t])
        rows.append((a, e, memory.gelu_slope(h) * memory.apply(state["W1"].mT, e)))
        state = rule.write(state, x[:, t], aim[:, t], {name: scalar[:, t] for name, scalar in c.items()})
    a, e, delta = (torch.stack(part, 1) for part in zip(*rows, strict=True))
    return bounded(a, e, delta)
