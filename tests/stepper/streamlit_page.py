"""A page with a stepper on it, for tests and measurements: what it shows stands in its address."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from mcviz import MCConfig
from mcviz.stepper.streamlit import stepper
from tests.stepper.examples import library, noise


@st.cache_resource
def run(tokens, aggregator):
    if not tokens:
        return library(MCConfig(aggregator=aggregator))
    return noise(MCConfig(aggregator=aggregator, top_k=4), tokens, H=4, K=32, V=32)


st.set_page_config(layout="wide")
st.title("Stepper")
if "reports" not in st.session_state:
    st.session_state.reports = []
aggregator = st.query_params.get("aggregator", "ssc")
if st.button("other run"):
    aggregator = st.query_params["aggregator"] = "grm"
step = 20 if st.button("go to 20") else st.session_state.get("asked", 135)
st.session_state.asked = step


def report(selection):
    st.session_state.reports.append(selection)
    st.query_params["step"] = str(selection.step)


def enlarge(on):
    st.query_params["present"] = str(int(on))


trace = run(int(st.query_params.get("tokens", 0)), aggregator)
st.text_input("a field")
present = st.query_params.get("present") == "1"
selection = stepper(trace, key="main", step=step, on_change=report, present=present, on_present=enlarge)
st.text(f"server: {selection.step}, {selection.head}, {selection.segment} after {len(st.session_state.reports)}")
