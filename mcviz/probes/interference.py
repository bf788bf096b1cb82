"""The interference microscope: ask every memory for every stored pair, and see what comes back.

A pair is the key and the value that one token wrote. A memory that holds few pairs gives a key's value back; one that
holds many gives it back with what the other keys mix in: cross-talk. Caching helps because each checkpoint holds few.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from mcviz.checks import place
from mcviz.initial import State, readable
from mcviz.reference import memory, replay
from mcviz.trace import Trace

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Recall:
    """What the memories of one head answer to the keys of P pairs. Row N is one memory of the whole sequence."""

    places: Int[Array, "P"]  # the tokens that wrote the pairs
    home: Int[Array, "P"]  # the segment of each
    recovered: Float[Array, "memories P V"]  # M^(i)(k)
    likeness: Float[Array, "memories P"]  # cosine of what is recovered and the value that was stored
    strength: Float[Array, "memories P"]  # the value's share: <recovered, v> / <v, v>
    crosstalk: Float[Array, "memories P"]  # what is left when that share is taken away, in units of the value's length
    right: Bool[Array, "memories P"]  # whether the stored value is the nearest of all pairs' values


@dataclass(frozen=True, eq=False)
class Capacity:
    """How much is recovered as the sequence goes on, at the end of every segment."""

    pairs: Int[Array, "N"]  # written so far
    alone: Float[Array, "N"]  # share recovered right from one memory of everything so far
    cached: Float[Array, "N"]  # share recovered right from the checkpoint of each pair's own segment


def pairs(trace: Trace) -> list[int]:
    """The tokens whose pairs a sequence asks for; all tokens, where it asks for none."""
    asked = sorted({place for place in trace.sources if place >= 0})
    return asked or list(range(trace.T))


def recall(trace: Trace, head: int = 0, places: Sequence[int] | None = None) -> Recall:
    """Ask every checkpoint, and one memory that wrote the whole sequence, for each pair.

    `places` are the tokens that wrote the pairs, those of `pairs(trace)` if not given. Raises `ValueError` for a head
    or a place that the run does not have.
    """
    head = place("head", head, trace.H, "head")
    chosen = np.array(pairs(trace) if places is None else list(places), np.int64)
    if not len(chosen) or chosen.min() < 0 or chosen.max() >= trace.T:
        raise ValueError(f"places: expected at least one token from 0 to {trace.T - 1}, got {list(places or [])}")
    memories = [only(trace, state, head) for state in (*trace.checkpoints, alone(trace)[-1])]
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


def capacity(trace: Trace, head: int = 0, places: Sequence[int] | None = None) -> Capacity:
    """Of the pairs written so far, the share that one memory gives back right, and the share that checkpoints do."""
    asked = recall(trace, head, places)
    from_home = asked.recovered[asked.home, np.arange(len(asked.places))]
    whole, rows = alone(trace), []
    for _, end in trace.segments:
        so_far = asked.places < end
        written = asked.places[so_far]
        if not len(written):
            rows.append((0, np.nan, np.nan))
            continue
        from_one = answers(trace, only(trace, whole[end - 1], head), trace.k[written, head])
        right = nearest(trace, np.stack([from_one, from_home[so_far]]), written, head)
        rows.append((len(written), *right.mean(1).tolist()))
    pairs, single, cached = zip(*rows, strict=True)
    return Capacity(np.array(pairs), np.array(single), np.array(cached))


def alone(trace: Trace) -> list[State]:
    """The states of one memory that is never cut: what a plain recurrent layer would hold after each token."""
    return replay.replay(trace.config, trace.initial, trace.k, trace.v, trace.coefficients)


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
    guess = cosines(recovered[:, :, None], values).argmax(-1)
    if not trace.tokens:
        return guess == np.arange(len(places))
    labels = np.array([trace.tokens[place] for place in places])
    return labels[guess] == labels


def cosines(a: Float[Array, "*rows V"], b: Float[Array, "*others V"]) -> Float[Array, "..."]:
    """Cosines of the last axes; 0 where a vector is 0."""
    return ratio(np.sum(a * b, -1), np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))


def ratio(a: Float[Array, "..."], b: Float[Array, "..."]) -> Float[Array, "..."]:
    """`a / b`, 0 where b is 0."""
    return np.where(b > 0, a, 0) / np.where(b > 0, b, 1)
