"""Checks of what was given; they return plain Python values, which can be hashed and written as JSON."""

from numbers import Integral

import numpy as np


def whole(name: str, value: object, at_least: int = 1, at_most: int | None = None, *, what: str = "") -> int:
    """`value` as an int, if it is a whole number in the range, NumPy's included. Raises `ValueError` otherwise.

    `what` says what is counted or how the range came to be.

    >>> whole("heads", np.int64(2))
    2
    >>> whole("heads", 0, what=" of heads")
    Traceback (most recent call last):
    ValueError: heads: expected a whole number of heads, at least 1, got 0
    """
    if is_whole(value) and at_least <= value and (at_most is None or value <= at_most):  # type: ignore[operator]
        return int(value)  # type: ignore[call-overload]
    bounds = f", at least {at_least:,}" if at_most is None else f" from {at_least:,} to {at_most:,}"
    raise ValueError(f"{name}: expected a whole number{what}{bounds}, got {value!r}")


def is_whole(value: object) -> bool:
    """Whether `value` is a whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def truth(name: str, value: object) -> bool:
    """`value` as a bool, if it is true or false, NumPy's included. Raises `ValueError` otherwise.

    >>> truth("residual", np.True_)
    True
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}: expected true or false, got {value!r}")
    return bool(value)


def readable(text: str) -> str:
    """`text` with U+FFFD for each half of a character, which no file and no page can hold.

    >>> readable("a\\ud83d\\ude00 b\\ud83d")
    'a😀 b�'
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
