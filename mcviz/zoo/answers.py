"""What a model answers to one seeded sequence: the same on every machine, but for rounding."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from mcviz.pytorch import SequenceModel
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


def answers(model: SequenceModel, task: Task, seed: int = SEED) -> Answers:
    """What `model` answers to the first questions of the sequence of `task.held_out` that `seed` draws."""
    batch = task.held_out.sample(seed, 1)
    asked = batch.mask[0].nonzero()[0][:QUESTIONS]
    tokens = torch.from_numpy(batch.tokens).to(next(model.parameters()).device)
    with torch.no_grad():
        likelihood = model(tokens)[0, torch.from_numpy(asked)].double().softmax(-1)
    best = likelihood.max(-1)
    return Answers(
        seed,
        hashlib.sha256(batch.tokens.astype("<i8").tobytes() + batch.mask.tobytes()).hexdigest(),
        tuple(batch.labels[i] for i in best.indices.tolist()),
        tuple(round(p, DIGITS) for p in best.values.tolist()),
    )
