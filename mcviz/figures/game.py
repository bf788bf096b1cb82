"""What was played: recall against what a round counts."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from mcviz.figures import theme as themes
from mcviz.figures.frontier import AXES, SYMBOLS, TOP
from mcviz.tradeoff import game


def tries(
    played: Sequence[game.Play], asked: game.Round, best: Sequence[game.Play], over: bool = False, theme: str = "light"
) -> go.Figure:
    """Recall of what was played against what `asked` counts, a symbol and a name each; and the frontier, once given.

    The corner that a round asks for, above the goal and within the budget, is shaded, until all is `over`.
    """
    colours = themes.named(theme)
    figure = go.Figure()
    if best:
        figure.add_trace(
            go.Scatter(
                x=[asked.spent(play) for play in best],
                y=[asked.recall(play) for play in best],
                name="best there is",
                mode="lines+markers",
                line={"color": colours.muted, "dash": "dot", "shape": "hv"},
                marker={"symbol": "circle-open", "size": 9, "color": colours.muted},
                hovertext=[play.name for play in best],
                hovertemplate="%{hovertext}<br>%{x:,}<br>recall %{y:.1%}<extra>frontier</extra>",
            )
        )
    for i, play in enumerate({each.name: each for each in played}.values()):
        mean, low, high = play.recall[asked.factor]
        figure.add_trace(
            go.Scatter(
                x=[asked.spent(play)],
                y=[mean],
                error_y={"array": [min(high, 1) - mean], "arrayminus": [mean - max(low, 0)], "thickness": 1.5},
                name=play.name,
                mode="markers+text",
                text=[play.name],
                textposition="bottom center" if i % 2 else "top center",
                marker={
                    "symbol": SYMBOLS[play.kind],
                    "size": 13,
                    "color": colours.answer if mean >= asked.goal else colours.wrong,
                },
                hovertemplate=f"{play.name}<br>{asked.amount(asked.spent(play))}<br>recall %{{y:.1%}}<extra></extra>",
            )
        )
    themes.layout(figure, colours, 360)
    figure.update_xaxes(type="log", title=AXES[asked.axis][1], range=[2.4, 5.1], tickformat="~s", dtick="D2")
    figure.update_yaxes(title="recall, mean over seeds", range=[0, TOP], tickformat=".0%")
    edge = {"color": colours.answer, "width": 1.5, "dash": "dash"}
    figure.add_hline(asked.goal, line=edge)
    goal = {"x": 1, "xref": "paper", "xanchor": "right", "y": asked.goal, "yanchor": "top"}
    figure.add_annotation(text=f"goal: {asked.goal:.0%}", showarrow=False, **goal)
    if not over:
        figure.add_shape(
            type="rect",
            **{"x0": 1, "x1": asked.budget, "y0": asked.goal, "y1": TOP},
            **{"fillcolor": colours.answer, "opacity": 0.16, "layer": "below", "line": {"width": 0}},
        )
        figure.add_vline(asked.budget, line=edge)
        mark = {"x": math.log10(asked.budget), "xanchor": "right", "y": 0, "yref": "paper", "yanchor": "bottom"}
        figure.add_annotation(text=f"B = {asked.budget:,}", showarrow=False, **mark)
    return figure
