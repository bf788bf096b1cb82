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
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from mcviz import cost, moved, reference, segments
from mcviz.config import MCConfig
from mcviz.initial import State
from mcviz.reference.replay import state
from mcviz.trace import Trace

__version__ = "0.1.0"
__all__ = ["MCConfig", "Trace", "cost", "reference", "segments"]

if TYPE_CHECKING:  # what loads on first use, spelled out for editors and checkers of types
    from mcviz import backends as backends
    from mcviz import bench as bench
    from mcviz import changes as changes
    from mcviz import choices as choices
    from mcviz import claims as claims
    from mcviz import cli as cli
    from mcviz import controls as controls
    from mcviz import course as course
    from mcviz import examples as examples
    from mcviz import figures as figures
    from mcviz import film as film
    from mcviz import graphemes as graphemes
    from mcviz import link as link
    from mcviz import order as order
    from mcviz import palette as palette
    from mcviz import probes as probes
    from mcviz import pytorch as pytorch
    from mcviz import room as room
    from mcviz import rows as rows
    from mcviz import site as site
    from mcviz import stand_in as stand_in
    from mcviz import stepper as stepper
    from mcviz import studio as studio
    from mcviz import tasks as tasks
    from mcviz import tradeoff as tradeoff
    from mcviz import training as training
    from mcviz import uploads as uploads
    from mcviz import wanted as wanted
    from mcviz import watch as watch
    from mcviz import widgets as widgets
    from mcviz import words as words
    from mcviz import writing as writing
    from mcviz import zoo as zoo
    from mcviz.course import exercises as exercises
    from mcviz.course import plot as plot
    from mcviz.course import predict as predict
    from mcviz.probes import interference as interference
    from mcviz.probes import oracle as oracle
    from mcviz.probes import surgery as surgery
    from mcviz.pytorch import capture as capture
    from mcviz.tradeoff import count
    from mcviz.tradeoff import game as game

    counting = count
else:
    _MODULES = {each.name for each in iter_modules(__path__)} | {name.split(".")[1] for name in moved.MOVED}
    _LAZY = {"capture", *(name for name in _MODULES if not name.startswith("_"))}

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module 'mcviz' has no attribute {name!r}")
        return import_module("mcviz.pytorch").capture if name == "capture" else import_module(f"mcviz.{name}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LAZY})


class _Host:
    """The reference replays a Trace, and the stepper draws it."""

    def state(self, trace: Trace, t: int) -> State:
        return state(trace, t)

    def page(self, trace: Trace, other: Trace | None, hide_answers: bool) -> str:
        from mcviz.stepper import page

        return page(trace, other, hide_answers=hide_answers)


Trace.host = _Host()
sys.meta_path.insert(0, moved.Forwarder())
