"""Caching after training (section 4.3): a plain recurrent model, cached only when it is used, on longer sequences.

Nothing is learned: the same weights read their memories in another way.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcviz.pytorch import SequenceModel
from mcviz.tasks import Task

SIZE = {"needle": "haystack", "topics": "documents", "text": "length"}
"""The size of a task that makes its sequences longer, and nothing else harder."""

FACTORS = (1, 2, 4)

PLAIN = "plain"
WAYS: Mapping[str, Mapping[str, Any]] = {
    PLAIN: {},
    "average, going on": {"aggregator": "average", "start": "checkpoint"},
    "average, from the start": {"aggregator": "average", "start": "independent"},
    "residual, going on": {"aggregator": "residual", "start": "checkpoint"},
    "residual, from the start": {"aggregator": "residual", "start": "independent"},
}
"""Ways to read: plain; or with the state cached every training length, going on from it or starting anew."""


def longer(task: Task, factor: int) -> Task:
    """The task on sequences that are `factor` times as long, but for the questions."""
    size = SIZE[task.name]
    return replace(task, **{size: factor * getattr(task, size)})


def cached(model: SequenceModel, length: int, way: str) -> SequenceModel:
    """The model's weights, reading as `way` says; `length` is that of the sequences it was trained on."""
    config = model.config
    assert config.mixer is not None
    other = SequenceModel(replace(config, mixer=replace(config.mixer, segment_length=length, **WAYS[way])))
    other.load_state_dict(model.state_dict())
    return other.eval()
