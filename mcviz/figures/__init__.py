"""Plotly figures, each a function of a Trace, a cost or a finding: what they show was computed elsewhere.

>>> from mcviz import MCConfig, examples, figures
>>> trace = examples.run("needle", MCConfig(segment_length=12))
>>> figures.gates(trace, head=0, t=95).layout.xaxis.title.text
'token'
"""

from plotly.graph_objects import Figure

from mcviz.figures.caption import caption, compared, heaviest, recalled
from mcviz.figures.checkpoints import checkpoints
from mcviz.figures.claims import SIGNS, comparisons, evidence, reported
from mcviz.figures.cost import fetched, spent, stored
from mcviz.figures.difference import accuracy, apart, changed_predictions, difference, first_difference
from mcviz.figures.equation import Equation, equations, number
from mcviz.figures.game import tries
from mcviz.figures.gates import gates
from mcviz.figures.interference import capacity, recovered
from mcviz.figures.ledger import agreement, called, counted, ledger, modelled, timed, tried, weighed
from mcviz.figures.oracle import judged, regrets, selections
from mcviz.figures.reads import reads
from mcviz.figures.relevance import relevance
from mcviz.figures.theme import THEMES, Theme
from mcviz.figures.tokens import tokens

__all__ = [
    "SIGNS",
    "THEMES",
    "Equation",
    "Figure",
    "Theme",
    "accuracy",
    "agreement",
    "apart",
    "called",
    "capacity",
    "caption",
    "changed_predictions",
    "checkpoints",
    "compared",
    "comparisons",
    "counted",
    "difference",
    "equations",
    "evidence",
    "fetched",
    "first_difference",
    "gates",
    "heaviest",
    "judged",
    "ledger",
    "modelled",
    "number",
    "reads",
    "recalled",
    "recovered",
    "regrets",
    "relevance",
    "reported",
    "selections",
    "spent",
    "stored",
    "timed",
    "tokens",
    "tried",
    "tries",
    "weighed",
]
