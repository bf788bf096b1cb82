"""What can be played, made up: a name, and what it takes and recalls."""

from typing import NamedTuple

from mcviz.claims import Spent


class Play(NamedTuple):
    """As a point of the frontier."""

    name: str
    kind: str
    seeds: tuple[int, ...]
    spent: dict[int, Spent]
    recall: dict[int, tuple[float, float, float]]


def play(name, accuracy, read, later=0.5, kind="SSC"):
    """It recalls `later` of four times the pairs, and reads four times as much then; it keeps 10 bytes a number."""
    spent = {factor: Spent(10 * factor * read, factor * read, 3 * factor * read) for factor in (1, 4)}
    recall = {factor: (mean, mean - 0.01, mean + 0.01) for factor, mean in ((1, accuracy), (4, later))}
    return Play(name, kind, (0, 1), spent, recall)
