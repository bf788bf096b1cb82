"""Slides: the key figures of a notebook, each as a page that fills a screen, and an index of their covers."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from mcviz import files
from mcviz.palette import PALETTES

LOOK = PALETTES["light"]
PLOTLY = "application/vnd.plotly.v1+json"
Notebook = Any


def named(cell: Any) -> str:
    """What the first line of a cell says that it shows, "" if it is no comment."""
    first = cell.source.partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def slides(stem: str, notebook: Notebook, folder: Path) -> list[Path]:
    """Write the figures of cells tagged `slide`, one page each. The cell's first line names it."""
    from plotly.offline import get_plotlyjs

    folder.mkdir(parents=True, exist_ok=True)
    files.write(folder / "plotly.min.js", get_plotlyjs())
    for old in folder.glob(f"{stem[:2]}-*.html"):
        old.unlink()
    pages: list[Path] = []
    for cell in notebook.cells:
        figures = [o.data[PLOTLY] for o in cell.get("outputs", []) if PLOTLY in o.get("data", {})]
        if "slide" not in cell.metadata.get("tags", []) or not figures:
            continue
        title = named(cell)
        words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        path = folder / f"{stem[:2]}-{len(pages) + 1:02}-{words}.html"  # in the order of the course
        page = SLIDE.format(title=escape(title), figure=slide_json(figures[-1]), ground=LOOK.ground, ink=LOOK.ink)
        files.write(path, page)
        pages.append(path)
    return pages


def index(folder: Path) -> Path:
    """A page of covers: each names a slide, and opens it on a click."""
    covers = []
    for path in sorted(folder.glob("[0-9]*-*.html")):
        title = re.search("<title>(.*)</title>", path.read_text(encoding="utf-8"))
        covers.append(f'<li><a href="{path.name}"><b>{path.name[:2]}</b> {title[1] if title else path.stem}</a></li>')
    files.write(folder / "index.html", INDEX.format(covers="\n".join(covers), ground=LOOK.ground, ink=LOOK.ink))
    return folder / "index.html"


INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Slides</title>
<style>
  body {{ margin: 3vmin; font: 2.4vmin/1.5 system-ui, sans-serif; background: {ground}; color: {ink} }}
  ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(34vmin, 1fr)); gap: 2vmin; padding: 0 }}
  li {{ list-style: none }}
  a {{ display: block; height: 18vmin; padding: 2vmin; border: 1px solid; border-radius: 1vmin; color: inherit;
       text-decoration: none; box-sizing: border-box }}
</style>
<h1>Slides</h1>
<ul>
{covers}
</ul>
</html>
"""


def slide_json(figure: dict[str, Any]) -> str:
    """A figure with larger letters, sized by its page, safe inside a script."""
    layout = {key: value for key, value in figure["layout"].items() if key not in ("height", "width", "title")}
    layout |= {"font": {**layout.get("font", {}), "size": 20}, "autosize": True}
    return json.dumps({"data": figure["data"], "layout": layout}).replace("</", "<\\/")


SLIDE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
  html, body {{ margin: 0; height: 100%; font-family: system-ui, sans-serif; background: {ground}; color: {ink} }}
  body {{ display: flex; flex-direction: column; padding: 3vmin; box-sizing: border-box }}
  h1 {{ font-size: 4vmin; margin: 0 0 2vmin }}
  a {{ color: inherit; text-decoration: none }}
  #figure {{ flex: 1; min-height: 0 }}
</style>
<h1><a href="index.html" aria-label="all slides">☰</a> {title}</h1>
<div id="figure"></div>
<script src="plotly.min.js"></script>
<script>
  const figure = {figure};
  Plotly.newPlot("figure", figure.data, figure.layout, {{ responsive: true, displayModeBar: false }});
</script>
</html>
"""
