"""What is computed once for all readers, and kept as long as there is room."""

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Value = TypeVar("Value")


class Kept:
    """Caches of Streamlit's that share so many bytes. They count entries; whatever would be too much empties them."""

    def __init__(self, room: int) -> None:
        self.room, self.taken = room, 0
        self.caches: list[Any] = []
        self._lock = Lock()

    def shared(self, cached: Function) -> Function:
        """Let a function under `st.cache_resource` share the room. It passes on what it computes by `keep`."""
        self.caches.append(cached)
        return cached

    def keep(self, value: Value, size: int) -> Value:
        """`value`, of so many bytes, once there is room for it."""
        with self._lock:
            self.taken += size
            if self.taken > self.room:
                self.taken = size
                for each in self.caches:
                    each.clear()
        return value
