"""Was the router's choice right? What every selection would have cost, question by question."""

import numpy as np
import plotly.graph_objects as go

from mcviz.checks import of_kinds, place
from mcviz.figures import theme as themes
from mcviz.probes.oracle import Choice, Oracle
from mcviz.words.oracle import named

CROWD = 64
"""With more questions than this, marks are smaller."""


@of_kinds
def regrets(oracle: Oracle, t: int | None = None, theme: str = "light") -> go.Figure:
    """For each question, the losses between the best and the worst selection, and where the router's lies.

    `t` marks one question. Raises `ValueError` for a token that the run does not have.
    """
    colours = themes.named(theme)
    asked = None if t is None else place("t", t, oracle.trace.T, "token")
    choices = oracle.choices
    names = [themes.token(oracle.trace.tokens, one.t) for one in choices]
    x = [f"{name} · {one.t}" for name, one in zip(names, choices, strict=True)]  # no two alike
    size = 9 if len(choices) <= CROWD else 6
    ring = 2 * size  # around the router's mark, where it chose the best
    marks = {
        "random selection": ([one.random for one in choices], "line-ew-open", size, colours.muted),
        "best selection": ([float(one.losses[one.best]) for one in choices], "circle-open", ring, colours.answer),
        oracle.chooser: ([float(one.losses[one.router]) for one in choices], "diamond", size, colours.selected),
    }
    figure = go.Figure()
    for at, one in enumerate(choices):
        line = {"color": colours.muted, "width": 1}
        figure.add_shape(type="line", x0=at, x1=at, y0=one.losses.min(), y1=one.losses.max(), line=line, layer="below")
    for name, (values, symbol, side, colour) in marks.items():
        figure.add_scatter(
            x=x,
            y=values,
            name=name,
            mode="markers",
            customdata=[[one.t, word, one.regret] for one, word in zip(choices, names, strict=True)],
            marker={"symbol": symbol, "size": side, "color": colour, "line": {"width": 2, "color": colour}},
            hovertemplate="token %{customdata[0]}: %{customdata[1]}<br>"
            f"{name}: %{{y:.3f}} bits<br>regret %{{customdata[2]:.3f}} bits<extra></extra>",
        )
    themes.layout(figure, colours, height=330)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    figure.update_xaxes(title="question, by its token", type="category", range=[-0.6, len(x) - 0.4])
    most = max(float(one.losses.max()) for one in choices)
    figure.update_yaxes(title="bits to the answer", range=[-0.04 * most, 1.04 * most], showgrid=True)
    figure.update_yaxes(gridcolor=colours.grid)
    for at, one in enumerate(choices):
        if one.t == asked:
            figure.add_vrect(x0=at - 0.45, x1=at + 0.45, fillcolor=colours.muted, opacity=0.25, line_width=0)
    return figure


@of_kinds
def selections(oracle: Oracle, choice: Choice, theme: str = "light") -> go.Figure:
    """What every selection for one question costs: bars for one checkpoint, a triangle for two, ranks for more."""
    colours = themes.named(theme)
    k = choice.subsets.shape[1]
    figure = go.Figure()
    if k == 1:
        _bars(figure, choice, colours, oracle.chooser)
    elif k == 2:
        _triangle(figure, choice, colours, oracle.chooser)
    else:
        _ranks(figure, choice, colours, oracle.chooser)
    themes.layout(figure, colours, height=340)
    home = int(oracle.trace.segment_of[choice.source]) if choice.source >= 0 else None
    places = list(range(int(choice.subsets.max()) + 1))
    ticks = {"tickvals": places, "ticktext": [f"<b>{i} answer</b>" if i == home else str(i) for i in places]}
    if k == 2:
        figure.update_xaxes(title="first checkpoint, by its segment", **ticks)
        figure.update_yaxes(title="second checkpoint, by its segment", autorange="reversed", **ticks)
        return figure
    figure.update_xaxes(title="checkpoint, by its segment", **ticks)
    figure.update_yaxes(title="bits to the answer", rangemode="tozero")
    if k > 2:
        figure.update_xaxes(title="selections, from the best to the worst", tickvals=None, ticktext=None)
    return figure


def _bars(figure: go.Figure, choice: Choice, colours: themes.Theme, chooser: str) -> None:
    hues = [colours.selected if i == choice.router else colours.checkpoint for i in range(len(choice.losses))]
    shapes = ["" if i == choice.router else "/" for i in range(len(choice.losses))]
    figure.add_bar(
        x=choice.subsets[:, 0],
        y=choice.losses,
        marker={"color": hues, "pattern": {"shape": shapes}},
        text=[chooser if i == choice.router else "" for i in range(len(choice.losses))],
        hovertemplate="checkpoint %{x}<br>%{y:.3f} bits<extra></extra>",
    )


def _triangle(figure: go.Figure, choice: Choice, colours: themes.Theme, chooser: str) -> None:
    n = int(choice.subsets.max()) + 1
    z = np.full((n, n), np.nan)
    z[choice.subsets[:, 1], choice.subsets[:, 0]] = choice.losses
    figure.add_heatmap(
        z=z,
        colorscale=colours.measure,
        hoverongaps=False,
        colorbar={"title": "bits", "thickness": 10, "outlinewidth": 0},
        hovertemplate="checkpoints %{x} and %{y}<br>%{z:.3f} bits<extra></extra>",
    )
    upper = min(choice.router, choice.best, key=lambda index: choice.subsets[index, 1])
    for index, colour, name in ((choice.best, colours.answer, "best"), (choice.router, colours.selected, chooser)):
        i, j = (int(each) for each in choice.subsets[index])
        figure.add_shape(themes.box(i - 0.46, j - 0.46, i + 0.46, j + 0.46, colour))
        if name == chooser or choice.best != choice.router:
            words = {"text": name, "bgcolor": colours.ground, "arrowcolor": colours.ink}
            figure.add_annotation(x=i, y=j, ax=46, ay=-22 if index == upper else 22, **words)


def _ranks(figure: go.Figure, choice: Choice, colours: themes.Theme, chooser: str) -> None:
    order = np.argsort(choice.losses, kind="stable")
    figure.add_scatter(
        x=np.arange(len(order)),
        y=choice.losses[order],
        mode="lines",
        line={"color": colours.checkpoint},
        customdata=[named(choice.subsets[index]) for index in order],
        hovertemplate="%{customdata}<br>%{y:.3f} bits<extra></extra>",
    )
    rank = int(np.flatnonzero(order == choice.router)[0])
    bits = float(choice.losses[choice.router])
    figure.add_annotation(x=rank, y=bits, text=chooser, arrowcolor=colours.ink, ax=30, ay=-30)
