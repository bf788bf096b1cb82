"""A table of text that a page shows, with room for all that its cells say."""

from collections.abc import Mapping, Sequence

import streamlit as st
from pandas import DataFrame

LETTER, AROUND = 7, 17
"""Pixels of a letter of a cell, on average at most, and of what is around them."""
STAYS = 16
"""Letters of a first column that stays in view while others are scrolled to."""


def sheet(columns: DataFrame | Mapping[str, Sequence[str]], about: Mapping[str, str] | None = None) -> None:
    """Draw columns, each as wide as its longest cell; what does not fit the page is scrolled to.

    `about` explains columns by name.
    """
    config = {}
    for at, name in enumerate(columns):
        longest = max(map(len, (name, *columns[name])))
        config[name] = st.column_config.TextColumn(
            width=LETTER * longest + AROUND, help=(about or {}).get(name), pinned=at == 0 and longest <= STAYS
        )
    st.dataframe(columns, hide_index=True, width="content", height="content", column_config=config)
