"""Writing on: a model says what comes after a sequence, token by token, through its streaming caches."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mcviz.reference.model import SequenceModel
from mcviz.sampling import Logits, Sampling, Step, prompted


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
    given, how = prompted(prompt, length), Sampling(temperature, seed, labels, length)
    stream = model.stream(length)

    def read(token: int) -> Logits:
        return stream.step(np.array([token]))[0]

    *before, last = given
    for token in before:
        read(token)
    return how.steps(read, read(last), len(given))
