"""Python as it lies on the site: checked, without what no page needs, compiled, and packed.

Every name holds a version or a hash: what lies under it never changes, and a browser may keep it.
"""

import gzip
import hashlib
import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from mcviz import files
from mcviz.site.bundle import bundle
from mcviz.site.compiled import compile_all
from mcviz.site.runtime import LOCK, VERSION, pinned

PLACE = f"python/{VERSION}/"
"""The folder."""
STRAIGHT = ("pyodide.mjs", "pyodide.asm.mjs")
"""Modules, which browsers load as they are."""
WASM = "pyodide.asm.wasm"
LIBRARY = "python_stdlib.zip"
MODULE = "mcviz.zip"
TOOLS = (
    *("_pyio", "_pydatetime", "asyncio/proactor_events", "asyncio/windows_events", "bdb", "cmd", "code", "compileall"),
    *("configparser", "ctypes/_aix", "doctest", "filecmp", "fileinput", "ftplib", "imaplib"),
    *("logging/config", "logging/handlers", "mailbox", "mimetypes", "modulefinder", "optparse", "pdb", "pickletools"),
    *("plistlib", "poplib", "profile", "pstats", "pyclbr", "pydoc", "smtplib", "socketserver", "tabnanny", "tarfile"),
    *("timeit", "trace", "tracemalloc", "wave", "zipapp"),
)
"""Modules of Python's library for a programmer at a terminal, for other computers, and for files of other kinds."""
UNNEEDED = re.compile(
    r".*/tests/|.*\.(pyi|h|a|pxd|pyx)$|/numpy/(f2py|fft|ma|polynomial|testing)/"
    r"|/(_pyrepl|http|multiprocessing|unittest|wsgiref|xml|xmlrpc)/"
    r"|.*/linalg/lapack_lite\."  # NumPy's stand-in for LAPACK, which its own tests alone import
    r"|/encodings/(cp(?!437|1252)|mac_|iso|euc|gb|big5|koi8|kz|shift|hp_|hz|johab|palmos|ptcp|tis_)"
    rf"|/({'|'.join(TOOLS)})\.py$"
)
"""What stands in an archive and no page needs, by its path after a "/"; what says who wrote it stays."""
HOLLOW = ("numpy/_core/_add_newdocs.py", "numpy/_core/_add_newdocs_scalars.py")
"""Modules that only hang a text on each function of NumPy, whenever it starts."""


def write(out: Path, python: Path) -> Mapping[str, Any]:
    """Write Python into the folder `out`, from the one where it was fetched; what the page has to know of it."""
    out.mkdir(parents=True, exist_ok=True)
    for name in STRAIGHT:
        files.write(out / name, (python / name).read_bytes())
    wheels = list(pinned(python))
    for name in (LIBRARY, *wheels):
        files.write(out / name, slim((python / name).read_bytes()))
    files.write(out / MODULE, slim(bundle()))
    compile_all(python, out / LIBRARY, [out / name for name in (*wheels, MODULE)])
    library, *archives = (named(out / name) for name in (LIBRARY, *wheels, MODULE))
    for name in (WASM, LOCK):
        files.write(out / name, (python / name).read_bytes())
    packed = [WASM, LOCK, library, *archives]
    return {
        "place": PLACE,
        "straight": list(STRAIGHT),
        "packed": packed,
        "library": library,
        "archives": archives,
        "bytes": sum(pack(out / name) for name in packed),
    }


def slim(archive: bytes) -> bytes:
    """A zip without what no page needs, its files stored as they are: all of it is packed at once."""
    stored = BytesIO()
    with zipfile.ZipFile(BytesIO(archive)) as given, zipfile.ZipFile(stored, "w") as kept:
        for item in given.infolist():
            if not item.is_dir() and not UNNEEDED.match(f"/{item.filename}"):
                content = b"" if item.filename in HOLLOW else given.read(item)
                kept.writestr(zipfile.ZipInfo(item.filename), content)
    return stored.getvalue()


def named(path: Path) -> str:
    """The new name of a zip, which is that of its content."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return path.rename(path.with_name(f"{path.name.partition('-')[0].removesuffix('.zip')}-{digest}.zip")).name


def pack(path: Path) -> int:
    """Pack a file, which is then called `.gz`; its bytes. So it is small also from servers that pack nothing."""
    packed = gzip.compress(path.read_bytes(), 9, mtime=0)
    files.write(path.with_name(f"{path.name}.gz"), packed)
    path.unlink()
    return len(packed)
