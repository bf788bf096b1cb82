"""The game: reach a recall with at most so many reads, on runs that were trained."""

import streamlit as st

from app import runs, screen, stepping
from app.words import plain, refused
from mcviz import words
from mcviz.rules import AGGREGATORS
from mcviz.tradeoff import game as rules
from mcviz.tradeoff.game import BUDGETS, GOAL, Play, Try

NAMES = {
    **{name: one.title for name, one in AGGREGATORS.items()},
    "none": "RNN: one memory",
    "attention": "Attention: every pair",
}
NOTHING, NEXT = "nothing", "next"
"""The words of a game that are no play: no stored run reaches the goal; on to the next round."""


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
    with refused():
        at, tries = played(screen.get("game"), known)
        draw(known, at, tries)
        return
    again()  # nothing else leads out of a game that cannot be read


def draw(known: list[Play], at: int, tries: list[Try]) -> None:
    """Round `at`, and what was tried in words and as a picture."""
    over = at == len(BUDGETS)
    left, right = st.columns(2, gap="medium")
    with left:
        if over:
            st.success(f"{rules.score(tries)} of {at} rounds answered right at once.")
            if not screen.hidden("answers"):
                st.markdown(plain(f"What wins. {words.won(known)}"))
            again()
        else:
            ask(known, at, tries)
        if tries:
            st.dataframe(words.tried(tries), hide_index=True)
    with right:
        plays = [one.play for one in tries if one.play is not None]
        best = rules.frontier(known) if over and not screen.hidden("answers") else []
        stepping.drawn("Recall against reads of what was tried", "tries", plays, None if over else BUDGETS[at], best)


def played(game: str, known: list[Play]) -> tuple[int, list[Try]]:
    """The round that the words of a game lead to, and what was answered. Raises `ValueError` for other words."""
    plays: dict[str, Play | None] = {NOTHING: None, **{word(play): play for play in known}}
    at, tries = 0, []
    for said in game.split():
        if at == len(BUDGETS) or said not in {NEXT, *plays}:
            raise ValueError(
                f"game: expected {NEXT} or one of {', '.join(plays)} in {len(BUDGETS)} rounds; got {said[:40]!r}"
            )
        if said == NEXT:
            at += 1
        else:
            tries.append(rules.attempt(plays[said], BUDGETS[at], known))
    return at, tries


def word(play: Play) -> str:
    """A play as a word: `ssc.8.2`."""
    return ".".join(str(part) for part in (play.aggregator, play.segment_length, play.top_k) if part is not None)


def ask(known: list[Play], at: int, tries: list[Try]) -> None:
    """The question of round `at`, and the answers to choose from."""
    budget = BUDGETS[at]
    st.markdown(f"**Round {at + 1} of {len(BUDGETS)}: at most {budget:,} reads per sequence.**")
    answered = [one for one in tries if one.budget == budget]
    if answered:
        show = st.success if answered[-1].verdict.right else st.warning
        show(plain(answered[-1].verdict.said))
    if answered and answered[-1].verdict.right:
        st.button("Next round", icon=":material/arrow_forward:", on_click=say, kwargs=then(NEXT), type="primary")
        return
    play = choose(known)
    with st.container(horizontal=True):
        st.button("Read", icon=":material/check:", on_click=say, kwargs=then(word(play)), type="primary")
        st.button("No stored run reaches it", icon=":material/block:", on_click=say, kwargs=then(NOTHING))
        if answered:
            st.button("Give up", on_click=say, kwargs=then(NEXT))


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


def then(said: str) -> dict[str, str]:
    """The game as it stands after one more word: as a whole, so that to say it twice is to say it once."""
    return {"game": f"{screen.get('game')} {said}".strip()}


def say(game: str) -> None:
    """Take an answer, go on to the next round, or begin again. The link follows."""
    screen.put(game=game)
    screen.end()


def again() -> None:
    """The way back to the start."""
    st.button("Play again", icon=":material/replay:", on_click=say, args=("",))
