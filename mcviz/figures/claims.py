"""What a claim rests on: every seed of every condition, and the differences that decide it."""

import math
from collections.abc import Sequence
from html import escape
from textwrap import wrap

import plotly.graph_objects as go

from mcviz.checks import of_kinds
from mcviz.claims import EXACT, Finding, Interval, Step
from mcviz.figures import theme as themes
from mcviz.words.claims import SIGNS

FLOOR = 1e-17
"""Where a zero stands on a logarithmic axis: below all that rounding leaves."""
BREAK = "<br>"
TICKS = 22
"""Pixels of the numbers along an axis."""


@of_kinds
def evidence(finding: Finding, theme: str = "light") -> go.Figure:
    """Each condition's values, a ring for each seed, with their mean and its interval."""
    colours = themes.named(theme)
    exact = finding.claim.family == EXACT
    labels = list(finding.values)
    figure = go.Figure()
    for label, values in finding.values.items():
        mean, low, high = finding.intervals[label]
        _rings(figure, label, values, finding.seeds, colours, floor=FLOOR if exact else -math.inf)
        if exact:
            # over ten powers of ten, an interval is no longer than its mark
            at, text = Interval(max(mean, FLOOR), max(mean, FLOOR), max(mean, FLOOR)), f"{mean:.2g}"
        else:
            at, text = finding.intervals[label], f"{mean:.3f}"
        says = f"{label}<br>mean {mean:.4g}<br>95 %: {low:.4g} to {high:.4g}"
        _mean(figure, label, at, colours.ink, says, text)
    themes.layout(figure, colours, height=90 + 46 * len(labels))
    figure.update_yaxes(categoryorder="array", categoryarray=labels[::-1], range=[-0.5, len(labels) - 0.3])
    figure.update_xaxes(showgrid=True, gridcolor=colours.grid)
    _across(figure, finding.claim.measured)
    figure.update_layout(margin={"r": 18})  # half of a number at its end
    if exact:
        ticks = [FLOOR, 1e-12, 1e-8, 1e-4, 1.0]
        figure.update_xaxes(
            type="log", range=[-17.6, 2.5], tickvals=ticks, ticktext=["0", *(f"{tick:.0e}" for tick in ticks[1:])]
        )
    return figure


@of_kinds
def comparisons(finding: Finding, theme: str = "light") -> go.Figure:
    """Each comparison of a claim: the differences seed by seed, the interval of their mean, and where it holds."""
    colours = themes.named(theme)
    figure = go.Figure()
    low, high = _span(finding.steps)
    words = [_wrapped(f"{SIGNS[step.verdict]} {step.comparison}") for step in finding.steps]
    lines = 1 + max(each.count(BREAK) for each in words)
    for row, step in enumerate(finding.steps):
        mean, below, above = step.interval
        colour = {"✓": colours.answer, "✗": colours.wrong}.get(SIGNS[step.verdict], colours.muted)
        begin, end = _where_it_holds(step, low, high)
        shade = {"fillcolor": colours.answer, "opacity": 0.16, "line_width": 0, "layer": "below"}
        figure.add_shape(type="rect", x0=begin, x1=end, y0=row - 0.25, y1=row + 0.25, **shade)
        said = {"x": 0, "xref": "paper", "xanchor": "left", "align": "left", "y": row - 0.27, "yanchor": "bottom"}
        figure.add_annotation(**said, showarrow=False, text=words[row])
        _rings(figure, row, step.differences, finding.seeds, colours)
        says = f"{step.verdict}<br>mean {mean:.4g}<br>95 %: {below:.4g} to {above:.4g}"
        _mean(figure, row, step.interval, colour, says)
    themes.layout(figure, colours, height=80 + (45 + 17 * lines) * len(finding.steps))
    figure.update_yaxes(range=[len(finding.steps) - 0.6, -0.8], visible=False)
    figure.update_xaxes(range=[low, high], showgrid=True, gridcolor=colours.grid)
    _across(figure, "second minus first, seed by seed; shaded: where it holds")
    figure.add_vline(x=0, line={"color": colours.muted, "width": 1})
    return figure


@of_kinds
def reported(finding: Finding, theme: str = "light") -> go.Figure:
    """The paper's own numbers to the same claim, at its scale."""
    colours = themes.named(theme)
    names, values = list(finding.claim.reported), list(finding.claim.reported.values())
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            text=[f"{value:g}" for value in values],
            textposition="outside",
            cliponaxis=False,
            marker={"color": colours.muted, "pattern": {"shape": "/"}},
            hovertemplate="%{y}: %{x:g}<extra></extra>",
        )
    )
    themes.layout(figure, colours, height=90 + 46 * len(names))
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    figure.update_xaxes(range=[0, 1.2 * max(values)])
    _across(figure, finding.claim.reported_as)
    return figure


def _across(figure: go.Figure, text: str) -> None:
    """What the horizontal axis measures, below it and up to its right end: the title of an axis would stand around the
    middle of what labels leave to the plot, and on a telephone beyond the picture."""
    words = _wrapped(text)
    more = 17 * words.count(BREAK)
    figure.update_xaxes(tickangle=0)
    figure.add_annotation(
        **{"text": words, "showarrow": False, "align": "right"},
        **{"x": 1, "xref": "paper", "xanchor": "right", "y": 0, "yref": "paper", "yanchor": "top", "yshift": -TICKS},
    )
    figure.update_layout(height=figure.layout.height + more, margin={"b": TICKS + 25 + more})


def _rings(
    figure: go.Figure,
    y: str | int,
    values: Sequence[float],
    seeds: Sequence[int],
    colours: themes.Theme,
    floor: float = -math.inf,
) -> None:
    """A ring for each seed; none lies below `floor`."""
    figure.add_scatter(
        x=[max(value, floor) for value in values],
        y=[y] * len(values),
        customdata=list(zip(seeds, values, strict=True)),
        mode="markers",
        marker={"symbol": "circle-open", "size": 9, "color": colours.muted, "line": {"width": 1.5}},
        hovertemplate="seed %{customdata[0]}: %{customdata[1]:.4g}<extra></extra>",
    )


def _mean(figure: go.Figure, y: str | int, interval: Interval, colour: str, says: str, text: str = "") -> None:
    """A diamond at the mean, and a bar from bound to bound."""
    mean, low, high = interval
    bar = {"array": [high - mean], "arrayminus": [mean - low], "thickness": 3, "width": 6, "color": colour}
    figure.add_scatter(
        x=[mean],
        y=[y],
        error_x=bar,
        mode="markers+text",
        text=[text],
        textposition="top center",
        cliponaxis=False,
        marker={"symbol": "diamond", "size": 10, "color": colour},
        hovertemplate=f"{says}<extra></extra>",
    )


def _where_it_holds(step: Step, low: float, high: float) -> tuple[float, float]:
    """From where to where the shade of a comparison goes."""
    relation, by = step.comparison.relation, step.comparison.by
    begin, end = {"<": (by, high), "≤": (-by, high), "=": (-by, by)}[relation]
    return max(begin, low), max(min(end, high), low)


def _span(steps: tuple[Step, ...]) -> tuple[float, float]:
    """The axis: all differences, intervals and margins, and zero."""
    marks = [0.0]
    for step in steps:
        marks += [*step.differences, step.interval.low, step.interval.high, step.comparison.by, -step.comparison.by]
    finite = [mark for mark in marks if math.isfinite(mark)]
    pad = 0.08 * (max(finite) - min(finite)) or 1.0
    return min(finite) - pad, max(finite) + pad


def _wrapped(text: str, width: int = 41) -> str:
    """Text in lines that a telephone can hold."""
    return BREAK.join(map(escape, wrap(text, width, break_on_hyphens=False)))
