"""What it costs to remember: operations over lengths, checkpoints against the KV cache, and what a token fetches."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mcviz import tradeoff
from mcviz.figures import theme as themes
from mcviz.figures.ledger import NAMES
from mcviz.figures.theme import Theme
from mcviz.tradeoff import ATTENTION, LOG_LINEAR, PAPER, Setting

DASHES: Mapping[str, str] = {
    "none": "solid",
    "residual": "dot",
    "grm": "solid",
    "soup": "dash",
    "ssc": "solid",
    LOG_LINEAR: "dashdot",
    ATTENTION: "longdash",
}
GAP = 17
"""Pixels between two labels, at least."""


def spent(setting: Setting, theme: str = "light") -> go.Figure:
    """Operations per token, on average over a sequence, as sequences get longer: a line for each way to read.

    Circles stand at the chosen length, upright lines at the paper's contexts. Logarithmic segments are shown where
    there are most of them, at lengths of 2^n - 1: at a power of two there is one.
    """
    colours = themes.THEMES[theme]
    lengths = doublings(setting, 64)
    lines = tradeoff.curves(setting, lengths)
    lines[LOG_LINEAR] = tradeoff.curves(setting, [L - 1 for L in lengths])[LOG_LINEAR]
    here = tradeoff.sheet(setting)
    figure, ends = go.Figure(), {}
    for name in DASHES:
        x = [L - 1 for L in lengths] if name == LOG_LINEAR else lengths
        y = [line.whole.flops / L for line, L in zip(lines[name], x, strict=True)]
        draw(figure, name, x, y, colours, "%{x:,} tokens<br>%{y:,.4s} operations a token")
        ends[name] = y[-1]
        if name != LOG_LINEAR:
            circle(figure, name, setting.L, here[name].whole.flops / setting.L, colours)
    frame(figure, colours, 430, lengths, "tokens in the sequence, L", "operations per token")
    contexts(figure, setting, colours)
    label_ends(figure, ends, colours, 430 - 110)
    return figure


def stored(setting: Setting, theme: str = "light") -> go.Figure:
    """Bytes that a head keeps for every token of a finished segment, against C: where checkpoints beat the KV cache.

    A matrix and a two-layer memory beside the cache's flat line. Crosses stand where lines cross, a circle at the
    chosen C of the chosen rule, a diamond at the paper's C where it has this width of a head.
    """
    colours = themes.THEMES[theme]
    kinds = {"matrix memory": replace(setting, memory="linear")}
    kinds["MLP memory"] = setting if setting.deep else replace(setting, memory="dla")
    chosen = "MLP memory" if setting.deep else "matrix memory"
    crossings = {name: tradeoff.crossover(one) for name, one in kinds.items()}
    most = max(4096, setting.C, *crossings.values())
    lengths = [2**n for n in range(math.ceil(math.log2(most)) + 2)]
    cache = tradeoff.cache_bytes(setting)
    figure, ends = go.Figure(), {"KV cache": float(cache)}
    figure.add_trace(
        go.Scatter(
            x=[lengths[0], lengths[-1]],
            y=[cache, cache],
            name="KV cache",
            mode="lines",
            line={"color": colours.ink, "dash": "longdash", "width": 2},
            hovertemplate=f"KV cache: {cache:,} bytes a token, whatever C<extra></extra>",
        )
    )
    hues = {"matrix memory": (colours.checkpoint, "solid"), "MLP memory": (colours.online, "dot")}
    for name, one in kinds.items():
        hue, dash = hues[name]
        size = tradeoff.checkpoint_bytes(one)
        y = [size / C for C in lengths]
        ends[name] = y[-1]
        figure.add_trace(
            go.Scatter(
                x=lengths,
                y=y,
                name=name,
                mode="lines",
                line={"color": hue, "dash": dash, "width": 3 if name == chosen else 1.8},
                hovertemplate=f"{name}<br>C = %{{x:,}}<br>%{{y:,.4s}} bytes a token<extra></extra>",
            )
        )
        at = crossings[name]
        figure.add_trace(mark([at], [size / at], f"{name} and KV cache cross", "x", colours.ink, 10))
        note(figure, at, size / at, f"C = {at:,.4g}", colours, above=True)
    size = tradeoff.checkpoint_bytes(setting)
    figure.add_trace(mark([setting.C], [size / setting.C], "chosen C", "circle", colours.answer, 13))
    same = sorted({one.setting.C for one in PAPER if one.setting.d == setting.d})
    if same:
        name = f"the paper's C ({next(one.name for one in PAPER if one.setting.d == setting.d).split(',')[0]})"
        for one, (hue, _) in zip(kinds.values(), hues.values(), strict=True):
            y = [tradeoff.checkpoint_bytes(one) / C for C in same]
            figure.add_trace(mark(same, y, name, "diamond-open", hue, 15))
            note(figure, same[0], y[0], f"paper's C = {same[0]}", colours, above=True)
    frame(figure, colours, 400, lengths, "tokens in a segment, C", "bytes kept per token, one head")
    label_ends(figure, ends, colours, 400 - 90)
    return figure


def fetched(setting: Setting, theme: str = "light") -> go.Figure:
    """What the last token of a sequence reads, and the bytes that it fetches, as sequences get longer."""
    colours = themes.THEMES[theme]
    lengths = doublings(setting, 64)
    lines, here = tradeoff.curves(setting, lengths), tradeoff.sheet(setting)
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.08)
    for row, field, unit in ((1, "reads", "memories read"), (2, "bytes", "bytes fetched")):
        ends = {}
        for name in ("none", "grm", "ssc", ATTENTION):
            y = [getattr(line.last, field) / setting.H for line in lines[name]]
            ends[name] = y[-1]
            draw(figure, name, lengths, y, colours, f"at token %{{x:,}}<br>%{{y:,.4s}} {unit}", row)
            circle(figure, name, setting.L, getattr(here[name].last, field) / setting.H, colours, row)
        label_ends(figure, ends, colours, 190, row)
    frame(figure, colours, 520, lengths, "", "memories read")
    figure.update_xaxes(title="tokens so far, L", row=2, col=1)
    figure.update_yaxes(title="bytes fetched", row=2, col=1)
    contexts(figure, setting, colours)
    return figure


def hue(name: str, colours: Theme) -> str:
    """The colour of a way to read."""
    own = {"none": colours.muted, "ssc": colours.answer, ATTENTION: colours.ink, LOG_LINEAR: colours.checkpoint}
    return own.get(name, colours.online)


def doublings(setting: Setting, first: int) -> list[int]:
    """Lengths from `first` to at least 128K and the chosen one, doubled each time."""
    last = max(131_072, setting.L)
    return [first * 2**n for n in range(math.ceil(math.log2(last / first)) + 1)]


def draw(
    figure: go.Figure,
    name: str,
    x: Sequence[int],
    y: Sequence[float],
    colours: Theme,
    says: str,
    row: int | None = None,
) -> None:
    """A line in the colour and the dashes of its name."""
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            name=NAMES[name],
            mode="lines",
            line={"color": hue(name, colours), "dash": DASHES[name], "width": 2.2},
            hovertemplate=f"{NAMES[name]}<br>{says}<extra></extra>",
        ),
        **({} if row is None else {"row": row, "col": 1}),
    )


def circle(figure: go.Figure, name: str, x: int, y: float, colours: Theme, row: int | None = None) -> None:
    """A circle on a line, at what was chosen."""
    where = {} if row is None else {"row": row, "col": 1}
    figure.add_trace(mark([x], [y], f"{NAMES[name]}, chosen L", "circle", hue(name, colours), 9), **where)


def mark(x: Sequence[float], y: Sequence[float], name: str, symbol: str, colour: str, width: int) -> go.Scatter:
    """Points with a symbol."""
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="markers",
        marker={"symbol": symbol, "size": width, "color": colour, "line": {"width": 2, "color": colour}},
        hovertemplate=f"{name}<br>%{{x:,}}<br>%{{y:,.4s}}<extra></extra>",
    )


def note(figure: go.Figure, x: float, y: float, text: str, colours: Theme, above: bool) -> None:
    """A few words at a point of two logarithmic axes."""
    figure.add_annotation(
        x=math.log10(x),
        y=math.log10(y),
        text=text,
        showarrow=False,
        **{"xanchor": "left", "xshift": 8, "yshift": 14 if above else -14, "font": {"color": colours.ink, "size": 12}},
    )


def frame(figure: go.Figure, colours: Theme, height: int, lengths: Sequence[int], x: str, y: str) -> None:
    """Two logarithmic axes over lengths, with room for names at the ends of lines."""
    themes.layout(figure, colours, height)
    ticks = lengths[:: max(1, len(lengths) // 6)]
    figure.update_layout(margin={"l": 8, "r": 84, "t": 26, "b": 8})
    figure.update_xaxes(type="log", tickvals=ticks, ticktext=[short(L) for L in ticks])
    figure.update_xaxes(range=[math.log10(lengths[0]), math.log10(lengths[-1])])
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y, type="log", exponentformat="SI", dtick=1)
    figure.update_yaxes(showgrid=True, gridwidth=0.3, gridcolor=colours.muted)


def short(n: int) -> str:
    """`64`, `4K`, `1M`."""
    for unit, name in ((2**20, "M"), (2**10, "K")):
        if n >= unit and n % unit == 0:
            return f"{n // unit}{name}"
    return str(n)


def contexts(figure: go.Figure, setting: Setting, colours: Theme) -> None:
    """Upright lines at the contexts of the paper; the setting's own is named where it is one of them."""
    mine = tradeoff.published(setting)
    for one in PAPER[:2]:
        L = one.setting.L
        own = f"paper: {mine.split(',')[0]}, {short(L)}" if mine and L == setting.L else f"paper: {short(L)}"
        figure.add_vline(L, line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=math.log10(L),
            y=1,
            yref="paper",
            text=own,
            showarrow=False,
            **{"yanchor": "bottom", "font": {"size": 12}},
        )


def label_ends(
    figure: go.Figure, ends: Mapping[str, float], colours: Theme, pixels: int, row: int | None = None
) -> None:
    """Names at the right ends of lines, moved apart where they would cover each other."""
    axis = "y" if row in (None, 1) else f"y{row}"
    values = [math.log10(y) for trace in figure.data for y in trace.y if (trace.yaxis or "y") == axis]
    margin = 0.06 * (max(values) - min(values)) + 0.1
    least, most = min(values) - margin, max(values) + margin
    figure.update_yaxes(range=[least, most], **({} if row is None else {"row": row, "col": 1}))
    scale = pixels / (most - least)
    ranked = sorted(ends, key=lambda name: ends[name])
    wanted = [scale * (math.log10(ends[name]) - least) for name in ranked]
    for name, want, place in zip(ranked, wanted, apart(wanted, GAP), strict=True):
        figure.add_annotation(
            x=1,
            xref="paper",
            y=math.log10(ends[name]),
            yref=axis,
            text=NAMES.get(name, name),
            showarrow=False,
            **{"xanchor": "left", "xshift": 4, "yshift": place - want, "font": {"color": colours.ink, "size": 12}},
        )


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Rising places, moved as little as it takes for neighbours to be `gap` apart.

    >>> apart([0, 1, 10], 4)
    [-1.5, 2.5, 10.0]
    """
    groups: list[list[float]] = []  # sums of what is wanted, less the gaps before it; and how many
    for n, place in enumerate(places):
        groups.append([place - gap * n, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + count]
    starts = [total / count for total, count in groups for _ in range(int(count))]
    return [start + gap * n for n, start in enumerate(starts)]
