"""Editing the sequence of a trained model: what the stepper offers, what a reader asks of it, and what came of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from app import controls, runs, screen
from app.words import plain
from mcviz import Trace, changes, watch, words

SAID = 3
"""Remarks of the task that are shown at a time."""


def offers() -> Mapping[str, Mapping[str, Any]]:
    """What the stepper may ask for: to edit the sequence, where it is a trained model's."""
    seat = controls.sitting()
    if seat is None or screen.hidden("controls"):
        return {}
    said = [changes.says(change) for change in seat.changes]
    return {"edit": {"vocabulary": watch.vocabulary(seat.name), "changes": said, "touched": watch.touched(seat)}}


def asked(kind: str, value: Mapping[str, Any]) -> None:
    """Note what a reader asks for. Raises the library's `ValueError` for what cannot be done: then all stays."""
    seat = controls.sitting()
    if seat is None:
        raise ValueError(f"{kind}: expected a trained model, whose words are known")
    made = changes.asked(seat.changes, value)
    watch.words(replace(seat, changes=made))
    screen.put(changes=changes.write(made))
    screen.end()


def before(trace: Trace) -> Trace | None:
    """The run before the last change; None where nothing was changed."""
    seat = controls.sitting()
    if seat is None or not seat.changes:
        return None
    return runs.model(seat.undone(), screen.get("backend"))


def said(trace: Trace, earlier: Trace) -> None:
    """What the last change did to the answers."""
    seat = controls.sitting()
    if seat is None or screen.hidden("answers"):
        return
    st.markdown(plain(words.rewritten(earlier, trace, watch.origin(seat, len(seat.changes) - 1))))


def remarks() -> None:
    """What the task says of the sequence as it is now."""
    seat = controls.sitting()
    found = watch.remarks(seat) if seat else ()
    if found:
        more = f" {len(found) - SAID} more like this." if len(found) > SAID else ""
        st.caption(plain(" ".join(found[:SAID]) + more))
