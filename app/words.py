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
    """Show what the library refuses as a message. All settings stay as they are.

    Sizes are bounded before anything is computed. That memory ends all the same, on a machine that has little left,
    is said as well: by Python as a `MemoryError`, by PyTorch as a `RuntimeError`.
    """
    try:
        yield
    except ValueError as error:
        st.error(plain(f"This cannot be shown. {str(error)[:600]}"), icon=":material/error:")
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        st.error(
            "This cannot be shown. The machine that serves this page has too little memory left for it now.",
            icon=":material/error:",
        )
