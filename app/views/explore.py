"""Explore: one run, token by token."""

import streamlit as st

from app import asking, controls, dial, editing, operating, stepping, tour
from app.words import plain, refused
from mcviz import Trace, figures


def page() -> None:
    """The page: a question to a reader who comes without a link, or the stepper."""
    if tour.on_the_way():
        tour.page()
        return
    if asking.wanted():
        asking.page()
        return
    room = controls.draw()
    top = stepping.title("Explore", tour.begin, asking.begin, controls.reset)
    with refused():
        trace, after = operating.pair(controls.trace())
        earlier = editing.before()
        for name in dial.PAPER:
            if name in room:
                with room[name]:
                    dial.beside(name, trace, after)
        stepping.labelled(top, trace)
        if remark := controls.remark():
            st.caption(plain(remark))
        offers = editing.offers(trace, earlier)
        operating.step_through(trace, after, earlier, key="explore", offers=offers, on_request=editing.asked)
        last = after or trace  # what is told of a run below is of the one that surgery made
        # What is shut is not computed; opening it brings it to the token that is on screen by then.
        equations = st.expander(
            "The equations, with the numbers of one token",
            icon=":material/function:",
            key="equations",
            on_change="rerun",
        )
        if equations.open:
            with equations:
                stepping.equations(last)
        pictures = st.expander(
            "The figures, for print and for talks", icon=":material/bar_chart:", key="figures", on_change="rerun"
        )
        if pictures.open:
            with pictures:
                show(stepping.shown(last), *stepping.place(last))
        stepping.export(trace, tour.notes(trace))


def show(trace: Trace, t: int, head: int) -> None:
    """The same numbers as figures that can be saved as pictures."""
    theme = stepping.theme()
    stepping.chart(figures.tokens(trace, t, head, theme), "The sequence")
    stepping.chart(figures.gates(trace, head, t, theme), "Gates over the whole sequence")
    stepping.chart(figures.relevance(trace, t, head, theme), f"Scores and gates of token {t}")
    stepping.chart(figures.checkpoints(trace, t, head, theme=theme), "The memory of each segment")
    stepping.chart(figures.reads(trace, t, head, theme), "What each memory said, and the output")
