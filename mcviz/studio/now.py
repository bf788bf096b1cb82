"""What a training is at this moment, between two frames of its film: for whoever looks on."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mcviz import files
from mcviz.film import Film, Scene
from mcviz.model import Weights
from mcviz.trace import Trace

STEP = "step of training"
"""The entry beside the weights: no tensor of a model has a blank in its name."""


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
        """What the model's last layer computes on the film's sequence."""
        return self.scene.run(self.weights, self.step)


def write(path: Path, step: int, weights: Mapping[str, np.ndarray]) -> None:
    """Put the weights after `step` steps where `read` finds them. Raises `ValueError` if that cannot be."""
    file, arrays = io.BytesIO(), dict[str, Any](weights)
    np.savez(file, **arrays | {STEP: np.array(step)})
    files.put(path, file.getvalue())


def read(path: Path, film: Film) -> Now | None:
    """The newest weights, where they are newer than the film. Raises `ValueError` for another file."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
        step = int(found.pop(STEP))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path.name}: expected weights of a training, got a damaged file ({error})") from None
    return Now(film.scene, step, found) if film.frames and step > film.frames[-1].step else None
