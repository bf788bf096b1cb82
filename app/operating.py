"""Surgery in the stepper: what its reader does to checkpoints, kept in the link."""

import streamlit as st

from app import controls, runs, screen, stepping
from app.words import plain
from mcviz import Trace, words
from mcviz.probes import edits
from mcviz.probes.surgery import Edit


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


def step_through(trace: Trace, *, key: str) -> None:
    """The stepper on a run, or with edits on the run before and after them; the reader may make more."""
    changes: list[Edit] = []
    if screen.get("edits"):
        # The reference operates, so it also has to say what there was before: rounding is no difference.
        trace = controls.trace(backend="numpy")
        changes = in_force(trace)
    after = runs.edited(trace, screen.get("edits"), controls.sitting()) if changes else None

    def ask(kind: str, value: edits.Asked) -> None:
        screen.put(edits=edits.write(edits.asked(trace, value)))
        screen.end()

    offers = {} if screen.hidden("controls") else {"surgery": edits.offer(trace, changes)}
    stepping.step_through(trace, after, key=key, offers=offers, on_request=ask)
    if after is not None and not screen.hidden("answers"):
        st.markdown(plain(words.compared(trace, after)))


def undo_all() -> None:
    """Back to the run as it was."""
    st.button("Undo all", icon=":material/undo:", on_click=screen.put, kwargs={"edits": ""})
