"""The layout that all figures share, for light and for dark. Nothing is said by hue alone."""

from html import escape

import plotly.graph_objects as go

from mcviz.checks import one_of
from mcviz.palette import PALETTES, Palette

Theme = Palette
"""What each colour stands for."""

THEMES = PALETTES


CLEAR = "rgba(0, 0, 0, 0)"
"""No ground, for a host whose own is known to be as dark as the theme."""


def named(theme: str) -> Theme:
    """The theme of this name. Raises `ValueError` where there is none, and so does every figure.

    >>> named("blue")
    Traceback (most recent call last):
    ValueError: theme: expected one of light, dark; got 'blue'
    """
    return THEMES[one_of("theme", theme, THEMES)]


def layout(figure: go.Figure, theme: Theme, height: int) -> go.Figure:
    """The common frame, with a ground of its own: a notebook's is not known, and no ink is read on white and on black.

    4.5:1 on white takes a luminance of 0.183 at most; 4.5:1 on JupyterLab's #111111 takes 0.200 at least.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=theme.ground,
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"color": theme.ink, "size": 13},
        showlegend=False,
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(showgrid=False, zeroline=False, fixedrange=True, automargin=True)
    figure.update_yaxes(showgrid=False, zeroline=False, fixedrange=True, automargin=True)
    return figure


def label(text: str, length: int = 12) -> str:
    """A token as text to draw: cut to `length`, white space made visible, and nothing in it taken for markup."""
    shown = text.replace("\n", "⏎").replace("\t", "⇥").replace(" ", "␣") or "∅"
    shown = "".join(mark if mark.isprintable() else "·" for mark in shown)
    # Quotes stay as they are: Plotly would draw their entities.
    return escape(shown if len(shown) <= length else f"{shown[: length - 1]}…", quote=False)


def token(trace_tokens: tuple[str, ...], t: int) -> str:
    """The label of token `t`, or its number where a run has no labels."""
    return label(trace_tokens[t]) if trace_tokens else str(t)


def box(
    x0: int | float, y0: int | float, x1: int | float, y1: int | float, colour: str, width: int | float = 2.5
) -> dict[str, object]:
    """An outline, as a Plotly shape."""
    edge = {"color": colour, "width": width}
    return {"type": "rect", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": edge}
