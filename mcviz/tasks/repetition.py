"""Induction: a random passage comes a second time, and each token's successor is known from the first."""

from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np
from jaxtyping import Int

from mcviz.checks import whole
from mcviz.tasks.parsed import Parsed, answered
from mcviz.tasks.task import NOWHERE, Array, Batch, Task, distinct


@dataclass(frozen=True)
class Induction(Task):
    """A passage of different symbols, twice. In the second round the next symbol is wanted.

    >>> print(Induction(passage=4, symbols=8).sample(0, batch=1).draw())
    tokens   s3 s2 s1 s6 s3 s2 s1 s6
    answers              s2 s1 s6
    sources               1  2  3
    """

    name = "induction"
    passage: int = 32  # symbols, each once; a sequence holds them twice
    symbols: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("passage", self.passage, 2)
        whole("symbols", self.symbols, self.passage, why="a passage uses each once")

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"s{i}" for i in range(self.symbols))

    @property
    def length(self) -> int:
        return 2 * self.passage

    def _parse(self, tokens: Int[Array, "T"]) -> Parsed:
        # a symbol that stood before asks for what followed it then; the last has nothing more to say
        sources, remarks = np.full(len(tokens), NOWHERE), []
        for t in range(1, len(tokens) - 1):
            followed = 1 + np.flatnonzero(tokens[:t] == tokens[t])
            here = f"“{self.labels[tokens[t]]}” at token {t}"
            first = {self.labels[tokens[place]]: place for place in reversed(followed.tolist())}
            if len(first) > 1:
                found = sorted(first.items(), key=itemgetter(1))
                each = " and ".join(f"“{word}” at token {place}" for word, place in found)
                remarks.append(f"{here} was followed by {each}; it has no one answer, and none is marked.")
            elif first:
                sources[t] = followed[0]
            elif 2 * t >= len(tokens):
                remarks.append(f"{here} stands there for the first time: nothing says what follows it.")
        return answered(tokens, sources, self.labels, remarks)

    def easier(self, progress: float) -> "Induction":
        """A quarter of the passage for the first fifth of the training, then a half up to 35 %."""
        share = 4 if progress < 0.2 else 2 if progress < 0.35 else 1
        return replace(self, passage=max(2, self.passage // share))

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        passage = distinct(rng, (batch,), self.passage, self.symbols)
        tokens = np.concatenate([passage, passage], 1)
        targets, sources = np.zeros_like(tokens), np.full_like(tokens, NOWHERE)
        targets[:, self.passage : -1] = passage[:, 1:]
        sources[:, self.passage : -1] = np.arange(1, self.passage)
        return Batch(tokens, targets, sources >= 0, sources, self.labels)
