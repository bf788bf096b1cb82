"""Recall against what it takes: bytes kept, numbers read, operations of the last token."""

from collections.abc import Sequence

import plotly.graph_objects as go

from mcviz.checks import one_of
from mcviz.claims.interval import Interval
from mcviz.claims.point import ADDED, ATTENTION, FACTORS, GATED, KINDS, ONE, RULE, SELECTED, SPARSE, TREE, Point
from mcviz.figures import theme as themes

AXES = {
    "kept": ("bytes kept", "bytes kept after the last token"),
    "read": ("numbers read", "numbers read for the last token"),
    "operations": ("operations", "operations for the last token"),
}
"""What can be the horizontal axis: on its button, and under the axis."""

SYMBOLS = {
    **{ONE: "square", RULE: "square-open", ADDED: "diamond"},
    **{GATED: "circle", SELECTED: "triangle-up", TREE: "diamond-open", ATTENTION: "star", SPARSE: "star-open"},
}
TOP = 1.06


def frontier(points: Sequence[Point], factor: int = 1, theme: str = "light") -> go.Figure:
    """`against` bytes kept, with three buttons that choose what else may be the horizontal axis."""
    figure = against(points, "kept", factor, theme=theme)
    colours = themes.named(theme)
    shown = _kinds(points)
    buttons = []
    for name, (short, title) in AXES.items():
        x = [[getattr(point.spent[factor], name) for point in some] for some in shown.values()]
        buttons.append({"label": short, "method": "update", "args": [{"x": x}, {"xaxis.title.text": title}]})
    figure.update_layout(
        margin={"t": 44},
        updatemenus=[
            {
                **{"type": "buttons", "direction": "right", "buttons": buttons, "showactive": False},
                **{"x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "pad": {"b": 4}},
                **{"bgcolor": colours.zero, "bordercolor": colours.muted, "font": {"color": colours.ink, "size": 12}},
            }
        ],
    )
    return figure


def against(
    points: Sequence[Point], axis: str = "kept", factor: int = 1, chosen: str = "", theme: str = "light"
) -> go.Figure:
    """Recall with `factor` times the pairs of training, against what the last token takes: one of `AXES`.

    A mark is a setting: the mean over its seeds, with its interval, the sizes and the command under the pointer. The
    point whose name is `chosen` has a ring around it.

    Raises `ValueError` for another axis, or a factor that was not measured.
    """
    colours = themes.named(theme)
    axis, factor = one_of("axis", axis, AXES), one_of("factor", factor, FACTORS)
    figure = go.Figure()
    for kind, some in _kinds(points).items():
        colour = {
            **{ONE: colours.online, RULE: colours.online, ADDED: colours.checkpoint, TREE: colours.checkpoint},
            **{GATED: colours.gate, SELECTED: colours.gate, ATTENTION: colours.ink, SPARSE: colours.ink},
        }[kind]
        means = [point.recall[factor] for point in some]
        # one seed has no bounds, and no bar
        known = [
            each if len(point.seeds) > 1 else Interval(each.mean, each.mean, each.mean)
            for each, point in zip(means, some, strict=True)
        ]
        bars = {
            "array": [min(each.high, 1.0) - each.mean for each in known],
            "arrayminus": [each.mean - max(each.low, 0.0) for each in known],
        }
        figure.add_scatter(
            x=[getattr(point.spent[factor], axis) for point in some],
            y=[each.mean for each in means],
            error_y={**bars, "thickness": 1.5, "width": 3},
            name=kind,
            mode="lines+markers" if kind == ONE else "markers",
            line={"color": colour, "width": 1, "dash": "dot"},
            marker={"symbol": SYMBOLS[kind], "size": 11, "color": colour, "line": {"width": 1.5, "color": colour}},
            customdata=[
                [point.name, *point.spent[factor], len(point.seeds), point.parameters, point.command] for point in some
            ],
            hovertemplate="<b>%{customdata[0]}</b><br>recall %{y:.1%}, %{customdata[4]} seeds<br>"
            "%{customdata[1]:,} bytes kept, %{customdata[2]:,} numbers read<br>%{customdata[3]:,} operations<br>"
            "%{customdata[5]:,} weights<br>%{customdata[6]}<extra></extra>",
        )
    for point in points:
        if point.name == chosen:
            figure.add_scatter(
                x=[getattr(point.spent[factor], axis)],
                y=[point.recall[factor].mean],
                mode="markers",
                marker={"symbol": "circle-open", "size": 22, "color": colours.ink, "line": {"width": 2}},
                showlegend=False,
                hoverinfo="skip",
            )
    themes.layout(figure, colours, 460)
    figure.update_xaxes(
        type="log", title=AXES[axis][1], tickformat="~s", dtick="D2", showgrid=True, gridcolor=colours.grid
    )
    figure.update_yaxes(title="recall", range=[0, TOP], tickformat=".0%", showgrid=True, gridcolor=colours.grid)
    # below the picture, not by a share of its plot: that shrinks and grows with the window
    below = {"yref": "container", "y": 0, "yanchor": "bottom"}
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, **below})
    return figure


def _kinds(points: Sequence[Point]) -> dict[str, list[Point]]:
    """The points of each kind that there is."""
    found = {kind: [point for point in points if point.kind == kind] for kind in KINDS}
    return {kind: some for kind, some in found.items() if some}
