"""Projections: from a token's features `x_t` to what its memory takes in, and from what it reads back to features.

`parameters` maps names to arrays, the very names and shapes of a torch layer's `state_dict`: see
`mcviz.initial.parameters`. So one set of weights runs in both backends.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.initial import State, ceilings
from mcviz.reference.memory import Array
from mcviz.rules import sheet

Parameters = Mapping[str, Float[Array, "..."]]


class Projected(NamedTuple):
    """What `memory_caching` takes in, but for the configuration."""

    q: Float[Array, "T H K"]
    k: Float[Array, "T H K"]
    v: Float[Array, "T H V"]
    u: Float[Array, "T H K"]
    coefficients: dict[str, Float[Array, "T H"]]
    initial: State | None


def sigmoid(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """`1 / (1 + exp(-x))`"""
    return 0.5 * (1 + np.tanh(0.5 * x))


def silu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """`x sigmoid(x)`"""
    return x * sigmoid(x)


def rms_norm(x: Float[Array, "*h K"]) -> Float[Array, "*h K"]:
    """A mean square of one over the last axis: a key has `|k|² = K`."""
    return x / np.sqrt(np.mean(x * x, -1, keepdims=True) + 1e-6)


def convolve(x: Float[Array, "T H K"], filters: Float[Array, "H K width"]) -> Float[Array, "T H K"]:
    """Causal depthwise convolution: each feature sees its own latest values; before the first token all are 0."""
    T, width = len(x), filters.shape[-1]
    padded = np.concatenate([np.zeros((width - 1, *x.shape[1:]), x.dtype), x])
    # y_t = Σ_j f_j ∘ x_{t-j}
    terms = [filters[..., j] * padded[width - 1 - j : width - 1 - j + T] for j in range(width)]
    return sum(terms[1:], start=terms[0])


def project(x: Float[Array, "T D"], parameters: Parameters, cfg: MCConfig) -> Projected:
    """Queries, keys, values, connectors, coefficients and `M_0` of a layer with the given parameters.

    A parameter that is not there is not used: without filters nothing is convolved, without `W_u` the connector is
    the query, and without a learned `M_0`, `initial` is None.
    """
    tokens = {}
    for name in ("q", "k", "v", "u"):
        if f"W_{name}" in parameters:
            # q_t = W_q x_t, and so on
            tokens[name] = np.einsum("hkd,td->thk", parameters[f"W_{name}"], x)
        if f"F_{name}" in parameters:
            tokens[name] = convolve(tokens[name], parameters[f"F_{name}"])
    for name in ("q", "k"):
        tokens[name] = silu(tokens[name])
        if sheet(cfg.memory).normed:
            tokens[name] = rms_norm(tokens[name])

    coefficients = {}
    for name, most in ceilings(cfg, tokens["k"].shape[-1]).items():
        # α_t = sigmoid(W_α x_t + b_α), and so on                        (functions of x_t, squashed)
        squashed = sigmoid(np.einsum("hd,td->th", parameters[f"W_{name}"], x) + parameters[f"b_{name}"])
        coefficients[name] = most * squashed

    learned = {name.removeprefix("initial."): a for name, a in parameters.items() if name.startswith("initial.")}
    u = tokens.get("u", tokens["q"])
    return Projected(tokens["q"], tokens["k"], tokens["v"], u, coefficients, learned or None)


def merge(y: Float[Array, "T H V"], parameters: Parameters) -> Float[Array, "T D"]:
    """What the heads read, normed head by head, as features of the token."""
    return np.einsum("dhv,thv->td", parameters["W_o"], rms_norm(y))
