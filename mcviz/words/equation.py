"""The equations in force at one token, with the run's numbers filled in."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mcviz import rules
from mcviz.checks import of_kinds
from mcviz.config import GATED
from mcviz.trace import Trace

TERMS = 4
"""Terms of a sum that are written out: those that weigh most."""


class Equation(NamedTuple):
    """What a line says, the paper's number for it, the equation, and the same with numbers, as LaTeX."""

    says: str
    number: str
    symbols: str
    numbers: str


@of_kinds
def equations(trace: Trace, t: int, head: int = 0) -> list[Equation]:
    """How token `t` was written, compared, weighed and answered: the lines of the algorithm, in order.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    t, head = trace.at(t, head)
    lines = [_write(trace, t, head)]
    if trace.config.aggregator in GATED:
        lines += [_score(trace, t, head), *_router(trace, t, head), _gate(trace, t, head)]
    return [*lines, _answer(trace, t, head)]


def number(value: float | np.floating[Any]) -> str:
    """A number with four significant digits, as LaTeX."""
    if not np.isfinite(value):
        return r"\text{not finite}"
    digits, _, power = f"{value:.4g}".partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if power else digits


def factor(value: float | np.floating[Any]) -> str:
    """A number to multiply by, in brackets where it is negative."""
    return rf"({number(value)})" if value < 0 else number(value)


def _line(says: str, trace: Trace, kinds: Sequence[str], numbers: str) -> Equation:
    """A line with the equations of these kinds, as the rule sheets have them."""
    shown = rules.equations(rules.sheet(trace.config.memory), trace.config)
    lines = dict.fromkeys(line for kind in kinds for line in shown.get(kind, ()))
    cited = ", ".join(dict.fromkeys(line.number for line in lines if line.number))
    return Equation(says, cited, r",\quad ".join(line.latex for line in lines), numbers)


def _write(trace: Trace, t: int, head: int) -> Equation:
    symbols = {one.name: rules.latex(one.symbol) for one in rules.sheet(trace.config.memory).coefficients}
    filled = [rf"{symbols[name]}_{{{t}}} = {number(c[t, head])}" for name, c in trace.coefficients.items()]
    written = {"k": trace.k[t, head], "v": trace.v[t, head]}
    filled += [rf"\lVert {x}_{{{t}}} \rVert = {number(_norm(vector))}" for x, vector in written.items()]
    says = "the token is written into its segment's memory"
    return _line(says, trace, ("state", "loss"), r",\quad ".join(filled))


def _norm(x: np.ndarray) -> float:
    return float(np.linalg.norm(x))


def _score(trace: Trace, t: int, head: int) -> Equation:
    scores = trace.scores[t, head]
    filled = [rf"r_{{{t}}}^{{({i})}} = {number(scores[i])}" for i in _heaviest(trace, t, head)]
    kinds = ("score",) if trace.config.gate == "token" else ("score", "context")
    pairs = [pair for pair in trace.exchanged if max(pair) < trace.segment_of[t]]
    says = "; ".join(["how relevant each memory is", *(f"{i} and {j} exchanged theirs" for i, j in pairs)])
    return _line(says, trace, kinds, r",\quad ".join(filled) + _more(trace, t, head))


def _router(trace: Trace, t: int, head: int) -> list[Equation]:
    if not rules.AGGREGATORS[trace.config.aggregator].routes:
        return []
    chosen = ", ".join(map(str, np.flatnonzero(trace.selected[t, head])))
    numbers = rf"\mathcal{{R}}_{{{t}}} = \{{{chosen}\}}"
    return [_line("which checkpoints the router takes", trace, ("router",), numbers)]


def _gate(trace: Trace, t: int, head: int) -> Equation:
    filled = [rf"\gamma_{{{t}}}^{{({i})}} = {number(trace.weights[t, head, i])}" for i in _heaviest(trace, t, head)]
    return _line("how much each counts", trace, ("weight",), r",\quad ".join(filled) + _more(trace, t, head))


def _answer(trace: Trace, t: int, head: int) -> Equation:
    j = int(np.argmax(np.abs(trace.output[t, head])))
    left, total = rf"y_{{{t}}}[{j}]", number(trace.output[t, head, j])
    says = "what comes out, in its largest component"
    if trace.reads is None:
        return _line(says, trace, ("mixed", "output", "read"), f"{left} = {total}")
    terms = [
        rf"{number(trace.weights[t, head, i])} \cdot {factor(trace.reads[t, head, i, j])}"
        for i in _heaviest(trace, t, head)
    ]
    rest = r" + \cdots" if _left_out(trace, t, head) else ""
    return _line(says, trace, ("output", "read"), f"{left} = {' + '.join(terms)}{rest} = {total}")


def _heaviest(trace: Trace, t: int, head: int) -> list[int]:
    """The memories read that weigh most, heaviest first, the lowest index first among equals."""
    weights = np.where(trace.read[t, head], trace.weights[t, head], -np.inf)
    order = np.argsort(-weights, kind="stable")
    return [int(i) for i in order[:TERMS] if trace.read[t, head, i]]


def _left_out(trace: Trace, t: int, head: int) -> int:
    return int(trace.read[t, head].sum()) - len(_heaviest(trace, t, head))


def _more(trace: Trace, t: int, head: int) -> str:
    """A note of how many memories the line leaves out."""
    return rf",\quad \text{{and {_left_out(trace, t, head)} more}}" if _left_out(trace, t, head) else ""
