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
    return [pytest.param(*row, id="-".join(map(called, row)), marks=pytest.mark.pairs) for row in rows(*options)]


def rows(*options: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The same as plain rows, for a test that takes them one after the other and is marked `pairs` itself."""
    values = [tuple(each) for each in options]
    return [*(product(*values) if settings.get_current_profile_name() == "fuzz" else covering(values))]


def called(value: Any) -> str:
    """A short name for a test's id."""
    return label(value) if isinstance(value, MCConfig) else str(value)


def covering(values: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Few rows that hold every pair, always the same.

    Each begins with a pair that is missing, and takes for every other option the value that completes most of them;
    among equals that which was seldom beside the others, so that neighbours (variants of one rule) get different ones.
    """
    sizes = [len(each) for each in values]
    places = range(len(values))
    seen = {
        ((a, i), (b, j)): 0 for a, b in combinations(places, 2) for i, j in product(range(sizes[a]), range(sizes[b]))
    }

    def worth(row: dict[int, int], at: int, i: int) -> tuple[int, int]:
        beside = [seen[min((at, i), pair), max((at, i), pair)] for pair in row.items()]
        return beside.count(0), -sum(beside)

    for first in seen:
        if seen[first]:
            continue
        row = dict(first)
        for at in sorted(set(places) - row.keys(), key=lambda at: -sizes[at]):
            row[at] = max(range(sizes[at]), key=lambda i, at=at: worth(row, at, i))
        for pair in combinations(sorted(row.items()), 2):
            seen[pair] += 1
        yield tuple(values[at][row[at]] for at in places)
