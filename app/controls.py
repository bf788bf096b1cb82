"""The sidebar: what to run, and how. `side` is "" for the first run, and `link.SECOND` for the second of two.

`by` are the backends to choose from.
"""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app import link, runs, screen
from mcviz import MCConfig, Trace, examples, watch
from mcviz.config import AGGREGATORS, GATED, GATES, MEMORIES, OPTIONS, POOLINGS, STARTS
from mcviz.watch import Sitting

RUNS = {
    "topics": "Topic library, untrained",
    "needle": "Needles in a haystack, untrained",
    "recall": "Associative recall, untrained",
    "text": "Your own text, untrained",
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
    "none": "None: the online memory alone",
    "residual": "Residual: add all",
    "grm": "GRM: gated residual",
    "soup": "Soup: mix memories",
    "ssc": "SSC: the router selects",
    "average": "Average of all",
}
SEGMENTATION = {"constant": "Constant length", "logarithmic": "Logarithmic", "explicit": "Lengths of your own"}
START = {"independent": "M₀", "checkpoint": "The last checkpoint"}
GATE = {"context": "Token and context", "token": "Token alone, by age", "shared": "Query and context"}
BACKEND = {"pytorch": "PyTorch", "numpy": "NumPy"}
OPTION = {
    "feature_map": "Feature map",
    "normalizer": "Normaliser",
    "window": "Window",
    "depth": "Layers",
    "expansion": "Expansion",
    "residual": "Residual",
    "norm": "Layer norm",
}


def named(run: str) -> str:
    """How a run is called in the list."""
    return RUNS.get(run, run or "The same model")


def draw(two: bool = False, by: Sequence[str] = watch.BACKENDS) -> None:
    """All controls, for one run or for two. What is chosen is in `screen`; what does not matter is not drawn."""
    if screen.hidden("controls"):
        return
    with st.sidebar:
        st.selectbox(
            "Model or sequence",
            link.fields()["run"].choices,
            format_func=named,
            key=screen.key("run"),
            on_change=screen.another_run,
        )
        if trained() and (about := watch.about(screen.get("run"))):
            st.caption(about)
        if screen.get("run") == "text":
            own_text()
        st.number_input("Seed", step=1, key=screen.key("seed"), help="Draws the sequence. Untrained: the maps as well.")
        if not two:
            configuration("", by)
            return
        for side, title in (("", "First run"), (link.SECOND, "Second run")):
            with st.expander(title, expanded=True):
                configuration(side, by)


def own_text() -> None:
    """The reader's text, and how it is cut into tokens."""
    st.text_area("Text", key=screen.key("text"), height=140)
    st.segmented_control("Tokens", tuple(examples.SPLITS), key=screen.key("split"), required=True)


def trained() -> bool:
    """Whether the run is that of a model."""
    return screen.get("run") in watch.names()


def configuration(side: str, by: Sequence[str]) -> None:
    """How the sequence is run."""
    if trained():
        if side:
            st.selectbox("Model", link.fields()["b_run"].choices, format_func=named, key=screen.key("b_run"))
        st.segmented_control("Weights", watch.WEIGHTS, key=screen.key(side + "weights"), required=True)
        if len(by) > 1:
            key = screen.key(side + "backend")
            st.segmented_control("Computed by", by, format_func=BACKEND.__getitem__, key=key, required=True)
    else:
        memory(side)
    if not (side and trained() and screen.get("b_run")):
        reading(side)
        cutting(side)


def memory(side: str) -> None:
    """How a memory is written, with the options of that rule."""
    st.selectbox("Memory", MEMORIES, format_func=MEMORY.__getitem__, key=screen.key(side + "memory"))
    for name, default in OPTIONS[screen.get(side + "memory")].items():
        if link.CONFIG[name].choices:
            st.selectbox(OPTION[name], link.CONFIG[name].choices, key=screen.key(side + name))
        elif isinstance(default, bool):
            st.toggle(OPTION[name], key=screen.key(side + name))
        else:
            st.number_input(OPTION[name], step=1, key=screen.key(side + name))


def reading(side: str) -> None:
    """How a token reads all memories."""
    st.selectbox("Aggregator", AGGREGATORS, format_func=AGGREGATOR.__getitem__, key=screen.key(side + "aggregator"))
    if screen.get(side + "aggregator") == "ssc":
        st.number_input("Checkpoints to select, k", step=1, key=screen.key(side + "top_k"))
    if screen.get(side + "aggregator") in GATED:
        st.selectbox("Gate compares", GATES, format_func=GATE.__getitem__, key=screen.key(side + "gate"))
        st.segmented_control("Context of a segment", POOLINGS, key=screen.key(side + "pooling"), required=True)


def cutting(side: str) -> None:
    """Where segments begin, and from what."""
    st.selectbox(
        "Segments", link.SEGMENTATION, format_func=SEGMENTATION.__getitem__, key=screen.key(side + "segmentation")
    )
    if screen.get(side + "segmentation") == "constant":
        st.number_input("Tokens in a segment", step=1, key=screen.key(side + "segment_length"))
    if screen.get(side + "segmentation") == "explicit":
        st.text_input(
            "Lengths", key=screen.key(side + "lengths"), help="Whole numbers that sum to the number of tokens."
        )
    st.selectbox("A segment starts from", STARTS, format_func=START.__getitem__, key=screen.key(side + "start"))


def config(side: str = "") -> MCConfig:
    """The configuration that is chosen. Raises the library's `ValueError` where there is none."""
    segmentation, rule = screen.get(side + "segmentation"), screen.get(side + "memory")
    names = ("memory", "aggregator", "segment_length", "start", "gate", "pooling", "top_k")
    return MCConfig(
        segmentation=lengths(screen.get(side + "lengths")) if segmentation == "explicit" else segmentation,
        seed=screen.get("seed"),
        options={name: screen.get(side + name) for name in OPTIONS[rule]},
        **{name: screen.get(side + name) for name in names},
    )


def lengths(text: str) -> tuple[int, ...]:
    """Segment lengths as they are typed: whole numbers with commas or spaces between them."""
    words = text.replace(",", " ").split()
    if not all(word.isascii() and word.isdecimal() and len(word) < 9 for word in words):
        raise ValueError(f"segmentation: expected whole numbers with commas between them, got {text[:60]!r}")
    return tuple(map(int, words))


def sitting(side: str = "") -> Sitting | None:
    """The model, its configuration and its sequence; None for an example. Raises the library's `ValueError`s."""
    if not trained():
        return None
    name = (side and screen.get("b_run")) or screen.get("run")
    own = watch.config(name)
    cfg = own if side and screen.get("b_run") else replace(config(side), seed=own.seed)
    return Sitting(name, cfg, screen.get("seed"), screen.get(side + "weights"))


def trace(side: str = "", backend: str = "") -> Trace:
    """The run that is chosen, by the `backend` that is chosen if none is given. Raises the library's `ValueError`s."""
    seat = sitting(side)
    if seat is not None and seat.cfg is not None:
        by = backend or screen.get(side + "backend")
        return runs.model(seat.name, seat.cfg.to_json(), seat.seed, seat.weights, by)
    own = screen.get("run") == "text"
    text, split = (screen.get("text"), screen.get("split")) if own else ("", "word")
    return runs.example(screen.get("run"), config(side).to_json(), text, split)
