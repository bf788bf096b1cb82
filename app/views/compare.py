"""Compare: two runs on the same tokens, in step."""

import streamlit as st

from app import controls, screen, stepping
from app.words import plain, refused
from mcviz import choices, link, words


def page() -> None:
    """The page."""
    controls.draw(two=True)
    top = stepping.title("Compare", controls.reset)
    with refused():
        first, second = controls.trace(), controls.trace(link.SECOND)
        stepping.labelled_pair(top, first, second)
        said = [f"First: {first.title}. Second: {second.title}."]
        if first.title == second.title:
            said.append(choices.differences(first.config, second.config))
        if not screen.hidden("answers"):
            said.append(words.compared(first, second))
        with stepping.said(short=True):
            st.markdown(plain(" ".join([*said, controls.remark(link.SECOND) or controls.remark()])))
        stepping.step_through(first, second, key="compare")
