"""Writing on: a model says what comes after a sequence, token by token, through its streaming caches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.checks import is_whole, whole
from mcviz.labels import label
from mcviz.pytorch.capture import TOP
from mcviz.pytorch.model import ModelStream, SequenceModel
from mcviz.pytorch.threads import limited
from mcviz.pytorch.traces import numpy

HOTTEST = 4.0
"""The highest temperature: hardly anything but chance is left at it."""


@dataclass(frozen=True, eq=False)
class Step:
    """One token that a model wrote, and what it was chosen from."""

    t: int  # its place in the sequence: the prompt's tokens come first
    token: int
    label: str
    probability: float  # of this token, as the model has it, whatever the temperature
    top: tuple[str, ...]  # the likeliest tokens
    top_probabilities: tuple[float, ...]
    logits: Float[np.ndarray, "vocabulary"] = field(repr=False)  # of all tokens, in the model's dtype


def write(
    model: SequenceModel,
    prompt: Any,
    *,
    temperature: float = 0.0,
    seed: int = 0,
    labels: Sequence[str] | None = None,
    length: int | None = None,
) -> Iterator[Step]:
    """The steps by which `model` goes on after the T token ids of `prompt`, one at a time and without end.

    At temperature 0 each token is the likeliest one, and of equally likely ones the first. At another it is drawn, from
    `seed`, with probabilities that are proportional to p^(1/temperature). A step costs what a token of
    `model.stream()` does, and is computed when it is asked for. `labels` shows each token of the vocabulary.

    Constant segmentation needs no `length`. Others cut a sequence by its total length, prompt included: writing stops
    when it is reached. Raises `ValueError` before the first step for a prompt without tokens, or with others than the
    vocabulary has, for a temperature or seed that is none, and for segments that cannot be cut.
    """
    temperature, seed = heat(temperature), whole("seed", seed, 0)
    if length is not None:
        length = whole("length", length, len(prompt) + 1, why="the prompt, and a token")
    stream, logits = begun(model, prompt, length)
    return steps(stream, logits, len(prompt), temperature, seed, labels, length)


def steps(
    stream: ModelStream,
    logits: Tensor,
    t: int,
    temperature: float,
    seed: int,
    labels: Sequence[str] | None,
    length: int | None,
) -> Iterator[Step]:
    """Go on at place `t`, where `logits` [1, vocabulary] say what comes."""
    rng = np.random.default_rng(seed)
    while length is None or t < length:
        likely = logits[0].double().softmax(-1)
        top = likely.topk(min(TOP, len(likely)))
        token = choose(numpy(logits[0].double()), temperature, rng)
        yield Step(
            t,
            token,
            label(labels, token),
            float(likely[token]),
            tuple(label(labels, one) for one in top.indices.tolist()),
            tuple(top.values.tolist()),
            numpy(logits[0]),
        )
        t += 1
        if t != length:
            with limited(1):  # a token is too little to share among threads
                logits = stream.step(torch.tensor([token], device=logits.device))


def begun(model: SequenceModel, prompt: Any, length: int | None) -> tuple[ModelStream, Tensor]:
    """A stream that has read the prompt, and the logits [1, vocabulary] of what comes next."""
    given = list(prompt.tolist() if isinstance(prompt, Tensor) else prompt)
    if not given or not all(map(is_whole, given)):
        raise ValueError(f"prompt: expected token ids, at least one, got {str(given)[:80]}")
    tokens = torch.tensor([given], dtype=torch.int64, device=next(model.parameters()).device)
    cfg = model.config.mixer
    if cfg is not None and cfg.segmentation == "constant":
        with torch.no_grad():
            logits, state = model(tokens, return_state=True)
        return model.stream(state=state), logits[:, -1]
    stream = model.stream(length)
    for token in tokens.unbind(1):
        logits = stream.step(token)
    return stream, logits


def choose(logits: Float[np.ndarray, "vocabulary"], temperature: float, rng: np.random.Generator) -> int:
    """The next token. Every draw takes one number from `rng`, so that a text that goes on begins as it did."""
    if temperature == 0:
        return int(logits.argmax())
    # p^(1/τ) / Σ p^(1/τ), by its running sum
    grown = np.exp((logits - logits.max()) / temperature).cumsum()
    return int(np.searchsorted(grown, rng.random() * grown[-1], side="right"))


def heat(temperature: float) -> float:
    """`temperature`, if tokens can be drawn at it. Raises `ValueError` otherwise."""
    if isinstance(temperature, bool) or not 0 <= temperature <= HOTTEST:
        raise ValueError(f"temperature: expected a number from 0 to {HOTTEST:g}, got {temperature!r}")
    return float(temperature)
