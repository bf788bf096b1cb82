"""Text as a task: a token is a character."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from mcviz.tasks.parsed import Parsed
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

    def numbers(self, tokens: Sequence[int | str] | Int[Array, "T"]) -> Int[Array, "T"]:
        """As of any task; characters are also taken as they are, so that a text is a sequence of tokens."""
        if isinstance(tokens, np.ndarray):
            return super().numbers(tokens)
        return super().numbers([VISIBLE.get(token, token) if isinstance(token, str) else token for token in tokens])

    def sources(self, text: str) -> Int[Array, "T"]:
        """For each character of `text`, where what follows it was said before; -1 where it was not, or nobody knows."""
        return np.full(len(text), NOWHERE)

    def _parse(self, tokens: Int[Array, "T"]) -> Parsed:
        # the next character is wanted, which nobody knows after the last
        asked = np.arange(len(tokens)) < len(tokens) - 1
        targets = np.where(asked, np.roll(tokens, -1), 0)
        sources = self.sources(self.decode(tokens))
        return Parsed(Batch(tokens[None], targets[None], asked[None], sources[None], self.labels))

    def decode(self, tokens: Sequence[int] | Int[Array, "T"]) -> str:
        """The text of `tokens`."""
        known = self.characters
        return "".join(known[token] for token in tokens)
