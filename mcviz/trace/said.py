"""What a model said over a run: after each token, and from each memory alone."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from mcviz import brief

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said after each token: its P likeliest tokens, likeliest first."""

    __repr__ = brief.of_fields

    tokens: tuple[tuple[str, ...], ...]  # [T][P] labels
    probabilities: Float[Array, "T P"]
    targets: tuple[str, ...] = ()  # [T] the true answer's label, "" where nothing is asked
    target_probabilities: Float[Array, "T"] | None = None  # of the true answer, 0 where nothing is asked


@dataclass(frozen=True, eq=False)
class Alone:
    """What a model would have said from each memory alone, with all else as in the run.

    Every head reads that memory and no other, at gate 1, and what follows the layer makes a word of it, as ever.
    """

    __repr__ = brief.of_fields

    words: tuple[str, ...]  # the labels of all that is said, each once
    said: Int[Array, "T N"]  # the likeliest token: a place in `words`; -1 where the memory's answer is not known
    probabilities: Float[Array, "T N"]  # of that token; 0 where the answer is not known
