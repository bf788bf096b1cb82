"""Cases to try an answer on: seeded ones of ordinary size, and searches that shrink to the smallest that fails."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from mcviz.segments import constant

Array = np.ndarray
Sizes = dict[str, int]
Case = dict[str, Any]

MOST = {"T": 8, "K": 3, "V": 3, "n": 5}
"""The largest size of each axis that a search tries: failures show in small cases, and are read there."""

seeds = st.integers(0, 99)
"""Draw the numbers of a case: a search that drew each number by itself would be slow to shrink."""


def search(**arguments: str | Callable[[Sizes], st.SearchStrategy[Any]]) -> st.SearchStrategy[Case]:
    """Cases whose arguments are arrays, given by their axes ("V K"), or drawn once the sizes of axes are known.

    >>> from hypothesis import find
    >>> find(search(M="V K", k="K"), lambda case: True)["M"].shape
    (1, 1)
    """

    @st.composite
    def draw_case(draw: Callable[..., Any]) -> Case:
        axes = dict.fromkeys(axis for shape in arguments.values() if isinstance(shape, str) for axis in shape.split())
        sizes = {axis: draw(st.integers(1, MOST[axis])) for axis in axes}
        others = {name: draw(wanted(sizes)) for name, wanted in arguments.items() if not isinstance(wanted, str)}
        rng = np.random.default_rng(draw(seeds))
        return {
            name: whole(rng, [sizes[axis] for axis in wanted.split()]) if isinstance(wanted, str) else others[name]
            for name, wanted in arguments.items()
        }

    return draw_case()


def whole(rng: np.random.Generator, shape: list[int]) -> Float[Array, "..."]:
    """Small whole numbers: a counter-example that can be checked in the head."""
    return rng.integers(-3, 4, shape).astype(float)


def simplify(case: Case, fails: Callable[[Case], bool], fixed: Collection[str]) -> Case:
    """`case` with as many of its numbers 0 as it can have and still fail, and the others 1 where that is enough.

    The arguments in `fixed` stay as they are, and some number stays what it is: in a case of zeros all rules agree.
    """
    for name, value in case.items():
        if name in fixed or not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            continue
        for place in np.ndindex(value.shape):
            for simple in (0.0, 1.0):
                array = np.array(case[name])
                if array[place] == simple:
                    break
                array[place] = simple
                simpler = {**case, name: array}
                if not_all_zero(simpler) and fails(simpler):
                    case = simpler
                    break
    return case


def not_all_zero(case: Case) -> bool:
    """Whether any array of numbers in a case holds another number than 0."""
    return any(isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.any() for value in case.values())


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


def any_cuts(sizes: Sizes) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Cuts of a case's T tokens into segments of equal length, but for the last."""
    return st.integers(1, sizes["T"]).map(lambda length: constant(sizes["T"], length))


def first_row(case: Case, expected: Any, got: Any) -> int:
    """The first token at which two arrays [T, …] differ; 0 where they cannot be compared."""
    try:
        wrong = ~np.isclose(np.asarray(got, float), expected)
    except (TypeError, ValueError):
        return 0
    rows = wrong.reshape(len(expected), -1).any(1)
    return int(np.argmax(rows))
