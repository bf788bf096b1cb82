"""The table of a bench as Markdown, as JSON, and as a page of charts that needs no network."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape

import plotly.graph_objects as go

from mcviz.bench.contenders import ATTENTION, DECODING, FLA, FORWARD, PACKAGE, PRODUCTS, TRAINING, Row, Table
from mcviz.palette import PALETTES, SERIES

LOOK = PALETTES["light"]
HUES = {
    ATTENTION: LOOK.ink,
    FLA: LOOK.ink,
    PRODUCTS: LOOK.ink,
    "plain RNN": LOOK.online,
    "residual": LOOK.checkpoint,
    "GRM": LOOK.gate,
    "SSC, k = 2": LOOK.gate,
}
MARKS = {
    ATTENTION: "circle",
    FLA: "circle-open",
    PRODUCTS: "x",
    "plain RNN": "square",
    "residual": "diamond",
    "GRM": "cross",
    "SSC, k = 2": "triangle-up",
}


def to_json(table: Table) -> str:
    """Every number."""
    return json.dumps(asdict(table), indent=1)


def to_markdown(table: Table) -> str:
    """A table for each mode, and how times grow."""
    where = ", ".join(f"{name} {value}" for name, value in table.machine.items())
    said = "Times are medians; ratios are taken within rounds. Kernels and waits are those of a device that is no CPU."
    if any(row.replayed for row in table.rows):
        said += " Replayed: the same launches as a CUDA graph; shares of peak and copy are of these."
    parts = ["# Speed and memory", f"{where}. {said}"]
    for mode in (FORWARD, TRAINING, DECODING):
        rows = [row for row in table.rows if row.mode == mode and row.against == ATTENTION]
        parts.append(f"## {mode.capitalize()}, against {ATTENTION}\n\n{grid(rows)}")
    others = [row for row in table.rows if row.against == PACKAGE]
    if others:
        parts.append(f"## Against {PACKAGE}\n\nOne layer, its projections included.\n\n{grid(others)}")
    for mode, slopes in table.exponents.items():
        lines = [f"| {name} | {p:.2f} |" for name, p in slopes.items()]
        parts.append(
            "\n".join([f"## {mode.capitalize()}: p of time ~ tokens^p\n", "| | p |", "| --- | ---: |", *lines])
        )
    return "\n\n".join(parts) + "\n"


def grid(rows: Sequence[Row]) -> str:
    """Rows of a Markdown table."""
    head = ["tokens", "d", "segment", "", "", "", "ms", "ratio", "MB", "of matmul peak", "of copy speed"]
    head += ["kernels", "waits", *(["ms replayed", "ratio"] if any(row.replayed for row in rows) else [])]
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(' --- ' if not name else ' ---: ' for name in head)}|"]
    for row in rows:
        memory = "" if row.bytes is None else f"{row.bytes / 2**20:.1f}"
        peak, copied = ("" if share is None else f"{share:.0%}" for share in (row.peak_share, row.memory_share))
        launched = ("" if number is None else number for number in (row.kernels, row.waits))
        name = row.name if row.against == ATTENTION or row.name.startswith(PACKAGE) else f"ours: {row.name}"
        graph = () if row.replayed is None else (f"{row.replayed:.3g}", times(row, row.replayed_ratio))
        cells = (
            row.tokens,
            row.width,
            row.segment,
            row.dtype,
            row.mode,
            name,
            f"{row.milliseconds:.3g}",
            times(row, row.ratio),
            memory,
            peak,
            copied,
            *launched,
            *graph,
        )
        blank = [""] * (len(head) - len(cells))
        lines.append("| " + " | ".join(map(str, (*cells, *blank))) + " |")
    return "\n".join(lines)


def times(row: Row, ratio: float | None) -> str:
    """A ratio as it is best read: a fraction of attention, or so many times as fast as the package."""
    if ratio is None:
        return ""
    if row.against == PACKAGE and not row.name.startswith(PACKAGE):
        return f"{1 / ratio:.1f}× as fast"
    return f"{ratio:.3f}" if row.against == ATTENTION else "1"


def lines(table: Table, mode: str, value: str, title: str) -> go.Figure:
    """A line for each contender over the number of tokens, both axes logarithmic."""
    figure = go.Figure()
    for name, hue in HUES.items():
        drawn = (mode, name, ATTENTION, "float32")
        rows = [row for row in table.rows if (row.mode, row.name, row.against, row.dtype) == drawn]
        y = [getattr(row, value) / (2**20 if value == "bytes" else 1) for row in rows]
        figure.add_trace(
            go.Scatter(
                x=[row.tokens for row in rows],
                y=y,
                name=name,
                mode="lines+markers",
                line={"color": hue},
                marker={"symbol": MARKS[name], "size": 9},
            )
        )
    figure.update_xaxes(type="log", title="tokens", tickvals=sorted({row.tokens for row in table.rows}))
    figure.update_yaxes(type="log", title="MB" if value == "bytes" else "milliseconds")
    return figure.update_layout(title=title, height=420, template="simple_white")


def bars(table: Table) -> go.Figure:
    """How many times as fast as the package."""
    figure = go.Figure()
    for mode, hue in zip((FORWARD, TRAINING), SERIES, strict=False):
        rows = [r for r in table.rows if r.against == PACKAGE and r.mode == mode and not r.name.startswith(PACKAGE)]
        figure.add_trace(
            go.Bar(
                x=[row.name for row in rows],
                y=[1 / row.ratio for row in rows],
                text=[f"{1 / row.ratio:.0f}×" for row in rows],
                name=mode,
                marker={"color": hue},
            )
        )
    figure.update_yaxes(type="log", title="times as fast")
    return figure.update_layout(title=f"Ours against {PACKAGE}", height=420, template="simple_white")


def to_html(table: Table) -> str:
    """One page with everything in it."""
    figures = [lines(table, mode, "milliseconds", f"Time: {mode}") for mode in (FORWARD, TRAINING, DECODING)]
    figures += [lines(table, mode, "bytes", f"Memory: {mode}") for mode in (FORWARD, TRAINING)]
    if any(row.against == PACKAGE for row in table.rows):
        figures.append(bars(table))
    # the first chart brings the library for all of them
    drawn = [figure.to_html(full_html=False, include_plotlyjs=not n) for n, figure in enumerate(figures)]
    numbers = f"<details><summary>All numbers</summary><pre>{escape(to_markdown(table))}</pre></details>"
    style = "body { font: 16px system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Speed and memory</title>'
        f"<style>{style}</style></head><body><h1>Speed and memory</h1>{''.join(drawn)}{numbers}</body></html>"
    )
