"""From what a model says comes next to the token that is written: chosen, told, and read in its turn."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from mcviz.checks import is_whole, number, whole
from mcviz.labels import TOP, label

HOTTEST = 4.0
"""The highest temperature: hardly anything but chance is left at it."""

Logits = Float[np.ndarray, "vocabulary"]


@dataclass(frozen=True, eq=False)
class Step:
    """One token that a model wrote, and what it was chosen from."""

    t: int  # its place in the sequence: the prompt's tokens come first
    token: int
    label: str
    probability: float  # of this token, as the model has it, whatever the temperature
    top: tuple[str, ...]  # the likeliest tokens
    top_probabilities: tuple[float, ...]
    logits: Logits = field(repr=False)  # of all tokens, in the model's dtype


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen, and where that ends. Raises `ValueError` for what cannot be."""

    temperature: float = 0.0  # 0: always the likeliest token, of equally likely ones the first
    seed: int = 0  # draws them at another, with probabilities that are proportional to p^(1/temperature)
    labels: Sequence[str] | None = None  # shows each token of the vocabulary; None: its number
    length: int | None = None  # of the whole sequence, prompt included; None: there is no end

    def __post_init__(self) -> None:
        heat(self.temperature)
        whole("seed", self.seed, 0)

    def steps(self, read: Callable[[int], Logits], logits: Logits, t: int) -> Iterator[Step]:
        """Go on at place `t`, where `logits` say what comes; `read` takes a token in, and says what comes after it."""
        rng = np.random.default_rng(self.seed)
        while self.length is None or t < self.length:
            token = choose(logits.astype(np.float64), self.temperature, rng)
            yield self.told(t, token, logits)
            t += 1
            if t != self.length:
                logits = read(token)

    def told(self, t: int, token: int, logits: Logits) -> Step:
        """The step that wrote `token`."""
        likely = np.exp(logits.astype(np.float64) - logits.max())
        likely /= likely.sum()
        top = np.argsort(-likely, kind="stable")[:TOP]
        return Step(
            t,
            token,
            label(self.labels, token),
            float(likely[token]),
            tuple(label(self.labels, int(one)) for one in top),
            tuple(likely[top].tolist()),
            logits,
        )


def prompted(prompt: Any, length: int | None) -> list[int]:
    """The token ids of a prompt that leaves room for another. Raises `ValueError` for one without any."""
    given = list(prompt.tolist() if hasattr(prompt, "tolist") else prompt)
    if not given or not all(map(is_whole, given)):
        raise ValueError(f"prompt: expected token ids, at least one, got {str(given)[:80]}")
    if length is not None:
        whole("length", length, len(given) + 1, why="the prompt, and a token")
    return given


def choose(logits: Logits, temperature: float, rng: np.random.Generator) -> int:
    """The next token. Every draw takes one number from `rng`, so that a text that goes on begins as it did."""
    if temperature == 0:
        return int(logits.argmax())
    # p^(1/τ) / Σ p^(1/τ), by its running sum
    grown = np.exp((logits - logits.max()) / temperature).cumsum()
    return int(np.searchsorted(grown, rng.random() * grown[-1], side="right"))


def heat(temperature: float) -> float:
    """`temperature`, if tokens can be drawn at it. Raises `ValueError` otherwise."""
    return number("temperature", temperature, 0, HOTTEST)
