"""What a model replied to each of some questions, as columns of text."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from mcviz.checks import of_kinds
from mcviz.reference.contribution import shares
from mcviz.trace import Trace
from mcviz.words.portion import portion
from mcviz.words.share import percent, strongest

NONE = "no document says it, and the model cannot say so"
COLUMNS = ("Question", "Answer", "Probability", "", "Most of the output")
Stated = Sequence[tuple[str, int]]
"""What documents state to a question: words, each with the number of its document."""


@of_kinds
def replies(
    trace: Trace, asked: Sequence[int], head: int = 0, stated: Mapping[int, Stated] | None = None
) -> dict[str, list[str]]:
    """What the model says after each of the tokens `asked`, with its probability, whether that is right, and the
    memory that most of the output comes from.

    A question that has no one answer may have several, or none: `stated` says which, by token.

    Raises `ValueError` for a run in which no model says anything, or without labels, and for tokens or a head
    that it does not have.
    """
    said = trace.predictions
    if said is None or not said.targets or not trace.tokens:
        raise ValueError("trace: expected a run of a model, with labels and what it says")
    adds = shares(trace)
    columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for t in asked:
        t, head = trace.at(t, head)
        answer, right = said.tokens[t][0], said.targets[t]
        cells = (
            " ".join(trace.tokens[t - 1 : t + 1]),
            answer,
            portion(said.probabilities[t, 0]),
            verdict(answer, right, (stated or {}).get(t)),
            source(trace, t, head, adds, answer),
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return columns


def verdict(answer: str, right: str, stated: Stated | None) -> str:
    """What an answer is: beside the `right` one, or where there is no one answer, beside all that is stated.

    >>> verdict("hat", "", [("hat", 0), ("boot", 1), ("hat", 2)])
    '± said differently: hat (documents 0 and 2), boot (document 1)'
    >>> verdict("cap", "", [("hat", 0), ("boot", 0)])
    '✗ wrong: hat (document 0), boot (document 0)'
    """
    if right:
        return "✓ right" if answer == right else f"✗ wrong: {right}"
    if stated is None:
        return "— no one answer is known"
    if not stated:
        return f"— {NONE}"
    where: dict[str, list[int]] = {}
    for word, document in stated:
        where.setdefault(word, []).append(document)
    found = ", ".join(f"{word} ({numbered(documents)})" for word, documents in where.items())
    return f"± said differently: {found}" if answer in where else f"✗ wrong: {found}"


def numbered(documents: Sequence[int]) -> str:
    """Documents by their numbers, each once."""
    *most, last = map(str, dict.fromkeys(documents))
    return f"documents {', '.join(most)} and {last}" if most else f"document {last}"


def source(trace: Trace, t: int, head: int, adds: Float[np.ndarray, "T H N"] | None, answer: str) -> str:
    """The memory that most of the output at token `t` comes from, and whether its segment has the answer; where
    networks are mixed before they are read, the one with the largest gate."""
    if trace.config.aggregator == "none":
        return "one memory, and no checkpoint"
    gates, read = trace.weights[t, head], trace.read[t, head]
    if adds is None:
        most = int(np.argmax(np.where(read, gates, -np.inf)))
        found = f"a mixture; the largest gate, {portion(gates[most])}, is on {called(trace, t, most)}"
    else:
        most = strongest(adds[t, head], read)
        found = f"{percent(adds[t, head, most])} from {called(trace, t, most)}"
    begin, end = trace.segments[most]
    there = answer in trace.tokens[begin : min(end, t + 1)]
    return found if there else f"{found}, where no “{answer}” stands"


def called(trace: Trace, t: int, i: int) -> str:
    """Memory `i`, with the word that its segment begins with."""
    return (
        "its own segment" if i == trace.segment_of[t] else f"checkpoint {i} (“{trace.tokens[trace.segments[i][0]]} …”)"
    )
