"""A table of text that a page shows: whole on every screen, as cells that are too wide for it go on in a next line."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.words import plain


def sheet(columns: Mapping[str, Sequence[str]]) -> None:
    """Draw columns of text, each as wide as its cells where there is room for that."""
    table = {plain(name): [plain(cell) for cell in cells] for name, cells in columns.items()}
    st.table(table, border="horizontal", width="content", hide_index=True)
