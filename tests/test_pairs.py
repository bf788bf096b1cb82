"""Pairs of options: all are there, few rows hold them, and they are the same every time."""

from itertools import combinations, product
from types import SimpleNamespace

import pytest

from tests.pairs import covering, pairs


@pytest.mark.parametrize("sizes", [(2, 2), (12, 6, 2, 2), (2, 12, 6), (6, 3, 2, 2), (1, 3, 2), (4, 4, 4)])
def test_every_pair_is_there(sizes):
    options = [tuple((at, i) for i in range(n)) for at, n in enumerate(sizes)]
    rows = [*covering(options)]
    seen = {pair for row in rows for pair in combinations(row, 2)}
    assert len(seen) == sum(a * b for a, b in combinations(sizes, 2))
    first, second, *_ = sorted(sizes, reverse=True)
    assert first * second <= len(rows) <= 1.6 * first * second
    assert rows == [*covering(options)]


def test_make_fuzz_has_all_combinations(monkeypatch):
    options = [1, 2, 3], ["a", "b", "c"], [True, False], [True, False]
    for profile in ("same", "fuzz"):
        loaded = SimpleNamespace(get_current_profile_name=lambda profile=profile: profile)
        monkeypatch.setattr("tests.pairs.settings", loaded)
        assert (len(pairs(*options)) < 15) == (profile == "same")
    assert [row.values for row in pairs(*options)] == [*product(*options)]
