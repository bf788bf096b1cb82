"""Surgery in the stepper: what its reader does to checkpoints, kept in the link."""

from typing import Any

import streamlit as st

from app import controls, runs, screen, stepping
from app.words import plain
from mcviz import Trace, words
from mcviz.probes import edits
from mcviz.probes.surgery import Edit
from mcviz.stepper.asking import Ask, Offers


def in_force(trace: Trace) -> list[Edit]:
    """The edits of the link. Raises `ValueError` for those that cannot be made, and offers the way out."""
    try:
        changes = edits.parse(screen.get("edits"))
        for edit in changes:
            edits.check(trace, edit)
    except ValueError:
        undo_all()  # nothing else leads out of edits that cannot be made
        raise
    return changes


def pair(trace: Trace) -> tuple[Trace, Trace | None]:
    """The run that is chosen, and what surgery made of it; None where there is no edit."""
    if not screen.get("edits"):
        return trace, None
    # The reference operates, so it also has to say what there was before: rounding is no difference.
    before = controls.trace(backend="numpy")
    changes = in_force(before)
    return before, runs.edited(before, screen.get("edits"), controls.sitting()) if changes else None


def step_through(
    trace: Trace,
    after: Trace | None,
    earlier: Trace | None = None,
    *,
    key: str,
    offers: Offers | None = None,
    on_request: Ask | None = None,
) -> None:
    """The stepper on a run and what surgery made of it, `pair`, or beside one of an `earlier` sequence.

    The reader may operate, and ask for what else is in `offers`.
    """
    changes = edits.parse(screen.get("edits"))
    # of one token more or less two runs cannot be in step
    beside = earlier is not None and earlier.T == trace.T and after is None
    shown: Any = (earlier, trace) if beside else (trace, after)

    def ask(kind: str, value: edits.Asked) -> None:
        if kind != "surgery":
            assert on_request is not None
            on_request(kind, value)
            return
        screen.put(edits=edits.write(edits.asked(trace, value)))
        screen.end()

    surgery = {} if screen.hidden("controls") else {"surgery": edits.offer(trace, changes)}
    stepping.step_through(*shown, key=key, offers={**surgery, **(offers or {})}, on_request=ask)
    if after is not None and not screen.hidden("answers"):
        st.markdown(plain(words.compared(trace, after)))


def undo_all() -> None:
    """Back to the run as it was."""
    st.button("Undo all", icon=":material/undo:", on_click=screen.put, kwargs={"edits": ""})
