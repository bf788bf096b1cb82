"""Shares of the output, and the memory with the largest."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float


def percent(share: float | np.floating[Any]) -> str:
    """A share of the output in percent, as the stepper shows it; of an output that is 0 or not finite it is none.

    >>> percent(1.034), percent(-0.021), percent(float("nan"))
    ('103\\xa0%', '−2.1\\xa0%', '–')
    """
    if not np.isfinite(share):
        return "–"
    return f"{100 * share:.{0 if abs(float(share)) >= 0.0995 else 1}f}\u00a0%".replace("-", "−")


def strongest(shares: Float[np.ndarray, "N"], read: Bool[np.ndarray, "N"]) -> int:
    """Of the memories that are read, the one that adds most, whatever its sign; the latest where none adds anything."""
    adds = np.where(read, np.nan_to_num(np.abs(shares), nan=0.0), -1.0)
    return len(adds) - 1 - int(adds[::-1].argmax())
