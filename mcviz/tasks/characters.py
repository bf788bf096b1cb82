"""Text as a task: a token is a character."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from mcviz.tasks.task import NOWHERE, Array, Batch, Task

VISIBLE = {" ": "␣", "\n": "↵"}


@dataclass(frozen=True)
class Written(Task):
    """A task whose tokens are characters. After each of them the next is wanted."""

    @property
    def characters(self) -> str:
        """The characters that texts are made of, in the order of their numbers."""
        raise NotImplementedError

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(VISIBLE.get(character, character) for character in self.characters)

    def encode(self, text: str) -> Int[Array, "T"]:
        """The tokens of `text`. Raises `ValueError` for characters that the task does not have."""
        numbers = {character: number for number, character in enumerate(self.characters)}
        unknown = sorted(set(text) - set(numbers))
        if unknown:
            raise ValueError(f"text: expected characters that the book has; got {' '.join(map(repr, unknown[:8]))}")
        return np.array([numbers[character] for character in text], np.int64)

    def parse(self, tokens: Sequence[int] | Int[Array, "T"]) -> Batch:
        """Tokens of the vocabulary as a batch of one sequence: after each the one that follows is wanted."""
        row = np.asarray(tokens, np.int64)[None]
        targets = np.concatenate([row[:, 1:], np.zeros_like(row[:, :1])], 1)
        mask = np.arange(row.shape[1])[None] < row.shape[1] - 1
        return Batch(row, targets, mask, np.full_like(row, NOWHERE), self.labels)

    def decode(self, tokens: Sequence[int] | Int[Array, "T"]) -> str:
        """The text of `tokens`."""
        return "".join(self.characters[token] for token in tokens)
