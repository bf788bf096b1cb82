"""One exercise: what is asked, the cases that try an answer, and what to say about a wrong one."""

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence, Set
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from random import Random
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from mcviz.course.exercises import record
from mcviz.course.exercises.call import Called, TookTooLong, call
from mcviz.course.exercises.cases import simplify
from mcviz.course.exercises.comparison import changed, difference, settled
from mcviz.course.exercises.relation import RELATIONS, array, factor
from mcviz.course.exercises.verdict import Unsolved, Verdict
from mcviz.trace import Trace

Answer = Callable[..., Any]
Case = dict[str, Any]
"""The arguments of one call, by name and in order."""

TRIALS = 200
"""Cases that are searched for one that the answer gets wrong."""

STARS = ("", "★☆☆", "★★☆", "★★★")


class Slip(NamedTuple):
    """A wrong answer that suggests itself, and what to say to whoever gave it."""

    says: str
    answer: Answer


class Attempt(NamedTuple):
    """An answer on one case: what was wanted, what came, how they differ ("" if they don't), and what was printed."""

    expected: Any
    got: Any
    differs: str
    printed: str = ""


class Stub(Exception):
    """An answer that returns `...`: there is none yet."""


@dataclass(frozen=True, eq=False)
class Exercise:
    """A function to write. `solution` is both the answer behind the fold and what answers are compared with."""

    title: str
    task: str  # what is asked, a paragraph of HTML
    difficulty: int  # 1 to 3 stars
    minutes: int
    solution: Answer
    seeded: tuple[Case, ...]  # cases tried first: ordinary sizes, generic numbers
    searched: SearchStrategy[Case]  # where the smallest case that fails is looked for
    slips: tuple[Slip, ...]
    hints: tuple[str, ...]
    fixed: tuple[str, ...] = ()  # arguments that would make no sense with any number replaced by 0
    trace: Callable[[Case], Trace] | None = None  # the run that shows a case in the stepper
    token: Callable[[Case, Any, Any], int] = field(
        default=lambda case, expected, got: 0
    )  # where the answer first fails
    cost: Callable[[Case], float] | None = None  # what a call spent, found in the arguments that it was given
    unit: str = ""  # of the cost
    beside: Callable[[Trace, Any], Trace] | None = (
        None  # the run of `trace`, with an answer in place of its own numbers
    )
    outcome: Callable[[Case, Any], Any] = field(
        default=lambda case, got: got
    )  # what is compared: what came back, or what a call did to its arguments
    build: Callable[[Case], Case] = field(
        default=lambda case: case
    )  # the arguments of a call, where a case only describes them
    manner: Callable[[Answer], str] | None = None  # what is wrong with how a right answer computes, "" if nothing

    @property
    def name(self) -> str:
        return self.solution.__name__

    @property
    def yours(self) -> Answer:
        """The answer that passed last in this session; the solution until one has."""
        return record.answer(self.name) or self.solution

    @property
    def whose(self) -> str:
        """Whose function `yours` is, for the title of a picture: "your grm", or "the course's grm"."""
        return f"your {self.name}" if record.answer(self.name) else f"the course's {self.name}"

    def expected(self, case: Case) -> Any:
        """What the solution makes of `case`; of a seeded one, which all answers and slips are tried on, only once."""
        known = next((right for one, right in zip(self.seeded, self._expected, strict=True) if one is case), None)
        return self._solved(case) if known is None else deepcopy(known)

    @cached_property
    def _expected(self) -> tuple[Any, ...]:
        return tuple(map(self._solved, self.seeded))

    def _solved(self, case: Case) -> Any:
        own = self.build(deepcopy(case))
        return self.outcome(own, self.solution(*own.values()))

    def attempt(self, answer: Answer, case: Case) -> Attempt:
        """Call `answer` on a copy of `case`, and compare with the solution. Raises `Stub` for an empty one."""
        expected, given = self.expected(case), self.build(deepcopy(case))
        called: Called = call(answer, *given.values())
        if called.value is ...:
            raise Stub
        if called.stopped:
            return Attempt(expected, called.value, called.stopped, called.printed)
        got = settled(self.outcome(given, called.value))
        touched = changed(case, given)
        if touched:
            said = f"It changed its argument {touched} in place: whoever holds that array now holds another one."
            return Attempt(expected, got, said, called.printed)
        said = difference(expected, got)
        if said and got is None and called.printed:
            said = f"{said} It printed {called.printed.strip()!r}: printing shows a value, `return` gives it back."
        return Attempt(expected, got, said, called.printed)

    def check(self, answer: object) -> Verdict:
        """Try `answer` on the seeded cases, and search for the smallest case that it gets wrong.

        A stub that returns `...` gets an `Unsolved`, a verdict that lets a notebook run on. Raises `ValueError` for
        what cannot be called.
        """
        if answer is ...:
            return Unsolved.of(self.title, self.name)
        if not callable(answer):
            raise ValueError(f"answer: expected the function `{self.name}` itself, got {type(answer).__name__}")
        try:
            verdict = self.judge(answer)
        except Stub:
            return Unsolved.of(self.title, self.name)
        record.add(self.name, verdict.passed, verdict.says, answer)
        return verdict

    def judge(self, answer: Answer) -> Verdict:
        """The verdict on an answer. Raises `Stub` for an empty one."""
        failing = []
        for case in self.seeded:
            attempt = self.attempt(answer, case)
            if isinstance(attempt.got, TookTooLong):
                return self.wrong(case, attempt, attempt.differs)
            if attempt.differs:
                failing.append(case)
        smallest = self.smallest(answer) or next(iter(failing), None)
        if smallest is not None:
            attempt = self.attempt(answer, smallest)
            late = isinstance(attempt.got, TookTooLong)
            return self.wrong(smallest, attempt, "" if late else self.recognise(answer, smallest))
        if self.manner and (said := self.manner(answer)):
            return Verdict(self.title, False, said)
        return Verdict(self.title, True, "Right on every case that was tried.", cost=self.score(answer))

    def wrong(self, case: Case, attempt: Attempt, says: str) -> Verdict:
        """The verdict on an answer that goes wrong on `case`."""
        return Verdict(
            self.title,
            False,
            says or attempt.differs,
            case=self.build(deepcopy(case)),
            expected=attempt.expected,
            got=attempt.got,
            differs=attempt.differs,
            run=self.trace,
            beside=self.beside,
            token=self.token(case, attempt.expected, attempt.got) if self.trace else None,
            printed=attempt.printed,
        )

    def smallest(self, answer: Answer) -> Case | None:
        """The smallest case that `answer` gets wrong, as far as a search finds one."""
        limits = settings(
            max_examples=TRIALS,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
        )
        late: list[Case] = []  # the first case that takes too long: what came to be tried after it would take as long

        def fails(case: Case) -> bool:
            if late:
                return False
            attempt = self.attempt(answer, case)
            if isinstance(attempt.got, TookTooLong):
                late.append(case)
            return bool(attempt.differs)

        try:
            found = simplify(find(self.searched, fails, settings=limits, random=Random(0)), fails, self.fixed)
        except NoSuchExample:
            found = None
        return next(iter(late), found)

    def recognise(self, answer: Answer, case: Case) -> str:
        """What to say of an answer that goes wrong on `case`; "" if nothing is known of it.

        A slip that does the same on every case is named; so is what the answer is, seen from the right one. An answer
        that does as a slip does on some cases may be that slip and another: "perhaps".
        """
        cases = [case, *self.seeded]
        mine = [self.attempt(answer, one) for one in cases]
        for slip in self.slips:
            if all(same(a, self.attempt(slip.answer, one)) for one, a in zip(cases, mine, strict=True)):
                return slip.says
        again = self.attempt(answer, case)
        if keeps_something(mine[0], again):
            return (
                "Called twice with the same arguments it answers differently: something is kept from call to call, in "
                "a global or in a default argument."
            )
        wrong = [(one, a) for one, a in zip(cases, mine, strict=True) if a.differs]
        return related(wrong) or self.perhaps(wrong)

    def perhaps(self, wrong: Sequence[tuple[Case, Attempt]]) -> str:
        """What to say of an answer that does as a slip does on some of the cases that it gets wrong."""
        got = wrong[0][1].got
        telling = isinstance(got, Exception) or array(got) is None or bool(np.any(got))  # zeros come of many slips
        tried = wrong if telling else wrong[1:]
        agreed = [sum(same(a, self.attempt(slip.answer, case)) for case, a in tried) for slip in self.slips]
        if not any(agreed):
            return ""
        return (
            f"Perhaps this: {self.slips[int(np.argmax(agreed))].says} On other cases there is something else as well."
        )

    def score(self, answer: Answer) -> str:
        """What `answer` spends beside what the solution spends, over the seeded cases; "" where cost is no matter."""
        if self.cost is None:
            return ""
        spent = {}
        for name, one in (("yours", answer), ("the solution", self.solution)):
            total = 0.0
            for case in self.seeded:
                given = deepcopy(case)
                one(*given.values())
                total += self.cost(given)
            spent[name] = total / len(self.seeded)
        yours, least = spent.values()
        praise = "No answer needs fewer." if yours <= least else "It can be done with fewer."
        return f"Cost: {yours:.3g} {self.unit}; the solution spends {least:.3g}. {praise}"

    @property
    def source(self) -> str:
        """The solution as text, without the annotations of shapes that a notebook does not need."""
        lines = inspect.getsource(self.solution).splitlines()
        function = ast.parse("\n".join(lines)).body[0]
        assert isinstance(function, ast.FunctionDef)
        names = ", ".join(argument.arg for argument in function.args.args)
        return "\n".join([f"def {self.name}({names}):", *lines[function.body[0].lineno - 1 :]])

    def hint(self, level: int = 1) -> str:
        """Hint number `level`; later ones say more. Raises `ValueError` for a level that there is not."""
        if not 1 <= level <= len(self.hints):
            raise ValueError(f"level: expected a hint from 1 to {len(self.hints)}, got {level!r}")
        return self.hints[level - 1]

    def __repr__(self) -> str:
        return (
            f"Exercise {STARS[self.difficulty]} {self.minutes} min: {self.title}. "
            f"Hints: .hint(1) to .hint({len(self.hints)})"
        )

    def _repr_html_(self) -> str:
        """The exercise as a card: the task, its hints and the solution behind folds."""
        folds = [fold(f"Hint {n}", f"<p>{hint}</p>") for n, hint in enumerate(self.hints, start=1)]
        if record.solutions_shown():
            folds.append(fold("Solution", f"<pre>{escape(self.source)}</pre>"))
        return (
            f"<p><b>Exercise: {escape(self.title)}</b> &nbsp; {STARS[self.difficulty]} &nbsp; "
            f"{self.minutes} minutes</p><p>{self.task}</p>{''.join(folds)}"
        )


def same(one: Attempt, other: Attempt) -> bool:
    """Whether two answers say the same to a case, or fail in the same way."""
    if isinstance(one.got, Exception) or isinstance(other.got, Exception):
        return repr(one.got) == repr(other.got)
    return bool(one.differs) == bool(other.differs) and not difference(other.got, one.got, nan_is_nan=True)


def keeps_something(one: Attempt, other: Attempt) -> bool:
    """Whether two calls with the same arguments came to different things that can be compared."""
    if any(isinstance(got, Exception | Set | Iterator) for got in (one.got, other.got)):
        return False
    if difference(one.got, one.got, nan_is_nan=True):  # text, for one, which is not compared at all
        return False
    return bool(difference(one.got, other.got, nan_is_nan=True))


def related(wrong: Sequence[tuple[Case, Attempt]]) -> str:
    """What an answer is, seen from the right one, on all cases that it gets wrong; "" if nothing simple."""
    if any(isinstance(attempt.got, Exception) for _, attempt in wrong):
        return ""
    # a case of one number may be its own transpose: let the larger ones decide, if there are any
    large = wrong[1:] or wrong
    for relation in RELATIONS:
        if all(relation.holds(attempt.expected, attempt.got, case) for case, attempt in large):
            return relation.says
    ratio = factor([(attempt.expected, attempt.got) for _, attempt in wrong])
    return "" if ratio is None else f"Right but for a factor: all of it is {ratio:.4g} times what it should be."


def fold(summary: str, inside: str) -> str:
    """HTML that opens when asked to."""
    return f"<details><summary>{summary}</summary>{inside}</details>"
