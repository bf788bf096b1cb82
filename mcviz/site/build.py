"""The whole site: a folder that any server can serve, a stick behind `python -m http.server` among them."""

import gzip
import shutil
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from mcviz import files
from mcviz.site import frame, play
from mcviz.site.bundle import bundle
from mcviz.site.runtime import CORE, LOCK, pinned

FRONT = Path(__file__).parent / "front"
STRAIGHT = ("pyodide.mjs", "pyodide.asm.mjs", "python_stdlib.zip")
PACKED = ("pyodide.asm.wasm", LOCK)
"""Files that lie there packed, and that the page unpacks: small also from servers that pack nothing."""
MODULE = "mcviz.zip"
UNUSED = ("/tests/", "/f2py/", ".pyi", ".h", ".a", ".pxd", ".pyx")
"""What stands in a wheel and no page needs; what says who wrote it stays."""

Say = Callable[[str], None]


def build(out: Path, python: Path, say: Say = print) -> None:
    """Write the site into the folder `out`, with the Python that lies in the folder `python`, which is checked.

    Raises `ValueError` if `out` holds something that is not a site.
    """
    fresh(out)
    for path in FRONT.rglob("*.*"):
        put(out / path.relative_to(FRONT), path.read_bytes())
    put(out / "site.css", frame.colours() + (FRONT / "site.css").read_text(encoding="utf-8"))
    for name, text in play.scripts().items():
        put(out / name, text)
    say("Python for the browser")
    parts = runtime(out / play.PYTHON, python)
    say("the stored pictures")
    for name, content in play.pictures().items():
        put(out / "play" / "first" / name, content)
    put(out / "play" / "index.html", play.page(parts))
    put(out / MARK, "mcviz\n")


MARK = ".mcviz-site"
"""The file by which a folder is known for a site, which may be written anew."""


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


def runtime(out: Path, python: Path) -> Mapping[str, Any]:
    """Write Python into the folder `out`; what the page has to know of it."""
    wheels = list(pinned(python))
    for name in STRAIGHT:
        put(out / name, (python / name).read_bytes())
    for name in PACKED:
        put(out / f"{name}.gz", gzip.compress((python / name).read_bytes(), 9, mtime=0))
    for name in wheels:
        put(out / name, slim((python / name).read_bytes()))
    put(out / MODULE, bundle())
    counted = [path for path in out.iterdir() if path.suffix != ".mjs"]
    return {
        "packed": list(PACKED),
        "archives": [*wheels, MODULE],
        "bytes": sum(path.stat().st_size for path in counted),
    }


def slim(wheel: bytes) -> bytes:
    """A wheel without what no page needs, packed as small as can be."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(wheel)) as given, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, False, 9) as out:
        for item in given.infolist():
            if not (any(part in item.filename for part in UNUSED[:2]) or item.filename.endswith(UNUSED[2:])):
                out.writestr(item, given.read(item), zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


assert set(STRAIGHT) | set(PACKED) == set(CORE)
