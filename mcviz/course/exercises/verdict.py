"""What a checker answers: right, yours to solve, or the smallest case that goes wrong and how it goes wrong."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from mcviz.palette import ANYWHERE
from mcviz.trace import Trace


@dataclass(frozen=True, eq=False)
class Verdict:
    """The outcome of a check. Its display names the slip, and opens the stepper where there is a run to look at."""

    title: str
    passed: bool
    says: str
    case: dict[str, Any] = field(default_factory=dict)  # the smallest one that fails
    expected: Any = None
    got: Any = None
    differs: str = ""
    run: Callable[[dict[str, Any]], Trace] | None = None
    token: int | None = None  # the first one where the answer fails
    cost: str = ""
    printed: str = ""  # by the answer, on the failing case
    beside: Callable[[Trace, Any], Trace] | None = None  # the right run, with the answer in place of its own numbers

    def __bool__(self) -> bool:
        return self.passed

    @cached_property
    def trace(self) -> Trace | None:
        """The right run of the failing case, or None where the exercise is about less than a run."""
        return None if self.passed or self.run is None else self.run(self.case)

    @cached_property
    def other(self) -> Trace | None:
        """The answer's run, to stand beside the right one; None where the answer is nothing that a run could hold."""
        if self.trace is None or self.beside is None or isinstance(self.got, Exception):
            return None
        try:
            return self.beside(self.trace, self.got)
        except (TypeError, ValueError, IndexError):
            return None

    def lines(self) -> list[tuple[str, str]]:
        """The failing case, what was expected and what came: names and values as text."""
        if not self.case:
            return []
        rows = [*self.case.items(), ("expected", self.expected), ("got", self.got)]
        printed = [("printed", self.printed.rstrip())] if self.printed else []
        return [(name, show(value)) for name, value in rows] + printed

    def __repr__(self) -> str:
        head = f"{'✓' if self.passed else '✗'} {self.title}: {self.says}"
        if self.differs and self.differs != self.says:
            head += f"\n  {self.differs}"
        rows = [f"  {name} = {value}".replace("\n", "\n  " + " " * (len(name) + 3)) for name, value in self.lines()]
        at = [] if self.token is None else [f"  first wrong at token {self.token}"]
        return "\n".join([head, *rows, *at, *filter(None, [self.cost])])

    def _repr_html_(self) -> str:
        colour, mark = (ANYWHERE["answer"], "✓") if self.passed else (ANYWHERE["wrong"], "✗")
        mark = f"<span style='color:{colour}'>{mark}</span>"
        parts = [f"<p><b>{mark} {escape(self.title)}</b><br>{marked(self.says)}</p>"]
        if self.differs and self.differs != self.says:
            parts.append(f"<p>{marked(self.differs)}</p>")
        if self.case:
            rows = "".join(
                f"<tr><th style='text-align:left;vertical-align:top'>{escape(name)}</th>"
                f"<td style='text-align:left'><pre>{escape(value)}</pre></td></tr>"
                for name, value in self.lines()
            )
            parts.append(f"<p>The smallest case found that goes wrong:</p><table>{rows}</table>")
        if self.token is not None:
            whose = "The right run of this case" + (", and yours beside it" if self.other else "")
            parts.append(f"<p>{whose}, at the first token that goes wrong ({self.token}):</p>")
        if self.cost:
            parts.append(f"<p>{escape(self.cost)}</p>")
        return "".join(parts)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/html": self._repr_html_(), "text/plain": repr(self)}, raw=True)  # type: ignore[no-untyped-call]
        if self.trace is not None:
            from mcviz.widgets import Stepper

            display(Stepper(self.trace, self.other, step=self.token or 0))  # type: ignore[no-untyped-call]


@dataclass(frozen=True, eq=False)
class Unsolved(Verdict):
    """The verdict on an exercise whose stub was not filled in: one friendly line, after which a notebook runs on."""

    @classmethod
    def of(cls, title: str, name: str, hint: str = "Hints are on the exercise's card.") -> "Unsolved":
        says = (
            f"“{title}” is yours to solve. Write `{name}` in the cell above, run that cell, and then this one again. "
        )
        return cls(title, False, says + hint)

    def __repr__(self) -> str:
        return f"✎ {self.says}"

    def _repr_html_(self) -> str:
        return f"<p>✎ {marked(self.says)}</p>"


def marked(text: str) -> str:
    """Text as HTML, with what stands in backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def show(value: Any) -> str:
    """A value as a learner would write it."""
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, suppress_small=True, separator=", ")
    if isinstance(value, list | tuple) and any(isinstance(member, np.ndarray) for member in value):
        return "\n".join(show(member) for member in value)
    if isinstance(value, list | tuple) and any(isinstance(member, tuple) for member in value) and len(str(value)) > 80:
        return "\n".join(show(member) for member in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
