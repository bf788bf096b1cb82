"""A plugin that keeps a fifth of the cases of each test: `pytest -p tests.few`.

Five divides neither the number of rules nor that of aggregators, so each of them stays.
"""

from collections import Counter

import pytest

STRIDE = 5


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seen: Counter[str] = Counter()
    kept, left_out = [], []
    for item in items:
        test = item.nodeid.partition("[")[0]
        (left_out if seen[test] % STRIDE else kept).append(item)
        seen[test] += 1
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept
