"""Right answers at each length of a segment."""

from collections.abc import Sequence

import plotly.graph_objects as go

from mcviz.figures import theme as themes

HEIGHT = 96


def dial(lengths: Sequence[int], right: Sequence[int], asked: int, here: int, theme: str = "light") -> go.Figure:
    """A bar for each of `lengths`: how many of `asked` questions are answered right. That of length `here` is filled.

    Raises `ValueError` where a length has no count, or more right answers than questions.
    """
    colours = themes.named(theme)
    if len(right) != len(lengths) or not all(0 <= count <= asked for count in right):
        raise ValueError(f"right: expected {len(lengths)} counts of 0 to {asked}, got {list(right)}")
    bars = go.Bar(
        x=[str(length) for length in lengths],
        y=list(right),
        text=list(right),
        textposition="outside",
        cliponaxis=False,
        marker={
            "color": [colours.answer if length == here else themes.CLEAR for length in lengths],
            "line": {"color": colours.answer, "width": 1.5},
        },
        hovertemplate=f"segments of %{{x}}<br>%{{y}} of {asked} right<extra></extra>",
    )
    figure = themes.layout(go.Figure(bars), colours, HEIGHT)
    figure.update_layout(bargap=0.35)
    figure.update_xaxes(type="category")
    figure.update_yaxes(visible=False, range=[0, 1.25 * asked])
    return figure
