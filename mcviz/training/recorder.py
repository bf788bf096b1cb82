"""The camera: while a model is trained, it records a film of it, and leaves the training as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mcviz.film import Curve, Film, Scene
from mcviz.film.codes import Codes, coded, decoded
from mcviz.pytorch import SequenceModel
from mcviz.training.evaluation import evaluate

if TYPE_CHECKING:
    from mcviz.training.loop import Run

SEQUENCES = 32
"""Fresh ones on which a frame is measured."""

STEPS, FRAMES = 50, 24
"""A planned frame for so many steps, at most so many, and as many again where the loss moves: a frame takes about as
long as two steps."""

POINTS = 2000
"""Losses in a curve, about."""

MEAN = 5
"""Losses that are taken together where one says too little."""

LOOKS = 200
"""How often in a training it is looked whether a frame is wanted that was not planned."""


class Recorder:
    """Records a `Run`. Frames are planned at steps that lie evenly on a logarithmic scale; there are more where the
    loss moves. All is decided by what the film holds: a training that goes on after a kill leaves the same film."""

    def __init__(self, run: Run, path: Path | None, shown: Callable[[Film], None] | None = None) -> None:
        """With `shown`, the film is shown as it grows, and again at its end.

        Raises `ValueError` for a model that no film can show, and for a file of another training."""
        description = run.description()
        training = {name: description[name] for name in ("steps", "seed", "recipe")}
        self.film = Film(Scene.drawn(run.task, run.model.config), training)
        self.path, self.shown = path, shown
        self.planned = planned(run.steps)
        self.twin = SequenceModel(run.model.config).eval()
        self.recent: list[tuple[int, float]] = []  # of the curve, not in the film yet
        if path is not None and path.exists():
            there = Film.load(path)
            if (there.scene, there.training) != (self.film.scene, self.film.training):
                raise ValueError(f"film: expected a new file, or one of this training; {path} is of another")
            self.film = there.until(run.step)

    def see(self, run: Run, loss: Tensor | None = None) -> bool:
        """Look at a run, after a step which had this loss. Whether it became a frame."""
        if loss is not None and run.step % ceil(run.steps / POINTS) == 0:
            if not loss.isfinite():
                return False  # the training says so
            self.recent.append((run.step, float(loss)))
        if self.has(run.step) or not (run.step in self.planned or run.stopped or self.moves(run)):
            return False
        config = run.model.config
        codes = coded({name: each.detach().cpu().numpy() for name, each in run.model.state_dict().items()}, config)
        measured = evaluate(self.rounded(codes), run.task, run.seed, SEQUENCES)
        gradient = None if run.gradient is None else float(run.gradient)
        self.film = self.developed().extended(run.step, codes, measured, gradient)
        self.save()
        if self.shown is not None:
            self.shown(self.film)
        return True

    def end(self, over: bool) -> Film:
        """The film, when nothing more is recorded: the training is over, or was interrupted."""
        self.film = replace(self.developed(), ended=over)
        self.save()
        if self.shown is not None:
            self.shown(self.film)
        return self.film

    def moves(self, run: Run) -> bool:
        """Whether the loss is another than at the last frame, and one may be taken that was not planned."""
        if run.step % ceil(run.steps / LOOKS) or not self.film.frames:
            return False
        extra = sum(frame.step not in self.planned for frame in self.film.frames)
        if extra >= len(self.planned):
            return False
        curve = self.developed().curve
        now, then = curve.recent(run.step, MEAN), curve.recent(self.film.frames[-1].step, MEAN)
        if now is None or then is None:
            return False
        # so the frames last for a fall from the first loss to nothing
        return abs(now - then) > float(curve.losses[0]) / len(self.planned)

    def has(self, step: int) -> bool:
        """Whether the film has a frame of this step."""
        return bool(self.film.frames) and self.film.frames[-1].step == step

    def rounded(self, codes: Codes) -> SequenceModel:
        """The model with the very weights that a frame holds."""
        weights = decoded(codes, self.twin.config)
        self.twin.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return self.twin

    def developed(self) -> Film:
        """The film with all of the curve."""
        if self.recent:
            steps, losses = zip(*self.recent, strict=True)
            curve = self.film.curve
            whole = Curve(np.append(curve.steps, steps), np.append(curve.losses, losses))
            self.film, self.recent = replace(self.film, curve=whole), []
        return self.film

    def save(self) -> None:
        """Write the film where it belongs, whole or not at all. Raises `ValueError` if that cannot be."""
        if self.path is not None:
            self.developed().save(self.path)


def planned(steps: int) -> frozenset[int]:
    """Before the first step, at the last, and between them closer at the beginning."""
    count = min(FRAMES, max(2, steps // STEPS))
    return frozenset({0, *np.geomspace(max(1, steps // 100), steps, count).round().astype(int).tolist()})
