"""What a run takes in, checked before anything is computed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.initial import State, bounds, check_coefficients, check_state, initial_state
from mcviz.reference.memory import Array


def prepare(
    q: Any, k: Any, v: Any, u: Any, cfg: MCConfig, coefficients: Mapping[str, Any] | None, initial: Any
) -> tuple[
    Float[Array, "T H K"],
    Float[Array, "T H K"],
    Float[Array, "T H V"],
    Float[Array, "T H K"],
    dict[str, Float[Array, "T H"]],
    State,
]:
    """Queries, keys, values, connectors, coefficients and `M_0` as finite arrays of one dtype.

    Where `u` is None it is the query. Raises `ValueError` naming the argument.
    """
    if not isinstance(cfg, MCConfig):
        raise ValueError(f"cfg: expected an MCConfig, got {type(cfg).__name__}")
    q = finite("q", q)
    if q.ndim != 3 or 0 in q.shape:
        raise ValueError(f"q: expected shape [T, H, K] with at least one token, head and feature, got {q.shape}")
    T, H, K = q.shape
    k, v, u = finite("k", k), finite("v", v), finite("u", q if u is None else u)
    for name, array in (("k", k), ("u", u)):
        if array.shape != (T, H, K):
            raise ValueError(f"{name}: expected the shape of q, {(T, H, K)}, got {array.shape}")
    if v.ndim != 3 or v.shape[:2] != (T, H) or v.shape[2] == 0:
        raise ValueError(f"v: expected shape [T, H, V] with T = {T} and H = {H}, got {v.shape}")
    V = v.shape[2]
    c = {}
    for name, value in check_coefficients(cfg, coefficients, K).items():
        array = finite(f"coefficients.{name}", value)
        if array.shape not in ((), (T, H)):
            raise ValueError(f"coefficients.{name}: expected a scalar or shape {(T, H)}, got {array.shape}")
        low, high = bounds(cfg).get(name, (-np.inf, np.inf))
        if not ((low <= array) & (array <= high)).all():
            wrong = array[(array < low) | (array > high)].flat[0]
            raise ValueError(f"coefficients.{name}: expected numbers from {low:g} to {high:g}, got {wrong}")
        c[name] = np.broadcast_to(array, (T, H))
    start = initial_state(cfg, H, K, V)
    if initial is not None:
        start |= {name: finite(f"initial.{name}", a) for name, a in check_state(cfg, initial, H, K, V).items()}
    dtype = np.float32 if all(array.dtype == np.float32 for array in (q, k, v, u)) else np.float64
    q, k, v, u = (np.array(array, dtype) for array in (q, k, v, u))
    return (
        q,
        k,
        v,
        u,
        {n: a.astype(dtype) for n, a in c.items()},
        {n: a.astype(dtype) for n, a in start.items()},
    )


def finite(name: str, value: Any) -> Array:
    """`value` as a floating array. Raises `ValueError` if it is none, or holds NaN or infinity."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: expected an array of real numbers, got {type(value).__name__} ({error})") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected an array of real numbers, got {type(value).__name__} of {array.dtype}")
    array = array if array.dtype == np.float32 else array.astype(np.float64)
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{name}: expected finite numbers, got {array[tuple(bad)]} at {bad}")
    return array
