"""The map of gates: which memory every token of the sequence read, and how much."""

import numpy as np
import plotly.graph_objects as go

from mcviz.checks import of_kinds
from mcviz.figures import theme as themes
from mcviz.trace import Trace


@of_kinds
def gates(trace: Trace, head: int = 0, t: int | None = None, theme: str = "light") -> go.Figure:
    """Gates `γ_t^(i)` of one head, [T, N]: tokens from left to right, segments from top to bottom.

    Empty where a memory is not there yet, so the picture is block-causal. `t` marks one token. Raises `ValueError` for
    a token or a head that the run does not have.
    """
    colours = themes.named(theme)
    marked, head = trace.at(0 if t is None else t, head)
    words = [themes.token(trace.tokens, i) for i in range(trace.T)]
    shown = np.where(trace.readable, trace.weights[:, head], np.nan).T
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            zmin=0,
            zmax=max(1.0, float(np.nanmax(trace.weights, initial=0.0))),
            colorscale=colours.amount,
            customdata=[words] * trace.N,
            hovertemplate="token %{x}: %{customdata}<br>segment %{y}<br>gate %{z:.4g}<extra></extra>",
            hoverongaps=False,
            colorbar={"title": "gate", "thickness": 10, "outlinewidth": 0},
        )
    )
    themes.layout(figure, colours, height=90 + min(300, max(110, 14 * trace.N)))
    figure.update_xaxes(title="token", range=[-0.5, trace.T - 0.5])
    figure.update_yaxes(title="segment", range=[trace.N - 0.5, -0.5], tickformat="d")
    edges = [start - 0.5 for start, _ in trace.segments[1:]]
    figure.update_layout(shapes=[_rule(x, colours.muted, 0.5) for x in edges])
    if t is not None:
        figure.add_shape(_rule(marked, colours.ink, 2))
    return figure


def _rule(x: int | float, colour: str, width: int | float) -> dict[str, object]:
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": colour, "width": width},
    }
