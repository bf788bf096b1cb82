"""Where two runs on the same tokens differ, in numbers."""

import numpy as np
from jaxtyping import Float

from mcviz.checks import of_kinds
from mcviz.trace import Trace

Array = np.ndarray


@of_kinds
def apart(a: Trace, b: Trace) -> Float[Array, "T"]:
    """How far apart the outputs are at each token, in units of the first run's typical output; NaN where one of them is
    not a number.

    Raises `ValueError` for runs of other tokens or sizes.
    """
    if a.output.shape != b.output.shape:
        raise ValueError(f"b: expected a run with outputs {a.output.shape}, got {b.output.shape}")
    if a.tokens and b.tokens and a.tokens != b.tokens:
        raise ValueError("b: expected a run on the same tokens, got other tokens")
    with np.errstate(over="ignore", invalid="ignore"):  # runs may diverge, and files hold any number
        scale = float(size(a.output.reshape(1, 1, -1))[0]) or 1.0
        return size(b.output - a.output) / scale


def size(x: Float[Array, "T H V"]) -> Float[Array, "T"]:
    """The root of the mean square at each token, which is finite wherever all numbers are."""
    most = np.abs(x).max(axis=(1, 2))
    unit = np.where(np.isfinite(most) & (most > 0), most, 1.0)
    return unit * np.sqrt(np.mean(np.square(x / unit[:, None, None]), axis=(1, 2)))


@of_kinds
def first_difference(a: Trace, b: Trace, tolerance: float = 1e-4) -> int | None:
    """The first token at which outputs are further apart than `tolerance`, or None."""
    beyond = ~(apart(a, b) <= tolerance)
    return int(np.argmax(beyond)) if beyond.any() else None


@of_kinds
def changed_predictions(a: Trace, b: Trace) -> list[int]:
    """The tokens after which the two runs say different things; none where one of them says nothing."""
    if not a.predictions or not b.predictions:
        return []
    both = zip(a.predictions.tokens, b.predictions.tokens, strict=True)
    return [t for t, (mine, yours) in enumerate(both) if mine[:1] != yours[:1]]


@of_kinds
def accuracy(trace: Trace) -> tuple[int, int] | None:
    """How many answers are right, of how many asked for; None where a run predicts or asks nothing."""
    said = trace.predictions
    if not said or not any(said.targets):
        return None
    asked = [(row[0], target) for row, target in zip(said.tokens, said.targets, strict=True) if target]
    return sum(first == target for first, target in asked), len(asked)
