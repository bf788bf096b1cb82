"""The frontier: recall against what it takes, as a picture and in sentences."""

import streamlit as st

from app import runs, stepping
from app.words import plain
from mcviz import claims, words
from mcviz.claims import Finding


@st.fragment
def draw(board: list[Finding]) -> None:
    """Every point that was run, with as many pairs as the reader asks for; and what they say."""
    found = runs.points()
    if not found:
        return
    said = words.frontier_in_words({one.claim.name: one.intervals for one in board})
    st.markdown(plain(f"Is it the caching, or only more memory? {' '.join(said)}"))
    factor = st.segmented_control(
        "Asked for",
        claims.FACTORS,
        default=claims.FACTORS[0],
        format_func=claims.ASKED.__getitem__,
        key="frontier:asked",
        required=True,
    )
    stepping.drawn(f"Recall of {claims.ASKED[factor]}", "frontier", found, factor)
    st.caption(
        "A mark is a setting, trained anew for each seed on 24 pairs; its bar is the interval of the mean over seeds. "
        "Of two or three seeds that is at most as wide as they lie apart, and covers the mean less often than 95 times "
        "in 100; one seed has no bar. Numbers take four bytes. The sizes, the weights and the command that trains it "
        "stand under the pointer."
    )
