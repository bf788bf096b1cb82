"""What all tasks share: seeded batches of sequences in which some tokens ask for something that stands earlier."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Bool, Int

from mcviz import brief
from mcviz.checks import is_whole, plain_fields, seeds, whole

if TYPE_CHECKING:
    from mcviz.tasks.parsed import Parsed

Array = np.ndarray
Seed = int | Sequence[int] | np.random.Generator

NOWHERE = -1
"""The source of a token that asks for nothing, or whose answer does not stand in the sequence."""

EVALUATION = 2
"""The stream of random numbers under a seed that no training draws from."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B sequences of T tokens, what a model should answer where, and where each answer stands."""

    __repr__ = brief.of_fields

    tokens: Int[Array, "B T"]
    targets: Int[Array, "B T"]  # the answer wanted after this token; 0 where nothing is asked
    mask: Bool[Array, "B T"]  # where something is asked: only these answers count
    sources: Int[Array, "B T"]  # the place of the token that is the answer; -1 where nothing is asked
    labels: tuple[str, ...]  # how to show each token of the vocabulary

    def words(self, b: int = 0) -> tuple[str, ...]:
        """The labels of the tokens of sequence `b`."""
        return tuple(self.labels[token] for token in self.tokens[b])

    def answers(self, b: int = 0) -> tuple[str, ...]:
        """The labels of the answers wanted in sequence `b`, "" where nothing is asked."""
        return tuple(
            self.labels[target] if asked else "" for target, asked in zip(self.targets[b], self.mask[b], strict=True)
        )

    def draw(self, b: int = 0) -> str:
        """Sequence `b` in three lines of text: tokens, the answers wanted, and the places where these stand."""
        places = ["" if place < 0 else str(place) for place in self.sources[b]]
        rows = {"tokens": self.words(b), "answers": self.answers(b), "sources": places}
        widths = [max(map(len, column)) for column in zip(*rows.values(), strict=True)]
        lines = []
        for name, row in rows.items():
            cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
            lines.append(f"{name:8} {' '.join(cells)}".rstrip())
        return "\n".join(lines)


@dataclass(frozen=True)
class Task:
    """A family of sequences of one size. Sizes that cannot be made are a `ValueError` that names the field."""

    name: ClassVar[str]
    fact: ClassVar[int] = 1  # tokens of what a question asks for, of which the answer is the last

    def __post_init__(self) -> None:
        plain_fields(self)

    @property
    def labels(self) -> tuple[str, ...]:
        """How to show each token; the position in this tuple is the token's number."""
        raise NotImplementedError

    @property
    def stored(self) -> int:
        """How many facts stand in a sequence, asked for or not; 0 where a task has no such things."""
        return 0

    @property
    def vocabulary(self) -> int:
        """How many different tokens there are."""
        return len(self.labels)

    @property
    def length(self) -> int:
        """Tokens in a sequence, T."""
        raise NotImplementedError

    def sample(self, seed: Seed, batch: int = 32) -> Batch:
        """`batch` sequences; the same ones for the same seed. A Generator is drawn from, and moves on.

        Raises `ValueError` for what is no seed.
        """
        batch = whole("batch", batch)
        drawn = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seeds("seed", seed))
        return self._sample(drawn, batch)

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        raise NotImplementedError

    def parse(self, tokens: Sequence[int | str] | Int[Array, "T"]) -> "Parsed":
        """What the task says of any sequence of its tokens, given by number or by label.

        Of a sequence that it drew it says just what it drew. Raises `ValueError` as `numbers` does.
        """
        return self._parse(self.numbers(tokens))

    def _parse(self, tokens: Int[Array, "T"]) -> "Parsed":
        raise NotImplementedError

    def numbers(self, tokens: Sequence[int | str] | Int[Array, "T"]) -> Int[Array, "T"]:
        """The numbers of tokens that are given by number or by label.

        Raises `ValueError` for none at all, and for what the vocabulary does not have.
        """
        known = {label: number for number, label in enumerate(self.labels)}
        found = [known.get(token, -1) if isinstance(token, str) else token for token in tokens]
        if not found:
            raise ValueError("tokens: expected at least one, got none")
        for t, (number, token) in enumerate(zip(found, tokens, strict=True)):
            if not is_whole(number) or not 0 <= number < len(known):
                some = ", ".join(self.labels[:3])
                given = repr(token if len(str(token)) <= 40 else f"{str(token)[:40]}…")
                raise ValueError(
                    f"tokens: expected the {len(known)} tokens of the task {self.name} ({some} …), or their numbers, "
                    f"got {given} at place {t}"
                )
        return np.array(found, np.int64)

    def question(self, words: Sequence[str], t: int) -> str:
        """What is asked after token `t` of a sequence, as a sentence; "" where a task has none."""
        return ""

    def easier(self, progress: float) -> "Task":
        """The task to train on when `progress`, a share from 0 to 1, of the training is done: easy ones first."""
        return self

    @property
    def validation(self) -> "Task":
        """The task to choose among models by. Another only where sequences are cut from a fixed text."""
        return self

    @property
    def held_out(self) -> "Task":
        """The task to measure on in the end. Another only where sequences are cut from a fixed text."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """The name and the sizes as plain JSON values."""
        return {"name": self.name, **asdict(self)}


def distinct(rng: np.random.Generator, rows: tuple[int, ...], count: int, choices: int) -> Int[Array, "..."]:
    """For each of `rows`, `count` different numbers below `choices`, in random order: shape [*rows, count]."""
    return rng.random((*rows, choices)).argsort(-1)[..., :count]


def scattered(rng: np.random.Generator, batch: int, count: int, width: int, length: int) -> Int[Array, "B count"]:
    """Where `count` blocks of `width` tokens begin when they lie at random, without overlap, on `length` tokens."""
    slots = length - count * (width - 1)
    return np.sort(distinct(rng, (batch,), count, slots), axis=-1) + np.arange(count) * (width - 1)
