"""The detective lab: a layer with one faulty part, to be found from its pictures.

The machine below is GRM over linear memories with independent start, in four parts. Each suspect replaces one part by
a mistake that people make. `case(n)` runs a machine with one of them inside; `Case.accuse` judges a diagnosis.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.course.exercises import record
from mcviz.course.exercises.verdict import Unsolved, Verdict
from mcviz.examples import example, project
from mcviz.reference import memory_caching
from mcviz.segments import Segments
from mcviz.trace import Trace

Array = np.ndarray
States = Float[Array, "T V K"]
Online = Callable[[Float[Array, "T K"], Float[Array, "T V"], Segments], States]
Keep = Callable[[States, Segments], list[Float[Array, "V K"]]]
Weigh = Callable[[Float[Array, "T N"]], Float[Array, "T N"]]


def online(k: Float[Array, "T K"], v: Float[Array, "T V"], cuts: Segments) -> States:
    """The online memory after each token."""
    written = np.einsum("tv,tk->tvk", v, k)
    return np.concatenate([np.cumsum(written[begin:end], 0) for begin, end in cuts])


def keep(states: States, cuts: Segments) -> list[Float[Array, "V K"]]:
    """The memory that each segment ended with."""
    return [states[end - 1] for _, end in cuts]


def weigh(scores: Float[Array, "T N"]) -> Float[Array, "T N"]:
    """Softmax over the memories of each token; -inf weighs 0."""
    e = np.exp(scores - scores.max(1, keepdims=True))
    weights: Array = e / e.sum(1, keepdims=True)
    return weights


@dataclass(frozen=True)
class Machine:
    """GRM over linear memories with independent start, one head, made of three parts that can be exchanged."""

    online: Online = online
    keep: Keep = keep
    weigh: Weigh = weigh

    def run(
        self,
        q: Float[Array, "T K"],
        k: Float[Array, "T K"],
        v: Float[Array, "T V"],
        u: Float[Array, "T K"],
        cfg: MCConfig,
    ) -> Trace:
        """What this machine computes, as a Trace. With its own parts it is the Trace of the reference."""
        return self.instead(memory_caching(q[:, None], k[:, None], v[:, None], u[:, None], cfg))

    def instead(self, sound: Trace) -> Trace:
        """What this machine computes in place of the reference's run `sound`."""
        q, k, v = sound.q[:, 0], sound.k[:, 0], sound.v[:, 0]
        states = self.online(k, v, sound.segments)
        checkpoints = self.keep(states, sound.segments)
        weights = self.weigh(sound.scores[:, 0])
        own = sound.segment_of
        reads = np.zeros((len(q), len(checkpoints), v.shape[1]))
        for t, s in enumerate(own):
            memories = [*checkpoints[:s], states[t]]
            reads[t, : s + 1] = [memory @ q[t] for memory in memories]
        return replace(
            sound,
            weights=weights[:, None],
            reads=reads[:, None],
            checkpoints=tuple({"M": memory[None]} for memory in checkpoints),
            output=np.einsum("tn,tnv->tv", weights, reads)[:, None],
        )


def boundary() -> Machine:
    """A checkpoint is kept one token too early."""
    return Machine(keep=lambda states, cuts: [states[max(begin, end - 2)] for begin, end in cuts])


def leak() -> Machine:
    """A token reads its own segment's memory as it will be at the end."""

    def whole_segment(k: Array, v: Array, cuts: Segments) -> Array:
        states = online(k, v, cuts)
        return np.concatenate([np.repeat(states[end - 1 : end], end - begin, 0) for begin, end in cuts])

    return Machine(online=whole_segment)


def stale() -> Machine:
    """The cache of the first sequence is never cleared: later ones are answered from it."""
    cache: list[Array] = []

    def keep_once(states: Array, cuts: Segments) -> list[Array]:
        if not cache:
            cache.extend(keep(states, cuts))
        return list(cache)

    return Machine(keep=keep_once)


def axis() -> Machine:
    """Softmax runs over tokens instead of memories."""

    def over_tokens(scores: Array) -> Array:
        e = np.exp(scores - scores.max(0, keepdims=True))
        weights: Array = e / e.sum(0, keepdims=True)
        return weights

    return Machine(weigh=over_tokens)


def alias() -> Machine:
    """Checkpoints are references to one array that is written in place."""

    def keep_reference(states: Array, cuts: Segments) -> list[Array]:
        M = np.zeros_like(states[0])
        cache = []
        for _, end in cuts:
            M[:] = states[end - 1]
            cache.append(M)
        return cache

    return Machine(keep=keep_reference)


class Suspect(NamedTuple):
    """A mistake, what it is called, and what to look at."""

    name: str
    machine: Callable[[], Machine]
    picture: str


SUSPECTS: Mapping[str, Suspect] = {
    "boundary": Suspect(
        "a boundary off by one", boundary, "the fact that a segment ends with is missing from its checkpoint"
    ),
    "leak": Suspect("a leak from the future", leak, "a later token changes an earlier output"),
    "stale": Suspect("a stale cache", stale, "after another sequence the checkpoints are the same"),
    "axis": Suspect("softmax over the wrong axis", axis, "the gates of a token do not sum to 1"),
    "alias": Suspect("an aliased checkpoint", alias, "all checkpoints are the same picture"),
}
ORDER = ("alias", "axis", "leak", "stale", "boundary")
"""Which suspect sits in which case. A detective does not read on here."""


@dataclass(frozen=True, eq=False)
class Case:
    """A run that went wrong. `trace` is what it computed; `run` asks the same machine about another input."""

    number: int
    culprit: str
    cfg: MCConfig = field(default_factory=lambda: MCConfig(segment_length=16))

    @cached_property
    def machine(self) -> Machine:
        """The machine, which has already run once, on the library of seed 0."""
        machine = SUSPECTS[self.culprit].machine()
        machine.instead(sound(0, self.cfg))
        return machine

    def run(self, seed: int = 1, changed: int | None = None) -> Trace:
        """The machine's run on the library of `seed`; with `changed`, the value of that one token is replaced."""
        right = sound(seed, self.cfg)
        if changed is not None:
            if not 0 <= changed < right.T:
                raise ValueError(f"changed: expected a token from 0 to {right.T - 1}, got {changed!r}")
            v = right.v.copy()
            v[changed] = -v[changed] + 1
            right = replace(right, v=v)  # scores compare keys: no value moves them
        return replace(self.machine.instead(right), title=f"case {self.number}")

    @cached_property
    def trace(self) -> Trace:
        return self.run()

    def accuse(self, name: Any) -> Verdict:
        """Whether `name` is the mistake in this machine, and what was measured to tell.

        The empty stub, `...`, gets an `Unsolved`. Raises `ValueError` for a name that is no suspect.
        """
        if name is ...:
            suspects = " ".join(f"`{suspect}`" for suspect in SUSPECTS)
            return Unsolved.of(f"Case {self.number}", f"suspect_{self.number}", f"The suspects: {suspects}.")
        if name not in SUSPECTS:
            raise ValueError(f"suspect: expected one of {', '.join(SUSPECTS)}; got {name!r}")
        suspect, right = SUSPECTS[name], name == self.culprit
        measured, shows = EVIDENCE[name](self)
        if right:
            says = f"Yes: {suspect.name}. What gives it away: {suspect.picture}. Measured: {measured}."
        elif shows:
            says = (
                f"That is what happens here, and not why. {suspect.name.capitalize()}: {measured}. But another suspect "
                "has this for a consequence. Which part of the machine is it, that makes this and more?"
            )
        else:
            says = f"No. {suspect.name.capitalize()} shows so: {suspect.picture}. Here, however: {measured}."
        record.add(f"case_{self.number}", right, says)
        return Verdict(f"Case {self.number}", right, says)

    def __repr__(self) -> str:
        return f"Case {self.number}: a run of {self.trace.T} tokens in {self.trace.N} segments, and something is wrong"


def case(number: int) -> Case:
    """Case 1 to 5. Raises `ValueError` for any other."""
    if number not in range(1, len(ORDER) + 1):
        raise ValueError(f"number: expected a case from 1 to {len(ORDER)}, got {number!r}")
    return Case(number, ORDER[number - 1])


@lru_cache(maxsize=4)
def sound(seed: int, cfg: MCConfig) -> Trace:
    """The reference's run on the topic library of `seed`. Its arrays are for reading: all cases start from them."""
    library = example("topics", seed)
    q, k, v, u = (array[:, None] for array in inputs(seed))
    trace = replace(memory_caching(q, k, v, u, cfg), tokens=library.words, sources=library.sources)
    for array in (trace.q, trace.k, trace.v, trace.u, trace.scores):
        array.flags.writeable = False
    return trace


def inputs(seed: int) -> tuple[Array, Array, Array, Array]:
    """Queries, keys, values and connectors of one head on the topic library of `seed`, through untrained maps."""
    library = example("topics", seed)
    q, k, v, u = project(library, 1, 32, 16, 0)
    return q[:, 0], k[:, 0], v[:, 0], u[:, 0]


Evidence = tuple[str, bool]
"""What was measured, in words, and whether it shows the mistake."""


def _gate_sums(case: Case) -> Evidence:
    sums = case.trace.weights.sum(-1)
    said = f"the gates of a token sum to between {sums.min():.3f} and {sums.max():.3f}"
    return said, not np.allclose(sums, 1)


def _influence(case: Case) -> Evidence:
    """Change the first, a middle and the last token of every segment: which output moves earliest, seen from there?"""
    first = {}
    for begin, end in case.trace.segments:
        for t in (begin, (begin + end) // 2, end - 1):
            moved = np.abs(case.run(changed=t).output - case.trace.output).max((1, 2))
            if moved.any():
                first[t] = int(np.argmax(moved > 0))
    t = min(first, key=lambda token: first[token] - token)
    if first[t] < t:
        return f"a change of token {t} shows in the output of token {first[t]}", True
    return "whichever token is changed, no output before it moves", False


def _distance(case: Case) -> Evidence:
    memories = np.stack([state["M"] for state in case.trace.checkpoints])
    apart = float(np.abs(memories - memories[0]).max())
    return f"the largest difference between two checkpoints is {apart:.3g}", apart == 0


def _refreshed(case: Case) -> Evidence:
    other = case.run(seed=2)
    pairs = zip(case.trace.checkpoints, other.checkpoints, strict=True)
    moved = max(float(np.abs(a["M"] - b["M"]).max()) for a, b in pairs)
    return f"from one sequence to another the checkpoints move by {moved:.3g}", moved == 0


def _ends(case: Case) -> Evidence:
    trace, last = case.trace, case.trace.N - 1
    end = trace.segments[last][1]
    before, at = (
        float(np.abs(case.run(changed=t).checkpoints[last]["M"] - trace.checkpoints[last]["M"]).max())
        for t in (end - 2, end - 1)
    )
    said = f"the last token of a segment moves its checkpoint by {at:.3g}, the one before by {before:.3g}"
    return said, at == 0 < before


EVIDENCE: Mapping[str, Callable[[Case], Evidence]] = {
    "boundary": _ends,
    "leak": _influence,
    "stale": _refreshed,
    "axis": _gate_sums,
    "alias": _distance,
}
"""What tells a suspect's guilt or innocence, measured on a case."""
