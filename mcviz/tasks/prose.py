"""Real text, character by character: predict the next one."""

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Int

from mcviz.checks import whole
from mcviz.tasks.characters import Written
from mcviz.tasks.task import NOWHERE, Array, Batch

BOOKS = ("alice",)
PARTS = {"train": (0.0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1.0)}
"""Where each part of a book begins and ends."""


@cache
def read(book: str) -> str:
    """The text of a book that ships with mcviz: public domain, see `mcviz/data/README.md`."""
    return (files("mcviz") / "data" / f"{book}.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Text(Written):
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
