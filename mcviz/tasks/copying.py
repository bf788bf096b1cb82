"""Selective copying: what stood among blanks is wanted back, in order."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from mcviz.checks import whole
from mcviz.tasks.parsed import Parsed, answered
from mcviz.tasks.task import NOWHERE, Array, Batch, Task, scattered


@dataclass(frozen=True)
class SelectiveCopy(Task):
    """Symbols at random places among blanks; then, for each symbol, a token that asks for the next one of them.

    >>> print(SelectiveCopy(symbols=3, length_before=6, alphabet=4).sample(0, batch=1).draw())
    tokens   · s2 s2 s3 · ·  ?  ?  ?
    answers                 s2 s2 s3
    sources                  1  2  3
    """

    name = "selective_copy"
    symbols: int = 8  # in a sequence
    length_before: int = 64  # tokens before the copying begins
    alphabet: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("symbols", self.symbols)
        whole("length_before", self.length_before, self.symbols, why="one token for each symbol")
        whole("alphabet", self.alphabet)

    @property
    def labels(self) -> tuple[str, ...]:
        return ("·", "?", *(f"s{i}" for i in range(self.alphabet)))

    @property
    def length(self) -> int:
        return self.length_before + self.symbols

    def _parse(self, tokens: Int[Array, "T"]) -> Parsed:
        places, asking = np.flatnonzero(tokens > 1), np.flatnonzero(tokens == 1)
        sources, remarks = np.full(len(tokens), NOWHERE), []
        for n, t in enumerate(asking.tolist()):
            if n < len(places) and places[n] < t:
                sources[t] = places[n]
            else:
                before = int((places < t).sum())
                remarks.append(f"Token {t} asks for symbol {n + 1}, but only {before} stand before it.")
        return answered(tokens, sources, self.labels, remarks)

    def easier(self, progress: float) -> "SelectiveCopy":
        """A quarter of the symbols for the first fifth of the training, then a half up to 35 %."""
        share = 4 if progress < 0.2 else 2 if progress < 0.35 else 1
        return replace(self, symbols=max(1, self.symbols // share))

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        places = scattered(rng, batch, self.symbols, 1, self.length_before)
        symbols = 2 + rng.integers(self.alphabet, size=(batch, self.symbols))
        tokens = np.zeros((batch, self.length), np.int64)
        np.put_along_axis(tokens, places, symbols, 1)
        tokens[:, self.length_before :] = 1
        targets, sources = np.zeros_like(tokens), np.full_like(tokens, NOWHERE)
        targets[:, self.length_before :] = symbols
        sources[:, self.length_before :] = places
        return Batch(tokens, targets, sources >= 0, sources, self.labels)
