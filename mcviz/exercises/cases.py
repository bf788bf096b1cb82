"""Cases to try an answer on: seeded ones of ordinary size, and searches that shrink to the smallest that fails."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Array = np.ndarray
Sizes = dict[str, int]
Case = dict[str, Any]
Draw = Callable[..., Any]

MOST = {"T": 8, "K": 3, "V": 3, "n": 5}
"""The largest size of each axis that a search tries: failures show in small cases, and are read there."""

whole = st.integers(-3, 3).map(float)
"""Whole numbers: a counter-example that can be checked in the head."""


def search(**arguments: str | Callable[[Sizes], st.SearchStrategy[Any]]) -> st.SearchStrategy[Case]:
    """Cases whose arguments are arrays, given by their axes ("V K"), or drawn once the sizes of axes are known.

    >>> from hypothesis import find
    >>> find(search(M="V K", k="K"), lambda case: True)
    {'M': array([[0.]]), 'k': array([0.])}
    """

    @st.composite
    def draw_case(draw: Draw) -> Case:
        axes = dict.fromkeys(axis for shape in arguments.values() if isinstance(shape, str) for axis in shape.split())
        sizes = {axis: draw(st.integers(1, MOST[axis])) for axis in axes}
        case = {}
        for name, wanted in arguments.items():
            if isinstance(wanted, str):
                shape = tuple(sizes[axis] for axis in wanted.split())
                case[name] = draw(hnp.arrays(np.float64, shape, elements=whole))
            else:
                case[name] = draw(wanted(sizes))
        return case

    return draw_case()


def seeded(seed: int, sizes: Mapping[str, int], **arguments: Any) -> Case:
    """One case of given sizes: arrays of normal numbers for axes ("V K"), other values as they are.

    >>> seeded(0, {"K": 2}, k="K", eta=0.5)
    {'k': array([ 0.12573022, -0.13210486]), 'eta': 0.5}
    """
    rng = np.random.default_rng(seed)
    return {
        name: rng.standard_normal([sizes[axis] for axis in value.split()]) if is_shape(value, sizes) else value
        for name, value in arguments.items()
    }


def is_shape(value: Any, sizes: Mapping[str, int]) -> bool:
    """Whether a value names axes."""
    return isinstance(value, str) and all(axis in sizes for axis in value.split())


@st.composite
def cuttings(draw: Draw, T: int) -> list[tuple[int, int]]:
    """Any way to cut T tokens into segments."""
    inner = sorted(draw(st.sets(st.integers(1, T - 1)))) if T > 1 else []
    edges = [0, *inner, T]
    return list(pairwise(edges))


def any_cuts(sizes: Sizes) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Cuts of a case's T tokens."""
    return cuttings(sizes["T"])


def first_row(case: Case, expected: Any, got: Any) -> int:
    """The first token at which two arrays [T, …] differ; 0 where they cannot be compared."""
    try:
        wrong = ~np.isclose(np.asarray(got, float), expected)
    except (TypeError, ValueError):
        return 0
    rows = wrong.reshape(len(expected), -1).any(1)
    return int(np.argmax(rows))
