"""Checks of what was given; they return plain Python values, which can be hashed and written as JSON.

NumPy's numbers are taken wherever Python's are: they come out of every `argmax`, `arange` and row of a table.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, TypeGuard, TypeVar, cast, get_args

import numpy as np

Kind = TypeVar("Kind")
Function = TypeVar("Function", bound=Callable[..., Any])
LONGEST_NUMBER = 15
"""Digits of a number: browsers count no further."""
WRITTEN = re.compile(r"-?[0-9]+(\.[0-9]*)?(e\+?[0-9]{1,2})?", re.IGNORECASE)
PARTED = re.compile(r"(?<=[0-9])[,_ \u00a0\u202f](?=[0-9]{3}(?![0-9]))")
"""What parts the thousands of a number."""


def is_whole(value: object) -> TypeGuard[int]:
    """Whether `value` is a whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a real number, neither NaN nor infinite; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def whole(
    name: str, value: object, at_least: int = 1, at_most: int | None = None, *, of: str = "", why: str = ""
) -> int:
    """`value` as an int, if it is a whole number in the range. Raises `ValueError` otherwise.

    `of` says what is counted, `why` where the range comes from.

    >>> whole("heads", np.int64(2))
    2
    >>> whole("T", 0, of="tokens")
    Traceback (most recent call last):
    ValueError: T: expected a whole number of tokens, at least 1, got 0
    """
    if is_whole(value) and at_least <= value and (at_most is None or value <= at_most):
        return int(value)
    bounds = f", at least {at_least:,}" if at_most is None else f" from {at_least:,} to {at_most:,}"
    raise ValueError(
        f"{name}: expected a whole number{of and f' of {of}'}{bounds}{why and f' ({why})'}, got {plain(value)!r}"
    )


def written(name: str, text: str) -> int:
    """The whole number that a reader wrote, its thousands parted or as a power of ten. Raises `ValueError` otherwise.

    >>> [written("L", text) for text in ("16", "1,000,000", "1e6", "-1", "2.5e3")]
    [16, 1000000, 1000000, -1, 2500]
    >>> written("L", "1.5")
    Traceback (most recent call last):
    ValueError: L: expected a whole number, got '1.5'
    """
    bare = PARTED.sub("", text.strip())
    if WRITTEN.fullmatch(bare) and abs(found := Decimal(bare)) < 10**LONGEST_NUMBER and found == int(found):
        return int(found)
    raise ValueError(f"{name}: expected a whole number, got {repr(text[:40]) if text else 'none'}")


def number(name: str, value: object, at_least: int | float, at_most: int | float | None = None) -> float:
    """`value` as a float, if it is a finite number in the range. Raises `ValueError` otherwise.

    >>> number("scale", "x", 0)
    Traceback (most recent call last):
    ValueError: scale: expected a number, at least 0, got 'x'
    """
    if is_number(value) and at_least <= value and (at_most is None or value <= at_most):
        return float(value)
    bounds = f", at least {at_least:g}" if at_most is None else f" from {at_least:g} to {at_most:g}"
    raise ValueError(f"{name}: expected a number{bounds}, got {plain(value)!r}")


def place(name: str, value: object, count: int, what: str) -> int:
    """`value` as an int, if it is the number of one of `count` tokens, heads or segments. `ValueError` otherwise.

    >>> place("t", 7, 7, "token")
    Traceback (most recent call last):
    ValueError: t: expected a token from 0 to 6, got 7
    """
    if is_whole(value) and 0 <= value < count:
        return int(value)
    raise ValueError(f"{name}: expected a {what} from 0 to {count - 1}, got {plain(value)!r}")


def one_of(name: str, value: object, choices: Iterable[object]) -> Any:
    """`value` as it is, or as Python's if it is NumPy's, if it is one of `choices`. Raises `ValueError` otherwise.

    >>> one_of("backend", "jax", ("numpy", "torch"))
    Traceback (most recent call last):
    ValueError: backend: expected one of numpy, torch; got 'jax'
    """
    known = tuple(choices)
    if (isinstance(value, str) or is_whole(value)) and value in known:
        return plain(value)
    raise ValueError(f"{name}: expected one of {', '.join(map(str, known))}; got {plain(value)!r}")


def instance(name: str, value: object, kind: type[Kind], what: str) -> Kind:
    """`value`, if it is an instance of `kind`, which is called `what`. Raises `ValueError` otherwise.

    >>> instance("text", None, str, "a text")
    Traceback (most recent call last):
    ValueError: text: expected a text, got NoneType
    """
    if isinstance(value, kind):
        return value
    raise ValueError(f"{name}: expected {what}, got {type(value).__name__}")


def of_kinds(function: Function) -> Function:
    """`function`, which takes for what it annotates as a dataclass, such as a Trace, nothing else.

    Raises `ValueError` that names the argument otherwise.
    """
    parameters = signature(function).parameters.values()
    known = {one.name: (at, one.annotation) for at, one in enumerate(parameters) if classes(one.annotation)}

    @wraps(function)
    def checked(*given: Any, **named: Any) -> Any:
        for name, (at, annotation) in known.items():
            value = given[at] if at < len(given) else named.get(name, MISSING)
            if value is not MISSING and not isinstance(value, annotation):
                expected = " or ".join(f"{'an' if one[0] in 'AEIOU' else 'a'} {one}" for one in classes(annotation))
                raise ValueError(f"{name}: expected {expected}, got {type(value).__name__}")
        return function(*given, **named)

    return cast(Function, checked)


def classes(annotation: Any) -> list[str]:
    """What an annotation says besides None, if it says nothing but dataclasses."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    named = [kind for kind in kinds if kind is not NoneType]
    return [kind.__name__ for kind in named] if all(map(is_dataclass, named)) else []


def seeds(name: str, value: object) -> int | tuple[int, ...]:
    """`value`, if it is a seed of random numbers: a whole number from 0 on, or some of them. `ValueError` otherwise.

    >>> seeds("seed", (1, np.int64(2)))
    (1, 2)
    """
    if isinstance(value, tuple | list | np.ndarray):
        return tuple(whole(name, each, 0) for each in value)
    return whole(name, value, 0)


def truth(name: str, value: object) -> bool:
    """`value` as a bool, if it is true or false. Raises `ValueError` otherwise.

    >>> truth("residual", np.True_)
    True
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}: expected true or false, got {plain(value)!r}")
    return bool(value)


def plain(value: Any) -> Any:
    """A number of NumPy's as Python's own; anything else as it is.

    >>> plain(np.float64(0.5)), plain(np.True_), plain("linear")
    (0.5, True, 'linear')
    """
    return value.item() if isinstance(value, np.generic) else value


def plain_fields(thing: Any) -> None:
    """Make the numbers in the fields of a frozen dataclass plain, in its `__post_init__`."""
    for field in fields(thing):
        object.__setattr__(thing, field.name, plain(getattr(thing, field.name)))


def readable(text: str) -> str:
    """`text` with U+FFFD for each half of a character, which no file and no page can hold.

    >>> readable("a\\ud83d\\ude00 b\\ud83d")
    'a😀 b�'
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
