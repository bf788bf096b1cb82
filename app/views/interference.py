"""Interference: every memory is asked for every pair that was stored."""

import streamlit as st

from app import controls, runs, screen, stepping
from app.words import plain, refused
from mcviz import examples, watch, words


def page() -> None:
    """The page."""
    controls.draw()
    top = stepping.title("Interference", controls.reset)
    with refused():
        trace = controls.trace()  # what is measured does not depend on what a class may see
        stepping.labelled(top, trace)
        head = stepping.place(trace)[1]
        if trace.H > 1:
            screen.put(head=head)
            st.selectbox("Head", range(trace.H), key=screen.key("head"), width=110)
        asked, grown = runs.recall(trace, head)
        st.markdown(
            "**Which memories still hold what was written?** Each is asked with the key that a fact was stored under: "
            "orange says that the fact’s value comes back, blue its opposite, and a cell without colour something else."
        )
        stepping.show(runs.recovered("How like the stored value each answer is", trace, head, stepping.theme()))
        st.caption(
            "A column for each pair, a row for each memory, which is asked for the pair's key. ✓: of all values, the "
            "stored one is nearest to the answer. Outlined: the memory that the pair was written into."
        )
        st.markdown(plain(words.recalled(trace, asked.home, asked.right, asked.strength, asked.crosstalk, facts())))
        stepping.drawn("Pairs recovered, as more are written", "capacity", grown.pairs, grown.alone, grown.cached)


def facts() -> int:
    """How many facts stand in the sequence, asked for or not; 0 where that is not known."""
    run = screen.get("run")
    return watch.stored(run) if controls.trained() else examples.TASKS[run].stored if run in examples.TASKS else 0
