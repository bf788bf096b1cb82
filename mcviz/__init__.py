"""Watch a recurrent network remember: Memory Caching (arXiv 2602.24281), runnable, checkable and visible.

Notation, the same in code, pages and text:

    T, H, N       tokens, heads, segments           t, s, i    a token, its own segment, any segment
    q, k, v       query, key, value                 u          connector: what gates and the router compare
    K, V          sizes of keys and of values       C          tokens in a segment
    M_t^(s)       online memory of segment s        M^(i)      checkpoint of segment i, where it ended
    c^(i)         context of segment i: its keys, pooled
    r_t^(i)       relevance score <u_t, c^(i)>      γ_t^(i)    gate: softmax over scores
    R_t           the checkpoints that the router selects for token t

Importing mcviz loads NumPy and nothing heavier; what needs torch, plotly or a browser loads on first use.
"""

from mcviz import _entry  # noqa: F401  (before anything else)

# isort: split
from importlib import import_module
from typing import Any

from mcviz import cost, reference, segments
from mcviz.config import MCConfig
from mcviz.trace import Trace

__version__ = "0.1.0"
__all__ = ["MCConfig", "Trace", "cost", "reference", "segments"]

_LAZY = (
    "bench",
    "claims",
    "counting",
    "examples",
    "exercises",
    "figures",
    "game",
    "interference",
    "oracle",
    "plot",
    "predict",
    "pytorch",
    "stepper",
    "surgery",
    "tasks",
    "tradeoff",
    "training",
    "watch",
    "widgets",
    "zoo",
)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return import_module(f"mcviz.{name}")
    if name == "capture":
        return import_module("mcviz.pytorch").capture
    raise AttributeError(f"module 'mcviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY, "capture"])
