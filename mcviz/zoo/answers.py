"""What a model answers to one seeded sequence: the same on every machine, but for rounding."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from mcviz import reference
from mcviz.reference.capture import likelihood
from mcviz.tasks import Task

SEED = 2**21
"""Draws the sequence. No model is trained or measured with it."""

QUESTIONS = 16
"""How many of its questions are answered, the first ones."""

DIGITS = 6


class Answers(NamedTuple):
    """The likeliest answers, and how likely each is: what a card pins of a run."""

    seed: int
    sequence: str  # SHA-256 of the tokens and of where something is asked
    tokens: tuple[str, ...]  # the label of each answer
    probabilities: tuple[float, ...]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Answers":
        """What `_asdict` gave, after JSON made lists of tuples."""
        return cls(**{**values, "tokens": tuple(values["tokens"]), "probabilities": tuple(values["probabilities"])})


def answers(model: Any, task: Task, seed: int = SEED) -> Answers:
    """What `model`, of either backend, answers to the first questions of the sequence of `task.held_out` that `seed`
    draws."""
    batch = task.held_out.sample(seed, 1)
    asked = batch.mask[0].nonzero()[0][:QUESTIONS]
    likely = likelihood(logits(model, batch.tokens)[0, asked])
    return Answers(
        seed,
        hashlib.sha256(batch.tokens.astype("<i8").tobytes() + batch.mask.tobytes()).hexdigest(),
        tuple(batch.labels[i] for i in likely.argmax(-1)),
        tuple(round(p, DIGITS) for p in likely.max(-1).tolist()),
    )


def logits(model: Any, tokens: Int[np.ndarray, "B T"]) -> Float[np.ndarray, "B T vocabulary"]:
    """What `model` makes of `tokens`, in NumPy."""
    if isinstance(model, reference.SequenceModel):
        return model(tokens)
    import torch

    with torch.no_grad():
        return model(torch.from_numpy(tokens).to(next(model.parameters()).device)).cpu().numpy()
