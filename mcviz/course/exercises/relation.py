"""What a wrong answer is, seen from the right one: its negative, its transpose, a multiple, a row too late …

These hold for any exercise. Each is a sentence and a test of what was expected, what came, and the case.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray
Case = dict[str, Any]


class Relation(NamedTuple):
    """How an answer relates to the right one, in words, and whether it does."""

    says: str
    holds: Callable[[Any, Any, Case], bool]


def array(value: Any) -> Array | None:
    """A value as one array of floats, None if it is none."""
    try:
        found = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None
    return found if found.size else None


def alike(one: Array, other: Array) -> bool:
    """Whether two arrays are the same but for rounding."""
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-7, atol=1e-9)


def of_arrays(test: Callable[[Array, Array], bool]) -> Callable[[Any, Any, Case], bool]:
    """A test of two arrays, false for what is none."""

    def holds(expected: Any, got: Any, case: Case) -> bool:
        one, other = array(expected), array(got)
        if one is None or other is None or not np.isfinite(other).all():
            return False
        return test(one, other)

    return holds


def _negative(expected: Array, got: Array) -> bool:
    return alike(np.asarray(-expected), got)


def _transposed(expected: Array, got: Array) -> bool:
    return expected.ndim == 2 and min(expected.shape) > 1 and alike(expected.T, got)


def _a_row_late(expected: Array, got: Array) -> bool:
    return expected.ndim == 2 and len(expected) > 2 and got.shape == expected.shape and alike(expected[:-1], got[1:])


def _a_row_early(expected: Array, got: Array) -> bool:
    return expected.ndim == 2 and len(expected) > 2 and got.shape == expected.shape and alike(expected[1:], got[:-1])


def _reversed(expected: Array, got: Array) -> bool:
    return len(np.atleast_1d(expected)) > 1 and alike(np.atleast_1d(expected)[::-1], np.atleast_1d(got))


def _nothing(expected: Array, got: Array) -> bool:
    return expected.shape == got.shape and got.ndim > 0 and not got.any()


def _other_order(expected: Any, got: Any, case: Case) -> bool:
    if not isinstance(expected, list) or not isinstance(got, list | np.ndarray) or len(got) != len(expected):
        return False
    try:
        return sorted(map(repr, expected)) == sorted(repr(tuple(one) if isinstance(one, list) else one) for one in got)
    except TypeError:
        return False


def _members_exchanged(expected: Any, got: Any, case: Case) -> bool:
    if not (isinstance(expected, tuple) and isinstance(got, tuple | list) and len(expected) == len(got) == 2):
        return False
    ones, others = [array(one) for one in expected], [array(one) for one in got]
    if any(one is None for one in (*ones, *others)):
        return False
    return all(alike(one, other) for one, other in zip(ones, others[::-1], strict=True))  # type: ignore[arg-type]


def _an_argument(expected: Any, got: Any, case: Case) -> bool:
    other = array(got)
    given = [array(value) for value in case.values() if isinstance(value, np.ndarray)]
    return other is not None and other.ndim > 0 and any(one is not None and alike(one, other) for one in given)


RELATIONS: Sequence[Relation] = (
    Relation("The two things that you return are right, in the wrong order.", _members_exchanged),
    Relation("The right things, but in another order.", _other_order),
    Relation("Right but for the sign: everything is turned round.", of_arrays(_negative)),
    Relation("Right but for the order of axes: what you return is the transpose.", of_arrays(_transposed)),
    Relation(
        "Each row holds what belongs to the row before: a token reads before it writes, or a loop begins one late.",
        of_arrays(_a_row_late),
    ),
    Relation("Each row holds what belongs to the next one: a range begins one token late.", of_arrays(_a_row_early)),
    Relation("The right numbers in reverse order.", of_arrays(_reversed)),
    Relation("All zeros: nothing is ever written into what you return.", of_arrays(_nothing)),
    Relation("That is one of the arguments, as it came in.", _an_argument),
)
"""The first that holds is said."""


def factor(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    """The one number that turns all that was expected into what came; None if there is none, or it is 0, 1 or -1."""
    found = []
    for expected, got in pairs:
        one, other = array(expected), array(got)
        if one is None or other is None or one.shape != other.shape or not one.any() or not np.isfinite(other).all():
            return None
        ratio = float((one * other).sum() / (one * one).sum())
        if not alike(np.asarray(ratio * one), other):
            return None
        found.append(ratio)
    same = bool(found) and np.allclose(found, found[0]) and not any(np.isclose(abs(found[0]), one) for one in (0, 1))
    return found[0] if same else None
