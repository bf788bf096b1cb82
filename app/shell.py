"""What every page has around it: its room, and a history in which Back and Forward lead from state to state."""

from pathlib import Path

import streamlit as st

FRONT = Path(__file__).parent / "front"


def text(name: str) -> str:
    """A script or a stylesheet of `front/`."""
    return (FRONT / name).read_text(encoding="utf-8")


_page = st.components.v2.component("mcviz.page", css=text("page.css"), js=text("page.js"), isolate_styles=False)


def draw() -> None:
    """Once a run, before all else: it takes no room of its own."""
    _page(key="page", height="content")
