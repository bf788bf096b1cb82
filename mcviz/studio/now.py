"""What a training is at this moment, between two frames of its film: for whoever looks on."""

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mcviz import files
from mcviz.backends import choose
from mcviz.film import Film, Scene
from mcviz.model import Weights
from mcviz.trace import Trace

STEP, WEIGHTS = "step", "weights"
"""The entries of the file. The weights stand in one row, tensor after tensor by name: that takes the least time."""


@dataclass(frozen=True, eq=False)
class Now:
    """A frame that is gone once the next one is there. Nothing is measured of it: that would take its training time."""

    scene: Scene
    step: int
    weights: Weights
    loss: None = None
    accuracy: None = None
    hit_rate: None = None
    gate_entropy: None = None

    @cached_property
    def trace(self) -> Trace:
        """What the model's last layer computes on the film's sequence: by PyTorch, which takes a fifth of the time that
        the reference takes from the training."""
        return self.scene.run(self.weights, self.step, choose())


def write(path: Path, step: int, weights: Mapping[str, np.ndarray]) -> None:
    """Put the weights after `step` steps where `read` finds them, at once: they are worth nothing after a crash, so
    nobody waits for the disk. Raises `ValueError` if that cannot be."""
    file, row = io.BytesIO(), np.concatenate([weights[name].ravel() for name in sorted(weights)])
    arrays: dict[str, Any] = {STEP: np.array(step), WEIGHTS: row}
    np.savez(file, **arrays)
    draft = path.with_suffix(".tmp")
    try:
        draft.write_bytes(file.getvalue())
        with suppress(PermissionError):  # on Windows, while somebody reads the old ones; the next are near
            os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise files.unwritten(path, error) from None


def read(path: Path, film: Film) -> Now | None:
    """The newest weights, where they are newer than the film. Raises `ValueError` for another file."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            step, row = int(stored[STEP]), stored[WEIGHTS]
        shapes = sorted(film.model.shapes().items())
        parts = np.split(row, np.cumsum([int(np.prod(shape)) for _, shape in shapes])[:-1])
        found = {name: part.reshape(shape) for (name, shape), part in zip(shapes, parts, strict=True)}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path.name}: expected weights of a training, got a damaged file ({error})") from None
    return Now(film.scene, step, found) if film.frames and step > film.frames[-1].step else None
