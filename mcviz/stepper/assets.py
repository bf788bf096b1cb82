"""The front end as text: its modules joined, for hosts that take one script and one style.

`front/` holds ES modules and stylesheets that import each other by relative paths, and a browser may load them as they
are. Joined, each stands once and after all that it imports, without its import lines, its comments and its indents. In
the joined script all modules share one scope, so a name at the top level must be unique; only the first module's
exports are exports still.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mcviz.palette import PALETTES, Palette

FRONT = Path(__file__).parent / "front"
MAIN, NUMBERS, STYLE = FRONT / "main.js", FRONT / "hosts" / "numbers.js", FRONT / "style" / "main.css"
PROPERTIES = {name: name for name in ("gate", "online", "wrong", "positive", "negative")} | {"truth": "answer"}
"""The stylesheet's custom properties, and what they stand for in the palette."""

IMPORT = {
    ".js": re.compile(r'^import [^;]*?"(\.[^"]+)";\n', re.M),
    ".css": re.compile(r'^@import "(\.[^"]+)";\n', re.M),
}
COMMENT = re.compile(r"^[ \t]*(?:/\*.*?\*/|//[^\n]*)\n| // [^\n]*$", re.M | re.S)
"""Those that stand alone on their lines, or end one: for who reads the modules."""
INDENT = re.compile(r"^\s+", re.M)
"""No text of the front end goes over the end of a line."""
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.M)


@cache
def script(main: Path = MAIN) -> str:
    """The ES module: it exports `decode`, `format`, `mount`, `openPage`, and a default for Streamlit and anywidget.

    `NUMBERS` is the other one, small: its default keeps the payloads that Streamlit brings.
    """
    texts = {path: without_imports(path) for path in in_order(main)}
    return "\n".join(text if path == main else EXPORT.sub("", text) for path, text in texts.items())


@cache
def style() -> str:
    """The stylesheet, after the palette's colours; every rule stands under the class `mcviz`.

    The script says which scheme it is, by how dark the host's ground is.
    """
    light, dark = (_properties(PALETTES[scheme]) for scheme in ("light", "dark"))
    sheet = "\n".join(without_imports(path) for path in in_order(STYLE))
    return f'.mcviz {{ {light} }}\n.mcviz[data-theme="dark"] {{ {dark} }}\n{sheet}'


def _properties(colours: Palette) -> str:
    return " ".join(f"--{name}: {getattr(colours, meaning)};" for name, meaning in PROPERTIES.items())


def in_order(path: Path) -> list[Path]:
    """The file and all that it imports, each once and after what it imports.

    Raises `ValueError` if files import each other in a circle.
    """
    found: dict[Path, None] = {}

    def add(file: Path, above: tuple[Path, ...]) -> None:
        if file in above:
            circle = " → ".join(each.name for each in (*above, file))
            raise ValueError(f"front: expected imports without a circle, got {circle}")
        if file not in found:
            for needed in imports(file):
                add(needed, (*above, file))
            found[file] = None

    add(path, ())
    return list(found)


def imports(path: Path) -> Iterator[Path]:
    """The files that a file imports."""
    found = IMPORT[path.suffix].findall(path.read_text(encoding="utf-8"))
    return ((path.parent / name).resolve() for name in found)


def without_imports(path: Path) -> str:
    """A file's text without its import lines, and without what is for readers: comments, indents, empty lines."""
    return INDENT.sub("", COMMENT.sub("", IMPORT[path.suffix].sub("", path.read_text(encoding="utf-8"))))
