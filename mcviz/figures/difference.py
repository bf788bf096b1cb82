"""Where two runs on the same tokens differ, token by token."""

import plotly.graph_objects as go

from mcviz.checks import of_kinds
from mcviz.figures import theme as themes
from mcviz.trace import Trace
from mcviz.words.difference import apart, changed_predictions


@of_kinds
def difference(a: Trace, b: Trace, theme: str = "light") -> go.Figure:
    """How far apart the outputs of two runs are, token by token; marks where the likeliest prediction changed."""
    colours = themes.named(theme)
    words = [themes.token(a.tokens, t) for t in range(a.T)]
    figure = go.Figure(
        go.Bar(
            x=list(range(a.T)),
            y=apart(a, b),
            marker={"color": colours.checkpoint},
            customdata=words,
            hovertemplate="token %{x}: %{customdata}<br>apart %{y:.4g}<extra></extra>",
        )
    )
    changed = changed_predictions(a, b)
    if changed:
        figure.add_trace(
            go.Scatter(
                x=changed,
                y=[0.0] * len(changed),
                mode="markers",
                marker={"symbol": "triangle-up", "size": 10, "color": colours.ink},
                hovertemplate="token %{x}: another prediction<extra></extra>",
            )
        )
    themes.layout(figure, colours, height=200)
    figure.update_xaxes(title="token", range=[-0.5, a.T - 0.5])
    figure.update_yaxes(title="outputs apart", rangemode="tozero")
    return figure
