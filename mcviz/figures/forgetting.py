"""How a pair is forgotten: what its key gives back is less and less like its value, as others are written on top."""

import numpy as np
import plotly.graph_objects as go

from mcviz.checks import of_kinds, whole
from mcviz.figures import theme as themes
from mcviz.probes.fading import Fading

HEIGHT = 150


@of_kinds
def forgetting(seen: Fading, n: int, most: int, theme: str = "light") -> go.Figure:
    """The cosine with the first pair's value, with 1 to `most` pairs in the memory; a ring is around that with `n`.

    A disc stands where no other value that was written is nearer, a cross where one is.
    Raises `ValueError` for numbers of pairs that were not written.
    """
    colours = themes.named(theme)
    most = whole("most", most, 1, len(seen.likeness), of="pairs")
    n = whole("n", n, 1, most, of="pairs")
    pairs, likeness = np.arange(1, most + 1), seen.likeness[:most]
    kept = seen.nearest[:most] == seen.place
    figure = go.Figure()
    figure.add_scatter(
        x=pairs, y=likeness, mode="lines", line={"color": colours.muted, "width": 1}, hoverinfo="skip", showlegend=False
    )
    for name, where, symbol, colour in (
        ("still the nearest value", kept, "circle", colours.answer),
        ("another value is nearer", ~kept, "x", colours.wrong),
    ):
        figure.add_scatter(
            x=pairs[where],
            y=likeness[where],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 7, "color": colour},
            hovertemplate="%{x} pairs: cosine %{y:.3f}<extra></extra>",
        )
    figure.add_scatter(
        x=[n],
        y=[likeness[n - 1]],
        mode="markers",
        marker={"symbol": "circle-open", "size": 15, "color": colours.ink, "line": {"width": 2}},
        hoverinfo="skip",
        showlegend=False,
    )
    themes.layout(figure, colours, HEIGHT)
    figure.update_xaxes(title={"text": "pairs in the memory", "standoff": 4}, range=[0, most + 1])
    lowest = min(0.0, float(likeness.min()))
    figure.update_yaxes(
        title="cosine", tickvals=[0, 1], range=[lowest - 0.1, 1.15], showgrid=True, gridcolor=colours.grid
    )
    # over the half of the plot that the end of the line leaves free
    y, yanchor = (0, "bottom") if likeness[most // 2 :].mean() > 0.5 else (1, "top")
    legend = {"x": 1, "y": y, "xanchor": "right", "yanchor": yanchor, "orientation": "v", "bgcolor": themes.CLEAR}
    figure.update_layout(showlegend=True, legend=legend)
    return figure
