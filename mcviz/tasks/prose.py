"""Real text, character by character: predict the next one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Int

from mcviz.checks import whole
from mcviz.tasks.parsed import Parsed
from mcviz.tasks.task import NOWHERE, Array, Batch, Task

BOOKS = ("alice",)
PARTS = {"train": (0.0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1.0)}
"""Where each part of a book begins and ends."""

VISIBLE = {" ": "␣", "\n": "↵"}


@cache
def read(book: str) -> str:
    """The text of a book that ships with mcviz: public domain, see `mcviz/data/README.md`."""
    return (files("mcviz") / "data" / f"{book}.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Text(Task):
    """Passages from random places of a book. After each character the next is wanted; no place holds the answer.

    The first eight tenths of the book are to train on, the next to choose among models by, the last to measure on.

    >>> print(Text(length=12).sample(0, batch=1).draw())
    tokens   m ␣ a f r a i d ␣ I ' v
    answers  ␣ a f r a i d ␣ I ' v e
    sources
    """

    name = "text"
    length: int = 128
    book: str = "alice"  # one of BOOKS
    part: str = "train"  # one of PARTS

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, choices in (("book", BOOKS), ("part", tuple(PARTS))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: expected one of {', '.join(choices)}; got {getattr(self, name)!r}")
        whole("length", self.length, 1, len(self.passage) - 1, why="the part of the book, but one character")

    @property
    def characters(self) -> str:
        """The characters of the book, in the order of their numbers."""
        return "".join(sorted(set(read(self.book))))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(VISIBLE.get(character, character) for character in self.characters)

    @property
    def passage(self) -> str:
        """The part of the book that sequences are cut from."""
        text = read(self.book)
        start, stop = (round(share * len(text)) for share in PARTS[self.part])
        return text[start:stop]

    @property
    def validation(self) -> "Text":
        return replace(self, part="validation")

    @property
    def held_out(self) -> "Text":
        return replace(self, part="test")

    def encode(self, text: str) -> Int[Array, "T"]:
        """The tokens of `text`. Raises `ValueError` for characters that the book does not have."""
        numbers = {character: number for number, character in enumerate(self.characters)}
        unknown = sorted(set(text) - set(numbers))
        if unknown:
            raise ValueError(f"text: expected characters that the book has; got {' '.join(map(repr, unknown[:8]))}")
        return np.array([numbers[character] for character in text], np.int64)

    def decode(self, tokens: Sequence[int] | Int[Array, "T"]) -> str:
        """The text of `tokens`."""
        return "".join(self.characters[token] for token in tokens)

    def _parse(self, tokens: Int[Array, "T"]) -> Parsed:
        # the next character is wanted, which nobody knows after the last
        asked = np.arange(len(tokens)) < len(tokens) - 1
        targets = np.where(asked, np.roll(tokens, -1), 0)
        nowhere = np.full_like(tokens, NOWHERE)
        return Parsed(Batch(tokens[None], targets[None], asked[None], nowhere[None], self.labels))

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        passage = encoded(self)
        starts = rng.integers(len(passage) - self.length, size=batch)
        windows = passage[starts[:, None] + np.arange(self.length + 1)]
        tokens, targets = windows[:, :-1], windows[:, 1:]
        return Batch(tokens, targets, np.ones(tokens.shape, bool), np.full_like(tokens, NOWHERE), self.labels)


@cache
def encoded(task: Text) -> Int[Array, "T"]:
    """The tokens of the part of the book that `task` draws from."""
    return task.encode(task.passage)
