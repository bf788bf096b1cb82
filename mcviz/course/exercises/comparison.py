"""How an answer differs from what was expected, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

TOLERANCE = 1e-9
SINGLE = 1e-4
"""The tolerance for arrays of 32-bit floats: a sum of some dozens of terms keeps four digits or more."""


def settled(value: Any) -> Any:
    """`value` with tensors as arrays and ranges as lists, inside of lists, tuples and mappings too."""
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    if isinstance(value, range):
        return list(value)
    if isinstance(value, Mapping):
        return {key: settled(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        members = [settled(member) for member in value]
        return members if isinstance(value, list) else tuple(members)
    return value


def difference(expected: Any, got: Any, name: str = "The answer", nan_is_nan: bool = False) -> str:
    """The first way in which `got` differs from `expected`, "" if it does not.

    Sequences and mappings are compared member by member, numbers within `TOLERANCE`, relative and absolute; arrays of
    32-bit floats within `SINGLE` of the largest number expected.
    """
    if got is None and expected is not None:
        return f"{name} is None: is a `return` missing?"
    if isinstance(got, set | frozenset):
        return f"{name} is a set, and a set has no order: return a list."
    if isinstance(got, Iterable) and not isinstance(got, np.ndarray | list | tuple | str | bytes | Mapping):
        return f"{name} is a {type(got).__name__}, which is read once and is gone: return a list, `list(…)`."
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping) or set(got) != set(expected):
            return f"{name}: expected the names {', '.join(expected)}; got {describe(got)}"
        return first(difference(expected[key], got[key], f"{name}[{key!r}]", nan_is_nan) for key in expected)
    if isinstance(expected, list | tuple):
        if not isinstance(got, list | tuple | np.ndarray) or (isinstance(got, np.ndarray) and got.ndim == 0):
            return f"{name}: expected {len(expected)} things, got {describe(got)}"
        if len(got) != len(expected):
            return f"{name}: expected {len(expected)} things, got {len(got)}"
        pairs = enumerate(zip(expected, got, strict=True))
        return first(difference(one, other, f"{name}[{i}]", nan_is_nan) for i, (one, other) in pairs)
    return numbers_differ(expected, got, name, nan_is_nan)


def numbers_differ(expected: Any, got: Any, name: str, nan_is_nan: bool) -> str:
    """`difference` of two arrays, or of two numbers."""
    try:
        given = np.asarray(got)
        array = given.astype(float)
    except (TypeError, ValueError):
        return f"{name}: expected numbers, got {describe(got)}"
    if given.dtype.kind in "US":
        return f"{name}: expected numbers, got text, {got!r}"
    wanted = np.asarray(expected, dtype=float)
    if array.shape != wanted.shape:
        return f"{name}: expected shape {wanted.shape}, got {array.shape}{shape_hint(wanted.shape, array.shape)}"
    if (array == wanted).all():
        return ""  # as most are
    size = float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0))
    single = given.dtype == np.float32
    rtol, atol = (SINGLE, SINGLE * max(size, 1.0)) if single else (TOLERANCE, TOLERANCE)
    wrong = ~np.isclose(array, wanted, rtol=rtol, atol=atol, equal_nan=nan_is_nan)
    if not wrong.any():
        return ""
    place = tuple(np.argwhere(wrong)[0].tolist())
    at = f"{name}[{', '.join(map(str, place))}]" if place else name
    one, other = told_apart(wanted[place], array[place])
    near = np.allclose(array, wanted, rtol=1e-2, atol=SINGLE * max(size, 1.0))
    half = given.dtype == np.float16
    rounded = half or (np.allclose(array, wanted, rtol=SINGLE, atol=SINGLE * max(size, 1.0)) and wrong.mean() > 0.3)
    if near and rounded:
        why = "Right but for rounding: were the numbers rounded, or computed with fewer bits than float64?"
        return f"{at}: expected {one}, got {other}. {why}"
    return f"{at}: expected {one}, got {other}"


def shape_hint(wanted: tuple[int, ...], got: tuple[int, ...]) -> str:
    """What may have gone wrong with a shape, "" if nothing suggests itself."""
    if len(wanted) == 2 and got == wanted[::-1]:
        return ": rows and columns are exchanged"
    if [n for n in got if n != 1] == [n for n in wanted if n != 1] and len(got) != len(wanted):
        return ": an axis of length 1 is " + ("too many" if len(got) > len(wanted) else "missing")
    if got == () and wanted:
        return ": a single number, where an `axis` may be missing"
    return ""


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The first argument whose arrays a call changed in place, "" if none."""
    for name, value in before.items():
        if isinstance(value, np.ndarray | list | tuple) and difference(settled(value), settled(after[name])):
            return name
    return ""


def first(texts: Any) -> str:
    """The first text that is not empty."""
    return next(filter(None, texts), "")


def told_apart(one: Any, other: Any) -> tuple[str, str]:
    """Two numbers, short, but with as many digits as it takes to tell them apart."""
    texts = [(f"{float(one):.{digits}g}", f"{float(other):.{digits}g}") for digits in (6, 9, 12, 17)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[-1])


def describe(value: Any) -> str:
    """What a value is, in a few words."""
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"{type(value).__name__} {value!r}"
