"""Notebook 09: tests that a layer must pass, tried on machines with one fault each, and on sound ones.

A test is a function of `run`; `run(seed=1, changed=None)` gives the Trace of a machine on a short sequence, with the
value of token `changed` replaced. It returns whether the machine is sound, as far as the test can see.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
from hypothesis import strategies as st

from mcviz.config import MCConfig
from mcviz.course.exercises import detective
from mcviz.course.exercises.cases import Case
from mcviz.course.exercises.detective import Machine
from mcviz.course.exercises.exercise import Exercise, Slip
from mcviz.palette import ANYWHERE
from mcviz.reference import memory_caching
from mcviz.segments import Segments
from mcviz.trace import Trace

Array = np.ndarray
Test = Callable[["Subject"], bool]
T, C, K, V = 11, 4, 5, 3
"""Sizes of the short sequence: its last segment is shorter than the others."""


def peek() -> Machine:
    """A token reads its own segment's memory as the next token will leave it."""

    def ahead(k: Array, v: Array, cuts: Segments) -> Array:
        states = detective.online(k, v, cuts)
        return np.concatenate([states[[*range(begin + 1, end), end - 1]] for begin, end in cuts])

    return Machine(online=ahead)


def leak_at_first() -> Machine:
    """In the first segment alone, a token reads its memory as it will be at the end."""

    def first_whole(k: Array, v: Array, cuts: Segments) -> Array:
        states = detective.online(k, v, cuts)
        end = cuts[0][1]
        return np.concatenate([np.repeat(states[end - 1 : end], end, 0), states[end:]])

    return Machine(online=first_whole)


def unnormalised() -> Machine:
    """The gates are exp of the scores, not divided by their sum."""
    return Machine(weigh=lambda scores: np.exp(scores))


def late() -> Machine:
    """A checkpoint lacks the first token of its segment."""

    def without_first(states: Array, cuts: Segments) -> list[Array]:
        return [np.round(states[end - 1] - states[begin], 9) for begin, end in cuts]

    return Machine(keep=without_first)


def unfair() -> Machine:
    """The last token but one takes half of the last one's gates, and all gates together are as many as ever."""

    def taken(scores: Array) -> Array:
        weights = detective.weigh(scores)
        weights[-2] *= 1.5
        weights[-1] *= 0.5
        return weights

    return Machine(weigh=taken)


def goes_on() -> Machine:
    """A checkpoint holds the segments before its own as well."""
    return Machine(keep=lambda states, cuts: list(np.cumsum(detective.keep(states, cuts), 0)))


def overdone() -> Machine:
    """Gates go from equal ones to the softmax and as far again: they sum to 1, and some are negative."""
    return Machine(weigh=lambda scores: 2 * detective.weigh(scores) - even(scores))


def exchanged() -> Machine:
    """The cache is filled from its end."""
    return Machine(keep=lambda states, cuts: detective.keep(states, cuts)[::-1])


def even(scores: Array) -> Array:
    """The same gate for every memory that there is."""
    there = np.isfinite(scores)
    shares: Array = there / there.sum(1, keepdims=True)
    return shares


FAULTY: Mapping[str, Callable[[], Machine]] = {
    **{suspect.name: suspect.machine for suspect in detective.SUSPECTS.values()},
    "a peek at the next token": peek,
    "a leak in the first segment alone": leak_at_first,
    "gates that were not divided": unnormalised,
    "gates taken from another token": unfair,
    "gates that are more than decided": overdone,
    "a checkpoint without its first token": late,
    "a checkpoint with the segments before": goes_on,
    "a cache in the wrong order": exchanged,
}
SOUND: Mapping[str, Callable[[], Machine]] = {
    "a sound machine": Machine,
    "a sound machine with equal gates": lambda: Machine(weigh=even),
    "a sound machine with sharp gates": lambda: Machine(weigh=lambda scores: detective.weigh(5 * scores)),
}


@lru_cache(maxsize=64)
def _sound(seed: int, changed: int | None) -> Trace:
    """The reference's run on the sequence of `seed`, with the value of token `changed` replaced."""
    rng = np.random.default_rng(seed)
    q, k, v, u = (rng.standard_normal((T, 1, n)) for n in (K, K, V, K))
    if changed is not None:
        v[changed] = 1 - v[changed]
    return memory_caching(q, k, v, u, MCConfig(segment_length=C))


class Subject:
    """A machine under test: call it to run it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.machine = {**FAULTY, **SOUND}[name]()

    def __call__(self, seed: int = 1, changed: int | None = None) -> Trace:
        """The machine's run on the sequence of `seed`; with `changed`, the value of that one token is replaced."""
        if changed is not None and not 0 <= changed < T:
            raise ValueError(f"changed: expected a token from 0 to {T - 1}, got {changed!r}")
        return self.machine.instead(_sound(seed, changed))

    def __deepcopy__(self, memo: object) -> "Subject":
        return Subject(self.name)

    def __repr__(self) -> str:
        return f"a run of: {self.name}"


def is_causal(run: Subject) -> bool:
    """No output before a token moves when that token changes."""
    before = run().output
    return all(np.array_equal(run(changed=t).output[:t], before[:t]) for t in range(len(before)))


def gates_are_shares(run: Subject) -> bool:
    """The gates of each token are not negative and sum to 1."""
    weights = run().weights
    return bool((weights >= 0).all() and np.allclose(weights.sum(-1), 1))


def holds_its_segment(run: Subject) -> bool:
    """A token moves the checkpoint of its own segment, and no other."""
    before = run()
    for t, own in enumerate(before.segment_of):
        after = run(changed=t)
        for i in range(before.N):
            moved = not np.array_equal(after.checkpoints[i]["M"], before.checkpoints[i]["M"])
            if moved != (i == own):
                return False
    return True


def _all(names: Sequence[str]) -> tuple[Case, ...]:
    return tuple({"run": Subject(name)} for name in names)


def _asks(title: str, task: str, solution: Test, slips: tuple[Slip, ...], hints: tuple[str, ...]) -> Exercise:
    """An exercise whose cases are the machines."""
    names = (*SOUND, *FAULTY)
    return Exercise(
        title=title,
        task=f"{task} Return True for a machine that is sound in this respect, and False for one that is not. "
        "<code>run()</code> is the Trace of a short sequence, <code>run(changed=t)</code> the same with another value "
        "at token t.",
        difficulty=2,
        minutes=6,
        solution=solution,
        seeded=_all(names),
        searched=st.sampled_from(names).map(lambda name: {"run": Subject(name)}),
        slips=(
            Slip("It lets every machine pass: a test must be able to fail.", lambda run: True),
            Slip("It accuses every machine, the sound ones too. What may move in them, what must?", lambda run: False),
            Slip("Turned round: True stands for a sound machine.", lambda run: not solution(run)),
            *slips,
        ),
        hints=hints,
    )


def _moved(run: Subject, t: int) -> Array:
    """Which outputs move when token t changes."""
    return (run(changed=t).output != run().output).any((1, 2))


IS_CAUSAL = _asks(
    "A test for causality",
    "Does a token know nothing of what comes after it (identity I8)? Change a token; outputs before it must stay "
    "bit for bit what they were. Try every token.",
    is_causal,
    (
        Slip(
            "Only the last token is changed. A leak may lie elsewhere.",
            lambda run: not _moved(run, T - 1)[: T - 1].any(),
        ),
        Slip(
            "One token in the middle is not enough: a leak may lie elsewhere.",
            lambda run: not _moved(run, T // 2)[: T // 2].any(),
        ),
    ),
    (
        "<code>run(changed=t).output[:t]</code> against <code>run().output[:t]</code>, for every t.",
        "<code>np.array_equal</code> compares bit for bit; <code>all(… for t in range(len(…)))</code> tries them all.",
    ),
)
GATES_ARE_SHARES = _asks(
    "A test for gates",
    "Are the gates of each token shares: none negative, and all together 1? They are <code>run().weights</code> "
    "[T, H, N].",
    gates_are_shares,
    (
        Slip(
            "Sums of rows of numbers that were rounded: compare with `np.allclose`, not with ==.",
            lambda run: bool((run().weights.sum(-1) == 1).all()),
        ),
        Slip(
            "The gates of one token sum to 1, over memories, which are the last axis.",
            lambda run: np.allclose(run().weights.sum(0), 1),
        ),
        Slip(
            "That they sum to 1 is half of it: none may be negative.",
            lambda run: np.allclose(run().weights.sum(-1), 1),
        ),
        Slip(
            "Gates between 0 and 1 need not sum to 1.",
            lambda run: bool(((run().weights >= 0) & (run().weights <= 1)).all()),
        ),
        Slip(
            "One token, or the sum over all of them, is not enough: look at each.",
            lambda run: bool(np.isclose(run().weights.sum(), T)),
        ),
    ),
    (
        "Which axis holds the memories?",
        "<code>np.allclose(run().weights.sum(-1), 1)</code> is one half, "
        "<code>(run().weights &gt;= 0).all()</code> is the other.",
    ),
)
HOLDS_ITS_SEGMENT = _asks(
    "A test for checkpoints",
    "Does a checkpoint hold its own segment, all of it, and nothing else (under independent start)? Change a token: "
    "the checkpoint of its segment, <code>run().segment_of[t]</code>, must move, and no other may. Checkpoints are "
    '<code>run().checkpoints[i]["M"]</code>.',
    holds_its_segment,
    (
        Slip(
            "The first token of each segment alone is tried: one may be missing at the end.",
            lambda run: _holds(run, range(0, T, C)),
        ),
        Slip(
            "The last token of each segment alone is tried: one may be missing at the start.",
            lambda run: _holds(run, [C - 1, 2 * C - 1, T - 1]),
        ),
        Slip(
            "That some checkpoint moves is not enough: it must be the one of the token's own segment.",
            lambda run: all(_which(run, t) for t in range(T)),
        ),
        Slip(
            "That its own checkpoint moves is half of it: no other may.",
            lambda run: all(int(run().segment_of[t]) in _which(run, t) for t in range(T)),
        ),
        Slip(
            "That no other checkpoint moves is half of it: its own must move.",
            lambda run: all(_which(run, t) <= {int(run().segment_of[t])} for t in range(T)),
        ),
        Slip(
            "Checkpoints that differ from each other may still lack a token.",
            lambda run: not np.array_equal(run().checkpoints[0]["M"], run().checkpoints[1]["M"]),
        ),
    ),
    (
        "Two loops: over tokens t, and over segments i. When must checkpoint i have moved?",
        "<code>moved != (i == own)</code> is a fault, whichever way round.",
    ),
)


def _which(run: Subject, t: int) -> set[int]:
    """The segments whose checkpoints move when token t changes."""
    before, after = run().checkpoints, run(changed=t).checkpoints
    return {i for i in range(len(before)) if not np.array_equal(before[i]["M"], after[i]["M"])}


def _holds(run: Subject, tokens: Sequence[int] | range) -> bool:
    return all(_which(run, t) == {int(run().segment_of[t])} for t in tokens)


@dataclass(frozen=True)
class Report:
    """Which test accuses which machine."""

    tests: tuple[str, ...]
    accused: Mapping[str, tuple[bool, ...]]  # for each machine, by each test

    @property
    def escaped(self) -> list[str]:
        """The faulty machines that no test caught."""
        return [name for name in FAULTY if not any(self.accused[name])]

    @property
    def wronged(self) -> list[str]:
        """The sound machines that some test accused."""
        return [name for name in SOUND if any(self.accused[name])]

    def __repr__(self) -> str:
        caught = len(FAULTY) - len(self.escaped)
        said = [
            f"{caught} of {len(FAULTY)} faulty machines are caught, "
            f"{len(self.wronged)} of {len(SOUND)} sound ones accused."
        ]
        said += [f"Not caught: {', '.join(self.escaped)}."] if self.escaped else []
        said += [f"Accused for nothing: {', '.join(self.wronged)}."] if self.wronged else []
        return " ".join(said)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(test)}</th>" for test in self.tests)
        # the sign is coloured and the word is not: every other row of a table has another ground
        mark = f"<b><span style='color:{ANYWHERE['wrong']}'>✗</span> caught</b>"
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(name)}</td>"
            + "".join(f"<td>{mark if one else '✓ passes'}</td>" for one in marks)
            + "</tr>"
            for name, marks in self.accused.items()
        )
        return f"<table><tr><th>machine</th>{head}</tr>{rows}</table><p>{escape(repr(self))}</p>"


def suite(*tests: Callable[[Subject], bool]) -> Report:
    """Run every test on every machine. A test that stops with an exception accuses."""

    def accuses(test: Callable[[Subject], bool], name: str) -> bool:
        try:
            return not test(Subject(name))
        except Exception:
            return True

    accused = {name: tuple(accuses(test, name) for test in tests) for name in (*SOUND, *FAULTY)}
    return Report(tuple(test.__name__ for test in tests), accused)
