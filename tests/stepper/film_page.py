"""A page with a film on it that grows when a button is pressed."""

import sys
from dataclasses import replace
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from mcviz.stepper.streamlit import Selection, bring_film, film_stepper, selection, whole_parts
from tests.stepper.films import film

st.set_page_config(layout="wide")
frames = st.session_state.setdefault("frames", 2)
if st.button("grow"):
    frames = st.session_state.frames = frames + 8
whole = film(frames=20)
at = selection("main") if st.session_state.get("placed") else Selection(step=129, frame=-1)
growing = replace(whole, frames=whole.frames[:frames])
film_stepper(
    growing,
    key="main",
    **at._asdict(),
    on_change=lambda to: st.query_params.update(frame=str(to.frame)),
    brought=whole_parts(growing),
)
bring_film(growing, key="growing")
st.session_state.placed = True
