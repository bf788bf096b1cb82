"""The loss over a training."""

import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from mcviz import brief
from mcviz.film.codes import frozen, inflated


@dataclass(frozen=True, eq=False)
class Curve:
    """The loss of a training on its own batches, in nats for each answer, at steps that rise."""

    __repr__ = brief.of_fields

    steps: Int[np.ndarray, "n"]  # steps taken when it was measured, the first is 1
    losses: Float[np.ndarray, "n"]

    def __post_init__(self) -> None:
        steps, losses = np.asarray(self.steps, np.int32), np.asarray(self.losses, np.float32)
        if steps.ndim != 1 or steps.shape != losses.shape or (np.diff(steps, prepend=0) <= 0).any():
            raise ValueError("curve: expected a loss for each of some rising steps from 1 on, got others")
        if not np.isfinite(losses).all():
            raise ValueError("curve: expected losses that are numbers, got others")
        object.__setattr__(self, "steps", frozen(steps.copy()))
        object.__setattr__(self, "losses", frozen(losses.copy()))

    def __len__(self) -> int:
        return len(self.steps)

    def until(self, step: int) -> "Curve":
        """The part up to `step`."""
        there = self.steps <= step
        return Curve(self.steps[there], self.losses[there])

    def recent(self, step: int, count: int) -> float | None:
        """The mean of the last `count` losses up to `step`; None where there are fewer."""
        end = int(np.searchsorted(self.steps, step, "right"))
        return None if end < count else float(self.losses[end - count : end].mean())

    def to_bytes(self) -> bytes:
        """All steps, then all losses."""
        return self.steps.astype("<i4").tobytes() + self.losses.astype("<f4").tobytes()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the steps and losses."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def packed(self) -> bytes:
        """`to_bytes`, compressed."""
        return zlib.compress(self.to_bytes())

    @classmethod
    def unpacked(cls, content: bytes, count: int) -> "Curve":
        """What `packed` gave of `count` losses. Raises `ValueError` for anything else."""
        found = inflated(content, 8 * count)
        return cls(np.frombuffer(found, "<i4", count), np.frombuffer(found, "<f4", count, 4 * count))


EMPTY = Curve(np.empty(0, np.int32), np.empty(0, np.float32))
