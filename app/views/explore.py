"""Explore: one run, token by token."""

import streamlit as st

from app import controls, stepping
from app.words import plain


def page() -> None:
    """The page."""
    st.title("Explore")
    controls.draw()
    try:
        trace = controls.trace()
    except ValueError as error:
        st.error(plain(f"This cannot be run. {error}"), icon=":material/error:")
        return
    st.badge(
        plain(trace.title), color="orange", help="Embeddings and maps are random: the algorithm at work, untrained."
    )
    if trace.diverged_at is not None:
        st.warning(f"This run diverged: from token {trace.diverged_at} on, the output is not finite.")
    stepping.step_through(trace)
