"""One frame of a film: a model in the middle of its training, and what it makes of the film's sequence."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mcviz import brief, reference
from mcviz.backends import library, one_thread
from mcviz.checks import is_number, whole
from mcviz.film.codes import Codes, decoded
from mcviz.model import ModelConfig, Weights
from mcviz.tasks import Batch, Task
from mcviz.trace import Trace
from mcviz.zoo import Measure
from mcviz.zoo.answers import SEED

MEASURED = ("accuracy", "recalled", "bits", "largest", "read", "chance", "entropy")
"""What may be measured, as `mcviz.training.evaluate` says."""


@dataclass(frozen=True)
class Scene:
    """What stays the same through a film: the task, the shape of the model, and the sequence that it reads."""

    __repr__ = brief.of_fields

    task: Task
    model: ModelConfig
    tokens: tuple[int, ...]

    @classmethod
    def drawn(cls, task: Task, model: ModelConfig) -> "Scene":
        """With the sequence of the task that no model is trained or measured with."""
        return cls(task, model, tuple(task.held_out.sample(SEED, 1).tokens[0].tolist()))

    @cached_property
    def batch(self) -> Batch:
        """The sequence, what it asks for, and where the answers stand."""
        return self.task.held_out.parse(self.tokens).batch

    def run(self, weights: Weights, step: int, backend: str = "numpy") -> Trace:
        """What the last layer of a model with these weights, those after `step` steps, computes on the sequence."""
        with one_thread(backend):
            trace = library(backend).capture(
                library(backend).SequenceModel(self.model, weights),
                self.batch.tokens[0],
                labels=self.batch.labels,
                targets=np.where(self.batch.mask[0], self.batch.targets[0], -1).tolist(),
                sources=self.batch.sources[0].tolist(),
                title=f"{self.task.name}, after {step:,} steps of training",
            )
        return replace(trace, fact=self.task.fact)

    @property
    def parameters(self) -> int:
        """Weights of the model."""
        return sum(map(math.prod, self.model.shapes().values()))


@dataclass(frozen=True, eq=False)
class Frame:
    """The model after `step` steps. What is measured is measured on the weights that the frame holds.

    `measured` has what `mcviz.training.evaluate` measures, on fresh sequences that are the same for every frame.
    """

    __repr__ = brief.of_fields

    scene: Scene
    step: int
    measured: Mapping[str, Measure]
    gradient: float | None  # norm of the last step's gradient, before it was clipped; None before the first step
    codes: Codes  # the weights, in grains
    packed: bytes  # how they differ from those of the frame before

    def __post_init__(self) -> None:
        whole("step", self.step, 0)
        for name, measure in self.measured.items():
            if name not in MEASURED or not all(map(is_number, measure)) or not measure.low <= measure.high:
                raise ValueError(f"measured: expected numbers within bounds of {', '.join(MEASURED)}; got {name}")
        if not {"accuracy", "bits"} <= set(self.measured):
            raise ValueError("measured: expected at least accuracy and bits, got less")
        if self.gradient is not None and not is_number(self.gradient):
            raise ValueError(f"gradient: expected a number or none, got {self.gradient!r}")

    @property
    def loss(self) -> float:
        """Mean cross entropy of the answers, in nats."""
        return self.measured["bits"].value * math.log(2)

    @property
    def accuracy(self) -> float:
        """Share of answers that are the likeliest token."""
        return self.measured["accuracy"].value

    @property
    def hit_rate(self) -> float | None:
        """Share of questions whose answer's segment has the largest gate; None where there is no such thing."""
        return self._value("largest")

    @property
    def read_rate(self) -> float | None:
        """Share of questions whose answer's segment is read; None where there is no such thing."""
        return self._value("read")

    @property
    def gate_entropy(self) -> float | None:
        """Mean entropy of a question's gates, in bits; None where no gates weigh memories."""
        return self._value("entropy")

    @cached_property
    def weights(self) -> Weights:
        """The weights that the frame holds, float32, by name."""
        return decoded(self.codes, self.scene.model)

    @cached_property
    def norms(self) -> Mapping[str, float]:
        """The Frobenius norm of each tensor of weights."""
        return {name: float(np.linalg.norm(array.astype(np.float64))) for name, array in self.weights.items()}

    @property
    def model(self) -> reference.SequenceModel:
        """The model as it was, in NumPy."""
        return reference.SequenceModel(self.scene.model, self.weights)

    @cached_property
    def trace(self) -> Trace:
        """What the model's last layer computed on the film's sequence. Run anew, and then kept."""
        return self.scene.run(self.weights, self.step)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights that the frame holds."""
        return hashlib.sha256(self.codes.astype("<i4").tobytes()).hexdigest()

    def _value(self, name: str) -> float | None:
        return self.measured[name].value if name in self.measured else None
