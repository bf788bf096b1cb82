"""Labels: how tokens are shown, one for each, and the places that questions name."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcviz.checks import is_whole

TOP = 5
"""How many of the likeliest tokens are told."""


def display(labels: Sequence[str] | None, ids: list[int] | None, T: int) -> tuple[str, ...]:
    """A label for each of the T places, or none."""
    if ids is not None:
        return tuple(label(labels, token) for token in ids)
    if labels is not None and len(labels) != T:
        raise ValueError(
            f"labels: expected one for each of {T} places, as the input is no token ids, got {len(labels)}"
        )
    return tuple(labels or ())


def label(labels: Sequence[str] | None, token: int) -> str:
    """How to show a token."""
    if labels is None:
        return str(token)
    if not 0 <= token < len(labels):
        raise ValueError(f"labels: expected one for each token of the vocabulary, got {len(labels)} and token {token}")
    return str(labels[token])


def places(name: str, values: Any, T: int) -> list[int]:
    """T whole numbers, of either backend, as a list."""
    given = list(values.tolist() if hasattr(values, "tolist") else values)
    if not all(map(is_whole, given)):
        raise ValueError(f"{name}: expected whole numbers, -1 where nothing is asked, got {str(given)[:80]}")
    found = [int(value) for value in given]
    if len(found) != T:
        raise ValueError(f"{name}: expected one for each of {T} tokens, -1 where nothing is asked, got {len(found)}")
    return found


def answers(values: Any, T: int, vocabulary: int) -> list[int]:
    """The answers wanted after each of T tokens, -1 where nothing is asked."""
    wanted = places("targets", values, T)
    if max(wanted) >= vocabulary:
        raise ValueError(
            f"targets: expected tokens below {vocabulary}, or -1 where nothing is asked, got {max(wanted)}"
        )
    return wanted


def heard(said: Any, labels: Sequence[str] | None) -> tuple[tuple[str, ...], Any]:
    """The words among token ids [T, N], each once, and every id as a place among them; -1, for none, stays."""
    words, places = np.unique(said, return_inverse=True)
    first = 1 if words[0] == -1 else 0
    return tuple(label(labels, word) for word in words[first:].tolist()), places.reshape(said.shape) - first
