"""The stepper in Jupyter: a widget whose place in the run is a trait like any other widget's value."""

from os import PathLike
from typing import Any

import anywidget
import traitlets

from mcviz import files
from mcviz.checks import is_whole, plain
from mcviz.stepper import assets
from mcviz.stepper.html import page
from mcviz.stepper.payload import BUDGET, pack, pack_online
from mcviz.trace import Trace


class Whole(traitlets.Int[Any, Any]):
    """A trait that also takes NumPy's whole numbers."""

    def validate(self, obj: Any, value: Any) -> int:
        number: int = super().validate(obj, plain(value))
        return number


class Stepper(anywidget.AnyWidget):
    """The stepper on a run, or on two runs in step.

    `step`, `head` and `segment` (the segment whose memory is inspected, -1 for the online one) are followed both ways:

        stepper = Stepper(trace, step=40)
        stepper.observe(print, "step")                          # hear of every step
        ipywidgets.jslink((slider, "value"), (stepper, "step"))  # in the browser alone
        ipywidgets.interact(stepper.go, step=(0, trace.T - 1))   # drive it from controls

    The numbers are sent to the browser once. They are not saved with the notebook, so a notebook that is only opened
    shows an empty place until it is run: `to_html` keeps the view for those who read without running.

    Raises `ValueError` for a step, head or segment that the run does not have, and as `mcviz.stepper.pack` does.
    """

    _esm = assets.script()
    _css = assets.style()
    payload = traitlets.Bytes().tag(sync=True)
    step = Whole(0).tag(sync=True)
    head = Whole(0).tag(sync=True)
    segment = Whole(-1).tag(sync=True)

    def __init__(self, trace: Trace, other: Trace | None = None, *, budget: int = BUDGET, **traits: Any) -> None:
        self.trace, self.other, self.budget = trace, other, budget
        super().__init__(payload=pack(trace, other, budget=budget), **traits)
        self.on_msg(Stepper._answer)

    def show(self, trace: Trace, other: Trace | None = None) -> None:
        """Show another run in the same place, from its first token."""
        payload = pack(trace, other, budget=self.budget)
        self.trace, self.other = trace, other
        with self.hold_trait_notifications():
            self.step, self.head, self.segment = 0, 0, -1
            self.payload = payload

    def go(self, **place: int) -> None:
        """Move to a `step`, a `head`, an inspected `segment`; what is left out stays."""
        for name, value in place.items():
            if name not in ("step", "head", "segment"):
                raise ValueError(f"go: expected step, head or segment, got {name!r}")
            setattr(self, name, value)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write what is shown as one HTML file that opens without Jupyter and without a network."""
        files.write(path, page(self.trace, self.other, budget=self.budget))

    def _answer(self, content: Any, buffers: Any) -> None:
        """Send the online states around the token that the browser asks for, if the run carries none."""
        t = content.get("online") if isinstance(content, dict) else None
        if is_whole(t) and 0 <= t < min(run.T for run in (self.trace, self.other) if run is not None):
            self.send({"online": t}, buffers=[pack_online(self.trace, t, self.other, budget=self.budget)])

    @traitlets.validate("step", "head", "segment")
    def _within(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        runs = [run for run in (self.trace, self.other) if run is not None]
        low, high = {
            "step": (0, min(run.T for run in runs) - 1),
            "head": (0, max(run.H for run in runs) - 1),
            "segment": (-1, max(run.N for run in runs) - 1),
        }[name]
        if not low <= value <= high:
            raise ValueError(f"{name}: expected a whole number from {low} to {high}, got {value}")
        return int(value)
