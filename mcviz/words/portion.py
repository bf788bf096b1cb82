"""A gate or a probability in words."""

from typing import Any

import numpy as np


def portion(x: float | np.floating[Any]) -> str:
    """A gate or a probability with three digits; of one that they do not show, that it is less.

    >>> portion(0.25), portion(2e-4), portion(0.0)
    ('0.250', '<0.001', '0.000')
    """
    return "<0.001" if 0 < x < 5e-4 else f"{x:.3f}"
