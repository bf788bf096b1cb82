"""Stepping through a run: one function that draws all there is to see at one token."""

import streamlit as st

from app import screen
from app.words import plain
from mcviz import Trace, figures

CHART = {"displayModeBar": False}


def step_through(trace: Trace) -> None:
    """The whole view of `trace` at the chosen token and head, with the means to choose others."""
    theme = st.context.theme.type or "light"
    t, head = chosen(trace)
    transport(trace, t)
    st.markdown(plain(figures.caption(trace, t, head, answers=not screen.hidden("answers"))))
    chart(figures.tokens(trace, t, head, theme, answer=not screen.hidden("answers")), "The sequence")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("#### Which memory each token reads")
        chart(figures.gates(trace, head, t, theme), "Gates over the whole sequence")
        st.markdown("#### The memories")
        chart(figures.checkpoints(trace, t, head, theme=theme), "The memory of each segment as a heat map")
    with right:
        st.markdown(f"#### Token {t}: relevance and gates")
        chart(figures.relevance(trace, t, head, theme), "Scores and gates of this token")
        st.markdown("#### What each memory said")
        chart(figures.reads(trace, t, head, theme), "What each memory said, and the output")
    st.markdown("#### The equations in force")
    for line in figures.equations(trace, t, head):
        number = f" (Eq. {line.number})" if line.number else ""
        st.markdown(plain(f"{line.says[0].upper()}{line.says[1:]}{number}:"))
        st.latex(line.symbols)
        st.latex(line.numbers)


def chosen(trace: Trace) -> tuple[int, int]:
    """The token and the head to show: what the link or the reader asks for, within this run."""
    t, head = screen.get("step"), screen.get("head")
    return (opening(trace) if t < 0 else min(t, trace.T - 1)), max(0, min(head, trace.H - 1))


def opening(trace: Trace) -> int:
    """The first token whose answer stands in an earlier segment; the last token, where there is none."""
    segment = trace.segment_of
    asked = (t for t, place in enumerate(trace.sources) if place >= 0 and segment[place] < segment[t])
    return next(asked, trace.T - 1)


def transport(trace: Trace, t: int) -> None:
    """Buttons and a slider for the token, and the choice of a head."""
    screen.put("step", t)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        moves = {
            "back": (":material/arrow_back:", max(0, t - 1), "ArrowLeft", "One token back"),
            "forward": (":material/arrow_forward:", min(trace.T - 1, t + 1), "ArrowRight", "One token forward"),
            "asked": (":material/skip_next:", next_question(trace, t), None, "To the next question"),
        }
        for name, (icon, target, shortcut, says) in moves.items():
            st.button(
                says,
                key=name,
                icon=icon,
                shortcut=shortcut,
                on_click=screen.put,
                args=("step", target),
                disabled=target == t,
            )
        if trace.H > 1:
            screen.put("head", max(0, min(screen.get("head"), trace.H - 1)))
            st.selectbox("Head", range(trace.H), key=screen.key("head"), width=110)
    if trace.T > 1:
        st.slider("Token", 0, trace.T - 1, key=screen.key("step"))


def next_question(trace: Trace, t: int) -> int:
    """The next token that asks for something; `t` where there is none."""
    return next((i for i in range(t + 1, len(trace.sources)) if trace.sources[i] >= 0), t)


def chart(figure: figures.Figure, says: str) -> None:
    """A figure as it is, under a label for screen readers."""
    st.plotly_chart(figure, theme=None, config=CHART, alt=says, key=says)
