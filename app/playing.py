"""The game: reach a recall within a budget, on the frontier's runs."""

import streamlit as st

from app import runs, screen, stepping
from app.sheet import sheet
from app.words import plain, refused
from mcviz import words
from mcviz.tradeoff import game as rules
from mcviz.tradeoff.game import ROUNDS, Play, Try

NOTHING, NEXT = "nothing", "next"
"""The words of a game that are no play: no stored run reaches the goal; on to the next round."""
SIZES = "Keys × values; C tokens in a segment; SSC selects k checkpoints."


@st.fragment
def game() -> None:
    """A round: its budget, what can be answered, and what became of the answers so far."""
    known = runs.plays()
    st.markdown("### Reach a recall with at most B")
    st.markdown(
        plain(
            "Small models learned to recall values by their keys, each setting anew from each seed: the runs of the "
            "frontier, on the page Claims. Bytes, numbers and operations are those of the last token, and recall "
            "is the share of answers that are right, on average over seeds."
        )
    )
    with refused():
        said = begun()
        if said != screen.get("game"):
            st.info(
                "The link holds a game of an earlier version, which was played on other runs. This one begins anew."
            )
        at, tries = played(said, known)
        draw(known, at, tries)
        return
    again()  # nothing else leads out of a game that cannot be read


def draw(known: list[Play], at: int, tries: list[Try]) -> None:
    """Round `at`, and what was tried in words and as a picture."""
    over = at == len(ROUNDS)
    asked = ROUNDS[min(at, len(ROUNDS) - 1)]
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
            sheet(words.tried(tries))
    with right:
        plays = [one.play for one in tries if one.play is not None]
        best = rules.frontier(asked, known) if over and not screen.hidden("answers") else []
        stepping.drawn(f"What was tried, of {asked.factor * rules.PAIRS} pairs", "tries", plays, asked, best, over)


def played(game: str, known: list[Play]) -> tuple[int, list[Try]]:
    """The round that the words of a game lead to, and what was answered. Raises `ValueError` for other words."""
    plays: dict[str, Play | None] = {NOTHING: None, **{rules.word(play): play for play in known}}
    at, tries = 0, []
    for said in game.split():
        if at == len(ROUNDS) or said not in {NEXT, *plays}:
            raise ValueError(
                f"game: expected {NEXT} or one of {', '.join(plays)} in {len(ROUNDS)} rounds; got {said[:40]!r}"
            )
        if said == NEXT:
            at += 1
        else:
            tries.append(rules.attempt(plays[said], ROUNDS[at], known))
    return at, tries


def ask(known: list[Play], at: int, tries: list[Try]) -> None:
    """The question of round `at`, and the answers to choose from."""
    asked = ROUNDS[at]
    st.markdown(f"**{plain(f'Round {at + 1} of {len(ROUNDS)}: recall {words.pairs(asked)}, with {asked.says}.')}**")
    answered = [one for one in tries if one.round == asked]
    if answered:
        show = st.success if answered[-1].verdict.right else st.warning
        show(plain(answered[-1].verdict.said))
    if answered and answered[-1].verdict.right:
        st.button("Next round", icon=":material/arrow_forward:", on_click=say, kwargs=then(NEXT), type="primary")
        return
    play = choose(known)
    with st.container(horizontal=True):
        st.button("Answer", icon=":material/check:", on_click=say, kwargs=then(rules.word(play)), type="primary")
        st.button("No stored run reaches it", icon=":material/block:", on_click=say, kwargs=then(NOTHING))
        if answered:
            st.button("Give up", on_click=say, kwargs=then(NEXT))


def choose(known: list[Play]) -> Play:
    """A setting among those that were trained."""
    with st.container(horizontal=True):
        kind = st.selectbox("Kind", list(dict.fromkeys(play.kind for play in known)), key="game:kind")
        of = {play.name: play for play in known if play.kind == kind}
        name = st.selectbox("Setting", list(of), key=f"game:{kind}", help=SIZES)
    return of[name]


def begun() -> str:
    """The game so far; nothing of one that an earlier version began."""
    said = str(screen.get("game"))
    return "" if any(map(rules.earlier, said.split())) else said


def then(said: str) -> dict[str, str]:
    """The game as it stands after one more word: as a whole, so that to say it twice is to say it once."""
    return {"game": f"{begun()} {said}".strip()}


def say(game: str) -> None:
    """Take an answer, go on to the next round, or begin again. The link follows."""
    screen.put(game=game)
    screen.end()


def again() -> None:
    """The way back to the start."""
    st.button("Play again", icon=":material/replay:", on_click=say, args=("",))
