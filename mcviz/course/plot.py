"""Plain charts for notebooks, in the colours of the other figures: lines, bars, and maps of a matrix.

>>> import numpy as np
>>> from mcviz import plot
>>> plot.lines({"squares": ([1, 2, 3], [1, 4, 9])}, x="n", y="n²").layout.xaxis.title.text
'n'
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots

from mcviz.figures.theme import THEMES, layout
from mcviz.palette import SERIES

Array = np.ndarray
COLOURS = THEMES["light"]
MARKS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star")


def lines(
    series: Mapping[str, tuple[Any, Any]],
    x: str = "",
    y: str = "",
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
) -> go.Figure:
    """A line for each name: `(xs, ys)`."""
    figure = go.Figure()
    for n, (name, (xs, ys)) in enumerate(series.items()):
        look = {"color": SERIES[n % len(SERIES)]}
        mark = {"symbol": MARKS[n % len(MARKS)], "size": 7}
        figure.add_trace(go.Scatter(x=list(xs), y=list(ys), name=name, mode="lines+markers", line=look, marker=mark))
    frame(figure, title, 340)
    figure.update_layout(showlegend=len(series) > 1)
    figure.update_xaxes(title=x)
    if log_x:
        measured = sorted({float(at) for xs, _ in series.values() for at in xs})
        figure.update_xaxes(type="log", tickvals=measured, ticktext=[f"{at:,g}" for at in measured])
    figure.update_yaxes(title=y, showgrid=True, gridcolor=COLOURS.grid)
    if log_y:
        heights = [float(value) for _, ys in series.values() for value in ys if value > 0] or [1.0]
        most, least = max(heights), min(heights)
        # with a format ticks say 20, and without one the digit 2; of one or two decades each digit would have its tick
        figure.update_yaxes(type="log", tickformat="~s" if most >= 10_000 else "~g")
        if 5 <= most / least <= 1000:
            figure.update_yaxes(dtick="D2")  # 1, 2 and 5
    return figure


def bars(
    values: Mapping[str, float],
    y: str = "",
    title: str = "",
    within: Mapping[str, tuple[float, float]] | None = None,
    highlight: Sequence[str] = (),
) -> go.Figure:
    """A bar for each name; `within` gives the lower and upper end of an interval, `highlight` names some bars."""
    names, heights = list(values), [float(value) for value in values.values()]
    error = None
    if within is not None:
        error = {
            "type": "data",
            "symmetric": False,
            "array": [within[name][1] - values[name] if name in within else 0 for name in names],
            "arrayminus": [values[name] - within[name][0] if name in within else 0 for name in names],
        }
    hues = [COLOURS.ink if name in highlight else COLOURS.muted for name in names]
    middle = "middle" if within else None  # the end of a bar is where its interval is drawn
    figure = go.Figure(
        go.Bar(
            x=names,
            y=heights,
            error_y=error,
            marker={"color": hues},
            texttemplate="%{y:.3g}",
            insidetextanchor=middle,
        )
    )
    frame(figure, title, 320)
    figure.update_xaxes(type="category")
    figure.update_yaxes(title=y, showgrid=True, gridcolor=COLOURS.grid)
    return figure


def maps(arrays: Mapping[str, Float[Array, "rows columns"]], x: str = "", y: str = "", title: str = "") -> go.Figure:
    """Matrices side by side on one scale, rows downwards: blue below 0, orange above."""
    most = max(float(np.nanmax(np.abs(array))) for array in arrays.values()) or 1.0
    figure = make_subplots(cols=len(arrays), subplot_titles=list(arrays), horizontal_spacing=0.04, shared_yaxes=True)
    for column, array in enumerate(arrays.values(), start=1):
        picture = go.Heatmap(
            z=array,
            zmin=-most,
            zmax=most,
            colorscale=COLOURS.signed,
            showscale=column == len(arrays),
            colorbar={"thickness": 10, "outlinewidth": 0},
            hoverongaps=False,
        )
        figure.add_trace(picture, row=1, col=column)
        figure.update_yaxes(autorange="reversed", row=1, col=column)
    frame(figure, title, 300)
    figure.update_layout(margin_t=64 if title else 32)
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y, col=1)
    return figure


def frame(figure: go.Figure, title: str, height: int) -> go.Figure:
    """The common frame, with room for a title."""
    layout(figure, COLOURS, height)
    if title:
        figure.update_layout(title={"text": title, "font": {"size": 15}, "x": 0.02}, margin_t=44)
    return figure
