"""How many threads of the CPU compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def limited(n: int | None) -> Iterator[None]:
    """At most `n` threads of the CPU inside; None leaves them as they are."""
    before = torch.get_num_threads()
    torch.set_num_threads(int(n or before))
    try:
        yield
    finally:
        torch.set_num_threads(before)
