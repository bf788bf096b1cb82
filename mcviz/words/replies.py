"""What a model replied to each of some questions, as columns of text."""

from collections.abc import Sequence

import numpy as np

from mcviz.config import GATED
from mcviz.trace import Trace
from mcviz.words.portion import portion

NONE = "no document says it"


def replies(trace: Trace, asked: Sequence[int], head: int = 0) -> dict[str, list[str]]:
    """What the model says after each of the tokens `asked`, with its probability, and the checkpoint it read most.

    Raises `ValueError` for a run in which no model says anything, or without labels, and for tokens or a head
    that it does not have.
    """
    said = trace.predictions
    if said is None or not said.targets or not trace.tokens:
        raise ValueError("trace: expected a run of a model, with labels and what it says")
    columns: dict[str, list[str]] = {name: [] for name in ("Question", "Answer", "Probability", "", "Read most")}
    for t in asked:
        t, head = trace.at(t, head)
        answer, right = said.tokens[t][0], said.targets[t]
        verdict = f"— {NONE}" if not right else "✓ right" if answer == right else f"✗ wrong: {right}"
        cells = (
            " ".join(trace.tokens[t - 1 : t + 1]),
            answer,
            portion(said.probabilities[t, 0]),
            verdict,
            opened(trace, t, head),
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return columns


def opened(trace: Trace, t: int, head: int) -> str:
    """The memory that token `t` read with the largest gate."""
    if trace.config.aggregator not in GATED:
        return "has no gates to tell"
    own = int(trace.segment_of[t])
    most = int(np.argmax(np.where(trace.read[t, head], trace.weights[t, head], -np.inf)))
    gate = f"gate {portion(trace.weights[t, head, most])}"
    if most == own:
        return f"its own segment, {gate}"
    return f"checkpoint {most} (“{trace.tokens[trace.segments[most][0]]} …”), {gate}"
