"""What was played: recall against reads."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from mcviz.figures import theme as themes
from mcviz.tradeoff import ATTENTION, game
from mcviz.words.ledger import called

TOP = 1.1


def tries(
    played: Sequence[game.Play], budget: int | None, best: Sequence[game.Play], theme: str = "light"
) -> go.Figure:
    """Recall against reads of what was played, a symbol and a name each; and the frontier, once it is given.

    The corner that a round asks for, above the goal and within the budget, is shaded.
    """
    colours = themes.THEMES[theme]
    figure = go.Figure()
    if best:
        figure.add_trace(
            go.Scatter(
                x=[play.reads for play in best],
                y=[play.accuracy for play in best],
                name="best there is",
                mode="lines+markers",
                line={"color": colours.muted, "dash": "dot", "shape": "hv"},
                marker={"symbol": "circle-open", "size": 9, "color": colours.muted},
                hovertext=[called(play) for play in best],
                hovertemplate="%{hovertext}<br>%{x:,} reads<br>recall %{y:.1%}<extra>frontier</extra>",
            )
        )
    symbols = {"none": "square", "residual": "diamond", "grm": "cross", "soup": "pentagon", "ssc": "triangle-up"}
    for play in dict.fromkeys(played):
        figure.add_trace(
            go.Scatter(
                x=[play.reads] * (1 + len(play.accuracies)),
                y=[play.accuracy, *play.accuracies],
                name=called(play),
                mode="markers+text",
                text=[called(play)],
                textposition="top center" if play.aggregator in ("ssc", ATTENTION) else "bottom center",
                marker={
                    "symbol": symbols.get(play.aggregator, "circle"),
                    "size": [13] + [5] * len(play.accuracies),
                    "color": colours.answer if play.reached else colours.wrong,
                },
                hovertemplate=f"{called(play)}<br>{play.reads:,} reads<br>recall %{{y:.1%}}<extra></extra>",
            )
        )
    themes.layout(figure, colours, 360)
    figure.update_xaxes(type="log", title="reads per sequence", range=[math.log10(120), math.log10(16_000)])
    figure.update_xaxes(tickvals=[150, 500, 1500, 5000], tickformat=",")
    figure.update_yaxes(
        title="recall, mean over seeds", range=[0.25, TOP], tickformat=".0%", tickvals=[0.4, 0.6, 0.8, 1]
    )
    edge = {"color": colours.answer, "width": 1.5, "dash": "dash"}
    figure.add_hline(game.GOAL, line=edge)
    goal = {"x": 1, "xref": "paper", "xanchor": "right", "y": game.GOAL, "yanchor": "top"}
    figure.add_annotation(text=f"goal: {game.GOAL:.0%}", showarrow=False, **goal)
    if budget is not None:
        figure.add_shape(
            type="rect",
            **{"x0": 1, "x1": budget, "y0": game.GOAL, "y1": TOP},
            **{"fillcolor": colours.answer, "opacity": 0.16, "layer": "below", "line": {"width": 0}},
        )
        figure.add_vline(budget, line=edge)
        mark = {"x": math.log10(budget), "xanchor": "right", "y": 0, "yref": "paper", "yanchor": "bottom"}
        figure.add_annotation(text=f"B = {budget:,}", showarrow=False, **mark)
    return figure
