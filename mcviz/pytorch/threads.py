"""How many threads of the CPU compute."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_inside: list[int] = []
"""The threads of Python that are inside, once for each `with` block."""

_outside = 1
"""How many threads computed when nobody was inside: torch starts a new thread of Python with what was set last."""


@contextmanager
def limited(n: int | None) -> Iterator[None]:
    """At most `n` threads of the CPU compute for this thread of Python inside; None leaves them as they are.

    Blocks that overlap, in other threads, leave nothing behind, whichever ends first.
    """
    global _outside
    me = threading.get_ident()
    with _lock:
        before = torch.get_num_threads()
        if not _inside:
            _outside = before
        elif me not in _inside:
            before = _outside
        torch.set_num_threads(int(n or before))
        _inside.append(me)
    try:
        yield
    finally:
        with _lock:
            _inside.remove(me)
            torch.set_num_threads(before)
