"""API: a page for every public module, by pdoc, which reads their docstrings, with a search."""

import base64
import hashlib
import html
import re
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory

import pdoc

import mcviz
from mcviz.site import frame

HIDDEN = ("moved", "site")
"""Modules that nobody imports from."""
SCRIPT = re.compile(r"<script(?: [^>]*)?>(.+?)</script>", re.S)


def files() -> dict[str, str]:
    """The pages, by where they lie."""
    with TemporaryDirectory() as folder:
        pdoc.render.configure(docformat="markdown", math=False, show_source=False, footer_text="mcviz")
        pdoc.pdoc(*modules(), output_directory=Path(folder))
        pages = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.*")
        }
    return {f"api/{name}": guarded(text, name) if name.endswith(".html") else text for name, text in pages.items()}


def modules() -> list[str]:
    """The package, which brings those that it names, and its other public modules."""
    named = {*mcviz.__all__, *HIDDEN}
    names = sorted(each.name for each in iter_modules(mcviz.__path__))
    return ["mcviz", *(f"mcviz.{name}" for name in names if not name.startswith("_") and name not in named)]


def guarded(text: str, name: str) -> str:
    """The page called `name` with a way back, under a policy that lets only its own scripts run, by their hashes."""
    hashes = " ".join(sorted({fingerprint(each) for each in SCRIPT.findall(text)}))
    policy = {**frame.POLICY, "script-src": f"'self' {hashes}", "style-src": "'self' 'unsafe-inline'"}
    said = html.escape("; ".join(f"{name} {value}" for name, value in policy.items()))
    root = "../" * (name.count("/") + 1)
    head = (
        f'<head>\n<meta http-equiv="Content-Security-Policy" content="{said}">\n<link rel="icon" href="{frame.icon()}">'
    )
    back = f'<nav class="pdoc"><p><a href="{root}index.html">mcviz: the site</a></p>'
    return text.replace("<head>", head, 1).replace('<nav class="pdoc">', back, 1)


def fingerprint(text: str) -> str:
    """The hash of a script, as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
