"""What a memory rule starts from: its constants, its initial state `M_0`, and the weights of a layer around it.

Both backends take these same numbers, so that they can be compared.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz.checks import seeds
from mcviz.config import GATED, MCConfig
from mcviz.rules import SHEETS, STEP

State = dict[str, Float[np.ndarray, "..."]]
"""A memory: named arrays, each with the axis of heads first."""

COEFFICIENTS: Mapping[str, tuple[str, ...]] = {
    name: tuple(one.name for one in sheet.coefficients) for name, sheet in SHEETS.items()
}
"""The per-token scalars of each memory rule."""


def constants(cfg: MCConfig, K: int) -> dict[str, float]:
    """The coefficients of `cfg.memory` where none are given: all stay finite over long sequences of normal keys.

    A step along a key overshoots when `eta |k|²` exceeds 2, and the squared norm of K standard normal numbers is K
    on average, often more.
    """
    return SHEETS[cfg.memory].constants(cfg.rule_options, K)


def state_shapes(cfg: MCConfig, H: int, K: int, V: int) -> dict[str, tuple[int, ...]]:
    """The arrays of a state of `cfg.memory`, by name, for `H` heads."""
    return {name: (H, *shape) for name, shape in SHEETS[cfg.memory].state(cfg.rule_options, K, V).items()}


def initial_state(cfg: MCConfig, H: int, K: int, V: int) -> State:
    """`M_0` of `cfg.memory` for `H` heads, float64: zeros, but for two-layer memories, drawn from `cfg.seed`."""
    state = {name: np.zeros(shape) for name, shape in state_shapes(cfg, H, K, V).items()}
    rng = np.random.default_rng(cfg.seed)
    for name, (gain, inputs) in SHEETS[cfg.memory].drawn(cfg.rule_options, K).items():
        state[name] = gain * rng.standard_normal(state[name].shape) / np.sqrt(inputs)
    return state


def readable(cfg: MCConfig) -> tuple[str, ...]:
    """The arrays of a state that a read needs, and so that a checkpoint must hold.

    The others (momentum, the latest pairs of a window) matter only to the next write.
    """
    return SHEETS[cfg.memory].readable(cfg.rule_options)


def check_state(cfg: MCConfig, state: Any, H: int, K: int, V: int) -> dict[str, Any]:
    """`initial` as a caller gave it, as named arrays of either backend.

    A rule with one array also takes the bare array; what a write needs beside the readable arrays may be left out
    and is zero. Raises `ValueError` for unknown names and wrong shapes.
    """
    expected = state_shapes(cfg, H, K, V)
    if not isinstance(state, Mapping):
        state = {readable(cfg)[0]: state}
    unknown = sorted(map(str, set(state) - set(expected)))
    missing = sorted(set(readable(cfg)) - set(state))
    if unknown or missing:
        raise ValueError(f"initial: {cfg.memory} has {', '.join(expected)}; unknown {unknown}, missing {missing}")
    for name, array in state.items():
        if tuple(np.shape(array)) != expected[name]:
            raise ValueError(f"initial.{name}: expected shape {expected[name]}, got {tuple(np.shape(array))}")
    return dict(state)


def check_coefficients(cfg: MCConfig, coefficients: Mapping[str, Any] | None, K: int) -> dict[str, Any]:
    """The coefficients as a caller gave them, completed by the rule's constants.

    Raises `ValueError` for unknown names.
    """
    if not isinstance(coefficients, Mapping | None):
        raise ValueError(f"coefficients: expected a mapping of names to numbers, got {type(coefficients).__name__}")
    given = dict(coefficients or {})
    unknown = sorted(map(str, set(given) - set(COEFFICIENTS[cfg.memory])))
    if unknown:
        takes = ", ".join(COEFFICIENTS[cfg.memory]) or "none"
        raise ValueError(f"coefficients: {cfg.memory} takes {takes}; got {', '.join(unknown)}")
    return {**constants(cfg, K), **given}


def bounds(cfg: MCConfig) -> dict[str, tuple[float, float]]:
    """What each coefficient that is not any number may be, from and to."""
    return {one.name: one.bounds for one in SHEETS[cfg.memory].coefficients if one.bounds is not None}


def ceilings(cfg: MCConfig, K: int) -> dict[str, float]:
    """The upper ends of the coefficients where a layer computes them from its tokens; the lower ends are 0.

    A learning rate reaches twice the constant, the others reach 1.
    """
    return {name: 2 * value if name == STEP else 1.0 for name, value in constants(cfg, K).items()}


def parameter_shapes(cfg: MCConfig, D: int, H: int, K: int, V: int, convolution: int = 2) -> dict[str, tuple[int, ...]]:
    """The shapes of `parameters` by name, in the order in which they are drawn. Nothing is allocated."""
    rows = {"q": K, "k": K, "v": V}
    if cfg.aggregator in GATED and cfg.gate != "shared":
        rows["u"] = K
    shapes: dict[str, tuple[int, ...]] = {f"W_{name}": (H, n, D) for name, n in rows.items()}
    if convolution > 1:
        shapes |= {f"F_{name}": (H, n, convolution) for name, n in rows.items()}
    for name in COEFFICIENTS[cfg.memory]:
        shapes |= {f"W_{name}": (H, D), f"b_{name}": (H,)}
    shapes["W_o"] = (D, H, V)
    if SHEETS[cfg.memory].kind == "network":
        start = state_shapes(cfg, H, K, V)
        shapes |= {f"initial.{name}": start[name] for name in readable(cfg)}
    return shapes


def parameters(
    cfg: MCConfig, D: int, H: int, K: int, V: int, convolution: int = 2, seed: int | Sequence[int] = 0
) -> dict[str, Float[np.ndarray, "..."]]:
    """The weights that a layer for tokens of `D` features starts to learn from, float64, drawn from `seed`.

    Projections `W_q`, `W_k` [H, K, D], `W_v` [H, V, D] and, where a gate asks for it, a small `W_u` [H, K, D];
    filters of `convolution` tokens, `F_q` [H, K, convolution] and so on, where that is more than one; for each
    coefficient `W_alpha` [H, D] and `b_alpha` [H], which start at the rule's constant whatever the token; the output
    projection `W_o` [D, H, V]; and `initial.W1` and so on, the learned `M_0` of a deep memory.

    Raises `ValueError` for a seed that is no whole number from 0 on, and no sequence of such.
    """
    rng = np.random.default_rng(seeds("seed", seed))
    shapes = parameter_shapes(cfg, D, H, K, V, convolution)
    weights = {name: uniform(rng, shapes[name], D) for name in ("W_q", "W_k", "W_v")}
    if "W_u" in shapes:
        weights["W_u"] = 0.02 * rng.standard_normal(shapes["W_u"])
    weights |= {name: uniform(rng, shape, convolution) for name, shape in shapes.items() if name.startswith("F_")}
    most = ceilings(cfg, K)
    for name, value in constants(cfg, K).items():
        share = min(value / most[name], 0.999)
        weights[f"W_{name}"] = np.zeros(shapes[f"W_{name}"])
        weights[f"b_{name}"] = np.full(shapes[f"b_{name}"], np.log(share / (1 - share)))
    weights["W_o"] = uniform(rng, shapes["W_o"], H * V)
    if SHEETS[cfg.memory].kind == "network":
        start = initial_state(cfg, H, K, V)
        weights |= {f"initial.{name}": start[name] for name in readable(cfg)}
    return weights


def uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Float[np.ndarray, "..."]:
    """Uniform within ±1/√fan_in."""
    return rng.uniform(-1, 1, shape) / np.sqrt(fan_in)
