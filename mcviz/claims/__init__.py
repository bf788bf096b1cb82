"""The claims lab: what the paper claims, what holds up at toy scale, how sure that is, and what it rests on.

>>> from mcviz import claims
>>> finding = claims.board(names=["recall-gap"])[0]
>>> finding.verdict, len(finding.seeds)
('holds', 5)
"""

from mcviz.claims.claim import Claim, Comparison, Condition, Gap, Rise, sequences
from mcviz.claims.command import SHELL, add_arguments, command
from mcviz.claims.declared import CLAIMS, EXACT, FAMILIES, LONG
from mcviz.claims.finding import MISSING, VERDICTS, Finding, Step, judge
from mcviz.claims.frontier import FAMILY as FRONTIER
from mcviz.claims.interval import Interval, bootstrap
from mcviz.claims.lab import SEEDS, SHIPPED, board, due, rows, run
from mcviz.claims.near import Near, nearest
from mcviz.claims.point import ASKED, ATTENTION, FACTORS, Point, points
from mcviz.claims.spent import Spent
from mcviz.claims.told import told
from mcviz.claims.trained import Trained, trained

__all__ = [
    "ASKED",
    "ATTENTION",
    "CLAIMS",
    "EXACT",
    "FACTORS",
    "FAMILIES",
    "FRONTIER",
    "LONG",
    "MISSING",
    "SEEDS",
    "SHELL",
    "SHIPPED",
    "VERDICTS",
    "Claim",
    "Comparison",
    "Condition",
    "Finding",
    "Gap",
    "Interval",
    "Near",
    "Point",
    "Rise",
    "Spent",
    "Step",
    "Trained",
    "add_arguments",
    "board",
    "bootstrap",
    "command",
    "due",
    "judge",
    "nearest",
    "points",
    "rows",
    "run",
    "sequences",
    "told",
    "trained",
]
