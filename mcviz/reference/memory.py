"""Memory rules: how a memory is written and how it is read, one token at a time.

A state is a dictionary of arrays. Every function works on the last one or two axes and carries whatever stands
before them along (here: heads), so each line reads as the equation for one head. `c` holds the token's
coefficients, with the same leading axes.

Each write is one step of an optimiser on an inner loss; that is why a cached state is called a checkpoint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.initial import State

Array = np.ndarray
Coefficients = Mapping[str, Float[Array, "..."]]

SQRT_2_OVER_PI = 0.7978845608028654
RISE, CUBIC = 2 * SQRT_2_OVER_PI, 0.044715
"""Of GELU's tanh form: `2z = RISE (h + CUBIC h³)`."""


@runtime_checkable
class Rule(Protocol):
    """A memory rule. `write` returns a new state and leaves the old one as it was."""

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State: ...

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]: ...


def outer(v: Float[Array, "*h V"], k: Float[Array, "*h K"]) -> Float[Array, "*h V K"]:
    """`v kᵀ`"""
    return v[..., :, None] * k[..., None, :]


def apply(M: Float[Array, "*h V K"], q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
    """`M q`"""
    return np.einsum("...vk,...k->...v", M, q)


def column(c: Float[Array, "*h"], axes: int) -> Float[Array, "..."]:
    """A scalar per head, ready to multiply arrays with `axes` more axes."""
    return c.reshape(c.shape + (1,) * axes)


def mix(checkpoints: State, online: State, weights: Float[Array, "n *h"], names: Sequence[str]) -> State:
    """The memory soup's parameters `θ* = Σ_i γ^(i) θ^(i)` (Eq. 14), for the arrays in `names`. Those of the n - 1
    `checkpoints` lie side by side, [n-1 *h ...]; the `online` memory's weight is the last."""
    mixed = {}
    for name in names:
        weight = column(weights, checkpoints[name].ndim - weights.ndim)
        past = np.einsum("n...,n...->...", weight[:-1], checkpoints[name])
        mixed[name] = past + weight[-1] * online[name]
    return mixed


@dataclass(frozen=True)
class Linear:
    """Linear attention: `M` sums the outer products of what was written (Eq. 2, 12). Inner loss `-<M k, v>`."""

    feature_map: str = "identity"
    normalizer: bool = False

    def phi(self, x: Float[Array, "*h K"]) -> Float[Array, "*h K"]:
        return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) if self.feature_map == "elu" else x

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        k = self.phi(k)
        # M_t = M_{t-1} + v_t φ(k_t)ᵀ                                   (2)
        new = {"M": state["M"] + outer(v, k)}
        # z_t = z_{t-1} + φ(k_t)                                         (2)
        return {**new, "z": state["z"] + k} if self.normalizer else new

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
        q = self.phi(q)
        # y_t = M_t φ(q_t) [ / z_tᵀ φ(q_t) ]                            (2, 12)
        y = apply(state["M"], q)
        return y / np.sum(state["z"] * q, -1, keepdims=True) if self.normalizer else y


@dataclass(frozen=True)
class Decay:
    """Scalar decay: what was written fades, and the token is added. Not in the paper: RetNet, Mamba-2.

    With α = λ = 1 it is linear attention, and it is SWLA with β = 0. Inner loss `-<M k, v>`.
    """

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        # M_t = α_t M_{t-1} + λ_t v_t k_tᵀ
        return {"M": column(c["alpha"], 2) * state["M"] + outer(column(c["lam"], 1) * v, k)}

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
        # y_t = M_t q_t
        return apply(state["M"], q)


@dataclass(frozen=True)
class SWLA:
    """Sliding-window linear attention: a write takes in the latest `window` pairs (Eq. 26-29).

    The state keeps the pairs before this one in `k` and `v`, the latest last. They cross a segment's boundary
    with the state, under checkpoint start, and not under independent start, which begins from none.
    """

    window: int = 2

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        past = np.einsum("...jv,...jk->...vk", state["v"], state["k"])
        # M_t = α_t M_{t-1} + β_t Σ_{0<j<window} v_{t-j} k_{t-j}ᵀ + λ_t v_t k_tᵀ     (29)
        M = column(c["alpha"], 2) * state["M"] + column(c["beta"], 2) * past + column(c["lam"], 2) * outer(v, k)
        return {
            "M": M,
            "k": np.concatenate([state["k"], k[..., None, :]], -2)[..., 1:, :],
            "v": np.concatenate([state["v"], v[..., None, :]], -2)[..., 1:, :],
        }

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
        # y_t = M_t q_t
        return apply(state["M"], q)


@dataclass(frozen=True)
class Delta:
    """The delta rule: a step towards `M k = v` that first takes back what `k` already brings up.

    Inner loss `½|M k - v|²`. Not in the paper's tables: it is Titans with a matrix memory, α = 1 and no momentum.
    """

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        # M_t = M_{t-1} - η_t (M_{t-1} k_t - v_t) k_tᵀ
        return {"M": state["M"] - outer(column(c["eta"], 1) * (apply(state["M"], k) - v), k)}

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
        # y_t = M_t q_t
        return apply(state["M"], q)


@dataclass(frozen=True)
class GatedDelta:
    """The gated delta rule: what was written fades, then takes a step of the delta rule. Not in the paper: Gated
    DeltaNet.

    With α = 1 it is the delta rule. Inner loss `½|M k - v|²`, at the faded memory.
    """

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        faded = column(c["alpha"], 2) * state["M"]
        # M_t = α_t M_{t-1} (I - η_t k_t k_tᵀ) + η_t v_t k_tᵀ
        return {"M": faded - outer(column(c["eta"], 1) * (apply(faded, k) - v), k)}

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
        # y_t = M_t q_t
        return apply(state["M"], q)


@dataclass(frozen=True)
class Vector:
    """A value-less memory: one vector that sums what was written. There is no key to look up by (Eq. 18-20)."""

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        # m_t = m_{t-1} + v_t
        return {"m": state["m"] + v}

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
        # y_t = m_t
        return state["m"]


def cdf(h: Float[Array, "..."]) -> Float[Array, "..."]:
    """The normal distribution function `Φ(h)` in its tanh form, `½ (1 + tanh z) = 1 / (1 + exp(-2z))`."""
    with np.errstate(over="ignore"):  # 1 / ∞ is 0, as it should be
        return 1 / (1 + np.exp(h * (-RISE - RISE * CUBIC * h * h)))


def gelu(h: Float[Array, "..."]) -> Float[Array, "..."]:
    """GELU: `h Φ(h)`."""
    return h * cdf(h)


def gelu_slope(h: Float[Array, "..."]) -> Float[Array, "..."]:
    """The derivative of `gelu`: `Φ(h) + h Φ'(h)`."""
    p = cdf(h)
    return p + h * p * (1 - p) * (RISE + 3 * RISE * CUBIC * h * h)


def layer_norm(x: Float[Array, "*h K"]) -> Float[Array, "*h K"]:
    """Zero mean and unit variance over the last axis, without a learned scale."""
    K = x.shape[-1]
    centred = x - x.sum(-1, keepdims=True) / K
    return centred / np.sqrt((centred * centred).sum(-1, keepdims=True) / K + 1e-6)


@dataclass(frozen=True)
class Deep:
    """A memory that is a small network `M(x) = skip(x) + W1 σ(W2 norm(x))` (appendix B), trained while it reads.

    The paper names a residual and a layer norm without placing them; ours are pre-norm. `skip` is the identity, cut
    or padded with zeros where V differs from K. At depth 1, `M(x) = skip(x) + W1 norm(x)`.

    Its gradient in closed form. Write x' = norm(k), h = W2 x', a = σ(h), y = M(k) and e = ∂ℓ/∂y. A change of W1
    changes y by dW1 a, and a change of W2 changes it by W1 (σ'(h) ∘ dW2 x'), so

        ∂ℓ/∂W1 = e aᵀ                          ∂ℓ/∂W2 = (σ'(h) ∘ W1ᵀ e) x'ᵀ

    and at depth 1 ∂ℓ/∂W1 = e x'ᵀ.
    """

    depth: int = 2
    expansion: int = 4
    residual: bool = True
    norm: bool = True

    def inputs(self, x: Float[Array, "*h K"]) -> Float[Array, "*h K"]:
        return layer_norm(x) if self.norm else x

    def skip(self, x: Float[Array, "*h K"], V: int) -> Float[Array, "*h V"]:
        shared = min(x.shape[-1], V)
        y = np.zeros((*x.shape[:-1], V), x.dtype)
        y[..., :shared] = x[..., :shared]
        return y

    def forward(self, state: State, x: Float[Array, "*h K"]) -> tuple[Array, Array, Array, Array]:
        """`M(x)`, and on the way there the normed input x', the hidden layer before σ and after it."""
        x_in = self.inputs(x)
        h = apply(state["W2"], x_in) if self.depth == 2 else x_in
        a = gelu(h) if self.depth == 2 else x_in
        y = apply(state["W1"], a)
        return (y + self.skip(x, y.shape[-1]) if self.residual else y), x_in, h, a

    def read(self, state: State, q: Float[Array, "*h K"]) -> Float[Array, "*h V"]:
        # y_t = M_t(q_t)                                                 (30, 34)
        return self.forward(state, q)[0]

    def error(self, y: Float[Array, "*h V"], v: Float[Array, "*h V"]) -> Float[Array, "*h V"]:
        """`e = ∂ℓ/∂y` of the rule's inner loss."""
        raise NotImplementedError

    def gradient(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"]) -> State:
        """`∇ℓ(M; k, v)`, an array for each layer."""
        y, x, h, a = self.forward(state, k)
        e = self.error(y, v)
        if self.depth == 1:
            return {"W1": outer(e, x)}
        return {
            "W1": outer(e, a),
            "W2": outer(gelu_slope(h) * np.einsum("...ve,...v->...e", state["W1"], e), x),
        }


@dataclass(frozen=True)
class DLA(Deep):
    """Deep linear attention: a gradient step on `-<M(k), v>` (Eq. 30-33)."""

    def error(self, y: Float[Array, "*h V"], v: Float[Array, "*h V"]) -> Float[Array, "*h V"]:
        return -v

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        gradient = self.gradient(state, k, v)
        # M_t = M_{t-1} - η_t ∇ℓ(M_{t-1}; k_t, v_t)                      (31)
        return {name: state[name] - column(c["eta"], 2) * gradient[name] for name in gradient}


@dataclass(frozen=True)
class Titans(Deep):
    """Titans' long-term memory: gradient steps on `|M(k) - v|²` with momentum and decay (Eq. 34-36).

    The paper prints the momentum with a minus that, read literally, climbs the loss; this is the sign that descends.
    """

    def error(self, y: Float[Array, "*h V"], v: Float[Array, "*h V"]) -> Float[Array, "*h V"]:
        return 2 * (y - v)

    def write(self, state: State, k: Float[Array, "*h K"], v: Float[Array, "*h V"], c: Coefficients) -> State:
        new = {}
        for W, gradient in self.gradient(state, k, v).items():
            S = W.replace("W", "S")
            # S_t = β_t S_{t-1} + η_t ∇ℓ(M_{t-1}; k_t, v_t)              (36)
            new[S] = column(c["beta"], 2) * state[S] + column(c["eta"], 2) * gradient
            # M_t = α_t M_{t-1} - S_t                                    (35)
            new[W] = column(c["alpha"], 2) * state[W] - new[S]
        return new


RULES: Mapping[str, Any] = {
    "linear": Linear,
    "decay": Decay,
    "swla": SWLA,
    "delta": Delta,
    "gated_delta": GatedDelta,
    "dla": DLA,
    "titans": Titans,
    "vector": Vector,
}


def rule(cfg: MCConfig) -> Rule:
    """The memory rule that `cfg` names, with its options. Raises `ValueError` for one that has a sheet only."""
    if cfg.memory not in RULES:
        raise ValueError(f"memory: expected a rule with a class in RULES, {', '.join(RULES)}; got {cfg.memory!r}")
    chosen: Rule = RULES[cfg.memory](**cfg.rule_options)
    return chosen
