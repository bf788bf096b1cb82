"""The project's own Markdown as pages: the guides, and what contributors read."""

import html
import re
from collections.abc import Mapping
from pathlib import Path

from mcviz.site import frame, markdown
from mcviz.site.runtime import VERSION

SOURCES = (
    "notebooks/README.md",
    "notebooks/map.md",
    "docs/layer.md",
    "docs/gpu.md",
    "docs/teaching/README.md",
    "docs/site.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)

LICENCES: Mapping[str, str] = {
    "mcviz": "MIT licence",
    f"Pyodide {VERSION}, Python in WebAssembly": "Mozilla Public License 2.0; its source is that of its release",
    "Python's standard library": "Python Software Foundation License",
    "NumPy": "modified BSD licence; the full text is in its wheel, in the folder python of this site",
    "regex": "Apache License 2.0 and CNRI Python licence; in its wheel",
    "Plotly.js": "MIT licence",
}
"""What the site hands out, and under which terms."""


def pages(root: Path) -> dict[str, str]:
    """The pages, by where they lie, of the project in the folder `root`."""
    return {markdown.ADDRESSES[source]: page(root, source) for source in SOURCES if (root / source).is_file()}


def page(root: Path, source: str) -> str:
    """One document as a page."""
    written = (root / source).read_text(encoding="utf-8")
    title = written.partition("\n")[0].removeprefix("# ")
    place = markdown.ADDRESSES[source]
    body = markdown.render(written, source)
    if source == "CONTRIBUTING.md":
        body += architecture(root) + licences()
    return frame.page(title, body, place)


def architecture(root: Path) -> str:
    """What is where, as the README says it."""
    said = (root / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^## What is where$(.*?)^## ", said, re.M | re.S)
    return markdown.render(f"## What is where\n{found[1]}", "README.md") if found else ""


def licences() -> str:
    """What the site hands out, and under which terms."""
    lines = "".join(f"<li>{html.escape(name)}: {html.escape(terms)}</li>" for name, terms in LICENCES.items())
    return f"<h2 id='licences'>Licences</h2><ul>{lines}</ul>"
