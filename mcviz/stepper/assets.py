"""The front end's two files, as text."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def script() -> str:
    """The ES module: it exports `decode`, `mount`, and a default export that Streamlit and anywidget call."""
    return (HERE / "front" / "main.js").read_text(encoding="utf-8")


@cache
def style() -> str:
    """The stylesheet; every rule stands under the class `mcviz`."""
    return (HERE / "front" / "style.css").read_text(encoding="utf-8")
