"""Take the README's pictures of the frontier again: `python -m tests.figures.picture`."""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import plotly
from playwright.sync_api import sync_playwright
from plotly.subplots import make_subplots

from mcviz import claims, figures
from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium

FOLDER = Path(__file__).parents[2] / "docs"
WIDTH, HEIGHT = 860, 460
MOST_BYTES = 200_000
SVG = f"figure => Plotly.toImage(figure, {{format: 'svg', width: {WIDTH}, height: {HEIGHT}}})"


PANELS = ((1, "kept"), (4, "read"))
"""Times the pairs of training, and against what: where plain layers are ahead, and where SSC is."""


def drawn(theme: str) -> figures.Figure:
    """What the picture shows: recall in two panels beside each other, with one legend."""
    points = claims.points(claims.rows())
    each = [figures.against(points, axis, factor, theme=theme) for factor, axis in PANELS]
    titles = [claims.ASKED[factor] for factor, _ in PANELS]
    both = make_subplots(1, 2, subplot_titles=[f"Recall of {title}" for title in titles], horizontal_spacing=0.09)
    both.update_layout(each[0].layout)
    for column, one in enumerate(each, start=1):
        both.add_traces([trace.update(showlegend=column == 1) for trace in one.data], 1, column)
        both.update_xaxes(one.layout.xaxis.to_plotly_json(), col=column).update_yaxes(
            one.layout.yaxis.to_plotly_json(), col=column
        )
    return both.update_yaxes(title="", col=2).update_layout(margin={"t": 32})


def file(theme: str) -> Path:
    """Where it lies."""
    return FOLDER / f"frontier-{theme}.svg"


def named(text: str) -> str:
    """The drawing with a name in place of the number that Plotly draws for it: the same each time."""
    (number,) = re.findall(r'id="defs-(\w+)"', text)
    return text.replace(number, "frontier")


def take() -> int:
    """Write a picture for each theme; the bytes of the largest."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        page.set_content("<body></body>")
        page.add_script_tag(content=plotly.offline.get_plotlyjs())
        for theme in figures.THEMES:
            address = page.evaluate(SVG, json.loads(drawn(theme).to_json()))
            head, _, text = address.partition(",")
            assert head == "data:image/svg+xml", head
            file(theme).write_text(named(unquote(text)), encoding="utf-8")
        browser.close()
    return max(file(theme).stat().st_size for theme in figures.THEMES)


if __name__ == "__main__":
    size = take()
    sys.exit(f"{size:,} bytes, more than {MOST_BYTES:,}" if size > MOST_BYTES else 0)
