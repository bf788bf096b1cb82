"""What can run a model: PyTorch, where it is installed, and NumPy, which is always there."""

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import Any

BACKENDS = ("pytorch", "numpy")


def there() -> tuple[str, ...]:
    """The backends that are there, the fastest first."""
    return tuple(filter(available, BACKENDS))


def available(backend: str = "numpy") -> bool:
    """Whether a backend is there."""
    return backend == "numpy" or (backend == "pytorch" and find_spec("torch") is not None)


def choose(backend: str | None = None) -> str:
    """`backend`, or the faster one that is there if it is None. Raises `ValueError` for one that is not there."""
    if backend is None:
        return there()[0]
    if backend not in BACKENDS:
        raise ValueError(f"backend: expected one of {', '.join(BACKENDS)}; got {backend!r}")
    if not available(backend):
        raise ValueError(
            f"backend: expected numpy, as PyTorch, which the extra 'torch' brings, is not installed; got {backend!r}"
        )
    return backend


def library(backend: str) -> Any:
    """What computes with a backend, loaded when it is asked for: `mcviz.reference` or `mcviz.pytorch`, twins."""
    return import_module("mcviz.reference" if backend == "numpy" else "mcviz.pytorch")


def one_thread(backend: str) -> AbstractContextManager[None]:
    """Inside, a backend computes with one thread: a small run waits longer for threads than they save."""
    return nullcontext() if backend == "numpy" else import_module("mcviz.pytorch.threads").limited(1)
