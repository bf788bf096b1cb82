"""How an answer differs from what was expected, in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

TOLERANCE = 1e-9


def difference(expected: Any, got: Any, name: str = "The answer", nan_is_nan: bool = False) -> str:
    """The first way in which `got` differs from `expected`, "" if it does not.

    Sequences and mappings are compared member by member, numbers within `TOLERANCE`, relative and absolute.
    """
    if got is None and expected is not None:
        return f"{name} is None: is a `return` missing?"
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping) or set(got) != set(expected):
            return f"{name}: expected the names {', '.join(expected)}; got {describe(got)}"
        return first(difference(expected[key], got[key], f"{name}[{key!r}]", nan_is_nan) for key in expected)
    if isinstance(expected, list | tuple):
        if not isinstance(got, list | tuple | np.ndarray):
            return f"{name}: expected {len(expected)} things, got {describe(got)}"
        if len(got) != len(expected):
            return f"{name}: expected {len(expected)} things, got {len(got)}"
        pairs = enumerate(zip(expected, got, strict=True))
        return first(difference(one, other, f"{name}[{i}]", nan_is_nan) for i, (one, other) in pairs)
    try:
        array = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        return f"{name}: expected numbers, got {describe(got)}"
    wanted = np.asarray(expected, dtype=float)
    if array.shape != wanted.shape:
        return f"{name}: expected shape {wanted.shape}, got {array.shape}"
    wrong = ~np.isclose(array, wanted, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=nan_is_nan)
    if not wrong.any():
        return ""
    place = tuple(np.argwhere(wrong)[0].tolist())
    at = f"{name}[{', '.join(map(str, place))}]" if place else name
    return f"{at}: expected {number(wanted[place])}, got {number(array[place])}"


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The first argument whose arrays a call changed in place, "" if none."""
    for name, value in before.items():
        if isinstance(value, np.ndarray | list | tuple) and difference(value, after[name]):
            return name
    return ""


def first(texts: Any) -> str:
    """The first text that is not empty."""
    return next(filter(None, texts), "")


def number(value: Any) -> str:
    """A number, short and exact enough to compare."""
    return f"{float(value):.6g}"


def describe(value: Any) -> str:
    """What a value is, in a few words."""
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"{type(value).__name__} {value!r}"
