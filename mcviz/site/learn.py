"""Learn: the notebooks as pages, with the pictures of the run that the repository holds, and live steppers."""

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter

from mcviz.site import frame, markdown
from mcviz.site.steppers import Stored

PICTURE = re.compile(r"<img alt='[^']*' src='([^']*)'>")
"""A picture behind a fold, as `notebooks/build.py` writes it."""
STYLE = re.compile(r' style="[^"]*"')
"""What an output says of its look, which the policy of the page lets no output do."""
WAYS = {
    "00_start_here": "run=topics-grm",
    "01_an_rnn_forgets": "run=recall&aggregator=none",
    "02_checkpoints": "run=needle&aggregator=residual",
    "03_gates": "run=topics-grm",
    "04_the_selector": "run=topics-ssc",
    "05_deep_memory_and_soup": "run=topics-dla-soup",
}
"""What of each notebook the explorer can compute anew, as an address has it."""


def sources(root: Path) -> list[Path]:
    """The notebooks of the project in the folder `root`."""
    return sorted((root / "notebooks").glob("*.ipynb"))


def files(paths: list[Path], steppers: Mapping[str, Mapping[int, Stored]]) -> dict[str, str | bytes]:
    """The pages, and what their steppers show, by where they lie."""
    pages = {f"learn/{path.stem}.html": notebook(path, steppers.get(path.stem, {})) for path in paths}
    shown = {
        f"learn/{address(stem, number)}": one.packed
        for stem, found in steppers.items()
        for number, one in found.items()
    }
    return {**pages, **shown}


def address(stem: str, number: int) -> str:
    """Where the stepper of a cell lies, beside its page."""
    return f"steppers/{stem}-{number}.z"


def notebook(path: Path, steppers: Mapping[int, Stored]) -> str:
    """One notebook as a page, with the steppers of its cells."""
    written = nbformat.read(path, as_version=4)
    for number, one in steppers.items():
        for output in written.cells[number].outputs:
            make_room(output.get("data", {}), address(path.stem, number), one.place)

    def rendered(words: str) -> str:
        return markdown.render(words, f"notebooks/{path.name}")

    filters = {"markdown2html": rendered, "markdown2html_mistune": rendered}
    exporter = HTMLExporter(template_name="basic", filters=filters, exclude_input_prompt=True)
    body, _ = exporter.from_notebook_node(written)
    live = WAYS.get(path.stem)
    way = (
        f'<p><a class="button" href="../play/index.html?v=1&amp;{html.escape(live)}">Step through a run</a></p>'
        if live
        else ""
    )
    title = path.stem.partition("_")[2].replace("_", " ").capitalize()
    return frame.page(
        title,
        f"{way}\n{STYLE.sub('', body)}",
        f"learn/{path.stem}.html",
        kind="wide notebook",
        styles=("learn.css", "stepper.css") if steppers else ("learn.css",),
        scripts=("learn.js",) if steppers else (),
    )


def make_room(data: dict[str, Any], at: str, place: Mapping[str, int]) -> None:
    """Let a stepper take the place of its picture, in an output's `data`, once there is a script and it has come."""

    def room(source: str) -> str:
        return (
            f'<figure class="stepper" data-run="{html.escape(at)}" data-place="{html.escape(json.dumps(place))}">'
            f'<img alt="The stepper at token {place["step"]}" src="{source}"></figure>'
        )

    if "image/png" in data:
        data["text/html"] = room(f"data:image/png;base64,{data.pop('image/png').strip()}")
    elif "text/html" in data:
        data["text/html"] = PICTURE.sub(lambda found: room(found[1]), data["text/html"])
