"""What a session has chosen. Widgets forget what they held when a page does not draw them; this does not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, RerunException, get_script_run_ctx

from app import network
from app.words import plain
from mcviz import link

PREFIX = "choice:"
KEPT = ("hide", "game")
"""What another run leaves alone: a teacher's lock, and the game."""
ASKED = "n"
"""The game of the first screen at its first question: who comes without a link is asked."""
Whole = Callable[[Mapping[str, str]], Mapping[str, str]]
"""What an address leaves to be understood, put in."""
SHARE = "share"
"""The key of what opens to the link for a class."""
HIDDEN = {"": "Nothing", "controls": "Controls", "answers": "Answers", "both": "Both"}


def begin(pages: Sequence[StreamlitPage] = (), whole: Whole = dict) -> None:
    """Take the choices from the link that opened the session, made `whole`; say what in it could not be read."""
    # what stands behind a colon says what a page is about
    st.session_state.pages = {page.title.partition(":")[0]: page for page in pages}
    catch_up()
    if "screen" not in st.session_state:
        given = st.query_params.to_dict()
        st.session_state.screen, st.session_state.problems = link.read(whole(given))
        if not link.ours(given):
            st.session_state.screen["ask"] = ASKED
    elif went():
        screen, st.session_state.problems = link.read(whole(st.query_params.to_dict()))
        put(**screen)
    for problem in st.session_state.problems:
        st.warning(plain(f"This link could not be read in full. {problem}"), icon=":material/link_off:")


def went() -> bool:
    """Whether the reader came by Back or Forward: then the address counts, and not what the session holds."""
    context = get_script_run_ctx()
    by_history = context is not None and context.is_history_navigation
    return by_history and link.VERSIONED in st.query_params


def end() -> None:
    """Keep what the widgets hold now, and put it into the address."""
    held = {*st.session_state}
    for name in link.fields():
        if PREFIX + name in held:
            st.session_state.screen[name] = st.session_state[PREFIX + name]
    parameters = link.write(st.session_state.screen)
    if parameters != st.query_params.to_dict():
        st.query_params.from_dict(parameters)
    caught_up()


def catch_up() -> None:
    """Hold back what a browser has changed that knows the page from before the server was started again.

    Its widgets are not known here until they are drawn: what they hold, and what was just changed or pressed, counts
    for nothing before. So the page is drawn once as the address has it, and `caught_up` then takes the change.
    """
    context = get_script_run_ctx()
    if context is None or "drawn" in st.session_state:
        return
    st.session_state.held = context.session_state.get_widget_states()
    context.session_state.on_script_will_rerun(None)


def caught_up() -> None:
    """Take what was held back, now that the page is drawn, as if it came this moment."""
    st.session_state.drawn = True
    context, held = get_script_run_ctx(), st.session_state.pop("held", None)
    if context is not None and held:
        raise RerunException(
            RerunData(
                query_string=context.query_string,
                page_script_hash=context.page_script_hash,
                widget_states=WidgetStates(widgets=held),
                context_info=context.context_info,
            )
        )


def get(name: str) -> Any:
    """What is chosen for the field called `name`."""
    return st.session_state.get(PREFIX + name, st.session_state.screen[name])


def put(**choices: link.Value) -> None:
    """Choose from code: a button, a stop of the tour, the stepper."""
    for name, value in choices.items():
        st.session_state.screen[name] = value
        if PREFIX + name in st.session_state:
            st.session_state[PREFIX + name] = value


def another_run(run: str = "") -> None:
    """Turn to `run`, or to that of the widget, and all that follows: its own configuration, and of the last one only
    what fits."""
    here = {name: get(name) for name in link.fields()} | {"run": st.session_state.screen["run"]}
    turned, st.session_state.said = link.turned(here, run or get("run"))
    put(**turned | {name: here[name] for name in ("tour", *KEPT)})


def another_seed() -> None:
    """What follows from the choice of another seed."""
    turned, st.session_state.said = link.reseeded({"changes": get("changes")})
    put(**turned)


def said() -> str:
    """What had to be said of the last choice of a sequence, once."""
    return str(st.session_state.pop("said", ""))


def go(title: str) -> NoReturn:
    """Turn to the page called `title`, with all that is chosen: to what it shows, and not to what it asks."""
    put(ask="", tour=0)
    end()
    st.switch_page(st.session_state.pages[title], query_params=link.write(st.session_state.screen))


@st.fragment
def share() -> None:
    """The link to this screen, for a class: with everything, without controls, or without answers.

    It is made when it is opened: the reader steps on without the page.
    """
    if hidden("controls"):
        return
    shut = st.popover("Link for a class", icon=":material/share:", key=SHARE, on_change="rerun")
    if not shut.open:
        return
    with shut:
        hide = st.segmented_control("What the link hides", HIDDEN, format_func=HIDDEN.__getitem__, default="")
        # a class plays its own game, and trains its own model
        choices = {name: get(name) for name in link.fields()} | {"game": "", "training": "", "mine": ""}
        choices["ask"] = choices["ask"] and ASKED
        url, said = network.shared(st.context.url or "", str(st.get_option("server.address") or ""))
        st.code(link.address(url, choices, hide or ""), language=None, wrap_lines=True)
        st.caption(plain(said))
        st.caption("For a class without a network, Explore, Library and Write save a run as one HTML file: below it.")


def key(name: str) -> str:
    """The key of the widget for the field called `name`, which then holds what was chosen.

    A widget of another page has another identity, even under the same key: without the assignment it would start anew.
    """
    st.session_state[PREFIX + name] = get(name)
    return PREFIX + name


def hidden(what: str) -> bool:
    """Whether a teacher's link hides "controls" or "answers"."""
    return get("hide") in (what, "both")
