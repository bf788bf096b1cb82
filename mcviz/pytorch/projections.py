"""Projections: from a token's features `x_t` to what its memory takes in, and from what it reads back to features.

The twin of `mcviz.reference.projections`, on batches of sequences. Threads may share the parameters: these are taken by
functions alone, as properties like `mT` and indices keep Python's lock while they wait for the parameter's own, and a
thread that records gradients may hold that and wait for Python's.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear, pad

from mcviz.config import MCConfig
from mcviz.initial import ceilings
from mcviz.pytorch.aliases import State
from mcviz.pytorch.numerics import widest
from mcviz.rules import sheet

Parameters = Mapping[str, Float[Tensor, "..."]]


class Projected(NamedTuple):
    """What `memory_caching` takes in, but for the configuration."""

    q: Float[Tensor, "B T H K"]
    k: Float[Tensor, "B T H K"]
    v: Float[Tensor, "B T H V"]
    u: Float[Tensor, "B T H K"]
    coefficients: dict[str, Float[Tensor, "B T H"]]
    initial: State | None


def sigmoid(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """`1 / (1 + exp(-x))`"""
    return torch.sigmoid(x)


def silu(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """`x sigmoid(x)`"""
    return torch.nn.functional.silu(x)


def rms_norm(x: Float[Tensor, "*h K"]) -> Float[Tensor, "*h K"]:
    """A mean square of one over the last axis: a key has `|k|² = K`. Squares are taken in at least single precision."""
    wide = x.to(widest([x]))
    return (wide / torch.sqrt(torch.mean(wide * wide, -1, keepdim=True) + 1e-6)).to(x.dtype)


def convolve(x: Float[Tensor, "B T H K"], filters: Float[Tensor, "H K width"]) -> Float[Tensor, "B T H K"]:
    """Causal depthwise convolution: each feature sees its own latest values; before the first token all are 0."""
    T, width = x.shape[1], filters.shape[-1]
    padded = pad(x, (0, 0, 0, 0, width - 1, 0))
    # y_t = Σ_j f_j ∘ x_{t-j}
    terms = [f * padded[:, width - 1 - j : width - 1 - j + T] for j, f in enumerate(filters.unbind(-1))]
    return sum(terms[1:], start=terms[0])


def project(x: Float[Tensor, "B T D"], parameters: Parameters, cfg: MCConfig) -> Projected:
    """Queries, keys, values, connectors, coefficients and `M_0` of a layer with the given parameters.

    A parameter that is not there is not used: without filters nothing is convolved, without `W_u` the connector is
    the query, and without a learned `M_0`, `initial` is None.
    """
    tokens = {}
    for name in ("q", "k", "v", "u"):
        if f"W_{name}" in parameters:
            W = parameters[f"W_{name}"]
            # q_t = W_q x_t, and so on
            tokens[name] = linear(x, W.flatten(0, 1)).to(W.dtype).reshape(*x.shape[:2], *W.shape[:2])
        if f"F_{name}" in parameters:
            tokens[name] = convolve(tokens[name], parameters[f"F_{name}"])
    for name in ("q", "k"):
        tokens[name] = silu(tokens[name])
        if sheet(cfg.memory).normed:
            tokens[name] = rms_norm(tokens[name])

    coefficients = {}
    for name, most in ceilings(cfg, tokens["k"].shape[-1]).items():
        # α_t = sigmoid(W_α x_t + b_α), and so on                        (functions of x_t, squashed)
        logit = linear(x, parameters[f"W_{name}"]) + parameters[f"b_{name}"]
        # in half precision 0.999 is 1, where a sigmoid is flat
        coefficients[name] = most * sigmoid(logit.to(widest([logit]))).to(logit.dtype)

    own = {name: a for name, a in parameters.items() if name.startswith("initial.")}
    learned = {name.removeprefix("initial."): a.clone() for name, a in own.items()}
    u = tokens.get("u", tokens["q"])
    return Projected(tokens["q"], tokens["k"], tokens["v"], u, coefficients, learned or None)


def merge(y: Float[Tensor, "B T H V"], parameters: Parameters) -> Float[Tensor, "B T D"]:
    """What the heads read, normed head by head, as features of the token."""
    return linear(rms_norm(y).flatten(-2), parameters["W_o"].flatten(1))
