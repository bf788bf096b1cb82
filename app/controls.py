"""The sidebar: what to run, and how. `side` is "" for the first run, and `link.SECOND` for the second of two.

`by` are the backends to choose from.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import link, runs, screen
from app.words import plain
from mcviz import MCConfig, Trace, changes, choices, examples, segments, watch
from mcviz.choices import CHOICES, Choice
from mcviz.config import OPTIONS
from mcviz.watch import Sitting
from mcviz.words import glossary

RUNS = {
    "topics": "Topic library, untrained",
    "needle": "Needles in a haystack, untrained",
    "recall": "Associative recall, untrained",
    "text": "Your own text, untrained",
}
BACKEND = {"pytorch": "PyTorch", "numpy": "NumPy"}


WORDS = {
    "memory": "memory",
    "aggregator": "aggregator",
    "top_k": "top-k",
    "gate": "gate",
    "pooling": "context",
    "segmentation": "segment",
    "segment_length": "segment length",
    "start": "start",
}
"""The word of the glossary that a choice is about."""


def named(run: str) -> str:
    """How a run is called in the list: a model by its title, and its name, under which a program finds it."""
    if run in watch.names():
        return f"{watch.title(run)} ({run})"
    return RUNS.get(run, run or "The same model")


Beside = dict[str, DeltaGenerator]
"""Room beside a choice, by its name: for what it does."""


def draw(
    two: bool = False, by: Sequence[str] = watch.BACKENDS, only: str = "", models: Sequence[str] | None = None
) -> Beside:
    """All controls, for one run or for two. What is chosen is in `screen`; what does not matter is not drawn.

    `only` names the one example that is offered: "text", the reader's own. `models` are those to choose from, where the
    page has a sequence of its own for them. Gives the room beside choices.
    """
    beside: Beside = {}
    if screen.hidden("controls") or screen.get("present"):
        return beside
    with st.sidebar:
        if not only:
            st.selectbox(
                "Model or sequence",
                models or link.fields()["run"].choices,
                format_func=named,
                key=screen.key("run"),
                on_change=screen.another_run,
                help="A small trained model with a sequence of its task, or a sequence run through random maps.",
            )
        if trained() and (about := watch.about(screen.get("run"))):
            st.caption(about)
        if screen.get("run") == "text":
            own_text()
        if models is None:
            st.number_input("Seed", step=1, key=screen.key("seed"), help=glossary.about("seed"), on_change=unedited)
            if trained() and screen.get("changes"):
                edited()
        if not two:
            configuration("", by, beside)
            return beside
        for side, title in (("", "First run"), (link.SECOND, "Second run")):
            with st.expander(title, expanded=True):
                configuration(side, by, beside)
    return beside


def own_text() -> None:
    """The reader's text, and how it is cut into tokens."""
    st.text_area("Text", key=screen.key("text"), height=140)
    st.segmented_control("Tokens", tuple(examples.SPLITS), key=screen.key("split"), required=True)


def unedited() -> None:
    """The sequence as it was drawn: edits of one are none of another."""
    screen.put(changes="")


def edited() -> None:
    """What the reader changed in the sequence; the stepper takes edits back one by one."""
    n = len(screen.get("changes").split())
    st.caption(plain(f"The sequence is edited ({n} edit{'' if n == 1 else 's'}): {screen.get('changes')[:200]}"))
    st.button("Clear edits", icon=":material/undo:", on_click=unedited)


def trained() -> bool:
    """Whether the run is that of a model."""
    return screen.get("run") in watch.names()


def configuration(side: str, by: Sequence[str], beside: Beside) -> None:
    """How the sequence is run. A model's memory rule is the one that it was trained with."""
    told = trained()
    if told:
        if side:
            others = ("", *watch.alike(screen.get("run")))
            st.selectbox("Model", others, format_func=named, key=screen.key("b_run"))
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
    rule = {"memory", *OPTIONS[chosen(side)("memory")]} if told else set()
    for choice in CHOICES:
        if choice.name not in rule and choice.when(chosen(side)):
            draw_one(choice, side)
            beside[side + choice.name] = st.container(gap="small")


def draw_one(choice: Choice, side: str) -> None:
    """The widget that a choice takes."""
    key, help_ = screen.key(side + choice.name), explained(choice)
    if choice.titles:
        fits = fit if choice.name == "segmentation" else None
        titles, title = tuple(choice.titles), choice.titles.__getitem__
        st.selectbox(choice.label, titles, format_func=title, key=key, help=help_, on_change=fits, args=(side,))
    elif isinstance(choice.default, bool):
        st.toggle(choice.label, key=key, help=help_)
    elif isinstance(choice.default, int):
        st.number_input(choice.label, step=1, key=key, help=help_)
    else:
        st.text_input(choice.label, key=key, help=help_)


def explained(choice: Choice) -> str | None:
    """What a choice is about, from the glossary, and what it does here."""
    term = WORDS.get(choice.name)
    return " ".join(filter(None, [glossary.about(term) if term else "", choice.help])) or None


def fit(side: str) -> None:
    """Lengths of the reader's own start with lengths that fit: those of the segments as they are."""
    if screen.get(side + "segmentation") != choices.EXPLICIT:
        return
    cuts = segments.constant(tokens(), max(1, min(screen.get(side + "segment_length"), tokens())))
    screen.put(**{side + "lengths": ", ".join(str(stop - start) for start, stop in cuts)})


def tokens() -> int:
    """How many tokens the sequence has; 1 for a text that has none."""
    run = screen.get("run")
    if trained():
        return watch.length(run)
    if run in examples.TASKS:
        return examples.TASKS[run].length
    return max(1, len(examples.SPLITS[screen.get("split")](screen.get("text"))))


def chosen(side: str) -> Callable[[str], Any]:
    """What is chosen for one of two runs, by name."""
    return lambda name: screen.get(side + name)


def config(side: str = "") -> MCConfig:
    """The configuration that is chosen. Raises the library's `ValueError` where there is none."""
    return choices.config(chosen(side), screen.get("seed"))


def remark(side: str = "") -> str:
    """What has to be said of weights whose cache was taken away, and which never learned to do without; else "".

    A plain recurrent network is one that was trained as one.
    """
    name = (side and screen.get("b_run")) or screen.get("run")
    if not trained() or chosen(side)("aggregator") != "none" or (side and screen.get("b_run")):
        return ""
    if watch.config(name).aggregator == "none" or screen.get(side + "weights") != "trained":
        return ""
    other = watch.plain(name)
    see = f" The plain network that was trained as one is {other}." if other else ""
    return f"These weights were trained with caching, and their cache is taken away: that is no fair plain RNN.{see}"


def sitting(side: str = "") -> Sitting | None:
    """The model, its configuration and its sequence; None for an example. Raises the library's `ValueError`s."""
    if not trained():
        return None
    name = (side and screen.get("b_run")) or screen.get("run")
    own = watch.config(name)
    cfg = own if side and screen.get("b_run") else replace(config(side), seed=own.seed)
    made = changes.parse(screen.get("changes"))
    return Sitting(name, cfg, screen.get("seed"), screen.get(side + "weights"), changes=made)


def trace(side: str = "", backend: str = "") -> Trace:
    """The run that is chosen, by the `backend` that is chosen if none is given. Raises the library's `ValueError`s."""
    seat = sitting(side)
    if seat is not None:
        return runs.model(seat, backend or screen.get(side + "backend"))
    own = screen.get("run") == "text"
    text, split = (screen.get("text"), screen.get("split")) if own else ("", "word")
    return runs.example(screen.get("run"), config(side).to_json(), text, split)
