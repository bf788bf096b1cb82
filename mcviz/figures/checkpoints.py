"""The memories themselves: each checkpoint as a small picture, and the online one as it stands now."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from mcviz.checks import of_kinds, one_of, whole
from mcviz.figures import theme as themes
from mcviz.initial import readable
from mcviz.trace import Trace

Array = np.ndarray

SHOWN = 24
"""Memories drawn at most: the latest that can be read, and what the token read."""


@of_kinds
def checkpoints(
    trace: Trace, t: int, head: int = 0, array: str | None = None, theme: str = "light", columns: int = 8
) -> go.Figure:
    """One array of every segment's memory: checkpoints where they ended, the token's own as it is after token `t`.

    `array` is one of those that a read needs (`M`, `W1`, …), the first of them if not given. What is read is
    outlined; what cannot be read yet is dim. Raises `ValueError` for an array that the memory does not have,
    and for a token or a head that the run does not have.
    """
    colours, names = themes.named(theme), readable(trace.config)
    t, head = trace.at(t, head)
    columns = whole("columns", columns)
    array = names[0] if array is None else one_of("array", array, names)
    s = int(trace.segment_of[t])
    chosen = chosen_segments(trace, t, head)
    states = {i: trace.states(t) if i == s else trace.checkpoints[i] for i in chosen}
    tiles = [np.atleast_2d(states[i][array][head]) for i in chosen]
    high, wide = tiles[0].shape
    columns = min(columns, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = go.Figure(
        go.Heatmap(
            z=atlas(tiles, columns),
            zmid=0,
            colorscale=colours.signed,
            hovertemplate="%{z:.4f}<extra></extra>",
            hoverongaps=False,
            colorbar={"title": array, "thickness": 10, "outlinewidth": 0},
        )
    )
    themes.layout(figure, colours, height=max(120, int(rows * (24 + 110 * min(1.2, max(0.3, high / wide))))))
    gap_x, gap_y = gaps(high, wide)
    for place, i in enumerate(chosen):
        y, x = divmod(place, columns)
        x0, y0 = x * (wide + gap_x) - 0.5, y * (high + gap_y) - 0.5
        if i > s:
            figure.add_shape(themes.box(x0, y0, x0 + wide, y0 + high, colours.veil, 0) | {"fillcolor": colours.veil})
        if trace.read[t, head, i]:
            edge = colours.online if i == s else colours.selected
            figure.add_shape(themes.box(x0, y0, x0 + wide, y0 + high, edge))
        figure.add_annotation(
            x=x0,
            y=y0 - gap_y / 2,
            xanchor="left",
            yanchor="middle",
            showarrow=False,
            text=f"{i} online" if i == s else f"{i} not yet" if i > s else str(i),
            font={"size": 11, "color": colours.muted if i > s else colours.ink},
        )
    figure.update_xaxes(visible=False, range=[-1, columns * (wide + gap_x) - gap_x])
    figure.update_yaxes(visible=False, range=[rows * (high + gap_y) - gap_y, -0.5 - gap_y])
    return figure


def chosen_segments(trace: Trace, t: int, head: int) -> list[int]:
    """The segments to draw: all, or where there are too many, those that are read most and those around the token."""
    if trace.N <= SHOWN:
        return list(range(trace.N))
    s = int(trace.segment_of[t])
    near = set(range(max(0, s - SHOWN // 2), s + 1))
    most = np.argsort(-trace.weights[t, head, : s + 1], kind="stable")
    return sorted(near | set(most[: SHOWN - len(near)].tolist()))


def gaps(high: int, wide: int) -> tuple[int, int]:
    """Empty columns and rows between tiles."""
    return max(1, wide // 8), max(1, high // 4)


def atlas(tiles: list[Float[Array, "high wide"]], columns: int) -> Float[Array, "y x"]:
    """The tiles in rows of `columns`, as one picture with gaps of NaN between them."""
    high, wide = tiles[0].shape
    gap_x, gap_y = gaps(high, wide)
    rows = -(-len(tiles) // columns)
    picture = np.full((rows * (high + gap_y) - gap_y, columns * (wide + gap_x) - gap_x), np.nan)
    for place, tile in enumerate(tiles):
        y, x = divmod(place, columns)
        picture[y * (high + gap_y) :, x * (wide + gap_x) :][:high, :wide] = tile
    return picture
