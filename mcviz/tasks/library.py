"""The topic library: a shelf of documents, and questions of which each belongs to one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Int

from mcviz.checks import whole
from mcviz.tasks.parsed import Parsed, recalled
from mcviz.tasks.task import NOWHERE, Array, Batch, Task, distinct

ANIMALS = (
    *("ant", "bat", "bear", "bee", "cat", "cow", "crab", "crow", "deer", "dog", "duck", "eel", "elk", "fox", "frog"),
    *("goat", "hare", "hawk", "hen", "ibex", "lark", "lion", "lynx", "mole", "moth", "newt", "owl", "pig", "seal"),
    *("swan", "toad", "wolf"),
)
COLOURS = ("red", "blue", "green", "white", "black", "brown", "pink", "grey")
THINGS = (
    *("axe", "bag", "ball", "bell", "boat", "book", "boot", "bowl", "box", "cap", "cart", "coin", "cup", "door"),
    *("drum", "fan", "fork", "hat", "jar", "key", "kite", "lamp", "mat", "nail", "pen", "ring", "rope", "rug"),
    *("sock", "spoon", "tent", "vase"),
)
FILLERS = ("and", "so", "then", "well", "now", "here", "there", "yes")


@dataclass(frozen=True)
class Topics(Task):
    """Documents of equal length, each about one animal: its name, then facts [animal colour thing], then filler.

    Every document uses the same colours, so a question [animal colour] is answered by the right thing only if it is
    read from the right document. The answer is wanted after the colour.

    >>> print(Topics(documents=2, facts=1, document=5, questions=2).sample(0, batch=1).draw())
    tokens   eel eel red bag then bee bee pink ball and bee pink eel red
    answers                                                 ball     bag
    sources                                                    8       3
    """

    name = "topics"
    fact = 3
    documents: int = 8
    facts: int = 5  # in each document
    document: int = 16  # tokens in each document
    questions: int = 16  # about different facts

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("documents", self.documents, 1, len(ANIMALS), why="each has its own animal")
        whole("facts", self.facts, 1, len(COLOURS), why="each has its own colour")
        whole("document", self.document, 1 + 3 * self.facts, why="the animal, and three tokens for each fact")
        whole("questions", self.questions, 1, self.documents * self.facts, why="each about another fact")

    @property
    def labels(self) -> tuple[str, ...]:
        return ANIMALS + COLOURS + THINGS + FILLERS

    @property
    def length(self) -> int:
        return self.documents * self.document + 2 * self.questions

    @property
    def stored(self) -> int:
        return self.documents * self.facts

    def question(self, words: Sequence[str], t: int) -> str:
        if not 1 <= t < len(words) or words[t - 1] not in ANIMALS or words[t] not in COLOURS:
            return ""
        return f"What {words[t]} thing has the {words[t - 1]}?"

    def _parse(self, tokens: Int[Array, "T"]) -> Parsed:
        return recalled(tokens, numbered(ANIMALS, COLOURS, THINGS), self.labels)

    def easier(self, progress: float) -> "Topics":
        """Three documents for the first quarter of the training."""
        if progress >= 0.25:
            return self
        documents = min(3, self.documents)
        return replace(self, documents=documents, questions=min(self.questions, documents * self.facts))

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        D, F, shelf = self.documents, self.facts, self.documents * self.document
        first_colour = len(ANIMALS)
        first_thing = first_colour + len(COLOURS)
        first_filler = first_thing + len(THINGS)
        animals = distinct(rng, (batch,), D, len(ANIMALS))
        colours = first_colour + distinct(rng, (batch, D), F, len(COLOURS))
        things = first_thing + rng.integers(len(THINGS), size=(batch, D, F))

        documents = first_filler + rng.integers(len(FILLERS), size=(batch, D, self.document))
        documents[:, :, 0] = animals
        documents[:, :, 1 : 3 * F : 3] = animals[:, :, None]
        documents[:, :, 2 : 3 * F : 3] = colours
        documents[:, :, 3 : 3 * F + 1 : 3] = things

        asked = distinct(rng, (batch,), self.questions, D * F)
        document, fact = np.divmod(asked, F)
        rows = np.arange(batch)[:, None]
        tokens = np.empty((batch, self.length), np.int64)
        tokens[:, :shelf] = documents.reshape(batch, shelf)
        tokens[:, shelf::2] = animals[rows, document]
        tokens[:, shelf + 1 :: 2] = colours[rows, document, fact]
        targets, sources = np.zeros_like(tokens), np.full_like(tokens, NOWHERE)
        targets[:, shelf + 1 :: 2] = things[rows, document, fact]
        sources[:, shelf + 1 :: 2] = document * self.document + 3 * fact + 3
        return Batch(tokens, targets, sources >= 0, sources, self.labels)


def numbered(*kinds: Sequence[str]) -> list[range]:
    """The numbers of words that are counted through kind after kind."""
    ends = np.cumsum([0, *map(len, kinds)]).tolist()
    return [range(first, stop) for first, stop in pairwise(ends)]
