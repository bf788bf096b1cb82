"""Plotly figures, each a function of a Trace: what they show is what the run computed.

>>> from mcviz import MCConfig, examples, figures
>>> trace = examples.run("needle", MCConfig(segment_length=12))
>>> figures.gates(trace, head=0, t=95).layout.xaxis.title.text
'token'
"""

from plotly.graph_objects import Figure

from mcviz.figures.caption import caption, compared, heaviest, recalled
from mcviz.figures.checkpoints import checkpoints
from mcviz.figures.difference import accuracy, apart, changed_predictions, difference, first_difference
from mcviz.figures.equation import Equation, equations, number
from mcviz.figures.gates import gates
from mcviz.figures.interference import capacity, recovered
from mcviz.figures.reads import reads
from mcviz.figures.relevance import relevance
from mcviz.figures.theme import THEMES, Theme
from mcviz.figures.tokens import tokens

__all__ = [
    "THEMES",
    "Equation",
    "Figure",
    "Theme",
    "accuracy",
    "apart",
    "capacity",
    "caption",
    "changed_predictions",
    "checkpoints",
    "compared",
    "difference",
    "equations",
    "first_difference",
    "gates",
    "heaviest",
    "number",
    "reads",
    "recalled",
    "recovered",
    "relevance",
    "tokens",
]
