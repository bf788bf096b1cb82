"""Rule sheets: one file for each memory rule and one for the aggregators, of which everything else is a view.

A rule is a file here with a `SHEET`: names, labels, costs, equations and tests follow from it.

>>> from mcviz import rules
>>> rules.sheet("delta").write({})[0].formula
'M_t = M_{t−1} − η_t (M_{t−1} k_t − v_t) k_t^T'
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from mcviz.rules.aggregators import AGGREGATORS, GATES, POOLINGS, Aggregator
from mcviz.rules.equation import Equation, latex
from mcviz.rules.network import Network
from mcviz.rules.sheet import LOSSES, PLAIN_READ, STEP, Coefficient, Matrix, Option, Options, Sheet, Value
from mcviz.rules.shown import added, equations

__all__ = [
    "AGGREGATORS",
    "GATES",
    "LOSSES",
    "PLAIN_READ",
    "POOLINGS",
    "SHEETS",
    "STEP",
    "Aggregator",
    "Coefficient",
    "Equation",
    "Matrix",
    "Network",
    "Option",
    "Options",
    "Sheet",
    "Value",
    "added",
    "equations",
    "latex",
    "sheet",
]


def _found() -> list[Sheet]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return [module.SHEET for module in modules if hasattr(module, "SHEET")]


SHEETS: Mapping[str, Sheet] = {one.name: one for one in sorted(_found(), key=lambda one: one.place)}
"""Every memory rule by name, in the order of lists."""


def sheet(memory: str) -> Sheet:
    """The sheet of a memory rule. Raises `ValueError` for a name that no rule has."""
    if memory not in SHEETS:
        raise ValueError(f"memory: expected one of {', '.join(SHEETS)}; got {memory!r}")
    return SHEETS[memory]
