"""Fading: one pair is written into an empty memory, then the pairs after it, and the first is asked for each time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from mcviz import brief
from mcviz.checks import of_kinds
from mcviz.checks import place as within
from mcviz.initial import State
from mcviz.probes.interference import answers, cosines, likest, only, ratio
from mcviz.reference import replay
from mcviz.trace import Trace

Array = np.ndarray
MOST = 256
"""Pairs that are written: each is a state that is kept."""


@dataclass(frozen=True, eq=False)
class Fading:
    """What is left of the pair that token `place` wrote, with n = 1 … N pairs in one memory."""

    __repr__ = brief.of_fields

    place: int
    key: Float[Array, "K"]
    value: Float[Array, "V"]
    states: tuple[State, ...]  # N, of one head
    recovered: Float[Array, "N V"]  # M(k)
    likeness: Float[Array, "N"]  # cosine of what is recovered and the value
    strength: Float[Array, "N"]  # the value's share: <recovered, v> / <v, v>
    nearest: Int[Array, "N"]  # the token whose value, of those written so far, is likest to what is recovered

    @property
    def lasts(self) -> int:
        """With how many pairs the value was still the likest, without a gap."""
        other = np.flatnonzero(self.nearest != self.place)
        return int(other[0]) if len(other) else len(self.nearest)


@of_kinds
def fading(trace: Trace, at: int, head: int = 0) -> Fading:
    """Write the pairs of the tokens from `at` on into one memory that starts at `M_0`, and ask for the first.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    at, head = within("at", at, trace.T, "token"), within("head", head, trace.H, "head")
    span = slice(at, min(trace.T, at + MOST))
    coefficients = {name: array[span] for name, array in trace.coefficients.items()}
    steps = replay.written(trace.config, trace.initial, trace.k[span], trace.v[span], coefficients)
    states = tuple(only(trace, state, head) for state in steps)
    key, values = trace.k[at, head], trace.v[span, head]
    recovered = np.concatenate([answers(trace, state, key[None]) for state in states])
    nearest = [at + int(likest(said[None], values[: n + 1])[0]) for n, said in enumerate(recovered)]
    return Fading(
        place=at,
        key=key,
        value=values[0],
        states=states,
        recovered=recovered,
        likeness=cosines(recovered, values[:1]),
        strength=ratio(recovered @ values[0], np.full(len(states), values[0] @ values[0])),
        nearest=np.array(nearest),
    )
