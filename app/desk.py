"""The server's desk for trainings, and whether the reader who ordered one is still there."""

import atexit
import tempfile
from pathlib import Path

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import screen
from mcviz import link, watch
from mcviz.order import Order
from mcviz.studio import Desk
from mcviz.studio.desk import Here

FRAMES = "frames"
"""Where the server has the newest frames of a training: below it, its name and the first one that is wanted."""
MOST_KEPT = 4
"""Models that one reader keeps at a time."""


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """One for all readers. What it holds goes with the server."""
    made = Desk(Path(tempfile.mkdtemp(prefix="mcviz-")))
    atexit.register(made.end)
    return made


def here() -> Here:
    """Whether this page is open, asked later."""
    context = get_script_run_ctx()
    if context is None or not exists():
        return lambda: True
    runtime, session = get_instance(), context.session_id
    return lambda: runtime.is_active_session(session)


def mine() -> str:
    """The name of the reader's training, which the link holds; "" for none that is here."""
    name = str(screen.get("training"))
    return name if desk().knows(name) else ""


OWN = "own-"
"""Before the name of a training: the model that came of it, where models are named."""


def keep(name: str) -> str:
    """Have the model of a training that is done watched like one that ships. Gives its name there, or "" where the
    training is gone."""
    ordered = desk().order(name)
    if ordered is None:
        return ""
    kept = OWN + name
    watch.lend(kept, desk().folder / name, ordered.name)
    names = dict.fromkeys([*screen.get("mine").split(), kept])
    screen.put(mine=" ".join(list(names)[-MOST_KEPT:]))
    return kept


def wanted() -> Order:
    """What the reader wants to have trained. Raises `ValueError` where that cannot be."""
    return Order(**{name: screen.get(link.TRAIN + name) for name in link.ORDER})
