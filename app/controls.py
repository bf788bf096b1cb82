"""The sidebar: what to run, and how."""

import streamlit as st

from app import link, runs, screen
from mcviz import MCConfig, Trace, examples
from mcviz.config import AGGREGATORS, GATED, GATES, MEMORIES, OPTIONS, POOLINGS, STARTS

RUNS = {
    "topics": "Topic library",
    "needle": "Needles in a haystack",
    "recall": "Associative recall",
    "text": "Your own text",
}
MEMORY = {
    "linear": "Linear attention",
    "swla": "SWLA: sliding window",
    "delta": "Delta rule",
    "dla": "DLA: deep linear attention",
    "titans": "Titans",
    "vector": "One vector, no keys",
}
AGGREGATOR = {
    "none": "None: the plain RNN",
    "residual": "Residual: add all",
    "grm": "GRM: gated residual",
    "soup": "Soup: mix memories",
    "ssc": "SSC: the router selects",
    "average": "Average of all",
}
SEGMENTATION = {"constant": "Constant length", "logarithmic": "Logarithmic", "explicit": "Lengths of your own"}
START = {"independent": "From M₀", "checkpoint": "From the last checkpoint"}
GATE = {"context": "Token and context", "token": "Token alone, by age", "shared": "Query and context"}
OPTION = {
    "feature_map": "Feature map",
    "normalizer": "Normaliser",
    "window": "Window",
    "depth": "Layers",
    "expansion": "Expansion",
    "residual": "Residual",
    "norm": "Layer norm",
}


def draw() -> None:
    """All controls. What is chosen is in `screen`; what does not matter to the choice is not drawn."""
    if screen.hidden("controls"):
        return
    with st.sidebar:
        st.selectbox("Sequence", examples.NAMES, format_func=RUNS.__getitem__, key=screen.key("run"))
        if screen.get("run") == "text":
            st.text_area("Text", key=screen.key("text"), height=140)
            st.segmented_control("Tokens", tuple(examples.SPLITS), key=screen.key("split"), required=True)
        memory()
        reading()
        cutting()
        st.number_input(
            "Seed", step=1, key=screen.key("seed"), help="Draws the sequence, the embeddings, the maps and M₀."
        )


def memory() -> None:
    """How a memory is written, with the options of that rule."""
    st.selectbox("Memory", MEMORIES, format_func=MEMORY.__getitem__, key=screen.key("memory"))
    for name, default in OPTIONS[screen.get("memory")].items():
        if link.FIELDS[name].choices:
            st.selectbox(OPTION[name], link.FIELDS[name].choices, key=screen.key(name))
        elif isinstance(default, bool):
            st.toggle(OPTION[name], key=screen.key(name))
        else:
            st.number_input(OPTION[name], step=1, key=screen.key(name))


def reading() -> None:
    """How a token reads all memories."""
    st.selectbox("Aggregator", AGGREGATORS, format_func=AGGREGATOR.__getitem__, key=screen.key("aggregator"))
    if screen.get("aggregator") == "ssc":
        st.number_input("Checkpoints to select, k", step=1, key=screen.key("top_k"))
    if screen.get("aggregator") in GATED:
        st.selectbox("Gate compares", GATES, format_func=GATE.__getitem__, key=screen.key("gate"))
        st.segmented_control("Context of a segment", POOLINGS, key=screen.key("pooling"), required=True)


def cutting() -> None:
    """Where segments begin, and from what."""
    st.selectbox("Segments", link.SEGMENTATION, format_func=SEGMENTATION.__getitem__, key=screen.key("segmentation"))
    if screen.get("segmentation") == "constant":
        st.number_input("Tokens in a segment", step=1, key=screen.key("segment_length"))
    if screen.get("segmentation") == "explicit":
        st.text_input("Lengths", key=screen.key("lengths"), help="Whole numbers that sum to the number of tokens.")
    st.segmented_control(
        "A segment starts", STARTS, format_func=START.__getitem__, key=screen.key("start"), required=True
    )


def config() -> MCConfig:
    """The configuration that is chosen. Raises the library's `ValueError` where there is none."""
    segmentation = screen.get("segmentation")
    plain_fields = ("memory", "aggregator", "segment_length", "start", "gate", "pooling", "top_k", "seed")
    return MCConfig(
        segmentation=lengths(screen.get("lengths")) if segmentation == "explicit" else segmentation,
        options={name: screen.get(name) for name in OPTIONS[screen.get("memory")]},
        **{name: screen.get(name) for name in plain_fields},
    )


def lengths(text: str) -> tuple[int, ...]:
    """Segment lengths as they are typed: whole numbers with commas or spaces between them."""
    words = text.replace(",", " ").split()
    if not all(word.isdecimal() and len(word) < 9 for word in words):
        raise ValueError(f"segmentation: expected whole numbers with commas between them, got {text[:60]!r}")
    return tuple(map(int, words))


def trace() -> Trace:
    """The run that is chosen. Raises the library's `ValueError` where it cannot be run."""
    own = screen.get("run") == "text"
    return runs.example(
        screen.get("run"), config().to_json(), screen.get("text") if own else "", screen.get("split") if own else "word"
    )
