"""A page with a stepper on a trained model whose sequence can be edited, for tests and for `editing_latency.py`."""

import sys
from dataclasses import replace
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from app import loaded  # noqa: F401  (as the explorer does: what is loaded is no garbage to look through)
from mcviz import changes, watch
from mcviz.stepper.streamlit import stepper
from mcviz.watch import Sitting

T = 256


@st.cache_resource
def run(sitting):
    return watch.run(sitting)


def edit(kind, value):
    made = changes.asked(st.session_state.changes, value)
    watch.words(replace(base, changes=made))
    st.session_state.changes = made


drawn = [watch.words(Sitting("topics-ssc", seed=seed)) for seed in range(2)]
base = Sitting("topics-ssc", tokens=(*drawn[0][:128], *drawn[1][: T - 160], *drawn[0][128:]))
st.set_page_config(layout="wide")
st.session_state.setdefault("changes", ())
sitting = replace(base, changes=st.session_state.changes)
trace, earlier = run(sitting), run(sitting.undone()) if sitting.changes else None
pair = (earlier, trace) if earlier is not None and earlier.T == trace.T else (trace,)
offers = {"edit": watch.offer(sitting, trace, earlier)}
stepper(*pair, key="main", step=225, offers=offers, on_request=edit)
st.text(f"{trace.T} tokens, {len(sitting.changes)} edits")
