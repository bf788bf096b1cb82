"""The sidebar: what to run, and how. `side` is "" for the first run, and `link.SECOND` for the second of two.

`by` are the backends to choose from.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import runs, screen
from app.words import plain
from mcviz import Trace, choices, controls, examples, link, wanted, watch
from mcviz.choices import Choice
from mcviz.watch import Sitting
from mcviz.words import glossary

BACKEND = {"pytorch": "PyTorch", "numpy": "NumPy"}

OURS = ("b_run", "seed", "changes", "edits", *link.CONFIG, *(link.SECOND + name for name in link.CONFIG))
"""What the controls and the stepper change of a run."""

Beside = dict[str, DeltaGenerator]
"""Room beside a choice, by its name: for what it does."""


def draw(
    two: bool = False, by: Sequence[str] = watch.there(), only: str = "", models: Sequence[str] | None = None
) -> Beside:
    """All controls, for one run or for two. What is chosen is in `screen`; what does not matter is not drawn.

    `only` names the one example that is offered: "text", the reader's own, which the page asks for itself. `models` are
    those to choose from, where the page has a sequence of its own for them. Gives the room beside choices.
    """
    beside: Beside = {}
    if screen.hidden("controls") or screen.get("present"):
        return beside
    with st.sidebar:
        if not only:
            st.selectbox(
                "Model or sequence",
                models or (*link.fields()["run"].choices, *mine()),
                format_func=controls.named,
                key=screen.key("run"),
                on_change=screen.another_run,
                help="A small trained model with a sequence of its task, or a sequence run through random maps.",
            )
        if said := screen.said():
            st.info(plain(said))
        if trained() and (about := watch.about(screen.get("run"))):
            st.caption(about)
        if screen.get("run") == "text" and not only:
            own_text()
        if models is None:
            number("Seed", "seed", help=glossary.about("seed"), on_change=screen.another_seed)
            if trained() and screen.get("changes"):
                edited()
        if not two:
            configuration("", by, beside)
            return beside
        for side, title in (("", "First run"), (link.SECOND, "Second run")):
            with st.expander(title, expanded=True):
                configuration(side, by, beside)
    return beside


def mine() -> tuple[str, ...]:
    """The models that the reader trained: those that are kept, and the one that is run."""
    names = dict.fromkeys([*screen.get("mine").split(), screen.get("run"), screen.get("b_run")])
    return tuple(name for name in names if name not in watch.names() and watch.known(name))


def models() -> tuple[str, ...]:
    """The trained models: those that ship, and the reader's own."""
    return (*watch.names(), *mine())


def alike(name: str) -> tuple[str, ...]:
    """The models that learned the same task, the reader's own among them."""
    return (*watch.alike(name), *(each for each in mine() if watch.learned(each) == watch.learned(name)))


def own_text(write: DeltaGenerator = st.sidebar, cut: DeltaGenerator = st.sidebar) -> None:
    """The reader's text, and how it is cut into tokens: where each is to be drawn."""
    write.text_area("Text", key=screen.key("text"), height=70)
    cut.segmented_control("Tokens", tuple(examples.SPLITS), key=screen.key("split"), required=True)


def unedited() -> None:
    """The sequence as it was drawn: edits of one are none of another."""
    screen.put(changes="")


def edited() -> None:
    """What the reader changed in the sequence; the stepper takes edits back one by one."""
    n = len(screen.get("changes").split())
    st.caption(plain(f"The sequence is edited ({n} edit{'' if n == 1 else 's'}): {screen.get('changes')[:200]}"))
    st.button("Clear edits", icon=":material/undo:", on_click=unedited)


def reset() -> None:
    """The way back to the run as it is at first, where the reader has changed something."""
    first = link.defaults(screen.get("run"))
    if screen.hidden("controls") or all(screen.get(name) == first[name] for name in OURS):
        return
    run = {name: first[name] for name in (*OURS, "step", "head", "segment")}
    st.button("Reset", icon=":material/restart_alt:", on_click=screen.put, kwargs=run)


def trained() -> bool:
    """Whether the run is that of a model."""
    return wanted.trained(screen.get)


def configuration(side: str, by: Sequence[str], beside: Beside) -> None:
    """How the sequence is run. A model's memory rule is the one that it was trained with."""
    told = trained()
    if told:
        if side:
            others = ("", *alike(screen.get("run")))
            st.selectbox("Model", others, format_func=controls.named, key=screen.key("b_run"))
            if screen.get("b_run"):
                st.caption(watch.about(screen.get("b_run")))
        st.segmented_control(
            "Weights",
            watch.WEIGHTS,
            key=screen.key(side + "weights"),
            required=True,
            help="As training left them, or as they were before its first step.",
        )
        if len(by) > 1:
            key = screen.key(side + "backend")
            st.segmented_control(
                "Computed by",
                by,
                format_func=BACKEND.__getitem__,
                key=key,
                required=True,
                help="The same equations, fast in PyTorch or a line each in NumPy: the numbers agree but for rounding.",
            )
    if side and told and screen.get("b_run"):
        return
    for choice in controls.offered(screen.get, side):
        draw_one(choice, side)
        beside[side + choice.name] = st.container(gap="small")


def draw_one(choice: Choice, side: str) -> None:
    """The widget that a choice takes."""
    key, help_ = screen.key(side + choice.name), controls.explained(choice) or None
    if choice.titles:
        fits = fit if choice.name == "segmentation" else None
        titles, title = tuple(choice.titles), choice.titles.__getitem__
        st.selectbox(choice.label, titles, format_func=title, key=key, help=help_, on_change=fits, args=(side,))
    elif isinstance(choice.default, bool):
        st.toggle(choice.label, key=key, help=help_)
    elif isinstance(choice.default, int):
        number(choice.label, side + choice.name, help=help_)
    else:
        st.text_input(choice.label, key=key, help=help_)


def number(label: str, name: str, step: int = 1, **options: Any) -> None:
    """The widget of a number, which cannot leave its bounds."""
    field = link.fields()[name]
    st.number_input(label, field.least, field.most, step=step, key=screen.key(name), **options)


def fit(side: str) -> None:
    """Lengths of the reader's own start with lengths that fit."""
    if screen.get(side + "segmentation") == choices.EXPLICIT:
        screen.put(**{side + "lengths": wanted.lengths(screen.get, side)})


def remark(side: str = "") -> str:
    """What has to be said of weights whose cache was taken away; else ""."""
    return wanted.remark(screen.get, side)


def sitting(side: str = "") -> Sitting | None:
    """The model, its configuration and its sequence; None for an example. Raises the library's `ValueError`s."""
    return wanted.sitting(screen.get, side)


def trace(side: str = "", backend: str = "") -> Trace:
    """The run that is chosen, by the `backend` that is chosen if none is given. Raises the library's `ValueError`s."""
    seat = sitting(side)
    if seat is not None:
        return runs.model(seat, backend or screen.get(side + "backend"))
    cfg = wanted.config(screen.get, side)
    return runs.example(screen.get("run"), cfg.to_json(), *wanted.text(screen.get))
