"""What every page has around it: its room, and a history in which Back and Forward lead from state to state."""

from pathlib import Path

import streamlit as st

FRONT = Path(__file__).parent / "front"


def text(name: str) -> str:
    """A script or a stylesheet of `front/`."""
    return (FRONT / name).read_text(encoding="utf-8")


_page = st.components.v2.component(
    "mcviz.page",
    html='<i class="ground"></i>',
    css=text("page.css"),
    js=text("page.js"),
    isolate_styles=False,
)


def draw() -> None:
    """Once a run, before all else: it takes no room of its own. Dark for light is another run, for the figures."""
    _page(key="page", height="content", data={"dark": st.context.theme.type == "dark"}, on_dark_change=_anew)


def _anew() -> None:
    """Nothing: that it is called is the run."""
