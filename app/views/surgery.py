"""Surgery: change what is read or written, and run again."""

import streamlit as st

from app import controls, field, operating, screen, stepping
from app.words import plain, refused
from mcviz import Trace, words
from mcviz.checks import place, written
from mcviz.config import GATED
from mcviz.probes import edits, surgery
from mcviz.probes.surgery import Edit, Erase, Force, Freeze, Noise, Scale, Swap, SwitchOff

GATES = (0.0, 0.5, 1.0)
FACTORS = (0.5, 2.0, -1.0)


def page() -> None:
    """The page."""
    table = st.sidebar.container()
    # The reference operates, so it also has to say what there was before: rounding is no difference.
    controls.draw(by=["numpy"])
    top = stepping.title("Surgery", controls.reset)
    with refused():
        before, after = operating.pair(controls.trace(backend="numpy"))
        stepping.labelled(top, before)
        changes = operating.in_force(before)
        if not screen.hidden("controls") and not screen.get("present"):
            with table:
                operate(before, changes)
        if changes:
            with stepping.said():
                listed(before, changes)
        operating.step_through(before, after, key="surgery")


def operate(trace: Trace, changes: list[Edit]) -> None:
    """A checkpoint to choose, at first what the token reads most, and what can be done to it, each by one press."""
    offered = edits.read(trace)
    if not offered:
        st.info("No checkpoint is read in this run, so there is none to operate on. Take another aggregator.")
        return
    t, head = stepping.place(trace)
    most = words.heaviest(trace, t, head)
    st.caption("Click a checkpoint in the picture, or choose one here: the run is made again, and both are shown.")
    at = st.segmented_control(
        "Checkpoint to operate on",
        offered,
        default=most if most in offered else offered[0],
        required=True,
        key=f"surgery {trace.hash} {t} {head}",
    )
    with st.container(horizontal=True, gap="small", key="options"):
        if SwitchOff(at) in changes:
            button(f"Restore {at}", [edit for edit in changes if edit != SwitchOff(at)])
        else:
            button(f"Switch {at} off", [*changes, SwitchOff(at)])
        with st.popover("Swap with"), st.container(horizontal=True, gap="small"):
            for other in offered:
                if other != at:
                    button(f"{other} ", [*changes, Swap(at, other)])
        for factor in FACTORS:
            button(f"× {factor:g}".replace("-", "−"), [*changes, Scale(at, factor)])
        if trace.config.aggregator in GATED:
            for gate in GATES:
                button(f"Gate {gate:g}", [*changes, Freeze(at, gate)])
        with st.popover("More"):
            more(trace, t, at, changes)


def button(label: str, changes: list[Edit], key: str | None = None) -> None:
    """A press that leaves these edits in force, of which later ones take the place of earlier ones; shut, and said why,
    where there is no room for so many."""
    text, why = edits.write(edits.settled(changes)), None
    try:
        edits.parse(text)
    except ValueError as error:
        why = plain(f"There is no room for it: undo an edit first. {error}")
    st.button(label, key=key, on_click=screen.put, kwargs={"edits": text}, disabled=why is not None, help=why)


def more(trace: Trace, t: int, at: int, changes: list[Edit]) -> None:
    """What takes a number of its own."""
    picked = st.multiselect("Read these checkpoints and no others", range(trace.N - 1), [at])
    button(f"Force at token {t}", [*changes, Force(tuple(picked), t)])
    button("Force at every token", [*changes, Force(tuple(picked))])
    scale = st.slider(f"Noise on checkpoint {at}, in units of the memory's spread", 0.25, 4.0, 1.0, 0.25)
    button("Add noise", [*changes, Noise(at, scale)])
    source = trace.sources[t] if trace.sources and trace.sources[t] >= 0 else t
    kept = f"erase {trace.hash} {t}"
    token = st.session_state.get(kept, source)

    def take(text: str) -> None:
        st.session_state[kept] = place("token", written("token", text), trace.T, "token")

    field.whole("Token that is never written", kept, token, take)
    button("Erase it", [*changes, Erase(token)])


def reach(trace: Trace, changes: list[Edit]) -> str:
    """What edits reach, in a sentence or two."""
    spread = [edit for edit in changes if surgery.propagates(trace, edit)]
    later = "whatever is written later on top of this memory changes with it"
    if not spread:
        some = "This edit only changes" if len(changes) == 1 else "These edits only change"
        return f"{some} what is read: every memory is written as before."
    if len(changes) == 1:
        return f"This edit propagates: {later}."
    named = " ".join(f"{edits.says(edit)}, and this propagates: {later}." for edit in spread)
    return named if spread == changes else f"{named} Each other edit only changes what is read."


def listed(trace: Trace, changes: list[Edit]) -> None:
    """What the edits in force reach; they themselves are listed by the stepper, where they can be undone."""
    done = "".join(f"{edits.says(edit)}. " for edit in changes) if screen.hidden("controls") else ""
    st.markdown(plain(f"{done}{reach(trace, changes)}"))
