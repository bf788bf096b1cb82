"""A plan: all that decides what a training run gives. Every setting has one name, wherever it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mcviz import tasks
from mcviz.checks import whole
from mcviz.config import AGGREGATORS, MCConfig
from mcviz.model import FENWICK, SOFTMAX
from mcviz.pytorch import ModelConfig
from mcviz.tasks import Task
from mcviz.training.recipe import Recipe

ATTENTION = "attention"
INSTEAD: Mapping[str, str] = {ATTENTION: SOFTMAX, FENWICK: FENWICK}
"""Stand among the aggregators for models that have attention instead of memories: which, by name."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "mqar": {"segment_length": 8, "steps": 1200},
    "needle": {"segment_length": 8, "key": 16, "steps": 1000},
    "topics": {"segment_length": 16, "key": 16, "convolution": 3, "steps": 800},
    "selective_copy": {"segment_length": 8, "layers": 2, "convolution": 3, "steps": 1200},
    "induction": {"segment_length": 8, "steps": 800},
    "text": {
        **{"segment_length": 16, "width": 48, "layers": 2, "heads": 2, "key": 16, "value": 16},
        **{"convolution": 4, "mlp": 2, "steps": 1000, "batch": 16, "patience": 5, "validate_every": 50},
    },
    "stories": {
        **{"segment_length": 32, "width": 48, "layers": 2, "heads": 2, "key": 24, "value": 16},
        **{"convolution": 8, "mlp": 2, "steps": 1200, "batch": 16},
    },
}
"""What works for each task, where it is not what the classes themselves take."""


@dataclass(frozen=True)
class Plan:
    """What to train, on what, and how. `train(**vars(plan))` does it."""

    task: Task
    model_config: ModelConfig
    steps: int
    seed: int
    recipe: Recipe

    @property
    def training(self) -> dict[str, Any]:
        """The steps, seed and recipe as plain JSON values."""
        return {"steps": self.steps, "seed": self.seed, "recipe": self.recipe.to_dict()}


def plan(task: str, aggregator: str = "grm", seed: int = 0, **settings: Any) -> Plan:
    """The plan for a task by name, an aggregator (or one of `INSTEAD`), and settings that depart from the defaults.

    Settings are the sizes of the task, and the fields of `MCConfig`, `ModelConfig` and `Recipe`. The seed draws
    weights, initial memories and batches. Raises `ValueError` for unknown names and bad values.
    """
    if task not in tasks.TASKS:
        raise ValueError(f"task: expected one of {', '.join(tasks.TASKS)}; got {task!r}")
    if aggregator not in (*AGGREGATORS, *INSTEAD):
        raise ValueError(f"aggregator: expected one of {', '.join((*AGGREGATORS, *INSTEAD))}; got {aggregator!r}")
    seed, chosen = whole("seed", seed, 0), {**DEFAULTS[task], **settings}
    steps = chosen.pop("steps")
    owned = ("aggregator", "attention", "mixer", "seed", "vocabulary")
    groups: list[dict[str, Any]] = []
    known: list[str] = ["steps"]
    for owner in (tasks.TASKS[task], MCConfig, ModelConfig, Recipe):
        names = [field.name for field in fields(owner) if field.name not in owned]
        groups.append({name: chosen.pop(name) for name in names if name in chosen})
        known += names
    if chosen:
        raise ValueError(f"settings: expected names among {', '.join(known)}; got {', '.join(sorted(chosen))}")
    steps = whole("steps", steps)
    sizes, memory, shape, recipe = groups
    made = tasks.TASKS[task](**sizes)
    if aggregator == "none":
        # the plain recurrent layer never starts anew
        memory.setdefault("start", "checkpoint")
    mixer = None if aggregator in INSTEAD else MCConfig(aggregator=aggregator, seed=seed, **memory)
    model = ModelConfig(made.vocabulary, mixer, seed=seed, attention=INSTEAD.get(aggregator, SOFTMAX), **shape)
    return Plan(made, model, steps, seed, Recipe(**recipe))
