"""Learn: the notebooks as pages, with the pictures of the run that the repository holds."""

import html
from pathlib import Path

from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from mcviz.site import frame, markdown

STEPPERS = {
    "00_start_here": "run=topics-grm",
    "01_an_rnn_forgets": "run=recall&aggregator=none",
    "02_checkpoints": "run=needle&aggregator=residual",
    "03_gates": "run=topics-grm",
    "04_the_selector": "run=topics-ssc",
    "05_deep_memory_and_soup": "run=topics-dla-soup",
}
"""What of each notebook can be stepped through live, as an address has it."""


def pages(root: Path) -> dict[str, str]:
    """The pages, by where they lie, of the project in the folder `root`."""
    return {f"learn/{path.stem}.html": notebook(path) for path in sorted((root / "notebooks").glob("*.ipynb"))}


def notebook(path: Path) -> str:
    """One notebook as a page."""

    def rendered(words: str) -> str:
        return markdown.render(words, f"notebooks/{path.name}")

    filters = {"markdown2html": rendered, "markdown2html_mistune": rendered}
    exporter = HTMLExporter(template_name="basic", filters=filters, exclude_input_prompt=True)  # type: ignore[no-untyped-call]
    body, _ = exporter.from_filename(str(path))
    live = STEPPERS.get(path.stem)
    way = (
        f'<p><a class="button" href="../play/index.html?v=1&amp;{html.escape(live)}">Step through a run</a></p>'
        if live
        else ""
    )
    title = path.stem.partition("_")[2].replace("_", " ").capitalize()
    return frame.page(title, f"{way}\n{body}", f"learn/{path.stem}.html", kind="wide notebook", styles=("learn.css",))


def style() -> str:
    """The colours of code, light and dark."""
    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
