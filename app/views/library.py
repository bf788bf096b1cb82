"""Library: documents as rows, facts as cells, then questions; and what a trained model answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import controls, runs, screen, stepping
from app.words import plain, refused
from mcviz import link, watch, words
from mcviz.tasks import library, shelf

FACTS = 5
"""Facts that a document of the models has room for."""
KINDS = {
    "Animals": library.ANIMALS,
    "Colours": library.COLOURS,
    "Things": library.THINGS,
    "Words that fill a document up": library.FILLERS,
}
PREFIX = "library:"
Row = Mapping[str, Any]


def models() -> tuple[str, ...]:
    """The trained models that read libraries."""
    return tuple(name for name in controls.models() if watch.task(name) == "topics")


def page() -> None:
    """The page."""
    stepping.title("Library")
    names = models()
    if screen.get("run") not in names:
        screen.another_run("topics-ssc" if "topics-ssc" in names else names[0])
    with stepping.said():
        st.markdown(
            "Write documents about animals, each fact a colour and a thing, and ask. A trained model reads them one "
            "after the other, keeps a checkpoint of each, and answers. A document that is short is filled up with "
            f"words that say nothing, *{' '.join(library.FILLERS[:4])} …*, as those were that the model learned from."
        )
    controls.draw(models=names)
    above = desk()
    if not screen.hidden("controls") and not screen.get("present"):
        with above:
            form()
    with refused():
        written = readable(screen.get("library"))
        seat = controls.sitting()
        if seat is None:
            raise ValueError("run: expected a trained model of the topic library")
        trace = runs.model(replace(seat, tokens=written.tokens(), changes=()), screen.get("backend"))
        if not screen.hidden("answers") and not screen.get("present"):
            stated = written.stated()
            above.table(words.replies(trace, [*stated], stated=stated))
        stepping.step_through(trace, key="library")
        stepping.export(trace)


def desk() -> DeltaGenerator:
    """Room for the tables and the answers, which folds so that all of the picture is in view."""
    if screen.get("present") or screen.get("hide") == "both":
        return st.container()
    return st.expander("The library, and what it answers", icon=":material/edit_note:", expanded=True)


def readable(text: str) -> shelf.Shelf:
    """The library that `text` is; where it is none, why, and the last one that was, or the first."""
    try:
        found = shelf.parse(text)
    except ValueError as error:
        st.warning(plain(f"{error}. What follows is your library as it was before."), icon=":material/history:")
        return shelf.parse(st.session_state.get(PREFIX + "last", link.LIBRARY))
    st.session_state[PREFIX + "last"] = found.text
    return found


def known() -> None:
    """Every word that the models know, by kind."""
    with st.popover("Words that the models know", icon=":material/list:"):
        for kind, names in KINDS.items():
            st.markdown(f"**{kind}**: {', '.join(names)}")


def form() -> None:
    """The library as two tables and as text. What is written in one is in the others."""
    begin()
    with st.container(horizontal=True, vertical_alignment="center", key="writing"):
        st.markdown("Write a document in each row, facts like *red axe*, and ask beside.")
        known()
        as_text = st.popover("As text, to copy and to paste", icon=":material/notes:")
    start, turn = st.session_state[PREFIX + "start"], st.session_state[PREFIX + "turn"]
    fact = st.column_config.TextColumn(help="A colour and a thing: red axe")
    facts = {name(n): fact for n in range(FACTS)}
    animal = st.column_config.SelectboxColumn(options=library.ANIMALS, required=True)
    colour = st.column_config.SelectboxColumn(options=library.COLOURS, required=True)
    shelves, questions = st.columns([5, 2])
    with shelves:
        rows = st.data_editor(
            start[0], key=f"{PREFIX}documents {turn}", num_rows="dynamic", column_config={"Animal": animal, **facts}
        )
    with questions:
        asked = st.data_editor(
            start[1],
            key=f"{PREFIX}questions {turn}",
            num_rows="dynamic",
            column_config={"Animal": animal, "Colour": colour},
        )
    text = written(rows, asked)
    if text != st.session_state[PREFIX + "text"]:
        st.session_state[PREFIX + "text"] = text
        screen.put(library=text)
    with as_text:
        st.caption(plain("A line for each document, fox: red axe, blue bag, and for each question, ? fox red."))
        key = f"{PREFIX}pasted {text}"
        st.text_area("Library", text, key=key, height=240, on_change=paste, args=(key,), label_visibility="collapsed")


def begin() -> None:
    """Let the tables begin with what the link or the reader's text says, if it is not what they hold: where they were
    not on screen, they hold nothing."""
    text, turn = screen.get("library"), st.session_state.get(PREFIX + "turn", 0)
    if st.session_state.get(PREFIX + "text") == text and f"{PREFIX}documents {turn}" in st.session_state:
        return
    first = readable(text)
    st.session_state[PREFIX + "start"] = tables(first)
    st.session_state[PREFIX + "turn"] = turn + 1
    st.session_state[PREFIX + "text"] = first.text
    screen.put(library=first.text)


def paste(key: str) -> None:
    """The reader's text takes the place of what is in the tables, if it is a library."""
    with refused():
        screen.put(library=shelf.parse(st.session_state[key]).text)


def tables(first: shelf.Shelf) -> tuple[list[Row], list[Row]]:
    """Rows of the two tables, at least one each."""
    documents = [row(each.animal, [" ".join(fact) for fact in each.facts]) for each in first.documents]
    questions: list[Row] = [{"Animal": animal, "Colour": colour} for animal, colour in first.questions]
    return documents or [row(None, [])], questions or [{"Animal": None, "Colour": None}]


def row(animal: str | None, facts: Sequence[str]) -> Row:
    """A row of the table of documents."""
    return {"Animal": animal, **{name(n): facts[n] if n < len(facts) else "" for n in range(FACTS)}}


def name(n: int) -> str:
    """The name of a column."""
    return f"Fact {n + 1}"


def written(rows: Sequence[Row], asked: Sequence[Row]) -> str:
    """The tables as text; rows that are empty are none."""
    lines = []
    for each in rows:
        facts = [str(each.get(name(n)) or "").strip() for n in range(FACTS)]
        if each.get("Animal") or any(facts):
            lines.append(f"{each.get('Animal') or ''}: {', '.join(filter(None, facts))}".rstrip())
    lines += [f"? {each.get('Animal') or ''} {each.get('Colour') or ''}" for each in asked if any(each.values())]
    return "\n".join(lines)
