"""Seeded tasks on which memories differ. `mcviz.tasks.mqar(pairs=48).sample(seed=0, batch=32)` is a `Batch`."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from mcviz.tasks.copying import SelectiveCopy as selective_copy
from mcviz.tasks.haystack import Needle as needle
from mcviz.tasks.library import Topics as topics
from mcviz.tasks.parsed import Parsed
from mcviz.tasks.prose import Text as text
from mcviz.tasks.recall import MQAR as mqar
from mcviz.tasks.repetition import Induction as induction
from mcviz.tasks.stories import Stories as stories
from mcviz.tasks.task import Batch, Task

__all__ = [
    "TASKS",
    "Batch",
    "Parsed",
    "Task",
    "from_dict",
    "induction",
    "mqar",
    "needle",
    "selective_copy",
    "stories",
    "text",
    "topics",
]

TASKS: Mapping[str, type[Task]] = {
    task.name: task for task in (mqar, needle, topics, selective_copy, induction, text, stories)
}


def from_dict(values: Mapping[str, Any]) -> Task:
    """The task that `Task.to_dict` described; sizes left out take their defaults.

    Raises `ValueError` for unknown names and for sizes that cannot be made.
    """
    sizes = dict(values)
    name = sizes.pop("name", None)
    if name not in TASKS:
        raise ValueError(f"task: expected one of {', '.join(TASKS)}; got {name!r}")
    known = [field.name for field in fields(TASKS[name])]
    unknown = sorted(set(sizes) - set(known))
    if unknown:
        raise ValueError(f"{name}: expected sizes among {', '.join(known)}; got {', '.join(unknown)}")
    return TASKS[name](**sizes)
