"""What a figure wears on a page: a title of one line, and the page's own ground."""

from mcviz.figures import CLEAR, Figure
from mcviz.palette import PALETTES

LINE = 40
"""Letters of a title that a phone has room for."""


def dressed(figure: Figure, says: str, theme: str) -> Figure:
    """The figure itself, as pages show it: on their ground, which is as dark as their theme, under what it says."""
    colours, legend = PALETTES[theme], figure.layout.legend
    title = {"text": says, "x": 0, "xref": "container", "y": 1, "yref": "container", "yanchor": "top"}
    title |= {"pad": {"t": 8, "l": 8}, "font": {"size": 14}}
    # a legend above the plot takes up to three lines on a phone
    room = 44 + (36 if legend.orientation == "h" and legend.yanchor != "top" else 0)
    return figure.update_layout(
        title=title,
        margin={"t": (figure.layout.margin.t or 0) + room},
        height=figure.layout.height + room,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        modebar={"bgcolor": CLEAR, "color": colours.muted, "activecolor": colours.ink},
    )
