"""Surgery: change what is read or written, and run again."""

import streamlit as st

from app import controls, edits, runs, screen, stepping
from app.words import plain, refused
from mcviz import Trace, words
from mcviz.config import GATED
from mcviz.probes import surgery
from mcviz.probes.surgery import Erase, Force, Freeze, Noise, Swap, SwitchOff

KINDS = {
    "off": "Switch a checkpoint off",
    "swap": "Swap two checkpoints",
    "force": "Force the selection",
    "freeze": "Freeze a gate",
    "noise": "Add noise to a checkpoint",
    "erase": "Erase a token before it is written",
}


def page() -> None:
    """The page."""
    # The reference operates, so it also has to say what there was before: rounding is no difference.
    controls.draw(by=["numpy"])
    with refused():
        before = controls.trace(backend="numpy")
        stepping.title("Surgery", before)
        if not screen.get("edits"):
            st.markdown(
                "Nothing is edited yet. Choose an operation: the run is computed again, and you see side by side what "
                "it changes. At first, the checkpoint that the token on screen reads most is offered."
            )
        if not screen.hidden("controls"):
            operate(before)
        changes = edits.parse(screen.get("edits"))
        after = runs.edited(before, screen.get("edits"), controls.sitting()) if changes else None
        listed(before, changes)
        if after is not None:
            st.markdown(plain(words.compared(before, after)))
        stepping.step_through(before, after, key="surgery")
        screen.share()


def operate(trace: Trace) -> None:
    """The choice of an edit, and the button that makes it."""
    t, head = stepping.place(trace)
    most = words.heaviest(trace, t, head)
    last = trace.N - 1
    with st.container(border=True):
        kind = st.selectbox("Operation", KINDS, format_func=KINDS.__getitem__)
        chosen: surgery.Edit
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if kind == "erase":
                source = trace.sources[t] if trace.sources and trace.sources[t] >= 0 else t
                chosen = Erase(int(st.number_input("Token", 0, trace.T - 1, source, key=f"erase {trace.hash} {t}")))
            elif kind == "force":
                picked = st.multiselect("Checkpoints to read", range(trace.N), [0])
                here = st.toggle(f"At token {t} only", value=True)
                chosen = Force(tuple(picked), t if here else None)
            else:
                at = int(st.number_input("Checkpoint", 0, last, most, key=f"checkpoint {trace.hash} {t} {head}"))
                chosen = SwitchOff(at)
                if kind == "swap":
                    chosen = Swap(at, int(st.number_input("With", 0, last, 0 if most else min(1, last))))
                if kind == "freeze":
                    if trace.config.aggregator not in GATED:
                        st.caption("This aggregator has no gates.")
                    chosen = Freeze(at, st.slider("Gate", 0.0, 1.0, 0.0, 0.05))
                if kind == "noise":
                    chosen = Noise(at, st.slider("Noise, in units of the memory's spread", 0.0, 4.0, 1.0, 0.25))
        st.caption(scope(trace, chosen))
        so_far = screen.get("edits")
        with st.container(horizontal=True):
            added = f"{so_far} {edits.word(chosen)}".strip()
            st.button(
                "Operate", type="primary", icon=":material/healing:", on_click=screen.put, kwargs={"edits": added}
            )
            st.button(
                "Undo all", icon=":material/undo:", disabled=not so_far, on_click=screen.put, kwargs={"edits": ""}
            )


def scope(trace: Trace, edit: surgery.Edit) -> str:
    """What an edit reaches."""
    if surgery.propagates(trace, edit):
        return "This edit propagates: whatever is written later on top of this memory changes with it."
    return "This edit only changes what is read: every memory is written as before."


def listed(trace: Trace, changes: list[surgery.Edit]) -> None:
    """The edits that are in force, and what each reaches."""
    for edit in changes:
        surgery.check(trace, edit)
        st.markdown(plain(f"{edits.says(edit)}. {scope(trace, edit)}"))
