"""A card says of a trained model what it is, how it was made, and what was measured on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from mcviz import tasks
from mcviz.model import ModelConfig
from mcviz.zoo.answers import Answers

MAX_BYTES = 2**20
"""Of a card; one of a model that ships has some thousand."""

LONGEST = 2**17
"""Tokens in a sequence, and the largest size of a task or option of a rule, that a card may ask for."""


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
    weights: str = ""  # SHA-256 of `name.safetensors`; older cards, and those of models not saved yet, have none
    answers: Answers | None = None  # to one sequence: whether the weights and the code still say the same

    def to_json(self) -> str:
        values = {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "task": self.task.to_dict(),
            "model": self.model.to_dict(),
            "measured": {name: measure._asdict() for name, measure in self.measured.items()},
            "answers": self.answers and self.answers._asdict(),
        }
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> "Card":
        """The card in the file at `path`."""
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"card: expected at most {MAX_BYTES:,} bytes, got more")
        return cls.from_json(content.decode())

    @classmethod
    def from_json(cls, text: str) -> "Card":
        try:
            values = json.loads(text)
            card = cls(
                **{
                    **values,
                    "task": tasks.from_dict(values["task"]),
                    "model": ModelConfig.from_dict(values["model"]),
                    "measured": {name: Measure(**measure) for name, measure in values["measured"].items()},
                    "answers": Answers.from_dict(values["answers"]) if values.get("answers") else None,
                }
            )
            check_sizes(card.task, card.model)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"card: expected what Card.to_json wrote, got another or a damaged text ({error})"
            ) from None
        return card


def check_sizes(task: tasks.Task, model: ModelConfig) -> None:
    """Raise `ValueError` for a task or a memory so large that a run of it would fill this machine."""
    options = {} if model.mixer is None else model.mixer.rule_options
    sizes = {
        **{f"task.{name}": size for name, size in vars(task).items()},
        **{f"options.{name}": size for name, size in options.items()},
    }
    for name, size in sizes.items():
        if isinstance(size, int) and size > LONGEST:
            raise ValueError(f"{name}: expected at most {LONGEST:,}, got {size:,}")
    if task.length > LONGEST:
        raise ValueError(f"task: expected sequences of at most {LONGEST:,} tokens, got {task.length:,}")
    if task.vocabulary > model.vocabulary:
        raise ValueError(
            f"vocabulary: expected at least the {task.vocabulary:,} tokens of {task.name}, got {model.vocabulary:,}"
        )
