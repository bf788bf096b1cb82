"""Runs, computed once for all sessions and kept in a bounded store. A Trace never changes, so it can be shared."""

import streamlit as st

from mcviz import MCConfig, Trace, examples


@st.cache_resource(max_entries=24, show_spinner="Running the reference …")
def example(name: str, cfg: str, text: str, split: str) -> Trace:
    """The run of an example under the configuration `cfg` (JSON). Raises the library's `ValueError`s."""
    return examples.run(name, MCConfig.from_json(cfg), text=text, split=split)
