"""Your own: a text, a saved run, or a model."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import controls, screen, stepping
from app.words import plain, refused
from mcviz import Trace, uploads, watch

KINDS = ("A text", "A saved run", "A trained model")


def page() -> None:
    """The page."""
    top = stepping.title("Your own")
    with st.container(horizontal=True, vertical_alignment="center", key="writing"):
        kind = st.segmented_control(
            "What to watch", KINDS, default=KINDS[0], required=True, key="own:kind", label_visibility="collapsed"
        )
        if kind == KINDS[0]:
            ways()
    if kind == KINDS[1]:
        saved(top)
        return
    wanted = controls.models() if kind == KINDS[2] else ("text",)
    if screen.get("run") not in wanted:
        screen.another_run(wanted[0])
    if kind == KINDS[0]:
        with stepping.said():
            st.markdown(
                "Type or paste a text. Each word or character is stored under the one before it, by random maps that "
                "nobody trained; a token that returns asks for what followed it the last time."
            )
        if not screen.hidden("controls") and not screen.get("present"):
            # in the page: a telephone has the sidebar shut
            write, cut = st.columns([3, 1], vertical_alignment="bottom")
            controls.own_text(write, cut)
    controls.draw(only="text" if kind == KINDS[0] else "")
    with refused():
        show(top, controls.trace())
    if kind == KINDS[2]:
        st.caption(plain(f"Task: {watch.task(screen.get('run'))}. {watch.about(screen.get('run'))}"))


def ways() -> None:
    """To the pages where models that have learned something read the reader's words."""
    st.markdown("Trained models read your words on", width="content")
    for title in ("Library", "Write"):
        if st.button(title, icon=":material/arrow_forward:"):
            screen.go(title)


def saved(top: DeltaGenerator) -> None:
    """A run that was saved before."""
    st.markdown("Choose a file that `Trace.save`, `mcviz trace` or the download below any run here has written.")
    file = st.file_uploader("A saved run (.npz)", type="npz", max_upload_size=uploads.MEGABYTES)
    if file is None:
        return
    with refused():
        show(top, uploads.read(file, file.size))
    st.caption("The link of this page does not hold the file: send it along.")


def show(top: DeltaGenerator, trace: Trace) -> None:
    """The stepper on a run, which is named beside the title."""
    stepping.labelled(top, trace)
    stepping.step_through(trace, key="own")
    stepping.export(trace)
