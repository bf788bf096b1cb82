"""The whole site: a folder that any server can serve, a stick behind `python -m http.server` among them."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import plotly.offline

from mcviz import claims, files
from mcviz.site import api, cost, documents, frame, glossary, home, learn, numbers, play, python, steppers
from mcviz.site.bundle import PACKAGE
from mcviz.site.frame import FRONT

MARK = ".mcviz-site"
"""The file by which a folder is known for a site, which may be written anew."""


def build(out: Path, release: Path, say: Callable[[str], None] = print) -> None:
    """Write the site into the folder `out`, with the Pyodide that lies in the folder `release`, checked.

    Raises `ValueError` if `out` holds something that is not a site, or the release, which would be removed with the
    site of before, and where there is no clone of the project.
    """
    if release.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"out: expected a folder without the files of Pyodide, which are in {release}; got {out}")
    fresh(out)
    front(out)
    root = project()
    say("the pages to read …")
    reading(out, root)
    say("the notebooks, which run for their steppers …")
    course(out, learn.sources(root))
    say("the claims and the costs …")
    figures(out)
    say("the reference …")
    for name, text in api.files().items():
        put(out / name, text)
    say("the explorer, with Python for the browser …")
    explorer(out, release, play.runs())


def project() -> Path:
    """The folder of the project. Raises `ValueError` where mcviz is installed without its notebooks and documents."""
    root = PACKAGE.parent
    if not all((root / name).exists() for name in ("notebooks", "docs", "README.md")):
        raise ValueError(f"site: expected a clone of the project, with its notebooks and documents, got {root}")
    return root


def fresh(out: Path) -> None:
    """Make the folder, empty. Raises `ValueError` for one that holds something else than a site."""
    if out.is_dir() and any(out.iterdir()):
        if not (out / MARK).is_file():
            raise ValueError(f"out: expected a new or empty folder, or one with a site of before, got {out}")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    put(out / MARK, "mcviz\n")


def put(path: Path, content: str | bytes) -> None:
    """Write a file, and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, content)


def front(out: Path) -> None:
    """What the browser loads as it is: styles and scripts."""
    for path in FRONT.glob("*.*"):
        put(out / path.name, path.read_bytes())
    put(out / "site.css", frame.colours() + (FRONT / "site.css").read_text(encoding="utf-8"))
    put(out / "learn.css", (FRONT / "notebook.css").read_text(encoding="utf-8") + frame.code(".highlight"))


def reading(out: Path, root: Path) -> None:
    """The pages that are only read, of the project in the folder `root`."""
    pages = {
        "index.html": home.page(root),
        "words/index.html": glossary.page(),
        **documents.pages(root),
    }
    for name, text in pages.items():
        put(out / name, text)
    put(out / "explorer.png", (root / "docs" / "explorer.png").read_bytes())


def course(out: Path, notebooks: list[Path]) -> None:
    """The notebooks as pages, and what their steppers show."""
    for name, content in learn.files(notebooks, steppers.stored(notebooks)).items():
        put(out / name, content)


def figures(out: Path) -> None:
    """The pages with figures, and Plotly, which draws them."""
    board = claims.board()
    pages = {"numbers/index.html": numbers.page(board), "cost/index.html": cost.page()}
    for name, text in {**pages, **numbers.files(board), **cost.files()}.items():
        put(out / name, text)
    put(out / "plotly.js", plotly.offline.get_plotlyjs())


def explorer(out: Path, release: Path, runs: Sequence[str]) -> None:
    """The page Play, with Python and with stored pictures of `runs`."""
    for name, text in play.scripts().items():
        put(out / name, text)
    for name, text in play.own().items():
        put(out / play.place() / name, text)
    parts = python.write(out / python.PLACE, release)
    for name, content in play.pictures(runs).items():
        put(out / "play" / "first" / name, content)
    put(out / "play" / "index.html", play.page(parts, runs))
    own = sorted(path.relative_to(out).as_posix() for path in (out / "play").rglob("*.*"))
    put(out / play.KEEPER, play.keeper(parts, [*own, "site.css", play.MANIFEST]))
