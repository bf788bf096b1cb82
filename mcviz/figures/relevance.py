"""How relevant each memory was to one token, and how the gates weighed it."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mcviz.checks import of_kinds
from mcviz.figures import theme as themes
from mcviz.trace import Trace
from mcviz.words import portion

READABLE_NUMBERS = 16
"""With more bars than this, numbers are left to the pointer."""


@of_kinds
def relevance(trace: Trace, t: int, head: int = 0, theme: str = "light") -> go.Figure:
    """Scores `r_t^(i)` above, gates `γ_t^(i)` below, a bar for each memory that token `t` can reach.

    Filled bars were read; hollow ones were not. The token's own segment stands last, in its own colour.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    colours = themes.named(theme)
    t, head = trace.at(t, head)
    n = int(trace.segment_of[t]) + 1
    names = [str(i) for i in range(n - 1)] + [f"{n - 1} online"]
    read = trace.read[t, head, :n]
    hues = np.where(np.arange(n) == n - 1, colours.online, colours.gate)
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.08)
    shown = {"score": (trace.scores, "{:.3f}".format), "gate": (trace.weights, portion)}
    for row, (title, (values, said)) in enumerate(shown.items(), start=1):
        bars = go.Bar(
            x=names,
            y=values[t, head, :n],
            marker={
                "color": np.where(read, hues, "rgba(0, 0, 0, 0)"),
                "line": {"color": hues, "width": 1.5},
            },
            customdata=np.where(read, "read", "not read"),
            hovertemplate=f"memory %{{x}}<br>{title} %{{y:.4g}}<br>%{{customdata}}<extra></extra>",
            text=[said(value) for value in values[t, head, :n]] if n <= READABLE_NUMBERS else None,
            textposition="auto",
            insidetextfont={"color": np.where(read, colours.ground, colours.ink)},
            textangle=0,
            cliponaxis=False,
        )
        figure.add_trace(bars, row=row, col=1)
        figure.update_yaxes(title=title, zeroline=True, zerolinecolor=colours.muted, row=row, col=1)
    themes.layout(figure, colours, height=300)
    figure.update_yaxes(range=[0, 1.08 * max(1.0, float(np.nanmax(trace.weights[t], initial=0.0)))], row=2, col=1)
    figure.update_xaxes(type="category")
    figure.update_xaxes(title="memory of segment", row=2, col=1)
    return figure
