"""Build the course from its sources in `notebooks/source`: `python notebooks/build.py`.

Each source becomes two notebooks. The solved one, whose exercises hold their solutions, is run and lies in
`build/notebooks`. The student's lies in `notebooks`: its exercises are empty, and it shows the pictures of the solved
run, as PNG, so that it can be read where nothing runs. With `--slides`, figures of cells tagged `slide` become one
HTML file each, with the script that draws them beside it, in `build/slides`.

    python notebooks/build.py                 build and run all
    python notebooks/build.py 03 04           these only
    python notebooks/build.py --students DIR  write the students' versions into DIR, without running anything
    python notebooks/build.py --slides        also export the slides
"""

import argparse
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from html import escape
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

from mcviz import files
from mcviz.course import exercises
from mcviz.palette import PALETTES

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "source"
BUILD = HERE.parent / "build"
LIMIT_SECONDS = 180
PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDTH = 760
LOOK = PALETTES["light"]
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
Notebook = Any


def sources(chosen: list[str]) -> list[Path]:
    """The sources whose names begin with one of `chosen`; all, if none is given."""
    found = sorted(SOURCES.glob("*.py"))
    wanted = [path for path in found if not chosen or path.stem.startswith(tuple(chosen))]
    if not wanted:
        raise SystemExit(f"expected a notebook among {', '.join(path.stem for path in found)}; got {', '.join(chosen)}")
    return wanted


def student(source: Path) -> Notebook:
    """The notebook as a student gets it, without outputs."""
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem[:2]}-{number}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def solved(notebook: Notebook) -> Notebook:
    """The notebook with the solution in each exercise's cell."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = solution(cell.source)
    return notebook


def solution(stub: str) -> str:
    """What stands in place of a stub: a function's solution, or the culprit of a detective's case."""
    if function := re.search(r"^def (\w+)\(", stub, re.MULTILINE):
        return exercises.ALL[function[1]].source
    if suspect := re.search(r"^suspect_(\d) = \.\.\.", stub, re.MULTILINE):
        return f'suspect_{suspect[1]} = "{exercises.detective.case(int(suspect[1])).culprit}"'
    raise ValueError(f"exercise: expected a function or a suspect to fill in, got {stub!r}")


def run(notebook: Notebook, allow_errors: bool = False) -> Notebook:
    """Run all cells in a kernel of their own, on one thread."""
    settings = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    path = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(
        notebook,
        timeout=LIMIT_SECONDS,
        kernel_name="python3",
        allow_errors=allow_errors,
        record_timing=False,
        resources={"metadata": {"path": str(HERE)}},
    )
    client.execute(env={**os.environ, **settings, "PYTHONPATH": path})
    return notebook


def published(empty: Notebook, ran: Notebook, draw: Any) -> Notebook:
    """The student's notebook with the solved run's outputs: pictures as PNG, no widgets, and no verdicts."""
    shown = deepcopy(empty)
    for cell, done in zip(shown.cells, ran.cells, strict=True):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and "check" not in tags and "exercise" not in tags:
            cell.outputs = [still for output in done.outputs if (still := at_rest(output, draw))]
    return shown


def at_rest(output: Any, draw: Any) -> Any:
    """An output as it can be shown where nothing runs; None for one that cannot."""
    data = output.get("data", {})
    if WIDGET in data or output.get("name") == "stderr":
        return None
    if PLOTLY in data:
        figure = data[PLOTLY]
        kind = {"metadata": {}, "output_type": "display_data"}
        return nbformat.from_dict({**kind, "data": {"image/png": draw(figure), "text/plain": "a figure"}})
    output = deepcopy(output)
    output.pop("execution_count", None) if output.output_type != "execute_result" else None
    if output.output_type == "execute_result":
        output.execution_count = None
    return output


@contextmanager
def drawing() -> Iterator[Any]:
    """A function that draws a Plotly figure's JSON as a PNG, base64, in Chromium."""
    from playwright.sync_api import sync_playwright
    from plotly.offline import get_plotlyjs

    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("MCVIZ_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise SystemExit("expected Chromium on PATH, or where MCVIZ_CHROMIUM says: it draws the pictures")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_content("<html><body></body></html>")
        page.add_script_tag(content=get_plotlyjs())

        def draw(figure: dict[str, Any]) -> str:
            layout = figure["layout"]
            size = {"format": "png", "width": WIDTH, "height": layout.get("height", 360), "scale": 1.25}
            url = page.evaluate(
                "([data, layout, size]) => Plotly.toImage({data, layout}, size)", [figure["data"], layout, size]
            )
            return str(url.partition(",")[2])

        yield draw
        browser.close()


def slides(stem: str, notebook: Notebook, folder: Path) -> list[Path]:
    """Write the figures of cells tagged `slide`, each as a page that fills a screen. The cell's first line names it."""
    from plotly.offline import get_plotlyjs

    folder.mkdir(parents=True, exist_ok=True)
    files.write(folder / "plotly.min.js", get_plotlyjs())
    pages = []
    for cell in notebook.cells:
        figures = [o.data[PLOTLY] for o in cell.get("outputs", []) if PLOTLY in o.get("data", {})]
        if "slide" not in cell.metadata.get("tags", []) or not figures:
            continue
        title = cell.source.splitlines()[0].removeprefix("#").strip()
        path = folder / f"{stem[:2]}-{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')}.html"
        page = SLIDE.format(title=escape(title), figure=slide_json(figures[-1]), ground=LOOK.ground, ink=LOOK.ink)
        files.write(path, page)
        pages.append(path)
    return pages


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
  #figure {{ flex: 1; min-height: 0 }}
</style>
<h1>{title}</h1>
<div id="figure"></div>
<script src="plotly.min.js"></script>
<script>
  const figure = {figure};
  Plotly.newPlot("figure", figure.data, figure.layout, {{ responsive: true, displayModeBar: false }});
</script>
</html>
"""


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook as JSON, in whole or not at all."""
    nbformat.validate(notebook)
    files.put(path, nbformat.writes(notebook) + "\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="how their names begin, such as 03; all if none is given")
    parser.add_argument("--students", type=Path, metavar="DIR", help="only write the students' versions into DIR")
    parser.add_argument("--slides", action="store_true", help="also export the figures tagged as slides")
    asked = parser.parse_args(arguments)
    chosen = sources(asked.names)
    if asked.students:
        for source in chosen:
            write(student(source), asked.students / f"{source.stem}.ipynb")
        print(f"{len(chosen)} notebooks in {asked.students}")
        return
    with drawing() as draw:
        for source in chosen:
            began = time.monotonic()
            empty = student(source)
            ran = run(solved(empty))
            write(ran, BUILD / "notebooks" / f"{source.stem}.ipynb")
            path = HERE / f"{source.stem}.ipynb"
            write(published(empty, ran, draw), path)
            made = slides(source.stem, ran, BUILD / "slides") if asked.slides else []
            size = path.stat().st_size // 1000
            also = f", {len(made)} slides" if asked.slides else ""
            print(f"{source.stem}: {time.monotonic() - began:.0f} s, {size} kB{also}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
