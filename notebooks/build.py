"""Build the course from its sources in `notebooks/source`: `python notebooks/build.py`.

Each source becomes two notebooks. The solved one, whose exercises hold their solutions, is run and lies in
`build/notebooks`. The student's lies in `notebooks`: its exercises are empty, and it shows the pictures of the solved
run. In both, figures and steppers are PNG, so that they can be read where nothing runs. With `--slides`, figures of
cells tagged `slide` become one HTML file each in `build/slides`, with an index of covers that open on a click, and no
notebook is written.

Cells are tagged in the source:

    exercise  a stub, to be filled in; `check`, its checker
    reveal    its outputs answer a question above: in the student's notebook they are behind a fold
    slide     its figure is for a projector; the first line names it
    true      assertions, each with a sentence of the notebook for its message. They run when the notebook is built
              and tested, and the student never sees them

    python notebooks/build.py                 build and run all
    python notebooks/build.py 03 04           these only
    python notebooks/build.py --students DIR  write the students' versions into DIR, without running anything
    python notebooks/build.py --slides        export the slides, and write no notebook
"""

import argparse
import ast
import base64
import os
import re
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import jupytext
import nbformat
from nbclient import NotebookClient
from slides import PLOTLY, index, named, slides

from mcviz import MCConfig, examples, files, stand_in
from mcviz.course import exercises
from mcviz.rules.equation import latex
from mcviz.stepper import page as stepper_page
from mcviz.words import glossary

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "source"
BUILD = HERE.parent / "build"
LIMIT_SECONDS = 180
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDTH = 760
AT_ONCE = 2  # notebooks that run side by side, each in a kernel on one thread
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
Notebook = Any
TRUE = "true"


def sources(chosen: list[str]) -> list[Path]:
    """The sources whose names begin with one of `chosen`; all, if none is given."""
    found = sorted(SOURCES.glob("*.py"))
    wanted = [path for path in found if not chosen or path.stem.startswith(tuple(chosen))]
    if not wanted:
        raise SystemExit(f"expected a notebook among {', '.join(path.stem for path in found)}; got {', '.join(chosen)}")
    return wanted


def whole(source: Path) -> Notebook:
    """The notebook with everything in its source, the assertions too, without outputs."""
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem[:2]}-{number}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def student(source: Path) -> Notebook:
    """The notebook as a student gets it, without outputs."""
    return seen(whole(source))


def seen(notebook: Notebook) -> Notebook:
    """The notebook without the cells that assert."""
    notebook = deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if TRUE not in tags(cell)]
    return notebook


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def truths(notebook: Notebook) -> list[str]:
    """The sentences that a notebook's assertions vouch for. Raises `ValueError` for an assertion without one."""
    found = []
    for cell in notebook.cells:
        for node in ast.walk(ast.parse(cell.source)) if TRUE in tags(cell) else ():
            if isinstance(node, ast.Assert):
                if not (isinstance(node.msg, ast.Constant) and isinstance(node.msg.value, str)):
                    raise ValueError(f"assert: expected a sentence of the notebook; got {ast.unparse(node)}")
                found.append(node.msg.value)
    return found


def prose(notebook: Notebook) -> str:
    """All that a reader reads, on one line."""
    return " ".join(" ".join(cell.source for cell in notebook.cells if TRUE not in tags(cell)).split())


def solved(notebook: Notebook) -> Notebook:
    """The notebook with the solution in each exercise's cell."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if "exercise" in tags(cell):
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
        startup_timeout=LIMIT_SECONDS,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        allow_errors=allow_errors,
        record_timing=False,
        coalesce_streams=True,  # in however many pieces the kernel sent what a cell printed
        resources={"metadata": {"path": str(HERE)}},
    )
    client.execute(env={**os.environ, **settings, "PYTHONPATH": path})
    return notebook


def published(empty: Notebook, still: Notebook) -> Notebook:
    """The student's notebook with the solved run's outputs, without verdicts, and with answers behind a fold."""
    shown = deepcopy(empty)
    for cell, done in zip(shown.cells, still.cells, strict=True):
        if cell.cell_type == "code" and not {"check", "exercise"} & {*tags(cell)}:
            cell.outputs = folded(done.outputs) if "reveal" in tags(cell) else deepcopy(done.outputs)
    return shown


def folded(outputs: list[Any]) -> list[Any]:
    """Outputs as one that opens on a click."""
    parts = []
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data:
            said = escape(data["text/plain"], quote=True)
            parts.append(f"<img alt='{said}' src='data:image/png;base64,{data['image/png'].strip()}'>")
        elif "text/html" in data:
            parts.append(data["text/html"])
        else:
            parts.append(f"<pre>{escape(output.get('text') or data.get('text/plain', ''))}</pre>")
    if not parts:
        return []
    text = f"<details><summary>Predict first. Then run the cell, or open this.</summary>{''.join(parts)}</details>"
    return [nbformat.v4.new_output("display_data", {"text/html": text, "text/plain": "(behind a fold)"})]


def stills(ran: Notebook, draw: "Draw") -> Notebook:
    """What was run, as it can be shown where nothing runs: figures and steppers as PNG, no state of widgets."""
    shown = deepcopy(ran)
    states = shown.metadata.pop("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    for cell in shown.cells:
        if cell.cell_type == "code":
            cell.outputs = [still for output in cell.outputs if (still := at_rest(output, named(cell), states, draw))]
    return shown


def payload_of(model: Any) -> str | None:
    """The numbers of a stepper's state, in base 64; None for another widget's."""
    return next((one["data"] for one in model.get("buffers", []) if one["path"] == ["payload"]), None)


def picture_of(png: str, kind: str, name: str) -> Any:
    """An output that is a picture, with words for whoever does not see it."""
    said = f"{kind}: {name}" if name else kind
    return nbformat.v4.new_output(
        "display_data", {"image/png": png, "text/plain": said}, metadata={"image/png": {"alt": said}}
    )


def at_rest(output: Any, name: str, states: Any, draw: "Draw") -> Any:
    """An output of a cell called `name` as it can be shown where nothing runs; None for one that cannot."""
    data = output.get("data", {})
    if output.get("name") == "stderr":
        return None
    if WIDGET in data:
        model = states[data[WIDGET]["model_id"]]
        if (payload := payload_of(model)) is None:
            return None  # its stand-in was shown before it
        at = {name: model["state"].get(name, 0) for name in ("step", "frame")}
        return picture_of(draw.stepper(base64.b64decode(payload), at), "a stepper", name)
    if found := stand_in.picture_in(data.get("text/html", "")):
        model_id, still = found
        drawn = payload_of(states[model_id]) is not None
        said = {"text/html": still, "text/plain": data["text/plain"]}
        return None if drawn else nbformat.v4.new_output("display_data", said)
    if PLOTLY in data:
        return picture_of(draw.figure(data[PLOTLY]), "a figure", name)
    output = deepcopy(output)
    output.pop("execution_count", None) if output.output_type != "execute_result" else None
    if output.output_type == "execute_result":
        output.execution_count = None
    return output


class Draw(NamedTuple):
    """What draws in a browser, as PNG in base 64."""

    figure: Callable[[dict[str, Any]], str]  # from a Plotly figure's JSON
    stepper: Callable[[bytes, Mapping[str, int]], str]  # from a payload, at a step, and a frame if it is of a film


@contextmanager
def drawing() -> Iterator[Draw]:
    """What draws in Chromium."""
    from playwright.sync_api import sync_playwright
    from plotly.offline import get_plotlyjs

    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("MCVIZ_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise SystemExit("expected Chromium on PATH, or where MCVIZ_CHROMIUM says: it draws the pictures")
    empty = stepper_page(examples.run("needle", MCConfig()))
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_content("<html><body></body></html>")
        page.add_script_tag(content=get_plotlyjs())

        def figure(figure: dict[str, Any]) -> str:
            layout = figure["layout"]
            size = {"format": "png", "width": WIDTH, "height": layout.get("height", 360), "scale": 1.25}
            url = page.evaluate(
                "([data, layout, size]) => Plotly.toImage({data, layout}, size)", [figure["data"], layout, size]
            )
            return str(url.partition(",")[2])

        def stepper(payload: bytes, at: Mapping[str, int]) -> str:
            packed = base64.b64encode(zlib.compress(payload, 1)).decode()
            begin = empty.index(">", empty.index('<script id="payload"')) + 1
            file = Path(folder) / "stepper.html"
            file.write_text(empty[:begin] + packed + empty[empty.index("</script>", begin) :], encoding="utf-8")
            view = browser.new_page(viewport={"width": 1000, "height": 800})
            view.goto(f"{file.as_uri()}#{urlencode(at)}")
            view.wait_for_selector(f".mcviz[data-step='{at['step']}']")
            picture = view.locator("#stepper").screenshot()
            view.close()
            return base64.b64encode(picture).decode()

        yield Draw(figure, stepper)
        browser.close()


def chart() -> str:
    """The map of the course: its source, with the glossary filled in."""
    rows = ["| word | symbol | what it stands for |", "| --- | --- | --- |"]
    for term in sorted(glossary.TERMS.values(), key=lambda term: term.name.lower()):
        symbol = f"${latex(term.symbol)}$" if term.symbol else ""
        number = f" (Eq. {term.equation.number})" if term.equation and term.equation.number else ""
        rows.append(f"| {term.name} | {symbol} | {term.says}{number} |")
    return (SOURCES / "map.md").read_text(encoding="utf-8").replace("{glossary}", "\n".join(rows))


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook as JSON, in whole or not at all."""
    nbformat.validate(notebook)
    files.put(path, nbformat.writes(notebook) + "\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="how their names begin, such as 03; all if none is given")
    parser.add_argument("--students", type=Path, metavar="DIR", help="only write the students' versions into DIR")
    parser.add_argument("--slides", action="store_true", help="only export the figures tagged as slides")
    asked = parser.parse_args(arguments)
    chosen = sources(asked.names)
    if asked.students:
        for source in chosen:
            write(student(source), asked.students / f"{source.stem}.ipynb")
        print(f"{len(chosen)} notebooks in {asked.students}")
        return
    if asked.slides:
        made = [page for source, done, _ in ran(chosen) for page in slides(source.stem, done, BUILD / "slides")]
        print(f"{len(made)} slides; {index(BUILD / 'slides')} shows them all")
        return
    files.write(HERE / "map.md", chart())
    with drawing() as draw:
        for source, done, seconds in ran(chosen):
            still = seen(stills(done, draw))
            write(still, BUILD / "notebooks" / f"{source.stem}.ipynb")
            path = HERE / f"{source.stem}.ipynb"
            write(published(student(source), still), path)
            size = path.stat().st_size // 1000
            print(f"{source.stem}: run in {seconds:.0f} s, {size} kB", flush=True)


def ran(chosen: list[Path]) -> Iterator[tuple[Path, Notebook, float]]:
    """Each notebook with its exercises solved and its sentences asserted, run, and the seconds that it took."""

    def timed(source: Path) -> tuple[Path, Notebook, float]:
        began = time.monotonic()
        return source, run(solved(whole(source))), time.monotonic() - began

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(timed, chosen)


if __name__ == "__main__":
    main(sys.argv[1:])
