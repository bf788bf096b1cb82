"""API: a page for every public module, by pdoc, which reads their docstrings, in the site's frame and with a search."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory

import pdoc
import pdoc.render

import mcviz
from mcviz.site import frame

TEMPLATES = Path(__file__).parent / "reference"
HIDDEN = ("moved", "site")
"""Modules that nobody imports from."""
PART = "<!-- part -->"
"""Between the parts of a page that the templates write."""
SCRIPT = re.compile(r"<script>(.+?)</script>", re.S)
BESIDE = '<nav class="pdoc" aria-label="Reference"><details id="contents"><summary>Search and contents</summary>'
INDEX = re.compile(r"(?<=const docs = ).+(?=;$)", re.M)
"""Of the search, in its script."""
STYLES, SCRIPTS = ("api/pdoc.css", "reference.css"), ("reference.js",)


def files(names: Sequence[str] = ()) -> dict[str, str]:
    """The pages of modules, two or more, or else of all public ones; their style and scripts; by where they lie."""
    pdoc.render.configure(
        docformat="markdown", math=False, show_source=False, footer_text="", template_directory=TEMPLATES
    )
    with TemporaryDirectory() as folder:
        pdoc.pdoc(*(names or modules()), output_directory=Path(folder))
        written = {
            f"api/{path.relative_to(folder).as_posix()}": path.read_text(encoding="utf-8")
            for path in Path(folder).rglob("*.*")
        }
    found = {"api/pdoc.css": style()}
    for place, text in written.items():
        found |= framed(place, text) if place.endswith(".html") else {place: INDEX.sub(documents, text)}
    return found


def modules() -> list[str]:
    """The package, which brings those that it names, and its other public modules."""
    named = {*mcviz.__all__, *HIDDEN}
    names = sorted(each.name for each in iter_modules(mcviz.__path__))
    return ["mcviz", *(f"mcviz.{name}" for name in names if not name.startswith("_") and name not in named)]


def documents(index: re.Match[str]) -> str:
    """What the search looks through, without the index that pdoc compiles of it where there is Node.js: a browser makes
    it in half a second, and it is twice as large again."""
    found = json.loads(index[0])
    return json.dumps(list(found["documentStore"]["docs"].values()) if isinstance(found, dict) else found)


def style() -> str:
    """How pdoc's parts look, but for layout and colours, which are ours."""
    return frame.code(".pdoc-code") + str(pdoc.render.env.get_template("content.css").render())


def framed(place: str, text: str) -> dict[str, str]:
    """The page at `place` in the site's frame, and the script of its search, which is one for all pages as deep."""
    title, contents, body = text.split(PART)
    script = f"api/search-{place.count('/')}.js"
    found = SCRIPT.search(body)
    assert found is not None
    page = frame.page(
        title.strip(),
        SCRIPT.sub("", body),
        place,
        kind="pdoc",
        beside=f"{BESIDE}{contents}</details></nav>",
        styles=STYLES,
        scripts=(*SCRIPTS, script),
    )
    return {place: page, script: found[1]}
