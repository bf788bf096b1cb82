"""The interference microscope: ask every memory for every stored pair, and see what comes back.

A pair is the key and the value that one token wrote. A memory that holds few pairs gives a key's value back; one that
holds many gives it back with what the other keys mix in: cross-talk. Caching helps because each checkpoint holds few.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from mcviz import brief
from mcviz.checks import of_kinds, place
from mcviz.initial import State, readable
from mcviz.reference import memory, replay
from mcviz.trace import Trace

Array = np.ndarray
MOST_PAIRS = 4096
"""Pairs that are asked for: a matrix of pairs by pairs has to fit."""
MOST_RECOVERED = 2**24
"""Numbers of all answers, memories times pairs times the width of a value."""
AT_ONCE = 2**18
"""Cosines that are computed at once, where a matrix product leaves the choice open."""


@dataclass(frozen=True, eq=False)
class Recall:
    """What the memories of one head answer to the keys of P pairs. Row N is one memory of the whole sequence."""

    __repr__ = brief.of_fields

    places: Int[Array, "P"]  # the tokens that wrote the pairs
    home: Int[Array, "P"]  # the segment of each
    recovered: Float[Array, "memories P V"]  # M^(i)(k)
    likeness: Float[Array, "memories P"]  # cosine of what is recovered and the value that was stored
    strength: Float[Array, "memories P"]  # the value's share: <recovered, v> / <v, v>
    crosstalk: Float[Array, "memories P"]  # what is left when that share is taken away, in units of the value's length
    right: Bool[Array, "memories P"]  # whether the stored value is the nearest of all pairs' values

    @property
    def kept(self) -> int:
        """How many pairs come back right from the memory that they were written into."""
        return int(self.right[self.home, np.arange(len(self.home))].sum())


@dataclass(frozen=True, eq=False)
class Capacity:
    """How much is recovered as the sequence goes on, at the end of every segment."""

    __repr__ = brief.of_fields

    pairs: Int[Array, "N"]  # written so far
    alone: Float[Array, "N"]  # share recovered right from one memory of everything so far
    cached: Float[Array, "N"]  # share recovered right from the checkpoint of each pair's own segment


@of_kinds
def pairs(trace: Trace) -> list[int]:
    """The tokens whose pairs a sequence asks for; all tokens, where it asks for none."""
    asked = sorted({place for place in trace.sources if place >= 0})
    return asked or list(range(trace.T))


@of_kinds
def recall(trace: Trace, head: int = 0, places: Sequence[int] | None = None) -> Recall:
    """Ask every checkpoint, and one memory that wrote the whole sequence, for each pair.

    `places` are the tokens that wrote the pairs, those of `pairs(trace)` if not given. Raises `ValueError` for a head
    or a place that the run does not have, for more than `MOST_PAIRS` pairs, and for more than `MOST_RECOVERED` numbers
    that would come back.
    """
    head = place("head", head, trace.H, "head")
    asked = pairs(trace) if places is None else places
    chosen = np.array([place("places", at, trace.T, "token") for at in asked], np.int64)
    if not len(chosen):
        raise ValueError("places: expected at least one token, got none")
    if len(chosen) > MOST_PAIRS:
        raise ValueError(f"places: expected at most {MOST_PAIRS:,} pairs, got {len(chosen):,}")
    if (trace.N + 1) * len(chosen) * trace.V > MOST_RECOVERED:
        raise ValueError(
            f"places: expected so few pairs that their values from all memories are at most {MOST_RECOVERED:,} "
            f"numbers, got {len(chosen):,} pairs of {trace.V:,} numbers and {trace.N + 1:,} memories"
        )
    (end,) = deque(alone(trace), maxlen=1)
    memories = (only(trace, state, head) for state in (*trace.checkpoints, end))
    keys, values = trace.k[chosen, head], trace.v[chosen, head]
    recovered = np.stack([answers(trace, state, keys) for state in memories])
    length = np.linalg.norm(values, axis=-1)
    strength = ratio(np.sum(recovered * values, -1), length**2)
    rest = np.linalg.norm(recovered - strength[..., None] * values, axis=-1)
    return Recall(
        places=chosen,
        home=trace.segment_of[chosen],
        recovered=recovered,
        likeness=cosines(recovered, values),
        strength=strength,
        crosstalk=ratio(rest, length),
        right=nearest(trace, recovered, chosen, head),
    )


@of_kinds
def capacity(trace: Trace, head: int = 0, places: Sequence[int] | None = None) -> Capacity:
    """Of the pairs written so far, the share that one memory gives back right, and the share that checkpoints do."""
    asked = recall(trace, head, places)
    from_home = asked.recovered[asked.home, np.arange(len(asked.places))]
    ends, rows = {end for _, end in trace.segments}, []
    for end, whole in enumerate(alone(trace), start=1):
        if end not in ends:
            continue
        so_far = asked.places < end
        written = asked.places[so_far]
        if not len(written):
            rows.append((0, np.nan, np.nan))
            continue
        from_one = answers(trace, only(trace, whole, head), trace.k[written, head])
        right = nearest(trace, np.stack([from_one, from_home[so_far]]), written, head)
        rows.append((len(written), *right.mean(1).tolist()))
    pairs, single, cached = zip(*rows, strict=True)
    return Capacity(np.array(pairs), np.array(single), np.array(cached))


def alone(trace: Trace) -> Iterator[State]:
    """The states of one memory that is never cut: what a plain recurrent layer would hold after each token."""
    return replay.written(trace.config, trace.initial, trace.k, trace.v, trace.coefficients)


def only(trace: Trace, state: State, head: int) -> State:
    """What one head reads of a memory."""
    return {name: state[name][head] for name in readable(trace.config)}


def answers(trace: Trace, state: State, keys: Float[Array, "P K"]) -> Float[Array, "P V"]:
    """`M(k)` for each key."""
    each = {name: np.broadcast_to(array, (len(keys), *array.shape)) for name, array in state.items()}
    said: Float[Array, "P V"] = memory.rule(trace.config).read(each, keys)
    return said


def nearest(
    trace: Trace, recovered: Float[Array, "memories P V"], places: Int[Array, "P"], head: int
) -> Bool[Array, "memories P"]:
    """Whether the stored value is the likest of all the pairs' values, or one of a token with the same label."""
    values = trace.v[places, head]
    guess = np.stack([likest(said, values) for said in recovered])
    if not trace.tokens:
        return guess == np.arange(len(places))
    labels = np.array([trace.tokens[place] for place in places])
    return labels[guess] == labels


def likest(said: Float[Array, "P V"], values: Float[Array, "D V"]) -> Int[Array, "P"]:
    """For each answer the value with the largest of `cosines`, the first of equal ones.

    A matrix product leaves those that its rounding cannot tell from the largest, and `cosines` decides among them.
    """
    first = np.sort(np.unique(values, axis=0, return_index=True)[1])  # of equal values, only the first can win
    values = values[first]
    size, sizes = (np.linalg.norm(each, axis=-1) for each in (said, values))
    with np.errstate(all="ignore"):
        likeness = ratio(said, size[:, None]) @ ratio(values, sizes[:, None]).T
    # Where squares overflow or vanish, as after a run diverged, rounding has no bound, and all are left.
    kind = np.finfo(likeness.dtype)
    bounded = [((each > kind.tiny**0.25) & (each < kind.max**0.25)) | (each == 0) for each in (size, sizes)]
    slack = np.where(bounded[0] & bounded[1].all(), 16 * (values.shape[1] + 4) * kind.eps, np.inf)
    left = ~(likeness < likeness.max(1, keepdims=True) - slack[:, None])
    rows, columns = np.nonzero(left)
    likeness[...] = -np.inf
    for at in range(0, len(rows), AT_ONCE):
        row, column = rows[at : at + AT_ONCE], columns[at : at + AT_ONCE]
        likeness[row, column] = cosines(said[row], values[column])
    winner: Array = first[likeness.argmax(1)]
    return winner


def cosines(a: Float[Array, "*rows V"], b: Float[Array, "*others V"]) -> Float[Array, "..."]:
    """Cosines of the last axes; 0 where a vector is 0."""
    return ratio(np.sum(a * b, -1), np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))


def ratio(a: Float[Array, "..."], b: Float[Array, "..."]) -> Float[Array, "..."]:
    """`a / b`, 0 where b is 0."""
    return np.where(b > 0, a, 0) / np.where(b > 0, b, 1)
