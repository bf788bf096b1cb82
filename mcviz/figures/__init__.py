"""Pictures: Plotly figures, each a function of a Trace, a cost or a finding. What they show was computed elsewhere.

>>> from mcviz import MCConfig, examples, figures
>>> trace = examples.run("needle", MCConfig(segment_length=12))
>>> figures.gates(trace, head=0, t=95).layout.xaxis.title.text
'token'
"""

from plotly.graph_objects import Figure

from mcviz.figures.checkpoints import checkpoints
from mcviz.figures.claims import comparisons, evidence, reported
from mcviz.figures.cost import fetched, spent, stored
from mcviz.figures.dial import dial
from mcviz.figures.difference import difference
from mcviz.figures.fading import fading, unsaid
from mcviz.figures.forgetting import forgetting
from mcviz.figures.frontier import AXES, against, frontier
from mcviz.figures.game import tries
from mcviz.figures.gates import gates
from mcviz.figures.interference import capacity, recovered
from mcviz.figures.oracle import regrets, selections
from mcviz.figures.reads import reads
from mcviz.figures.relevance import relevance
from mcviz.figures.theme import CLEAR, THEMES, Theme
from mcviz.figures.tokens import tokens

# Words, under the names by which they were known when they stood here.
from mcviz.words import (
    SIGNS,
    Equation,
    accuracy,
    agreement,
    apart,
    caption,
    changed_predictions,
    compared,
    counted,
    equations,
    first_difference,
    heaviest,
    judged,
    ledger,
    modelled,
    number,
    recalled,
    timed,
    tried,
    weighed,
)

__all__ = [
    "AXES",
    "CLEAR",
    "SIGNS",
    "THEMES",
    "Equation",
    "Figure",
    "Theme",
    "accuracy",
    "against",
    "agreement",
    "apart",
    "capacity",
    "caption",
    "changed_predictions",
    "checkpoints",
    "compared",
    "comparisons",
    "counted",
    "dial",
    "difference",
    "equations",
    "evidence",
    "fading",
    "fetched",
    "first_difference",
    "forgetting",
    "frontier",
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
    "unsaid",
    "weighed",
]
