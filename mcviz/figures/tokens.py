"""The token strip: the sequence in rows, cut at segments, shaded by how much each segment is read."""

import numpy as np
import plotly.graph_objects as go

from mcviz.checks import of_kinds
from mcviz.figures import theme as themes
from mcviz.trace import Trace

COLUMNS = 24
ROWS = 14


@of_kinds
def tokens(trace: Trace, t: int, head: int = 0, theme: str = "light", answer: bool = True) -> go.Figure:
    """The sequence as rows of text around token `t`, a segment shaded by the gate that `t` gives it.

    Token `t` is outlined, and so is the place where its answer stands (unless not `answer`). Later tokens are
    dim and have no shade: no memory holds them yet.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    colours = themes.named(theme)
    t, head = trace.at(t, head)
    lengths = {stop - start for start, stop in trace.segments[:-1]}
    columns = lengths.pop() if len(lengths) == 1 and max(lengths) in range(8, 33) else COLUMNS
    first = max(0, min(t // columns - ROWS // 2, -(-trace.T // columns) - ROWS)) * columns
    last = min(trace.T, first + ROWS * columns)
    rows = -(-(last - first) // columns)
    shade, words = np.full(rows * columns, np.nan), np.full(rows * columns, "", object)
    places = np.arange(first, last)
    shade[: last - first] = np.where(places > t, np.nan, trace.weights[t, head, trace.segment_of[places]])
    words[: last - first] = [
        word if i <= t else f"<span style='color:{colours.muted}'>{word}</span>"
        for i, word in ((i, themes.label(trace.tokens[i], 8) if trace.tokens else str(i)) for i in places)
    ]
    spots = np.full(rows * columns, "", object)
    spots[: last - first] = [f"token {i}, segment {trace.segment_of[i]}" for i in places]
    figure = go.Figure(
        go.Heatmap(
            z=shade.reshape(rows, columns),
            zmin=0,
            zmax=max(1.0, float(np.nanmax(trace.weights[t], initial=0.0))) * 2,  # half the scale: text is read on it
            colorscale=colours.amount,
            text=words.reshape(rows, columns),
            customdata=spots.reshape(rows, columns),
            texttemplate="%{text}",
            textfont={"size": 12, "color": colours.ink},
            hovertemplate="%{customdata}<br>%{text}<br>gate on its segment %{z:.4g}<extra></extra>",
            hoverongaps=False,
            showscale=False,
            xgap=1,
            ygap=2,
        )
    )
    themes.layout(figure, colours, height=16 + 27 * rows)
    figure.update_xaxes(visible=False, range=[-0.5, columns - 0.5])
    figure.update_yaxes(visible=False, range=[rows - 0.5, -0.5])
    starts = [start for start, _ in trace.segments if first <= start < last]
    figure.update_layout(shapes=[_edge(start - first, columns, colours.ink) for start in starts])
    marks = {t: colours.ink}
    if answer and trace.sources and trace.sources[t] >= 0:
        marks[trace.sources[t]] = colours.answer
    for place, colour in marks.items():
        if first <= place < last:
            y, x = divmod(place - first, columns)
            figure.add_shape(themes.box(x - 0.48, y - 0.46, x + 0.48, y + 0.46, colour, 3))
    return figure


def _edge(place: int, columns: int, colour: str) -> dict[str, object]:
    """The line where a segment begins."""
    y, x = divmod(place, columns)
    line = {"color": colour, "width": 2}
    return {"type": "line", "x0": x - 0.5, "x1": x - 0.5, "y0": y - 0.45, "y1": y + 0.45, "line": line}
