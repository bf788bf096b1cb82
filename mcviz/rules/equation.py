"""Equations as they are shown: one line of plain text each, from which LaTeX follows.

The notation is that of `mcviz`: `_` and `^` lead sub- and superscripts (`M_{t−1}`, `γ_t^(i)`, `k_t^T`), products stand
side by side, `⟨x, y⟩` is an inner product, `f(x)` without a space applies f. It is strict enough to be evaluated, and
the tests do so: every formula gives the numbers that a run recorded.
"""

import re
from typing import NamedTuple
from unicodedata import name


class Equation(NamedTuple):
    """A formula, and its number in the paper ("" where the paper has none)."""

    formula: str
    number: str = ""

    @property
    def latex(self) -> str:
        """The same formula as LaTeX."""
        return latex(self.formula)


SIGNS = {
    **{
        letter: rf"\{name(letter).split()[-1].lower().replace('lamda', 'lambda')}"
        for letter in "αβγδεζηθικλμνξπρστυφχψω"
    },
    **{"ℓ": r"\ell", "∇": r"\nabla", "Σ": r"\sum", "or": r"\text{ or }", "≤": r"\le"},
    **{"−": "-", "⟨": r"\langle", "⟩": r"\rangle", "½": r"\tfrac{1}{2}", "in": r"\in", "mod": r"\bmod"},
    **{"exp": r"\exp", "elu": r"\operatorname{elu}", "mean": r"\operatorname{mean}"},
    **{"top": r"\operatorname{top}", "R": r"\mathcal{R}"},
    **{"*": "^*", "norm": r"\operatorname{norm}", "skip": r"\operatorname{skip}"},
}
_PIECE = re.compile(r"_\{[^}]*\}|_[\w*]|\^\([^)]*\)|\^T|\|[^|]*\|²|[^\W\d_]+\d?|.")


def latex(formula: str) -> str:
    """Plain text as LaTeX, piece by piece."""
    return re.sub(r" +", " ", "".join(map(_latex, _PIECE.findall(formula)))).strip()


def _latex(piece: str) -> str:
    if piece[0] == "_":
        return f"_{{{latex(piece[1:].strip('{}'))}}}"
    if piece[0] == "^":
        return r"^\top" if piece == "^T" else f"^{{{piece[1:]}}}"
    if piece[0] == "|":
        return rf"\lVert {latex(piece[1:-2])} \rVert^2"
    if piece in "{}":
        return "\\" + piece
    if piece[-1].isdigit() and len(piece) > 1:
        return f"{piece[:-1]}_{piece[-1]}"
    return f"{SIGNS[piece]} " if piece in SIGNS else piece
