"""A page with a film on it that grows when a button is pressed."""

import sys
from dataclasses import replace
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from mcviz.stepper.streamlit import Selection, film_stepper, selection
from tests.stepper.films import film

st.set_page_config(layout="wide")
frames = st.session_state.setdefault("frames", 2)
if st.button("grow"):
    frames = st.session_state.frames = frames + 8
whole = film(frames=20)
at = selection("main") if st.session_state.get("placed") else Selection(step=129, frame=-1)
film_stepper(
    replace(whole, frames=whole.frames[:frames]),
    key="main",
    **at._asdict(),
    on_change=lambda to: st.query_params.update(frame=str(to.frame)),
)
st.session_state.placed = True
