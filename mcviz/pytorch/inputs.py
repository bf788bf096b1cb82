"""What a run takes in, checked before anything is computed."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.config import MCConfig
from mcviz.initial import bounds, check_coefficients, check_state, initial_state, readable, state_shapes
from mcviz.pytorch.aliases import State
from mcviz.pytorch.numerics import autocasting, is_hidden, widest
from mcviz.pytorch.padding import beyond, blank
from mcviz.rules import sheet


class Prepared(NamedTuple):
    """What a run takes in."""

    q: Float[Tensor, "B T H K"]
    k: Float[Tensor, "B T H K"]
    v: Float[Tensor, "B T H V"]
    u: Float[Tensor, "B T H K"]
    c: dict[str, Float[Tensor, "B T H"]]
    start: State


def prepare(
    q: Any,
    k: Any,
    v: Any,
    u: Any,
    cfg: MCConfig,
    coefficients: Mapping[str, Any] | None,
    initial: Any,
    *,
    check: bool = True,
    lengths: Any = None,
) -> Prepared:
    """Queries, keys, values, connectors, coefficients and `M_0` as finite tensors of one dtype on one device.

    Without a connector `u` the query takes its place. With `lengths`, what stands beyond the end of a
    sequence is 0. Under autocast, tensors of different dtypes are brought to the widest, at least float32. Raises
    `ValueError` naming the argument; without `check`, values are not looked at.
    """
    if not isinstance(cfg, MCConfig):
        raise ValueError(f"cfg: expected an MCConfig, got {type(cfg).__name__}")
    if isinstance(q, Tensor) and autocasting(q.device):
        q, k, v, u, coefficients, initial = widened((q, k, v, u, coefficients, initial))
    q = fitting("q", q, q)
    if q.ndim != 4 or 0 in q.shape:
        raise ValueError(
            f"q: expected shape [B, T, H, K] with at least one sequence, token, head and feature, got {tuple(q.shape)}"
        )
    B, T, H, K = q.shape
    k, v, u = fitting("k", k, q), fitting("v", v, q), fitting("u", q if u is None else u, q)
    for name, tensor in (("k", k), ("u", u)):
        if tensor.shape != (B, T, H, K):
            raise ValueError(f"{name}: expected the shape of q, {(B, T, H, K)}, got {tuple(tensor.shape)}")
    if v.ndim != 4 or v.shape[:3] != (B, T, H) or v.shape[3] == 0:
        raise ValueError(f"v: expected shape [B, T, H, V] with {B = }, {T = } and {H = }, got {tuple(v.shape)}")
    V = v.shape[3]
    padding = None if lengths is None else beyond(lengths, q, cfg, check)
    q, k, v, u = (blank(x, padding) for x in (q, k, v, u))
    if check:
        for name, tensor in (("q", q), ("k", k), ("v", v), ("u", u)):
            look(name, tensor)
    c = {}
    for name, value in check_coefficients(cfg, coefficients, K).items():
        tensor = fitting(f"coefficients.{name}", scalar(value, q), q)
        if tensor.shape not in ((), (T, H), (B, T, H)):
            raise ValueError(
                f"coefficients.{name}: expected a scalar, shape {(T, H)} or {(B, T, H)}, got {tuple(tensor.shape)}"
            )
        tensor = blank(tensor, padding) if tensor.ndim == 3 else tensor
        if check:
            look(f"coefficients.{name}", tensor)
        if check and name in bounds(cfg) and not is_hidden(tensor):
            low, high = bounds(cfg)[name]
            least, most = tensor.detach().aminmax()
            if not low <= float(least) <= float(most) <= high:
                wrong = float(least) if float(least) < low else float(most)
                raise ValueError(f"coefficients.{name}: expected numbers from {low:g} to {high:g}, got {wrong}")
        c[name] = tensor.expand(B, T, H)
    return Prepared(q, k, v, u, c, first(cfg, initial, q, V, check))


def widened(given: Any) -> Any:
    """All floating-point tensors in these tuples and mappings in the widest of their dtypes, at least float32."""

    def tensors(value: Any) -> list[Tensor]:
        parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
        return [value] if isinstance(value, Tensor) else [x for part in parts for x in tensors(part)]

    def wide(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: wide(part) for name, part in value.items()}
        if isinstance(value, tuple):
            return tuple(map(wide, value))
        return value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value

    dtype = widest(tensors(given))
    return wide(given)


def first(cfg: MCConfig, initial: Any, q: Float[Tensor, "B T H K"], V: int, check: bool = True) -> State:
    """`M_0` for each sequence: `initial` [H, ...] or [B, H, ...], completed by that of `mcviz.initial`."""
    B, _, H, K = q.shape
    shapes = state_shapes(cfg, H, K, V)
    if initial is None:
        drawn = sheet(cfg.memory).drawn(cfg.rule_options, K)
        arrays = initial_state(cfg, H, K, V) if drawn else {}
        start = {name: scalar(arrays[name], q) if name in drawn else q.new_zeros(shapes[name]) for name in shapes}
    else:
        given = initial if isinstance(initial, Mapping) else {readable(cfg)[0]: initial}
        given = {name: fitting(f"initial.{name}", tensor, q) for name, tensor in given.items()}
        each = {}
        for name, tensor in given.items():
            batched = name in shapes and tensor.ndim == len(shapes[name]) + 1
            if batched and len(tensor) != B:
                raise ValueError(f"initial.{name}: expected {B} sequences, as in q, got {len(tensor)}")
            each[name] = tensor[0] if batched else tensor
        check_state(cfg, each, H, K, V)
        for name, tensor in given.items() if check else ():
            look(f"initial.{name}", tensor)
        start = {name: given.get(name, q.new_zeros(shape)) for name, shape in shapes.items()}
    return {name: tensor.expand(B, *shapes[name]) for name, tensor in start.items()}


def scalar(value: Any, like: Tensor) -> Any:
    """A number, or an array of NumPy, as a tensor like the others; any other tensor as it is.

    A number is made where the others are, and nothing waits for a copy.
    """
    if isinstance(value, Tensor) and value.ndim:
        return value
    if isinstance(value, int | float | np.number):
        return like.new_full((), float(value))
    try:
        return torch.as_tensor(value, dtype=like.dtype, device=like.device)
    except (TypeError, ValueError, RuntimeError):
        return value


def fitting(name: str, value: Any, like: Any) -> Tensor:
    """`value`, a tensor of the dtype and on the device of `like`. Raises `ValueError` if it is none."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        got = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{name}: expected a tensor of floating-point numbers, got {got}")
    if value.dtype != like.dtype or value.device != like.device:
        raise ValueError(
            f"{name}: expected {like.dtype} on {like.device}, as q is, got {value.dtype} on {value.device}"
        )
    return value


def look(name: str, value: Tensor) -> None:
    """Raise `ValueError` for NaN and infinity, unless numbers cannot be looked at. The device is waited for."""
    if is_hidden(value):
        return
    # One reduction: a sum is finite if all terms are. It may also overflow, and only then is each looked at.
    if not math.isfinite(value.detach().sum()):
        wrong = torch.nonzero(~torch.isfinite(value.detach()))
        if len(wrong):
            bad = wrong[0].tolist()
            raise ValueError(f"{name}: expected finite numbers, got {value[tuple(bad)].item()} at {bad}")
