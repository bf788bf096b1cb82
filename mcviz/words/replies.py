"""What a model replied to each of some questions, as columns of text."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from mcviz.checks import of_kinds
from mcviz.config import GATED
from mcviz.reference.contribution import shares
from mcviz.trace import Trace
from mcviz.words.portion import portion
from mcviz.words.share import percent, strongest

NONE = "no document says it"


@of_kinds
def replies(trace: Trace, asked: Sequence[int], head: int = 0) -> dict[str, list[str]]:
    """What the model says after each of the tokens `asked`, with its probability, and the memory that most of
    the output comes from.

    Raises `ValueError` for a run in which no model says anything, or without labels, and for tokens or a head
    that it does not have.
    """
    said = trace.predictions
    if said is None or not said.targets or not trace.tokens:
        raise ValueError("trace: expected a run of a model, with labels and what it says")
    adds = shares(trace)
    columns: dict[str, list[str]] = {name: [] for name in ("Question", "Answer", "Probability", "", "Comes from")}
    for t in asked:
        t, head = trace.at(t, head)
        answer, right = said.tokens[t][0], said.targets[t]
        verdict = f"— {NONE}" if not right else "✓ right" if answer == right else f"✗ wrong: {right}"
        cells = (
            " ".join(trace.tokens[t - 1 : t + 1]),
            answer,
            portion(said.probabilities[t, 0]),
            verdict,
            source(trace, t, head, adds),
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return columns


def source(trace: Trace, t: int, head: int, adds: Float[np.ndarray, "T H N"] | None) -> str:
    """The memory that most of the output at token `t` comes from; where networks are mixed before they are read, the
    one with the largest gate."""
    if trace.config.aggregator == "none":
        return "one memory, and no checkpoint"
    gates, read = trace.weights[t, head], trace.read[t, head]
    if adds is None:
        most = int(np.argmax(np.where(read, gates, -np.inf)))
        return f"a mixture; the largest gate, {portion(gates[most])}, is on {called(trace, t, most)}"
    most = strongest(adds[t, head], read)
    gate = f", gate {portion(gates[most])}" if trace.config.aggregator in GATED else ""
    return f"{called(trace, t, most)}: {percent(adds[t, head, most])} of the output{gate}"


def called(trace: Trace, t: int, i: int) -> str:
    """Memory `i`, with the word that its segment begins with."""
    return (
        "its own segment" if i == trace.segment_of[t] else f"checkpoint {i} (“{trace.tokens[trace.segments[i][0]]} …”)"
    )
