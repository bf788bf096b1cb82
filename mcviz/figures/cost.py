"""What it costs to remember: operations over lengths, checkpoints against the KV cache, and what a token fetches."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mcviz import tradeoff
from mcviz.checks import of_kinds
from mcviz.figures import theme as themes
from mcviz.figures.theme import Theme
from mcviz.rules import SHEETS
from mcviz.tradeoff import ATTENTION, LOG_LINEAR, PAPER, Setting
from mcviz.words.ledger import NAMES, Number

DASHES: Mapping[str, str] = {
    "none": "solid",
    "residual": "dot",
    "grm": "solid",
    "soup": "dash",
    "ssc": "12px 3px 3px 3px 3px 3px",
    LOG_LINEAR: "dashdot",
    ATTENTION: "longdash",
}
GAP = 17
"""Pixels between two labels, at least."""

Note = dict[str, object]
"""Words at a place of a picture, as Plotly takes them."""


@of_kinds
def spent(setting: Setting, theme: str = "light") -> go.Figure:
    """Operations per token, on average over a sequence, as sequences get longer: a line for each way to read.

    Circles stand at the chosen length, upright lines at the paper's contexts. Logarithmic segments are shown where
    there are most of them, at lengths of 2^n - 1: at a power of two there is one.
    """
    colours = themes.named(theme)
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
    frame(figure, colours, 430, lengths, f"tokens in the sequence, L (● {setting.L:,})", "operations per token")
    return annotated(figure, contexts(figure, setting, colours) + label_ends(figure, ends, 430 - 110))


MATRIX, NETWORK = (next(name for name in SHEETS if SHEETS[name].kind == kind) for kind in ("matrix", "network"))
"""A rule of each kind: all of a kind take as many bytes."""


@of_kinds
def stored(setting: Setting, theme: str = "light") -> go.Figure:
    """Bytes that a head keeps for every token of a finished segment, against C: where checkpoints beat the KV cache.

    A matrix and a two-layer memory beside the cache's flat line. Crosses stand where lines cross, a circle at the
    chosen C of the chosen rule, an upright line and diamonds at the paper's C where it has this width of a head.
    """
    colours = themes.named(theme)
    matrix, deep = "matrix", f"MLP ×{setting.expansion}"
    kinds = {matrix: replace(setting, memory=MATRIX), deep: replace(setting, memory=NETWORK)}
    styles = {matrix: (colours.checkpoint, "solid"), deep: (colours.checkpoint, "dot")}
    most = max(4096, setting.C, *(2 * tradeoff.crossover(kind) for kind in kinds.values()))
    lengths = [2**n for n in range(math.ceil(math.log2(most)) + 1)]
    cache = tradeoff.cache_bytes(setting)
    flat = f"KV cache: {cache:,} bytes a token, whatever C<extra></extra>"
    figure, ends, notes = go.Figure(), {"KV cache": float(cache)}, []
    figure.add_trace(line(lengths, [cache] * len(lengths), "KV cache", colours.ink, DASHES[ATTENTION], flat))
    for name, kind in kinds.items():
        hue, dash = styles[name]
        size, at = tradeoff.checkpoint_bytes(kind), tradeoff.crossover(kind)
        y = [size / C for C in lengths]
        ends[name] = y[-1]
        says = f"{name}<br>C = %{{x:,}}<br>%{{y:,.4s}} bytes a token<extra></extra>"
        figure.add_trace(line(lengths, y, name, hue, dash, says))
        figure.add_trace(mark([at], [size / at], f"{name} and KV cache cross", "x", colours.ink, 9))
        side = {"xanchor": "right", "xshift": -4, "yshift": -13}
        if name == deep:
            side = {"xanchor": "left", "xshift": 4, "yshift": 13}
        where = {"x": math.log10(at), "y": math.log10(cache)}
        notes.append({"text": f"C = {at:,.10g}", **where, **side})
    chosen = tradeoff.checkpoint_bytes(setting) / setting.C
    figure.add_trace(mark([setting.C], [chosen], "chosen C", "circle", colours.ink, 12))
    for C in sorted({one.setting.C for one in PAPER if one.setting.d == setting.d}):
        notes.append(upright(figure, C, f"paper: {C}", colours))
        for name, kind in kinds.items():
            y = [tradeoff.checkpoint_bytes(kind) / C]
            figure.add_trace(mark([C], y, f"{name}, the paper's C", "diamond-open", styles[name][0], 14))
    frame(figure, colours, 430, lengths, f"tokens in a segment, C (● {setting.C:,})", "bytes kept per token, one head")
    notes += label_ends(figure, ends, 430 - 110)
    return annotated(figure, notes)


@of_kinds
def fetched(setting: Setting, theme: str = "light") -> go.Figure:
    """What the last token of a sequence reads, and the bytes that it fetches, as sequences get longer."""
    colours = themes.named(theme)
    lengths = doublings(setting, 64)
    lines, here = tradeoff.curves(setting, lengths), tradeoff.sheet(setting)
    figure, notes = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.08), []
    for row, field, unit in ((1, "reads", "memories read"), (2, "bytes", "bytes fetched")):
        ends = {}
        for name in ("none", "grm", "ssc", ATTENTION):
            y = [getattr(line.last, field) / setting.H for line in lines[name]]
            ends[name] = y[-1]
            draw(figure, name, lengths, y, colours, f"at token %{{x:,}}<br>%{{y:,.4s}} {unit}", row)
            circle(figure, name, setting.L, getattr(here[name].last, field) / setting.H, colours, row)
        notes += label_ends(figure, ends, 190, row)
    frame(figure, colours, 520, lengths, "", "memories read")
    figure.update_xaxes(title=f"tokens so far, L (● {setting.L:,})", row=2, col=1)
    figure.update_yaxes(title="bytes fetched", row=2, col=1)
    return annotated(figure, notes + contexts(figure, setting, colours))


def hue(name: str, colours: Theme) -> str:
    """The colour of a way to read: one memory, checkpoints without gates, all tokens; everything else has gates."""
    own = {"none": colours.online, "residual": colours.checkpoint, ATTENTION: colours.ink}
    return own.get(name, colours.gate)


def doublings(setting: Setting, first: int) -> list[int]:
    """Lengths from `first` to at least 128K and the chosen one, doubled each time."""
    last = max(131_072, setting.L)
    return [first * 2**n for n in range(math.ceil(math.log2(last / first)) + 1)]


def draw(
    figure: go.Figure,
    name: str,
    x: Sequence[int],
    y: Sequence[Number],
    colours: Theme,
    says: str,
    row: int | None = None,
) -> None:
    """A line in the colour and the dashes of its name."""
    drawn = line(x, y, NAMES[name], hue(name, colours), DASHES[name], f"{NAMES[name]}<br>{says}<extra></extra>")
    figure.add_trace(drawn, **({} if row is None else {"row": row, "col": 1}))


def line(x: Sequence[int], y: Sequence[Number], name: str, colour: str, dash: str, says: str) -> go.Scatter:
    """A line, and what it says under the pointer."""
    style = {"color": colour, "dash": dash, "width": 2.2}
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=style, hovertemplate=says)


def circle(figure: go.Figure, name: str, x: int, y: Number, colours: Theme, row: int | None = None) -> None:
    """A circle on a line, at what was chosen."""
    where = {} if row is None else {"row": row, "col": 1}
    figure.add_trace(mark([x], [y], f"{NAMES[name]}, chosen L", "circle", hue(name, colours), 9), **where)


def mark(x: Sequence[Number], y: Sequence[Number], name: str, symbol: str, colour: str, width: int) -> go.Scatter:
    """Points with a symbol."""
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="markers",
        marker={"symbol": symbol, "size": width, "color": colour, "line": {"width": 2, "color": colour}},
        hovertemplate=f"{name}<br>%{{x:,}}<br>%{{y:,.4s}}<extra></extra>",
    )


def frame(figure: go.Figure, colours: Theme, height: int, lengths: Sequence[int], x: str, y: str) -> None:
    """Two logarithmic axes over lengths, with room for names at the ends of lines."""
    themes.layout(figure, colours, height)
    ticks = lengths[:: max(1, len(lengths) // 6)]
    figure.update_layout(margin={"l": 8, "r": 96, "t": 26, "b": 8})
    figure.update_xaxes(type="log", tickvals=ticks, ticktext=[short(L) for L in ticks])
    figure.update_xaxes(range=[math.log10(lengths[0]), math.log10(lengths[-1])])
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y, type="log", exponentformat="SI", dtick=1)
    figure.update_yaxes(showgrid=True, gridwidth=1, gridcolor=colours.grid)


def short(n: int) -> str:
    """`64`, `4K`, `1M`."""
    for unit, name in ((2**20, "M"), (2**10, "K")):
        if n >= unit and n % unit == 0:
            return f"{n // unit}{name}"
    return str(n)


def contexts(figure: go.Figure, setting: Setting, colours: Theme) -> list[Note]:
    """Upright lines at the contexts of the paper; the setting's own is named where it is one of them."""
    mine = tradeoff.published(setting).split(",")[0]
    lengths = sorted({one.setting.L for one in PAPER})
    notes = []
    for L, side in zip(lengths, ("right", "left"), strict=True):
        name = f"paper's {mine}: {short(L)}" if mine and L == setting.L else f"paper: {short(L)}"
        notes.append(upright(figure, L, name, colours, side))
    return notes


def upright(figure: go.Figure, x: int, text: str, colours: Theme, side: str = "center") -> Note:
    """A dotted line through the whole picture, and the words above it."""
    edge = {"color": colours.muted, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=edge)
    return {"x": math.log10(x), "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": side, "text": text}


def label_ends(figure: go.Figure, ends: Mapping[str, Number], pixels: int, row: int | None = None) -> list[Note]:
    """Names for the right ends of lines, moved apart where they would cover each other; and room around all lines."""
    axis = "y" if row in (None, 1) else f"y{row}"
    values = [math.log10(y) for trace in figure.data for y in trace.y if (trace.yaxis or "y") == axis]
    margin = 0.06 * (max(values) - min(values)) + 0.1
    least, most = min(values) - margin, max(values) + margin
    figure.update_yaxes(range=[least, most], **({} if row is None else {"row": row, "col": 1}))
    scale = pixels / (most - least)
    ranked = sorted(ends, key=lambda name: ends[name])
    wanted = [scale * (math.log10(ends[name]) - least) for name in ranked]
    at_the_right = {"x": 1, "xref": "paper", "yref": axis, "xanchor": "left", "xshift": 4}
    return [
        {"text": NAMES.get(name, name), "y": math.log10(ends[name]), "yshift": place - want, **at_the_right}
        for name, want, place in zip(ranked, wanted, apart(wanted, GAP), strict=True)
    ]


def annotated(figure: go.Figure, notes: Sequence[Note]) -> go.Figure:
    """Words at places of a picture, without arrows."""
    plain = {"showarrow": False, "font": {"size": 12}}
    return figure.update_layout(annotations=[{**plain, **note} for note in notes])


def apart(places: Sequence[Number], gap: Number) -> list[float]:
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
