"""The package for the browser: one archive with mcviz as it is."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import mcviz
from mcviz import watch

PACKAGE = Path(mcviz.__file__).parent
ELSEWHERE = {"_pages", "bench", "course", "figures", "pytorch", "studio", "training", "widgets.py"}
"""What needs PyTorch, Plotly or Jupyter: no page of the site runs it."""
UNSEEN = {"__pycache__", "front"}
HERE = {"__init__.py", "player.py"}
"""Of what makes the site, what runs on it."""

SUFFIXES = {".py", ".json", ".txt", ".safetensors"}
STAMP = (2020, 1, 1, 0, 0, 0)
"""The same bytes from the same files, whenever they were written."""

SHAPES = '''"""Shapes in annotations, which nothing reads here: to load what checks them takes as long as NumPy."""


class Shape:
    def __class_getitem__(cls, item):
        return cls


def __getattr__(name):
    return Shape
'''
"""Stands for jaxtyping."""


def bundle() -> bytes:
    """The archive."""
    found = {f"mcviz/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes() for path in needed()}
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted({**found, "jaxtyping.py": SHAPES.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name, STAMP), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def needed() -> Iterator[Path]:
    """The files of mcviz that run in the browser."""
    for path in PACKAGE.rglob("*"):
        parts = path.relative_to(PACKAGE).parts
        unwatched = path.suffix == ".safetensors" and path.stem not in watch.names()
        elsewhere = parts[0] in ELSEWHERE or UNSEEN & set(parts) or (parts[0] == "site" and path.name not in HERE)
        if path.suffix in SUFFIXES and not elsewhere and not unwatched:
            yield path
