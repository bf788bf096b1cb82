"""Options in pairs: faults that need three options at once are left to `make fuzz`, which runs the full product."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import settings

from mcviz import MCConfig
from tests.runs import label


def pairs(*options: Iterable[Any]) -> list[Any]:
    """Parameters for a test of several options: each value of each option beside each value of each other one.

    In `make fuzz` they are all combinations. A row is marked `pairs`, by which `make fuzz` finds it.
    """
    values = [tuple(each) for each in options]
    rows = product(*values) if settings.get_current_profile_name() == "fuzz" else covering(values)
    return [pytest.param(*row, id="-".join(map(called, row)), marks=pytest.mark.pairs) for row in rows]


def called(value: Any) -> str:
    """A short name for a test's id."""
    return label(value) if isinstance(value, MCConfig) else str(value)


def covering(values: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Few rows that hold every pair, always the same: each begins with a pair that is missing, and takes for every
    other option the value that completes most of them."""
    missing = {
        ((a, i), (b, j)): None
        for a, b in combinations(range(len(values)), 2)
        for i, j in product(range(len(values[a])), range(len(values[b])))
    }

    def news(row: dict[int, int], at: int, i: int) -> int:
        return sum(tuple(sorted(((at, i), pair))) in missing for pair in row.items())

    turn = 0
    while missing:
        row = dict(next(iter(missing)))
        for at in sorted(set(range(len(values))) - row.keys(), key=lambda at: -len(values[at])):
            n = len(values[at])
            turn += 1  # among equals another one each time
            row[at] = max(((turn + i) % n for i in range(n)), key=lambda i, at=at: news(row, at, i))
        for pair in combinations(sorted(row.items()), 2):
            missing.pop(pair, None)
        yield tuple(values[at][row[at]] for at in range(len(values)))
