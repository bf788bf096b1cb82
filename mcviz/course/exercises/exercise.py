"""One exercise: what is asked, the cases that try an answer, and what to say about a wrong one."""

import ast
import inspect
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from html import escape
from random import Random
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, find, settings
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from mcviz.course.exercises.cases import simplify
from mcviz.course.exercises.comparison import changed, difference
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
    """An answer on one case: what was wanted, what came, and how they differ ("" if they don't)."""

    expected: Any
    got: Any
    differs: str


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

    @property
    def name(self) -> str:
        return self.solution.__name__

    def attempt(self, answer: Answer, case: Case) -> Attempt:
        """Call `answer` on a copy of `case`, and compare with the solution. Raises `Unsolved` for the empty stub."""
        expected = self.solution(*deepcopy(case).values())
        given = deepcopy(case)
        try:
            with np.errstate(all="ignore"):
                got = answer(*given.values())
        except NotImplementedError:
            got = ...
        except Exception as error:
            return Attempt(expected, error, f"It stopped with {type(error).__name__}: {error}")
        if got is ...:
            raise Unsolved(self.title, self.name)
        touched = changed(case, given)
        if touched:
            said = f"It changed its argument {touched} in place: whoever holds that array now holds another one."
            return Attempt(expected, got, said)
        return Attempt(expected, got, difference(expected, got))

    def check(self, answer: object) -> Verdict:
        """Try `answer` on the seeded cases, and search for the smallest case that it gets wrong.

        Raises `Unsolved` for a stub that returns `...`, and `ValueError` for what cannot be called.
        """
        if not callable(answer):
            raise ValueError(f"answer: expected the function `{self.name}` itself, got {type(answer).__name__}")
        failing = [case for case in self.seeded if self.attempt(answer, case).differs]
        smallest = self.smallest(answer) or next(iter(failing), None)
        if smallest is None:
            return Verdict(self.title, True, "Right on every case that was tried.", cost=self.score(answer))
        attempt = self.attempt(answer, smallest)
        says = self.recognise(answer, smallest)
        return Verdict(
            self.title,
            False,
            says or attempt.differs,
            case=smallest,
            expected=attempt.expected,
            got=attempt.got,
            differs=attempt.differs,
            run=self.trace,
            token=self.token(smallest, attempt.expected, attempt.got) if self.trace else None,
        )

    def smallest(self, answer: Answer) -> Case | None:
        """The smallest case that `answer` gets wrong, as far as a search finds one."""
        limits = settings(
            max_examples=TRIALS,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=False,
        )

        def fails(case: Case) -> bool:
            return bool(self.attempt(answer, case).differs)

        try:
            return simplify(find(self.searched, fails, settings=limits, random=Random(0)), fails, self.fixed)
        except NoSuchExample:
            return None

    def recognise(self, answer: Answer, case: Case) -> str:
        """What to say if `answer` does what a slip does, on `case` and on the seeded cases; "" if it does not."""
        for slip in self.slips:
            if all(self.alike(answer, slip.answer, one) for one in (case, *self.seeded)):
                return slip.says
        return ""

    def alike(self, one: Answer, other: Answer, case: Case) -> bool:
        """Whether two answers say the same to a case, or fail in the same way."""
        a, b = self.attempt(one, case), self.attempt(other, case)
        if isinstance(a.got, Exception) or isinstance(b.got, Exception):
            return type(a.got) is type(b.got)
        return bool(a.differs) == bool(b.differs) and not difference(b.got, a.got, nan_is_nan=True)

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
        folds.append(fold("Solution", f"<pre>{escape(self.source)}</pre>"))
        return (
            f"<p><b>Exercise: {escape(self.title)}</b> &nbsp; {STARS[self.difficulty]} &nbsp; "
            f"{self.minutes} minutes</p><p>{self.task}</p>{''.join(folds)}"
        )


def fold(summary: str, inside: str) -> str:
    """HTML that opens when asked to."""
    return f"<details><summary>{summary}</summary>{inside}</details>"
