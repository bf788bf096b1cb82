"""The front end's two files, as text."""

from functools import cache
from pathlib import Path

from mcviz.palette import PALETTES, Palette

HERE = Path(__file__).parent
PROPERTIES = {name: name for name in ("gate", "online", "wrong", "positive", "negative")} | {"truth": "answer"}
"""The stylesheet's custom properties, and what they stand for in the palette."""


@cache
def script() -> str:
    """The ES module: it exports `decode`, `mount`, and a default export that Streamlit and anywidget call."""
    return (HERE / "stepper.js").read_text(encoding="utf-8")


@cache
def style() -> str:
    """The stylesheet, after the palette's colours; every rule stands under the class `mcviz`.

    The script says which scheme it is, by how dark the host's ground is.
    """
    light, dark = (_properties(PALETTES[scheme]) for scheme in ("light", "dark"))
    sheet = (HERE / "stepper.css").read_text(encoding="utf-8")
    return f'.mcviz {{ {light} }}\n.mcviz[data-theme="dark"] {{ {dark} }}\n{sheet}'


def _properties(colours: Palette) -> str:
    return " ".join(f"--{name}: {getattr(colours, meaning)};" for name, meaning in PROPERTIES.items())
