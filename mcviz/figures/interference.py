"""What memories give back when they are asked for what was stored."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Float, Int

from mcviz.checks import of_kinds
from mcviz.figures import theme as themes
from mcviz.trace import Trace

Array = np.ndarray


@of_kinds
def recovered(
    trace: Trace,
    places: Int[Array, "P"],
    likeness: Float[Array, "memories P"],
    right: Bool[Array, "memories P"],
    theme: str = "light",
) -> go.Figure:
    """How like its stored value each memory's answer is: a column for each pair, a row for each memory.

    The last row is one memory of the whole sequence. A tick marks answers nearest to the right value; the outline
    marks the segment in which a pair was written.
    """
    colours = themes.named(theme)
    rows = [str(i) for i in range(trace.N)] + ["one for all"]
    names = [f"{place} {themes.token(trace.tokens, place)}" for place in places.tolist()]
    figure = go.Figure(
        go.Heatmap(
            z=likeness,
            zmin=-1,
            zmax=1,
            colorscale=colours.signed,
            text=np.where(right, "✓", ""),
            texttemplate="%{text}" if len(places) <= 48 else None,
            textfont={"size": 11},
            customdata=[names] * len(rows),
            hovertemplate="pair at token %{customdata}<br>memory %{y}<br>cosine %{z:.4f}<extra></extra>",
            y=rows,
            colorbar={"title": "cosine", "thickness": 10, "outlinewidth": 0},
        )
    )
    themes.layout(figure, colours, height=170 + min(480, 22 * len(rows)))
    figure.update_xaxes(
        title="pair, by the token that wrote it", tickvals=list(range(len(names))), ticktext=names, tickangle=-90
    )
    figure.update_yaxes(title="memory of segment", type="category", autorange="reversed")
    homes = enumerate(trace.segment_of[places].tolist())
    # all at once: Plotly checks the shapes that are there again whenever one is added
    outlines = [themes.box(x - 0.48, y - 0.46, x + 0.48, y + 0.46, colours.ink, 1.5) for x, y in homes]
    figure.update_layout(shapes=outlines)
    return figure


def capacity(
    pairs: Int[Array, "N"], alone: Float[Array, "N"], cached: Float[Array, "N"], theme: str = "light"
) -> go.Figure:
    """The share of pairs recovered right as more are written: from one memory, and from the checkpoints."""
    colours = themes.named(theme)
    lines = (("one memory for all", alone, colours.online, "dot"), ("checkpoints", cached, colours.checkpoint, "solid"))
    figure = go.Figure(
        [
            go.Scatter(
                x=pairs,
                y=shares,
                name=name,
                mode="lines+markers",
                line={"color": hue, "dash": dash},
                hovertemplate=f"{name}<br>%{{x}} pairs written<br>%{{y:.3f}} recovered<extra></extra>",
            )
            for name, shares, hue, dash in lines
        ]
    )
    themes.layout(figure, colours, height=280)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    figure.update_xaxes(title="pairs written")
    figure.update_yaxes(title="share recovered right", range=[0, 1.05])
    return figure
