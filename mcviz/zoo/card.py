"""A card says of a trained model what it is, how it was made, and what was measured on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from mcviz import tasks
from mcviz.pytorch import ModelConfig


class Measure(NamedTuple):
    """A mean over sequences, and between what bounds it falls, 99 times in 100 or more, on as many fresh ones."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Card:
    """What `name.json` beside the weights `name.safetensors` holds. A card that makes no sense is a `ValueError`."""

    name: str
    about: str  # one sentence for people
    task: tasks.Task
    model: ModelConfig
    training: Mapping[str, Any]  # steps, seed and recipe: the arguments of `mcviz.training.train`
    command: str  # remakes the model, with the same numbers on the same machine
    steps: int  # taken; fewer than asked for if training stopped early
    wall_seconds: float
    parameters: int
    sequences: int  # measured on
    measured: Mapping[str, Measure]  # accuracy, bits, and for gated models: largest, read, chance, entropy
    made_with: Mapping[str, str]  # versions

    def to_json(self) -> str:
        values = {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "task": self.task.to_dict(),
            "model": self.model.to_dict(),
            "measured": {name: measure._asdict() for name, measure in self.measured.items()},
        }
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Card":
        try:
            values = json.loads(text)
            return cls(
                **{
                    **values,
                    "task": tasks.from_dict(values["task"]),
                    "model": ModelConfig.from_dict(values["model"]),
                    "measured": {name: Measure(**measure) for name, measure in values["measured"].items()},
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"card: expected what Card.to_json wrote, got another or a damaged text ({error})"
            ) from None
