"""A film: frames of one training, on one sequence that nothing is trained on."""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, BinaryIO

from mcviz import brief, files, room, tasks
from mcviz.checks import truth, whole
from mcviz.film import stored
from mcviz.film.codes import Codes, packed, unpacked
from mcviz.film.curve import EMPTY, Curve
from mcviz.film.frame import Frame, Scene
from mcviz.film.jumps import Jump, jumps
from mcviz.model import ModelConfig
from mcviz.tasks import Task
from mcviz.zoo import Measure
from mcviz.zoo.card import check_sizes

MAX_NUMBERS = 2**25
"""Weights of all frames together; a film of a model that ships has less than a million."""


@dataclass(frozen=True, eq=False)
class Film:
    """A training, frame by frame. A film that cannot be shown is a `ValueError`."""

    __repr__ = brief.of_fields

    scene: Scene
    training: Mapping[str, Any]  # steps, seed and recipe, as on a model's card
    frames: tuple[Frame, ...] = ()  # their steps rise
    curve: Curve = EMPTY
    ended: bool = False  # whether the training is over

    def __post_init__(self) -> None:
        scene = self.scene
        if scene.model.mixer is None:
            raise ValueError("film: expected a model whose layers cache memories, got one that attends")
        check_sizes(scene.task, scene.model)
        room.check(scene.model.mixer, len(scene.tokens), scene.model.heads, scene.model.key, scene.model.value)
        scene.task.numbers(scene.tokens)
        if set(self.training) != {"steps", "seed", "recipe"} or not isinstance(self.training["recipe"], Mapping):
            raise ValueError(f"training: expected steps, seed and recipe, got {', '.join(map(str, self.training))}")
        whole("steps", self.training["steps"], 1)
        whole("seed", self.training["seed"], 0)
        if not all(isinstance(value, int | float) for value in self.training["recipe"].values()):
            raise ValueError("recipe: expected numbers, got others")
        steps = [frame.step for frame in self.frames]
        if steps != sorted(set(steps)) or (steps and steps[-1] > self.steps):
            raise ValueError(f"frames: expected steps that rise, at most {self.steps:,}, got others")

    @property
    def task(self) -> Task:
        return self.scene.task

    @property
    def model(self) -> ModelConfig:
        return self.scene.model

    @property
    def steps(self) -> int:
        """Steps that the training is to take."""
        return int(self.training["steps"])

    @cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """Where something jumped from frame to frame."""
        return jumps(self.frames)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything in the film: equal films have equal hashes."""
        return stored.digest(self._facts())

    def at(self, step: int) -> Frame:
        """The last frame up to `step`. Raises `ValueError` where there is none."""
        found = [frame for frame in self.frames if frame.step <= step]
        if not found:
            raise ValueError(f"step: expected one from {self.frames[0].step if self.frames else 0} on, got {step}")
        return found[-1]

    def beside(self, other: "Film") -> bool:
        """Whether frames of both can stand beside each other: they show one sequence of one task."""
        return (self.task, self.scene.tokens) == (other.task, other.scene.tokens)

    def until(self, step: int) -> "Film":
        """What was recorded up to `step`, of a training that goes on from there."""
        frames = tuple(frame for frame in self.frames if frame.step <= step)
        return replace(self, frames=frames, curve=self.curve.until(step), ended=False)

    def extended(self, step: int, codes: Codes, measured: Mapping[str, Measure], gradient: float | None) -> "Film":
        """The film with one frame more."""
        before = self.frames[-1].codes if self.frames else None
        frame = Frame(self.scene, step, measured, gradient, codes, packed(codes, before))
        return replace(self, frames=(*self.frames, frame))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the film, whole or not at all. Raises `ValueError` if that cannot be."""
        parts = [self.curve.packed(), *(frame.packed for frame in self.frames)]
        files.put(path, stored.content(self._facts(), parts))

    @classmethod
    def load(cls, path: str | os.PathLike[str] | io.BufferedIOBase | BinaryIO) -> "Film":
        """Read what `save` wrote. Raises `ValueError` for anything else: a file is untrusted data."""
        data = files.content(path)
        try:
            return cls._from_parts(*stored.opened(data))
        except Exception as error:  # whatever a damaged file makes zlib, NumPy and JSON say
            reason = f"{type(error).__name__}: {error}"[:300]
            raise ValueError(
                f"film: expected a file written by Film.save, got another or a damaged one ({reason})"
            ) from error

    def _facts(self) -> dict[str, Any]:
        """All that is no array as plain JSON values, and the hash of each array."""
        return {
            "task": self.task.to_dict(),
            "model": self.model.to_dict(),
            "tokens": list(self.scene.tokens),
            "training": dict(self.training),
            "ended": self.ended,
            "curve": {"count": len(self.curve), "sha256": self.curve.digest},
            "frames": [
                {
                    "step": frame.step,
                    "measured": {name: list(measure) for name, measure in frame.measured.items()},
                    "gradient": frame.gradient,
                    "sha256": frame.digest,
                }
                for frame in self.frames
            ],
        }

    @classmethod
    def _from_parts(cls, facts: Mapping[str, Any], parts: list[bytes]) -> "Film":
        scene = Scene(tasks.from_dict(facts["task"]), ModelConfig.from_dict(facts["model"]), tuple(facts["tokens"]))
        film = cls(scene, facts["training"])
        numbers = scene.parameters * len(facts["frames"])
        if numbers > MAX_NUMBERS or facts["curve"]["count"] > MAX_NUMBERS:
            raise ValueError(f"it holds {numbers:,} weights, and {MAX_NUMBERS:,} are allowed")
        curve, *weights = parts
        film = replace(film, curve=Curve.unpacked(curve, facts["curve"]["count"]), ended=truth("ended", facts["ended"]))
        before, frames = None, []
        for said, content in zip(facts["frames"], weights, strict=True):
            before = unpacked(content, before, scene.parameters)
            measured = {name: Measure(*values) for name, values in said["measured"].items()}
            frames.append(Frame(scene, said["step"], measured, said["gradient"], before, content))
        film = replace(film, frames=tuple(frames))
        if film._facts() != facts:
            raise ValueError("it holds more, or less, than a film, or was edited")
        return film
