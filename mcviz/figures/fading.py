"""One memory: the pair that was written first, the matrix with n pairs in it, and what it gives back for the first."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mcviz.checks import of_kinds, whole
from mcviz.figures import theme as themes
from mcviz.probes.fading import Fading

HEIGHT = 300


@of_kinds
def fading(seen: Fading, n: int, theme: str = "light") -> go.Figure:
    """The first pair's key above the matrix and its value beside it; then the value, and what is read for its key.

    Both lists are drawn equally long, and the legend says by what the one that is read was divided.

    Raises `ValueError` for a memory that is no matrix, and for a number of pairs that was not written.
    """
    colours = themes.named(theme)
    n = whole("n", n, 1, len(seen.states), of="pairs")
    state = seen.states[n - 1]
    if set(state) != {"M"} or state["M"].shape != (len(seen.value), len(seen.key)):
        raise ValueError(f"memory: expected one matrix M, got {', '.join(state)}")
    figure = make_subplots(
        2,
        3,
        column_widths=[0.06, 0.56, 0.38],
        row_heights=[0.14, 0.86],
        horizontal_spacing=0.04,
        vertical_spacing=0.06,
        specs=[[None, {}, None], [{}, {}, {}]],
    )
    for z, row, column, name in (
        (seen.key[None], 1, 2, "key"),
        (seen.value[:, None], 2, 1, "value"),
        (state["M"], 2, 2, "memory"),
    ):
        widest = float(np.abs(z).max()) or 1.0
        picture = go.Heatmap(
            z=z,
            zmin=-widest,
            zmax=widest,
            colorscale=colours.signed,
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate=f"{name} %{{z:.4f}}<extra></extra>",
        )
        figure.add_trace(picture, row, column)
    read = seen.recovered[n - 1]
    scale = float(np.linalg.norm(read) / (np.linalg.norm(seen.value) or 1.0)) or 1.0
    rows, right = np.arange(len(seen.value)), seen.nearest[n - 1] == seen.place
    for name, values, divisor, colour, pattern in (
        ("value", seen.value, 1.0, colours.muted, "/"),
        (f"read ÷ {scale:.3g}", read, scale, colours.answer if right else colours.wrong, ""),
    ):
        bars = go.Bar(
            x=values / divisor,
            y=rows,
            orientation="h",
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            customdata=values,
            hovertemplate=f"{name.split()[0]} %{{customdata:.4f}}<extra></extra>",
        )
        figure.add_trace(bars, 2, 3)
    themes.layout(figure, colours, HEIGHT)
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 26, "b": 28},
        bargap=0.25,
        showlegend=True,
        legend={"x": 1, "y": -0.09, "xanchor": "right", "yanchor": "top", "orientation": "h"},
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, autorange="reversed")
    pairs = "1 pair" if n == 1 else f"{n} pairs"
    for text, x, y, yanchor in (
        ("value", 0.0, 0.83, "bottom"),
        ("key", 0.1, 1.0, "bottom"),
        (f"memory with {pairs}", 0.1, 0.0, "top"),
        ("read with the key", 0.66, 0.83, "bottom"),
    ):
        figure.add_annotation(
            text=text, x=x, y=y, xref="paper", yref="paper", xanchor="left", yanchor=yanchor, showarrow=False
        )
    return figure


@of_kinds
def unsaid(seen: Fading, n: int, theme: str = "light") -> go.Figure:
    """`fading`, where the reader is asked what it is that is read: a "?" for the value's own bars, in their place."""
    figure = fading(seen, n, theme)
    return figure.update_traces(
        {"name": "?", "marker.opacity": 0, "hoverinfo": "skip"}, {"type": "bar", "name": "value"}
    )
