"""What each memory said to one token, and what came out."""

import numpy as np
import plotly.graph_objects as go

from mcviz.checks import of_kinds
from mcviz.figures import theme as themes
from mcviz.trace import Trace
from mcviz.words import portion

SHOWN = 16
"""Memories drawn at most: those that weigh most."""


@of_kinds
def reads(trace: Trace, t: int, head: int = 0, theme: str = "light") -> go.Figure:
    """A row `M^(i)(q_t)` for each memory that was read, its gate beside it, and the output `y_t` below them.

    A soup mixes memories before it reads, so there is the output alone.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    colours = themes.named(theme)
    t, head = trace.at(t, head)
    read = np.flatnonzero(trace.read[t, head])
    if trace.reads is None:
        read = read[:0]
    elif len(read) > SHOWN:
        read = np.sort(read[np.argsort(-trace.weights[t, head, read], kind="stable")[:SHOWN]])
    said = [] if trace.reads is None else [trace.reads[t, head, i] for i in read]
    s = int(trace.segment_of[t])
    names = [f"{portion(trace.weights[t, head, i])} × {'online' if i == s else i}" for i in read] + ["output"]
    figure = go.Figure(
        go.Heatmap(
            z=np.stack([*said, trace.output[t, head]]),
            y=list(range(len(names))),
            zmid=0,
            colorscale=colours.signed,
            hovertemplate="component %{x}<br>%{z:.4f}<extra></extra>",
            hoverongaps=False,
            colorbar={"thickness": 10, "outlinewidth": 0},
            ygap=1,
        )
    )
    themes.layout(figure, colours, height=60 + 24 * len(names))
    figure.update_xaxes(title="component")
    figure.update_yaxes(range=[len(names) - 0.5, -0.5], tickvals=list(range(len(names))), ticktext=names)
    figure.add_shape(themes.box(-0.5, len(names) - 1.5, trace.V - 0.5, len(names) - 0.5, colours.ink, 2))
    return figure
