"""What holds arrays, in one line: a notebook shows that of whatever a cell ends with."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

LONGEST = 72
"""Characters of a value that are shown."""
FEW = 4
"""Things in a collection that are shown one by one."""


def line(thing: object, **facts: Any) -> str:
    """`Name(fact=value, …)`: an array as its type and its shape, and what is long as how much there is.

    >>> line(object(), name="needle", seeds=(0, 1, 2), places=range(99))
    "object(name='needle', seeds=(0, 1, 2), places=<99 items>)"
    """
    return f"{type(thing).__name__}({', '.join(f'{name}={said(value)}' for name, value in facts.items())})"


def of_fields(thing: Any) -> str:
    """All fields of a dataclass, as its `__repr__`."""
    return line(thing, **{field.name: getattr(thing, field.name) for field in fields(thing)})


def said(value: Any) -> str:
    """A value in at most `LONGEST` characters, without a line's end.

    >>> import numpy as np
    >>> said(np.zeros((96, 2))), said({"M": np.zeros(3)})
    ('float64[96, 2]', '{M: float64[3]}')
    """
    if hasattr(value, "dtype") and getattr(value, "shape", None):
        return f"{value.dtype}{list(value.shape)}".removeprefix("torch.")
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…")
    if not hasattr(value, "__len__"):
        text = repr(value)
        return text if len(text) <= LONGEST and "\n" not in text else f"{type(value).__name__}(…)"
    if len(value) <= FEW and isinstance(value, Mapping | tuple | list):
        each = [f"{name}: {said(value[name])}" if isinstance(value, Mapping) else said(name) for name in value]
        text = f"{{{', '.join(each)}}}" if isinstance(value, Mapping) else f"({', '.join(each)})"
        if len(text) <= LONGEST:
            return text
    return f"<{len(value)} items>"
