"""A tour of five minutes: each stop sets the view and says what to look at."""

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from app import link, screen
from mcviz import watch


class Stop(NamedTuple):
    """A place of the tour: its name, what to look at, and the choices that set the view."""

    title: str
    look: str
    choices: Mapping[str, link.Value] = {}


STOPS = (
    Stop(
        "A network that asks",
        "The sequence is a shelf of documents, each about one animal, then questions: an animal and a colour. "
        "The token on screen is such a question, and the star marks the segment in which its answer stands.",
    ),
    Stop(
        "Checkpoints",
        "At the end of each segment the layer kept the memory it ended with. The cards show these checkpoints. Step on "
        "with the arrow keys, and watch the online memory change while the checkpoints stay.",
        {"step": 40},
    ),
    Stop(
        "The gate finds the document",
        "Back at the question: the gate compares what this token wants with what each segment holds. One checkpoint "
        "takes nearly all the weight, and its answer becomes the output. Press n for the next event.",
    ),
    Stop(
        "Without caching",
        "The same weights, but one memory goes on from segment to segment and nothing else is read: the plain "
        "recurrent layer. All documents are written on top of each other in it. Look at the predictions.",
        {"aggregator": "none", "start": "checkpoint"},
    ),
    Stop(
        "All memories alike",
        "Segments start anew again, and every memory counts in full. For a linear memory that sum is the plain layer "
        "once more: the right answer is in it, with the noise of all other documents on top. Hence the gate.",
        {"aggregator": "residual"},
    ),
    Stop(
        "A router that selects",
        "SSC reads only the best checkpoints, here one, and the online memory. The others are not read. Step through "
        "the questions: the choice changes with each.",
        {"aggregator": "ssc", "top_k": 1},
    ),
    Stop(
        "The dial",
        "Segments of 48 tokens put three documents into one checkpoint. The cache is a third of the size, and the "
        "memories mix up what they hold. Longer segments: nearer to a plain RNN; shorter ones: nearer to attention.",
        {"segment_length": 48},
    ),
    Stop(
        "Your turn",
        "Change anything on the left; the address of the page always leads back to what you see. Compare puts two runs "
        "side by side, Surgery operates on one, Interference shows why one memory overflows.",
    ),
)


def begin() -> None:
    """The way into the tour."""
    if not screen.hidden("controls") and not on_the_way():
        st.button("Take the five-minute tour", icon=":material/tour:", on_click=go, args=(1,))


def on_the_way() -> bool:
    """Whether the tour is at one of its stops."""
    return 1 <= screen.get("tour") <= len(STOPS)


def draw() -> None:
    """The stop that the tour has reached, if it has begun."""
    if not on_the_way():
        return
    at = screen.get("tour")
    stop = STOPS[at - 1]
    with st.container(border=True):
        st.markdown(f"**{at} of {len(STOPS)}: {stop.title}**")
        st.markdown(stop.look)
        with st.container(horizontal=True):
            st.button("Back", icon=":material/arrow_back:", disabled=at == 1, on_click=go, args=(at - 1,))
            st.button("Next", type="primary", disabled=at == len(STOPS), on_click=go, args=(at + 1,))
            st.button("Leave the tour", on_click=go, args=(0,))


def go(at: int) -> None:
    """To a stop: its choices, on top of what everything is at first."""
    stop = STOPS[at - 1] if at else Stop("", "")
    run = "topics-grm" if "topics-grm" in watch.names() else "topics"
    kept = {name: screen.get(name) for name in screen.KEPT} | {"tour": at}
    screen.put(**({**link.defaults(run), **stop.choices, **kept} if at else kept))
