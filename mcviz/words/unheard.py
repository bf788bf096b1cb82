"""A gate that is not small on a memory that adds next to nothing, and why."""

import numpy as np

from mcviz.checks import of_kinds
from mcviz.trace import Trace
from mcviz.words.portion import portion

GATE, SHARE, EMPTY = 0.05, 0.005, 0.1
"""A gate from here on is not small; a share below is next to nothing; a read that is so short is almost empty. (The
last two are parts of the output.)"""


@of_kinds
def unheard(trace: Trace, t: int, head: int = 0) -> str:
    """Of the memories with a gate of at least `GATE` that add less than `SHARE` of the output, the one that weighs
    most: what it adds, and why: what it gives back is short, or does not lie along the output. "" where there is none.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    t, head = trace.at(t, head)
    y = trace.output[t, head]
    if trace.reads is None or not y.any():
        return ""
    gates, said = trace.weights[t, head], trace.reads[t, head]
    # γ <M(q), y> / <y, y>
    shares = gates * (said @ y) / (y @ y)
    quiet = (gates >= GATE) & (np.abs(shares) < SHARE)
    if not quiet.any():
        return ""
    i = int(np.where(quiet, gates, -1.0).argmax())
    name = "The online memory" if i == trace.segment_of[t] else f"Checkpoint {i}"
    length = np.linalg.norm(said[i]) / np.linalg.norm(y)
    why = "has almost nothing for this query" if length < EMPTY else "says next to nothing of what the output says"
    return f"{name} {why}: gate {portion(gates[i])}, yet it adds about 0\u00a0%."
