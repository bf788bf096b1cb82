"""A film while it is recorded: its frames, and last the model of this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mcviz.film import Film, Frame, Jump
from mcviz.model import ModelConfig
from mcviz.studio.now import Now
from mcviz.tasks import Task


@dataclass(frozen=True, eq=False)
class Live:
    """What a stepper shows of a training that is under way."""

    film: Film
    now: Now | None = None

    @property
    def task(self) -> Task:
        return self.film.task

    @property
    def model(self) -> ModelConfig:
        return self.film.model

    @property
    def training(self) -> Mapping[str, Any]:
        return self.film.training

    @property
    def jumps(self) -> Sequence[Jump]:
        return self.film.jumps

    @cached_property
    def frames(self) -> Sequence[Frame | Now]:
        return self.film.frames if self.now is None else (*self.film.frames, self.now)
