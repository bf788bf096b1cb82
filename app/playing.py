"""The game: reach a recall with at most so many reads, on runs that were trained."""

import streamlit as st

from app import runs, screen, stepping
from app.words import plain
from mcviz import figures, words
from mcviz.rules import AGGREGATORS
from mcviz.tradeoff import game as rules
from mcviz.tradeoff.game import BUDGETS, GOAL, Play, Try

NAMES = {
    **{name: one.title for name, one in AGGREGATORS.items()},
    "none": "RNN: one memory",
    "attention": "Attention: every pair",
}


@st.fragment
def game() -> None:
    """A round: its budget, what can be answered, and what became of the answers so far."""
    known = runs.plays()
    st.markdown(f"### Reach {GOAL:.0%} recall with at most B reads")
    st.markdown(
        plain(
            f"Small models learned to recall values by their keys, each combination from several seeds. A read is one "
            f"memory, or one pair of attention's, answering one token; a sequence has {rules.T} tokens. Recall is the "
            "share of answers that are right, on average over seeds."
        )
    )
    tries: list[Try] = st.session_state.setdefault("tries", [])
    st.session_state.setdefault("round", 0)
    over = st.session_state.round >= len(BUDGETS)
    left, right = st.columns(2, gap="medium")
    with left:
        if over:
            st.success(f"{rules.score(tries)} of {len(BUDGETS)} rounds answered right at once.")
            st.button("Play again", icon=":material/replay:", on_click=again)
        else:
            ask(known, tries)
        if tries:
            st.dataframe(words.tried(tries), hide_index=True)
    with right:
        played = [one.play for one in tries if one.play is not None]
        budget = None if over else BUDGETS[st.session_state.round]
        best = rules.frontier(known) if over and not screen.hidden("answers") else []
        stepping.chart(figures.tries(played, budget, best, stepping.theme()), "Recall against reads of what was tried")


def ask(known: list[Play], tries: list[Try]) -> None:
    """The question of this round, and the answers to choose from."""
    budget = BUDGETS[st.session_state.round]
    st.markdown(f"**Round {st.session_state.round + 1} of {len(BUDGETS)}: at most {budget:,} reads per sequence.**")
    answered = [one for one in tries if one.budget == budget]
    if answered:
        show = st.success if answered[-1].verdict.right else st.warning
        show(plain(answered[-1].verdict.said))
    if answered and answered[-1].verdict.right:
        st.button("Next round", icon=":material/arrow_forward:", on_click=turn, type="primary")
        return
    play = choose(known)
    with st.container(horizontal=True):
        st.button("Read", icon=":material/check:", on_click=answer, args=(play, budget), type="primary")
        st.button("No stored run reaches it", icon=":material/block:", on_click=answer, args=(None, budget))
        if answered:
            st.button("Give up", on_click=turn)


def choose(known: list[Play]) -> Play:
    """A combination among those that were trained."""
    ways = [name for name in NAMES if any(play.aggregator == name for play in known)]
    with st.container(horizontal=True):
        way = st.selectbox("Aggregator ", ways, format_func=NAMES.__getitem__, key="game:aggregator")
        left = [play for play in known if play.aggregator == way]
        lengths = sorted({play.segment_length for play in left if play.segment_length})
        if lengths:
            length = st.selectbox("Tokens in a segment, C ", lengths, key=f"game:C:{way}")
            left = [play for play in left if play.segment_length == length]
        selected = sorted({play.top_k for play in left if play.top_k})
        if selected:
            k = st.selectbox("Checkpoints to select, k ", selected, key=f"game:k:{way}")
            left = [play for play in left if play.top_k == k]
    return left[0]


def answer(play: Play | None, budget: int) -> None:
    """Take an answer."""
    st.session_state.tries = [*st.session_state.tries, rules.attempt(play, budget, runs.plays())]


def turn() -> None:
    """Go on to the next round."""
    st.session_state.round += 1


def again() -> None:
    """Forget what was tried."""
    st.session_state.tries, st.session_state.round = [], 0
