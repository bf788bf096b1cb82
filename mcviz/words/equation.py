"""The equations in force at one token, with the run's numbers filled in."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

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


def equations(trace: Trace, t: int, head: int = 0) -> list[Equation]:
    """How token `t` was written, compared, weighed and answered: the lines of the algorithm, in order."""
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


WRITES: Mapping[str, tuple[str, str]] = {
    "linear": ("2", r"M_t = M_{t-1} + v_t\,\phi(k_t)^\top"),
    "swla": ("29", r"M_t = \alpha_t M_{t-1} + \beta_t \sum_{0<j<w} v_{t-j} k_{t-j}^\top + \lambda_t v_t k_t^\top"),
    "delta": ("", r"M_t = M_{t-1} - \eta_t\,(M_{t-1} k_t - v_t)\,k_t^\top"),
    "dla": ("31", r"M_t = M_{t-1} - \eta_t \nabla\ell(M_{t-1}; k_t, v_t), \quad \ell = -\langle M(k_t), v_t \rangle"),
    "titans": (
        "35–36",
        r"M_t = \alpha_t M_{t-1} - S_t, \quad S_t = \beta_t S_{t-1} + \eta_t \nabla \lVert M_{t-1}(k_t) - v_t \rVert^2",
    ),
    "vector": ("18", r"m_t = m_{t-1} + v_t"),
}
GREEK = {"alpha": r"\alpha", "beta": r"\beta", "eta": r"\eta", "lam": r"\lambda"}


def _write(trace: Trace, t: int, head: int) -> Equation:
    where, symbols = WRITES[trace.config.memory]
    if trace.config.memory == "linear" and trace.config.rule_options["feature_map"] == "identity":
        symbols = symbols.replace(r"\,\phi(k_t)", r"\,k_t")
    filled = [rf"{GREEK[name]}_{{{t}}} = {number(c[t, head])}" for name, c in trace.coefficients.items()]
    sizes = [rf"\lVert k_{{{t}}} \rVert = {number(_norm(trace.k[t, head]))}"]
    sizes += [rf"\lVert v_{{{t}}} \rVert = {number(_norm(trace.v[t, head]))}"]
    return Equation("the token is written into its segment's memory", where, symbols, r",\quad ".join(filled + sizes))


def _norm(x: np.ndarray) -> float:
    return float(np.linalg.norm(x))


def _score(trace: Trace, t: int, head: int) -> Equation:
    symbols = {
        "context": r"r_t^{(i)} = \langle u_t, c^{(i)} \rangle",
        "shared": r"r_t^{(i)} = \langle q_t, c^{(i)} \rangle",
        "token": r"r_t^{(i)} = u_t[(s - i) \bmod K]",
    }[trace.config.gate]
    scores = trace.scores[t, head]
    filled = [rf"r_{{{t}}}^{{({i})}} = {number(scores[i])}" for i in _heaviest(trace, t, head)]
    return Equation("how relevant each memory is", "16", symbols, r",\quad ".join(filled) + _more(trace, t, head))


def _router(trace: Trace, t: int, head: int) -> list[Equation]:
    if trace.config.aggregator != "ssc":
        return []
    k, chosen = trace.config.top_k, np.flatnonzero(trace.selected[t, head])
    return [
        Equation(
            "which checkpoints the router takes",
            "16",
            rf"\mathcal{{R}}_t = \{{\, i < s : r_t^{{(i)}} \text{{ among the {k} largest}} \,\}}",
            rf"\mathcal{{R}}_{{{t}}} = \{{{', '.join(map(str, chosen))}\}}",
        )
    ]


def _gate(trace: Trace, t: int, head: int) -> Equation:
    over = r"\mathcal{R}_t \cup \{s\}" if trace.config.aggregator == "ssc" else r"\{1, \dots, s\}"
    symbols = rf"\gamma_t^{{(i)}} = \frac{{\exp r_t^{{(i)}}}}{{\sum_{{j \in {over}}} \exp r_t^{{(j)}}}}"
    filled = [rf"\gamma_{{{t}}}^{{({i})}} = {number(trace.weights[t, head, i])}" for i in _heaviest(trace, t, head)]
    return Equation("how much each counts", "9", symbols, r",\quad ".join(filled) + _more(trace, t, head))


ANSWERS: Mapping[str, tuple[str, str]] = {
    "none": ("2", r"y_t = M_t^{(s)}(q_t)"),
    "residual": ("6", r"y_t = M_t^{(s)}(q_t) + \sum_{i<s} M^{(i)}(q_t)"),
    "average": ("", r"y_t = \frac{1}{s} \Big( M_t^{(s)}(q_t) + \sum_{i<s} M^{(i)}(q_t) \Big)"),
    "grm": ("8", r"y_t = \gamma_t^{(s)} M_t^{(s)}(q_t) + \sum_{i<s} \gamma_t^{(i)} M^{(i)}(q_t)"),
    "ssc": ("17", r"y_t = \gamma_t^{(s)} M_t^{(s)}(q_t) + \sum_{i \in \mathcal{R}_t} \gamma_t^{(i)} M^{(i)}(q_t)"),
    "soup": ("14–15", r"y_t = M_t^*(q_t), \quad \theta_t^* = \sum_{i \le s} \gamma_t^{(i)} \theta^{(i)}"),
}


def _answer(trace: Trace, t: int, head: int) -> Equation:
    where, symbols = ANSWERS[trace.config.aggregator]
    j = int(np.argmax(np.abs(trace.output[t, head])))
    left, total = rf"y_{{{t}}}[{j}]", number(trace.output[t, head, j])
    says = "what comes out, in its largest component"
    if trace.reads is None:
        return Equation(says, where, symbols, f"{left} = {total}")
    terms = [
        rf"{number(trace.weights[t, head, i])} \cdot {factor(trace.reads[t, head, i, j])}"
        for i in _heaviest(trace, t, head)
    ]
    rest = r" + \cdots" if _left_out(trace, t, head) else ""
    return Equation(says, where, symbols, f"{left} = {' + '.join(terms)}{rest} = {total}")


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
