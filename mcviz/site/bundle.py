"""The package for the browser: one archive with mcviz as it is, and the libraries written in Python that it needs."""

import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from io import BytesIO
from pathlib import Path

import mcviz

PACKAGE = Path(mcviz.__file__).parent
LIBRARIES = ("jaxtyping", "wadler_lindig")
ELSEWHERE = {"_pages", "bench", "course", "figures", "pytorch", "training", "widgets.py"}
"""What needs PyTorch, Plotly or Jupyter, or the command line: no page of the site runs it."""
UNSEEN = {"__pycache__", "front"}
SUFFIXES = {".py", ".json", ".txt", ".safetensors"}
STAMP = (2020, 1, 1, 0, 0, 0)
"""The same bytes from the same files, whenever they were written."""


def bundle() -> bytes:
    """The archive."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted({**ours(), **theirs()}.items()):
            archive.writestr(zipfile.ZipInfo(name, STAMP), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def ours() -> dict[str, Path]:
    """The files of mcviz that run in the browser, by their names in the archive."""
    return {f"mcviz/{path.relative_to(PACKAGE).as_posix()}": path for path in needed()}


def needed() -> Iterator[Path]:
    """The files of mcviz that run in the browser."""
    for path in PACKAGE.rglob("*"):
        parts = path.relative_to(PACKAGE).parts
        if path.is_file() and path.suffix in SUFFIXES and parts[0] not in ELSEWHERE and not UNSEEN & set(parts):
            yield path


def theirs() -> dict[str, Path]:
    """The files of the libraries, with what says who wrote them and under which licence."""
    found = {}
    for library in LIBRARIES:
        for file in distribution(library).files or ():
            if "__pycache__" not in file.parts and ".." not in file.parts and file.name not in ("RECORD", "INSTALLER"):
                found[file.as_posix()] = Path(str(file.locate()))
    return found
