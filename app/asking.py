"""A question in words, and the rows it could be answered from: the reader opens one before the gates are shown."""

import streamlit as st

from app import runs, screen, shell, stepping, tour
from app.stops import PLAIN
from app.words import plain, refused
from mcviz import Trace, watch, words
from mcviz.palette import PALETTES
from mcviz.watch import Sitting

MODEL = "topics-ssc"
"""It has both: a router that takes documents, and gates that weigh them."""
BEGUN = NEXT = screen.ASKED
"""The word of a game that asks the next question; all other words are what a reader opened."""
PAPER = "https://arxiv.org/abs/2602.24281"

_rows = st.components.v2.component(
    "mcviz.ask",
    html='<div class="ask"></div>',
    css=shell.text("ask.css"),
    js=shell.text("ask.js"),
    isolate_styles=False,
)


def wanted() -> bool:
    """Whether the page asks. It needs a model that answers, and a class may not see answers."""
    return bool(screen.get("ask")) and MODEL in watch.names() and not screen.hidden("answers")


def page() -> None:
    """A question, its rows, and what became of the reader's choice."""
    with refused():
        trace = runs.model(Sitting(MODEL, watch.config(MODEL), screen.get("seed")), watch.choose())
        asked = words.questions(trace)
        picks, open_ = played(screen.get("ask"), asked, trace)
        ask(trace, asked, picks, open_)
        return
    st.button("Begin again", icon=":material/replay:", on_click=screen.put, kwargs={"ask": BEGUN})


def played(text: str, asked: list[int], trace: Trace) -> tuple[list[int], bool]:
    """The rows that the reader has opened, one a question, and whether the next question is open.

    Raises `ValueError` for words that no game leaves behind.
    """
    picks: list[int] = []
    open_ = False
    for word in text.split():
        at = len(picks)
        if word == NEXT and not open_ and at < len(asked):
            open_ = True
        elif open_ and word in map(str, range(int(trace.segment_of[asked[at]]))):
            picks.append(int(word))
            open_ = False
        else:
            raise ValueError(f"ask: expected {NEXT} and a row in turn, {len(asked)} times at most; got {text[:40]!r}")
    if not text.split():
        raise ValueError(f"ask: expected {NEXT} first, got nothing")
    return picks, open_


def ask(trace: Trace, asked: list[int], picks: list[int], open_: bool) -> None:
    """The question that is open, or what came of the last one."""
    at = len(picks) if open_ else len(picks) - 1
    t = asked[at]
    st.markdown(
        "A recurrent network reads word by word into one small memory, where new words drown old ones. "
        f"**Memory Caching** ([Behrouz et al., 2026]({PAPER})) lets it keep a copy of that memory at the end of every "
        "stretch of text, a *checkpoint*, and look into the copies later."
    )
    st.title(plain(watch.question(MODEL, trace.tokens, t)), anchor=False)
    if open_:
        st.markdown(
            "A small network has read these documents once. It cannot look at the words again: it has one checkpoint "
            "for each. **Which one would you open to answer?** Press it, and see which it opened."
        )
    else:
        st.markdown(plain(judged(trace, t, picks[-1])))
    rows(trace, t, -1 if open_ else picks[-1], screen.get("ask"))
    if not open_:
        st.markdown(plain(score(trace, asked, picks)))
    onwards(trace, asked, picks, open_, t)


def judged(trace: Trace, t: int, picked: int) -> str:
    """What the reader opened, and what the run did."""
    home = int(trace.segment_of[trace.sources[t]])
    mine = "the document that holds the answer" if picked == home else f"but the answer stands in document {home}"
    return f"You opened {picked}, {mine}. {words.found(trace, t)}"


def score(trace: Trace, asked: list[int], picks: list[int]) -> str:
    """Right so far: rows that the reader opened, and answers that the network gave."""
    so_far = asked[: len(picks)]
    mine = sum(pick == int(trace.segment_of[trace.sources[t]]) for t, pick in zip(so_far, picks, strict=True))
    told = (
        f"So far, you opened the right document {mine} of {len(picks)} times; the network answered "
        f"{rights(trace, so_far)} right"
    )
    if PLAIN not in watch.names():
        return f"{told}."
    alone = tour.ran(PLAIN)
    assert alone.predictions is not None
    word = alone.predictions.tokens[so_far[-1]][0]
    return f"{told}, and a network trained without checkpoints {rights(alone, so_far)}: here it says “{word}”."


def rights(trace: Trace, asked: list[int]) -> int:
    """How many of these questions a run answers right."""
    said = trace.predictions
    return sum(said is not None and said.tokens[t][0] == said.targets[t] for t in asked)


def rows(trace: Trace, t: int, picked: int, so_far: str) -> None:
    """The memories, to choose one of; with their gates, once one is chosen."""
    colours = PALETTES[stepping.theme()]
    shown = [
        {
            "segment": row.segment,
            "name": "now" if row.online else f"document {row.segment}" if row.segment < shelved(trace) else "questions",
            "words": row.words,
            "online": row.online,
            # before the reader has chosen, nothing of this is in the page
            "taken": row.taken and picked >= 0,
            "gate": row.gate if picked >= 0 else 0.0,
            "number": words.portion(row.gate) if picked >= 0 else "",
            "answer": row.answer if picked >= 0 else (),
        }
        for row in words.shelf(trace, t)
    ]
    names = ("ink", "muted", "grid", "zero", "gate", "online", "answer", "wrong")

    def opened() -> None:
        pick = st.session_state["ask-rows"].get("pick")
        if pick is not None:
            screen.put(ask=f"{so_far} {int(pick)}")

    _rows(
        key="ask-rows",
        data={"rows": shown, "picked": picked, "colours": {name: getattr(colours, name) for name in names}},
        on_pick_change=opened,
    )


def shelved(trace: Trace) -> int:
    """How many segments come before the first that asks something."""
    return int(trace.segment_of[words.questions(trace)[0]])


def onwards(trace: Trace, asked: list[int], picks: list[int], open_: bool, t: int) -> None:
    """To the next question, to the stepper at this one, and to the tour."""
    with st.container(horizontal=True):
        if not open_ and len(picks) < len(asked):
            said = {"ask": f"{screen.get('ask')} {NEXT}"}
            st.button(
                "Next question", type="primary", on_click=screen.put, kwargs=said, icon=":material/arrow_forward:"
            )
        elif not open_:
            said = {"ask": BEGUN, "seed": screen.get("seed") + 1}
            st.button("Another library", type="primary", on_click=screen.put, kwargs=said)
        label = "Step through it, number by number" if not open_ else "Go to the stepper"
        st.button(label, icon=":material/visibility:", on_click=leave, args=(t,))
        tour.begin()


def leave(t: int) -> None:
    """To the stepper, at the question that was asked."""
    screen.another_run(MODEL)
    screen.put(step=t)


def begin() -> None:
    """The way back to the questions."""
    if MODEL in watch.names() and not screen.hidden("answers") and not screen.get("tour"):
        st.button("Ask me first", icon=":material/quiz:", on_click=screen.put, kwargs={"ask": BEGUN})
