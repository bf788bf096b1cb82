"""Stepping through a run: one function that draws all there is to see at one token."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import dressing, runs, screen
from app.words import plain
from mcviz import Trace, figures, wanted, words
from mcviz.stepper import page
from mcviz.stepper.asking import Ask, Offers
from mcviz.stepper.streamlit import Selection, stepper

CHART = {"displayModeBar": "hover", "displaylogo": False, "modeBarButtons": [["toImage"]]}
"""What a figure offers: to be saved, and nothing else."""
EXAMPLE = "one example"
ONE = (
    "You see one sequence. It shows how the model works, and not how often that goes well: one example can be lucky. "
    "How it goes over many sequences is under “Claims”"
)


def step_through(
    trace: Trace,
    other: Trace | None = None,
    *,
    key: str,
    spotlight: str = "",
    hides: str = "",
    offers: Offers | None = None,
    on_request: Ask | None = None,
) -> None:
    """The stepper on one run, or on two in step, at the chosen token and head; it may point at one of its parts, and
    keep back what a question asks for.

    `offers` are what the reader may ask it for, and `on_request` notes it.
    """
    t, head = place(trace)
    stepper(
        shown(trace),
        other and shown(other),
        key=key,
        step=t,
        head=head,
        segment=screen.get("segment"),
        on_change=moved,
        present=screen.get("present"),
        on_present=presented,
        spotlight=spotlight,
        hides=hides,
        asks=asked(trace) if screen.hidden("answers") else (),
        offers=offers,
        on_request=on_request,
    )


def asked(trace: Trace) -> tuple[int, ...]:
    """The tokens at which something is asked."""
    targets = trace.predictions.targets if trace.predictions else ()
    return tuple(t for t in range(trace.T) if (trace.sources and trace.sources[t] >= 0) or (targets and targets[t]))


def presented(on: bool) -> None:
    """The reader has made it large by a key, or small again: the page has to follow, which draws no controls then."""
    screen.put(present=on)
    screen.end()


def shown(trace: Trace) -> Trace:
    """What of a run may be seen: without its answers, where a teacher hides them."""
    return runs.without_answers(trace) if screen.hidden("answers") else trace


def place(trace: Trace) -> tuple[int, int]:
    """The token and the head to show: what the link or the reader asks for, within this run."""
    return wanted.place(screen.get, trace)


def moved(to: Selection) -> None:
    """The reader has come to rest: the link follows."""
    screen.put(step=to.step, head=to.head, segment=to.segment)
    screen.end()


def equations(trace: Trace) -> None:
    """The equations at the token on screen, with its numbers. They follow when asked: stepping needs no server."""
    t, head = place(trace)
    st.markdown(f"#### The equations at token {t}, head {head}")
    st.button("Fill in the token that is on screen now", icon=":material/refresh:")
    for line in words.equations(trace, t, head):
        number = f" (Eq. {line.number})" if line.number else ""
        st.markdown(plain(f"{line.says[0].upper()}{line.says[1:]}{number}:"))
        st.latex(line.symbols)
        st.latex(line.numbers)


def title(name: str, *buttons: Callable[[], None]) -> DeltaGenerator:
    """The page's name, and buttons beside it, with the link last; the room between, for what is on screen (`labelled`).

    In front of a class only the picture counts.
    """
    if screen.get("present"):
        return st.container()
    with st.container(horizontal=True, vertical_alignment="center", key="title"):
        st.title(name, width="content", anchor=False)
        room = st.container(horizontal=True, width="content")
        for button in (*buttons, screen.share):
            button()
    return room


def labelled(room: DeltaGenerator, trace: Trace) -> None:
    """What is on screen, and whether anybody trained it, in the room beside a title."""
    if not screen.get("present"):
        with room:
            if trace.untrained:
                st.badge(plain(f"{trace.title}: {words.UNTRAINED}"), color="orange", icon=":material/casino:")
            else:
                st.badge(plain(trace.title), color="green", icon=":material/label:")
                st.badge(EXAMPLE, color="gray", icon=":material/looks_one:", help=ONE)
    if trace.diverged_at is not None:
        st.warning(f"This run diverged: from token {trace.diverged_at} on, the output is not finite.")


def labelled_pair(room: DeltaGenerator, first: Trace, second: Trace) -> None:
    """Which of two runs on screen nobody trained, in the room beside a title."""
    says = words.unlearned(first, second)
    if says and not screen.get("present"):
        room.badge(plain(says), color="orange", icon=":material/casino:")


def said(*, short: bool = False) -> DeltaGenerator:
    """Room for what a page says of its picture: above it where there is room, and below it in a low window, or in none
    but a `short` one."""
    return st.container(key="said-short" if short else "said")


def theme() -> str:
    """Light or dark, as the reader has it."""
    return st.context.theme.type or "light"


def chart(figure: figures.Figure, says: str) -> None:
    """A fresh figure under what it says, in `dressing.LINE` letters."""
    show(dressing.dressed(figure, says, theme()))


def drawn(says: str, name: str, *given: Any, key: str = "", on_click: Callable[[], None] | None = None) -> None:
    """The figure called `name` of what it is given, drawn once for all readers; under what it says."""
    show(runs.drawn(says, name, theme(), *given), key, on_click)


def show(figure: figures.Figure, key: str = "", on_click: Callable[[], None] | None = None) -> None:
    """A dressed figure, with its title as a label for screen readers; what is clicked in it, under `key`, `on_click`
    takes."""
    says = figure.layout.title.text
    saving = {"toImageButtonOptions": {"filename": filed(says), "scale": 2}}
    options: dict[str, Any] = {"theme": None, "config": CHART | saving, "alt": says, "key": key or says}
    if on_click is None:
        st.plotly_chart(figure, **options)
    else:
        st.plotly_chart(figure, **options, on_select=on_click, selection_mode="points")


def filed(says: str) -> str:
    """The name of a file that holds what it says, without a suffix."""
    return re.sub(r"\W+", "-", f"mcviz {says}".lower())


def export(trace: Trace, notes: Sequence[tuple[str, str]] = ()) -> None:
    """The run as files: one page that needs no server, which may carry notes, and the Trace itself."""
    trace = shown(trace)
    name = filed(f"{trace.title} {trace.hash[:12]}")
    with st.container(horizontal=True):
        with st.popover("One HTML file", icon=":material/html:"):
            hide = st.toggle("Show each answer only when it is clicked", key="export:hide")
            told = bool(notes) and st.toggle("With the text of the tour about this run", key="export:notes")
            t, head = place(trace)
            st.download_button(
                "Save it",
                lambda: page(trace, step=t, head=head, hide_answers=hide, notes=notes if told else ()),
                f"{name}.html",
                "text/html",
                on_click="ignore",
            )
        st.download_button(
            "The Trace (.npz)",
            lambda: runs.saved(trace),
            f"{name}.npz",
            "application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
        )
