"""Writing on: a model says what comes after a sequence, token by token, through its streaming caches."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.pytorch.model import ModelStream, SequenceModel
from mcviz.pytorch.threads import limited
from mcviz.pytorch.traces import numpy
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
    stream, logits = begun(model, given, length)

    def read(token: int) -> Logits:
        with limited(1):  # a token is too little to share among threads
            return numpy(stream.step(torch.tensor([token], device=logits.device))[0])

    return how.steps(read, numpy(logits[0]), len(given))


def begun(model: SequenceModel, prompt: list[int], length: int | None) -> tuple[ModelStream, Float[Tensor, "1 V"]]:
    """A stream that has read the prompt, and the logits of what comes next."""
    tokens = torch.tensor([prompt], dtype=torch.int64, device=next(model.parameters()).device)
    cfg = model.config.mixer
    if cfg is not None and cfg.segmentation == "constant":
        with torch.no_grad():
            logits, state = model(tokens, return_state=True)
        return model.stream(state=state), logits[:, -1]
    stream = model.stream(length)
    for token in tokens.unbind(1):
        logits = stream.step(token)
    return stream, logits
