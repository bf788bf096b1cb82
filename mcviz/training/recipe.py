"""How to train: the numbers that decide the outcome, besides the task, the model, the steps and the seed."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from mcviz.checks import number, plain_fields, whole


@dataclass(frozen=True)
class Recipe:
    """Settings that work for models of tens of thousands of weights. A bad value is a `ValueError`."""

    batch: int = 32  # sequences in a step
    learning_rate: float = 5e-3  # of AdamW, after `warm_up` steps
    weight_decay: float = 0.01
    warm_up: int = 50  # steps over which the learning rate rises
    cool_down: float = 0.2  # share of the steps, the last ones, over which it falls to zero
    dense: float = 0.5  # share of the steps in which SSC still reads all checkpoints, so that its router learns
    clip: float = 1.0  # largest norm of the gradient; infinity is no limit
    patience: int = 0  # validations without improvement before training stops with the best weights; 0 is never
    validate_every: int = 100  # steps

    def __post_init__(self) -> None:
        plain_fields(self)
        for name, least in (("batch", 1), ("warm_up", 0), ("patience", 0), ("validate_every", 1)):
            whole(name, getattr(self, name), least)
        for name, most in (("learning_rate", None), ("weight_decay", 1), ("cool_down", 1), ("dense", 1)):
            number(name, getattr(self, name), 0, most)
        if self.clip != math.inf:
            number("clip", self.clip, 0)

    def rate(self, step: int, steps: int) -> float:
        """The learning rate at `step` of `steps`: a short rise, a plateau, and a straight fall."""
        rise = (step + 1) / (self.warm_up + 1)
        fall = (steps - step) / (steps * self.cool_down + 1)
        return self.learning_rate * min(1.0, rise, fall)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain JSON values; `Recipe.from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"recipe: expected settings among {', '.join(known)}; got {', '.join(unknown)}")
        return cls(**values)
