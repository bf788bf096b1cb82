"""Needles in a haystack: a few pairs among filler and decoys, asked for at the end."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from mcviz.checks import whole
from mcviz.tasks.parsed import Parsed, recalled
from mcviz.tasks.task import NOWHERE, Array, Batch, Task, distinct, scattered


@dataclass(frozen=True)
class Needle(Task):
    """Pairs [key value] at random places among filler words; at the end, the keys of the needles again.

    Decoys are pairs of the same kind, under other keys, that nobody asks for: a memory that keeps what looks
    important must keep them too.

    >>> print(Needle(needles=2, decoys=1, haystack=9).sample(1, batch=1).draw())
    tokens   ·6 ·5 k9 v1 ·7 k39 v17 k36 v4 k9 k36
    answers                                v1  v4
    sources                                 3   8
    """

    name = "needle"
    fact = 2
    needles: int = 8
    decoys: int = 16
    haystack: int = 120  # tokens before the questions
    keys: int = 48
    values: int = 32
    fillers: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("needles", self.needles)
        whole("decoys", self.decoys, 0)
        for name in ("values", "fillers"):
            whole(name, getattr(self, name), 1)
        whole("keys", self.keys, self.needles + self.decoys, why="one for each needle and decoy")
        whole("haystack", self.haystack, 2 * (self.needles + self.decoys), why="two tokens for each needle and decoy")

    @property
    def labels(self) -> tuple[str, ...]:
        kinds = (("k", self.keys), ("v", self.values), ("·", self.fillers))
        return tuple(f"{kind}{i}" for kind, count in kinds for i in range(count))

    @property
    def length(self) -> int:
        return self.haystack + self.needles

    def _parse(self, tokens: Int[Array, "T"]) -> Parsed:
        return recalled(tokens, (range(self.keys), range(self.keys, self.keys + self.values)), self.labels)

    def easier(self, progress: float) -> "Needle":
        """A quarter of the haystack and no decoys for the first fifth of the training."""
        if progress >= 0.2:
            return self
        return replace(self, decoys=0, haystack=max(self.haystack // 4, 2 * self.needles))

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        pairs = self.needles + self.decoys
        keys = distinct(rng, (batch,), pairs, self.keys)
        values = self.keys + rng.integers(self.values, size=(batch, pairs))
        places = rng.permuted(scattered(rng, batch, pairs, 2, self.haystack), axis=1)

        first_filler = self.keys + self.values
        tokens = first_filler + rng.integers(self.fillers, size=(batch, self.length))
        np.put_along_axis(tokens, places, keys, 1)
        np.put_along_axis(tokens, places + 1, values, 1)
        # places are in random order: the first pairs are the needles, the others the decoys
        tokens[:, self.haystack :] = keys[:, : self.needles]
        targets, sources = np.zeros_like(tokens), np.full_like(tokens, NOWHERE)
        targets[:, self.haystack :] = values[:, : self.needles]
        sources[:, self.haystack :] = places[:, : self.needles] + 1
        return Batch(tokens, targets, sources >= 0, sources, self.labels)
