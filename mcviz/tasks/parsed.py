"""What a task says of a sequence that it did not draw: which fact answers which question, or that none does."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from mcviz.tasks.task import NOWHERE, Array, Batch


class Parsed(NamedTuple):
    """A batch of one sequence, and what its reader has to be told, a sentence each."""

    batch: Batch
    remarks: tuple[str, ...] = ()


def answered(
    tokens: Int[Array, "T"], sources: Int[Array, "T"], labels: tuple[str, ...], remarks: Sequence[str]
) -> Parsed:
    """The answers are the tokens that `sources` point at."""
    asked = sources >= 0
    targets = np.where(asked, tokens[sources], 0)
    return Parsed(Batch(tokens[None], targets[None], asked[None], sources[None], labels), tuple(remarks))


def recalled(tokens: Int[Array, "T"], kinds: Sequence[range], labels: tuple[str, ...]) -> Parsed:
    """Facts are tokens of these `kinds` in a row; all but the last of them, without it, ask for it.

    A fact that stands before its question answers it. Where two facts say different things there is no one answer.
    """
    n, words = len(kinds), [labels[token] for token in tokens]
    is_kind = [np.isin(tokens, np.asarray(kind)) for kind in kinds]
    facts: dict[tuple[int, ...], list[int]] = {}  # the places where each says its last token
    questions = []
    for t in np.flatnonzero(row(is_kind[:-1])).tolist():
        if t + 1 < len(tokens) and is_kind[-1][t + 1]:
            facts.setdefault(key(tokens, t, n - 1), []).append(t + 1)
        else:
            questions.append(t)
    remarks = [stated(words, places, n) for places in facts.values() if len(places) > 1]
    sources = np.full(len(tokens), NOWHERE)
    for t in questions:
        places = facts.get(key(tokens, t, n - 1), [])
        before = [place for place in places if place < t]
        if not before:
            later = f", which is stated only later, at token {places[0]}" if places else ", and no fact says it"
            remarks.append(f"“{' '.join(words[t - n + 2 : t + 1])}” at token {t} asks for something{later}.")
        elif len({tokens[place] for place in before}) == 1:
            sources[t] = before[0]
    return answered(tokens, sources, labels, remarks)


def row(is_kind: Sequence[Bool[Array, "T"]]) -> Bool[Array, "T"]:
    """Where a row of tokens of these kinds ends."""
    ends = np.ones_like(is_kind[0])
    for back, kind in enumerate(reversed(is_kind)):
        ends &= np.concatenate([np.zeros(back, bool), kind])[: len(ends)]
    return ends


def key(tokens: Int[Array, "T"], t: int, n: int) -> tuple[int, ...]:
    """The `n` tokens that end with token `t`."""
    return tuple(tokens[t - n + 1 : t + 1].tolist())


def stated(words: Sequence[str], places: Sequence[int], n: int) -> str:
    """What is said of a fact that stands at more than one place."""
    about = " ".join(words[places[0] - n + 1 : places[0]])
    said = [words[place] for place in places]
    if len(set(said)) == 1:
        where = ", ".join(map(str, places[:-1]))
        return f"“{about} {said[0]}” is stated at tokens {where} and {places[-1]}; the first is marked as the answer."
    each = " and ".join(f"“{word}” at token {place}" for word, place in zip(said, places, strict=True))
    return f"“{about}” is stated as {each}; after them it has no one answer, and none is marked."
