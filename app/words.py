"""Words on the pages: text from anywhere, shown as text."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:&@/])")


def plain(text: str) -> str:
    """Text as Markdown that shows just this text: nothing in it is a link, a picture or an equation."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))


@contextmanager
def refused() -> Iterator[None]:
    """Show what the library refuses as a message. All settings stay as they are."""
    try:
        yield
    except ValueError as error:
        st.error(plain(f"This cannot be shown. {str(error)[:600]}"), icon=":material/error:")
