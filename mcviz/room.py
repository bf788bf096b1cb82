"""How large a run may be that a reader asks for: bounds that hold before anything is computed.

At its largest, a run, its stepper and what a page draws of it take less than a gigabyte together.
"""

import math

from mcviz import segments
from mcviz.config import MCConfig
from mcviz.initial import state_shapes

MAX_PAIRS = 2**17
"""Tokens times segments: what a run may hold, so that a page stays quick and small."""
MAX_WRITTEN = 2**26
"""Tokens times the numbers of a memory: what it may write."""
MAX_KEPT = 2**24
"""Memories times the numbers of one, M_0 among them: what it may keep."""


def check(cfg: MCConfig, T: int, H: int, K: int, V: int) -> None:
    """Raise `ValueError` for a run over T tokens that would be too large, or that `cfg` cannot cut."""
    N = len(segments.cut(T, cfg.segmentation, cfg.segment_length))
    if T * N > MAX_PAIRS:
        raise ValueError(
            f"segment_length: expected segments long enough that tokens times segments stay below {MAX_PAIRS:,}, "
            f"got {T:,} tokens in {N:,} segments"
        )
    size = sum(math.prod(shape) for shape in state_shapes(cfg, H, K, V).values())
    if T * size > MAX_WRITTEN:
        raise ValueError(
            f"options: expected a memory so small that its numbers times the tokens stay below {MAX_WRITTEN:,}, "
            f"got {size:,} numbers for {T:,} tokens"
        )
    if (N + 1) * size > MAX_KEPT:
        raise ValueError(
            f"options: expected a memory so small that its numbers times the memories kept stay below {MAX_KEPT:,}, "
            f"got {size:,} numbers for {N + 1:,} memories"
        )
