"""Colours and layout that all figures share, for light and for dark.

The hues are those of Okabe and Ito, told apart by readers of any colour vision; nothing is said by hue alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

Scale = tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Theme:
    """What each colour stands for."""

    ink: str  # text and axes
    muted: str  # what cannot be read, grid lines
    checkpoint: str  # memories of earlier segments
    online: str  # the token's own segment
    selected: str  # what the router took
    answer: str  # where the answer stands
    veil: str  # laid over what cannot be read
    amount: Scale  # 0 and up: gates
    signed: Scale  # below and above 0: memories, what they say


THEMES: Mapping[str, Theme] = {
    "light": Theme(
        ink="#1b1f24",
        muted="#8a939d",
        checkpoint="#0072b2",
        online="#d55e00",
        selected="#1b1f24",
        answer="#009e73",
        veil="rgba(255, 255, 255, 0.78)",
        amount=((0.0, "#f7f8fa"), (0.5, "#56b4e9"), (1.0, "#004b7a")),
        signed=((0.0, "#0072b2"), (0.5, "#f7f8fa"), (1.0, "#d55e00")),
    ),
    "dark": Theme(
        ink="#e8ebef",
        muted="#8a939d",
        checkpoint="#56b4e9",
        online="#e69f00",
        selected="#ffffff",
        answer="#33d1a0",
        veil="rgba(14, 17, 23, 0.78)",
        amount=((0.0, "#181c24"), (0.5, "#0072b2"), (1.0, "#a5dcff")),
        signed=((0.0, "#56b4e9"), (0.5, "#181c24"), (1.0, "#e69f00")),
    ),
}


GRID = "rgba(138, 147, 157, 0.25)"
"""Lines to read values by, on any background."""


def layout(figure: go.Figure, theme: Theme, height: int) -> go.Figure:
    """The common frame: no background, so that the host's own shows through."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0, 0, 0, 0)",
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
