"""Editing the sequence of a trained model: what the stepper offers, and what a reader asks of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app import controls, runs, screen
from mcviz import Trace, changes, watch


def offers(trace: Trace, earlier: Trace | None) -> Mapping[str, Mapping[str, Any]]:
    """What the stepper may ask for: to edit the sequence, where it is a trained model's and no answers are hidden."""
    seat = controls.sitting()
    if seat is None or screen.get("hide"):
        return {}
    return {"edit": watch.offer(seat, trace, earlier)}


def asked(kind: str, value: Mapping[str, Any]) -> None:
    """Note what a reader asks for. Raises the library's `ValueError` for what cannot be done: then all stays."""
    seat = controls.sitting()
    if seat is None:
        raise ValueError(f"{kind}: expected a trained model, whose words are known")
    made = changes.asked(seat.changes, value)
    watch.words(replace(seat, changes=made))
    screen.put(changes=changes.write(made))
    screen.end()


def before() -> Trace | None:
    """The run before the last change; None where nothing was changed."""
    seat = controls.sitting()
    return None if seat is None or not seat.changes else runs.model(seat.undone(), screen.get("backend"))
