"""Runs, computed once for all sessions and kept in a bounded store. A Trace never changes, so it can be shared."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import streamlit as st

from app import edits
from mcviz import MCConfig, Trace, examples, interference, surgery, watch
from mcviz.watch import Sitting

KEPT = 24
HASHES: dict[str | type, Callable[..., str]] = {Trace: lambda trace: trace.hash, Sitting: repr}


@st.cache_resource(max_entries=KEPT, show_spinner="Running the reference …")
def example(name: str, cfg: str, text: str, split: str) -> Trace:
    """The run of an example under the configuration `cfg` (JSON). Raises the library's `ValueError`s."""
    return examples.run(name, MCConfig.from_json(cfg), text=text, split=split)


@st.cache_resource(max_entries=KEPT, show_spinner="Running the model …")
def model(name: str, cfg: str, seed: int, weights: str, backend: str) -> Trace:
    """The run of a trained model under the configuration `cfg` (JSON). Raises the library's `ValueError`s."""
    return watch.run(Sitting(name, MCConfig.from_json(cfg), seed, weights), backend)


@st.cache_resource(max_entries=KEPT, show_spinner="Running again …", hash_funcs=HASHES)
def edited(trace: Trace, changes: str, sitting: Sitting | None) -> Trace:
    """The run after surgery, with what its model makes of it, where there is one."""
    after = surgery.operate(trace, edits.parse(changes))
    return after if sitting is None else watch.answered(sitting, after)


@st.cache_resource(max_entries=KEPT, show_spinner="Asking every memory …", hash_funcs=HASHES)
def recall(trace: Trace, head: int) -> tuple[interference.Recall, interference.Capacity]:
    """What every memory answers to every pair, and how that goes as the sequence does."""
    return interference.recall(trace, head), interference.capacity(trace, head)


@st.cache_resource(max_entries=KEPT, hash_funcs=HASHES)
def without_answers(trace: Trace) -> Trace:
    """The run, but for where answers stand and what they are."""
    said = trace.predictions
    return replace(trace, sources=(), predictions=said and replace(said, targets=(), target_probabilities=None))


def saved(trace: Trace) -> bytes:
    """The bytes of `Trace.save`."""
    file = BytesIO()
    trace.save(file)
    return file.getvalue()
