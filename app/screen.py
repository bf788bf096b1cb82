"""What a session has chosen. Widgets forget what they held when a page does not draw them; this does not."""

from collections.abc import Sequence
from typing import Any, NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app import link
from app.words import plain

PREFIX = "choice:"
HIDDEN = {"": "Nothing", "controls": "Controls", "answers": "Answers", "both": "Both"}


def begin(pages: Sequence[StreamlitPage] = ()) -> None:
    """Take the choices from the link that opened the session; say what in it could not be read."""
    st.session_state.pages = {page.title: page for page in pages}
    if "screen" not in st.session_state:
        st.session_state.screen, st.session_state.problems = link.read(st.query_params.to_dict())
    for problem in st.session_state.problems:
        st.warning(plain(f"This link could not be read in full. {problem}"), icon=":material/link_off:")


def end() -> None:
    """Keep what the widgets hold now, and put it into the address."""
    for name in link.fields():
        if PREFIX + name in st.session_state:
            st.session_state.screen[name] = st.session_state[PREFIX + name]
    parameters = link.write(st.session_state.screen)
    if parameters != st.query_params.to_dict():
        st.query_params.from_dict(parameters)


def get(name: str) -> Any:
    """What is chosen for the field called `name`."""
    return st.session_state.get(PREFIX + name, st.session_state.screen[name])


def put(**choices: link.Value) -> None:
    """Choose from code: a button, a stop of the tour, the stepper."""
    for name, value in choices.items():
        st.session_state.screen[name] = value
        if PREFIX + name in st.session_state:
            st.session_state[PREFIX + name] = value


def another_run() -> None:
    """What follows from the choice of another run: its own configuration, and no token or edit of the last one."""
    costs = (link.COST + name for name in link.SETTING)
    kept = {name: get(name) for name in ("run", "text", "split", "seed", "hide", "tour", *costs)}
    put(**link.defaults(str(kept["run"])) | kept)


def go(title: str) -> NoReturn:
    """Turn to the page called `title`, with all that is chosen."""
    end()
    st.switch_page(st.session_state.pages[title], query_params=link.write(st.session_state.screen))


def share() -> None:
    """The link to this screen, for a class: with everything, without controls, or without answers."""
    if hidden("controls"):
        return
    with st.popover("Link for a class", icon=":material/share:"):
        hide = st.segmented_control("What the link hides", HIDDEN, format_func=HIDDEN.__getitem__, default="")
        choices = {name: get(name) for name in link.fields()}
        st.code(link.address(st.context.url or "", choices, hide or ""), language=None, wrap_lines=True)


def key(name: str) -> str:
    """The key of the widget for the field called `name`, which then holds what was chosen.

    A widget of another page has another identity, even under the same key: without the assignment it would start anew.
    """
    st.session_state[PREFIX + name] = get(name)
    return PREFIX + name


def hidden(what: str) -> bool:
    """Whether a teacher's link hides "controls" or "answers"."""
    return get("hide") in (what, "both")
