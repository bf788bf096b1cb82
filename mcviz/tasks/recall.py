"""Multi-query associative recall (MQAR): many pairs, then every key again."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from mcviz.checks import whole
from mcviz.tasks.parsed import Parsed, recalled
from mcviz.tasks.task import NOWHERE, Array, Batch, Task, distinct


@dataclass(frozen=True)
class MQAR(Task):
    """Key value key value …, then each key once more, in another order: after it, its value is wanted.

    >>> print(MQAR(pairs=3, keys=8, values=8).sample(0, batch=1).draw())
    tokens   k3 v5 k2 v4 k1 v4 k2 k3 k1
    answers                    v4 v5 v4
    sources                     3  1  5
    """

    name = "mqar"
    fact = 2
    pairs: int = 48  # each is asked for once
    keys: int = 128  # a sequence uses `pairs` of these, each once
    values: int = 64  # drawn anew for each pair

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("keys", self.keys)
        whole("values", self.values)
        whole("pairs", self.pairs, 1, self.keys, why="a sequence uses each key once")

    @property
    def labels(self) -> tuple[str, ...]:
        return (*(f"k{i}" for i in range(self.keys)), *(f"v{i}" for i in range(self.values)))

    @property
    def length(self) -> int:
        return 3 * self.pairs

    def _parse(self, tokens: Int[Array, "T"]) -> Parsed:
        return recalled(tokens, (range(self.keys), range(self.keys, self.keys + self.values)), self.labels)

    def easier(self, progress: float) -> "MQAR":
        """A sixth of the pairs for the first fifth of the training, then a half, then all."""
        share = 6 if progress < 0.2 else 2 if progress < 0.35 else 1
        return replace(self, pairs=max(1, self.pairs // share))

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        stored = 2 * self.pairs
        keys = distinct(rng, (batch,), self.pairs, self.keys)
        values = self.keys + rng.integers(self.values, size=(batch, self.pairs))
        asked = distinct(rng, (batch,), self.pairs, self.pairs)

        tokens = np.empty((batch, self.length), np.int64)
        tokens[:, 0:stored:2], tokens[:, 1:stored:2] = keys, values
        tokens[:, stored:] = np.take_along_axis(keys, asked, 1)
        targets, sources = np.zeros_like(tokens), np.full_like(tokens, NOWHERE)
        targets[:, stored:] = np.take_along_axis(values, asked, 1)
        sources[:, stored:] = 2 * asked + 1
        return Batch(tokens, targets, sources >= 0, sources, self.labels)
