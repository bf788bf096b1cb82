"""What a memory rule starts from: its constants, its initial state `M_0`, and the weights of a layer around it.

Both backends take these same numbers, so that they can be compared.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz.config import GATED, MCConfig

State = dict[str, Float[np.ndarray, "..."]]
"""A memory: named arrays, each with the axis of heads first."""

COEFFICIENTS: Mapping[str, tuple[str, ...]] = {
    "linear": (),
    "swla": ("alpha", "beta", "lam"),
    "delta": ("eta",),
    "dla": ("eta",),
    "titans": ("alpha", "beta", "eta"),
    "vector": (),
}
"""The per-token scalars of each memory rule."""


def constants(cfg: MCConfig, K: int) -> dict[str, float]:
    """The coefficients of `cfg.memory` where none are given: all stay finite over long sequences of normal keys.

    A step along a key overshoots when `eta |k|²` exceeds 2, and the squared norm of K standard normal numbers is K
    on average, often more. For the delta rule the step that shrinks an error fastest in the mean square is
    1 / (K + 2), and above 2 / (K + 2) it grows. A two-layer memory has `expansion` times K hidden numbers, and a
    curvature that rises as it learns, so its step has a margin. A stronger decay than 0.999 would starve it: what
    shrinks one layer shrinks the other's gradient.
    """
    if cfg.memory == "swla":
        window = cfg.rule_options["window"]
        return {"alpha": 1.0, "beta": 1.0 / window, "lam": 1.0 / window}
    if cfg.memory == "delta":
        return {"eta": 1.0 / (K + 2)}
    if cfg.memory in ("dla", "titans"):
        width = cfg.rule_options["expansion"] if cfg.rule_options["depth"] == 2 else 1
        eta = 0.25 / (K * width + 32)
        return {"eta": eta} if cfg.memory == "dla" else {"alpha": 0.999, "beta": 0.5, "eta": eta}
    return {}


def state_shapes(cfg: MCConfig, H: int, K: int, V: int) -> dict[str, tuple[int, ...]]:
    """The arrays of a state of `cfg.memory`, by name, for `H` heads."""
    options = cfg.rule_options
    shapes: dict[str, tuple[int, ...]]
    if cfg.memory == "vector":
        shapes = {"m": (V,)}
    elif cfg.memory in ("dla", "titans"):
        E = options["expansion"] * K
        shapes = {"W1": (V, E), "W2": (E, K)} if options["depth"] == 2 else {"W1": (V, K)}
        if cfg.memory == "titans":
            shapes |= {name.replace("W", "S"): shape for name, shape in shapes.items()}
    else:
        shapes = {"M": (V, K)}
        if cfg.memory == "swla":
            past = options["window"] - 1
            shapes |= {"k": (past, K), "v": (past, V)}
        elif options.get("normalizer"):
            shapes["z"] = (K,)
    return {name: (H, *shape) for name, shape in shapes.items()}


def initial_state(cfg: MCConfig, H: int, K: int, V: int) -> State:
    """`M_0` of `cfg.memory` for `H` heads, float64: zeros, but for two-layer memories.

    A two-layer memory of zeros never learns: the gradient of either layer is a product with the other. Its layers
    are drawn from `cfg.seed`, the hidden one at the scale that keeps a normed input's scale, the outer one at a
    tenth of that, so that an unwritten memory says little.
    """
    state = {name: np.zeros(shape) for name, shape in state_shapes(cfg, H, K, V).items()}
    if "W2" in state:
        E = state["W2"].shape[1]
        rng = np.random.default_rng(cfg.seed)
        state["W1"] = 0.1 * rng.standard_normal(state["W1"].shape) / np.sqrt(E)
        state["W2"] = rng.standard_normal(state["W2"].shape) / np.sqrt(K)
    return state


def readable(cfg: MCConfig) -> tuple[str, ...]:
    """The arrays of a state that a read needs, and so that a checkpoint must hold.

    The others (momentum, the latest pairs of a window) matter only to the next write.
    """
    if cfg.memory in ("dla", "titans"):
        return ("W1", "W2") if cfg.rule_options["depth"] == 2 else ("W1",)
    if cfg.memory == "vector":
        return ("m",)
    return ("M", "z") if cfg.rule_options.get("normalizer") else ("M",)


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


def ceilings(cfg: MCConfig, K: int) -> dict[str, float]:
    """The upper ends of the coefficients where a layer computes them from its tokens; the lower ends are 0.

    A learning rate reaches twice the constant, the others reach 1.
    """
    return {name: 2 * value if name == "eta" else 1.0 for name, value in constants(cfg, K).items()}


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
    if cfg.memory in ("dla", "titans"):
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
    """
    rng = np.random.default_rng(seed)
    shapes = parameter_shapes(cfg, D, H, K, V, convolution)
    weights = {name: _uniform(rng, shapes[name], D) for name in ("W_q", "W_k", "W_v")}
    if "W_u" in shapes:
        weights["W_u"] = 0.02 * rng.standard_normal(shapes["W_u"])
    weights |= {name: _uniform(rng, shape, convolution) for name, shape in shapes.items() if name.startswith("F_")}
    most = ceilings(cfg, K)
    for name, value in constants(cfg, K).items():
        share = min(value / most[name], 0.999)
        weights[f"W_{name}"] = np.zeros(shapes[f"W_{name}"])
        weights[f"b_{name}"] = np.full(shapes[f"b_{name}"], np.log(share / (1 - share)))
    weights["W_o"] = _uniform(rng, shapes["W_o"], H * V)
    if cfg.memory in ("dla", "titans"):
        start = initial_state(cfg, H, K, V)
        weights |= {f"initial.{name}": start[name] for name in readable(cfg)}
    return weights


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Float[np.ndarray, "..."]:
    """Uniform within ±1/√fan_in."""
    return rng.uniform(-1, 1, shape) / np.sqrt(fan_in)
