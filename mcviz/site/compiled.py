"""Code in place of source: a browser's Python starts in a fraction of the time where it has nothing to compile.

Only a Python of the version that will load it can compile it: Pyodide's own, which Node.js runs with `compile.mjs`, and
which runs this file as it is.
"""

import marshal
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import MAGIC_NUMBER, source_hash
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile, ZipInfo

UNCHECKED = 1
"""The flag of code that goes by a hash of its source, and is not compared with it."""
OLDEST_NODE = 20
"""The oldest Node.js that Pyodide was seen to run in."""


def compiled(archive: bytes, place: str, used: set[str]) -> bytes:
    """The zip `archive`, which will lie in the folder `place`, with code for source where a path is among `used`: its
    files are stored as they are.

    Code is larger than source: what is hardly ever imported stays as it was.
    """
    stored = BytesIO()
    with ZipFile(BytesIO(archive)) as given, ZipFile(stored, "w") as kept:
        for name in given.namelist():
            content = given.read(name)
            path = f"{place}/{name}"
            if path in used and name.endswith(".py"):
                name, content = f"{name}c", code(content, path)
            kept.writestr(ZipInfo(name), content)
    return stored.getvalue()


def code(source: bytes, path: str) -> bytes:
    """What a file `.pyc` holds for a module with this source."""
    # level 2: what was said of it in the source is left out, and so are assertions
    made = marshal.dumps(compile(source, path, "exec", dont_inherit=True, optimize=2))
    return MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little") + source_hash(source) + made


def compile_all(python: Path, library: Path, archives: Sequence[Path]) -> None:
    """Compile Python's `library` and `archives` of packages where they lie, by the Pyodide in the folder `python`.

    Where there is no Node.js of version 20 or newer they stay source. Raises `ValueError` with what Node.js said, if it
    fails.
    """
    node = node_js()
    if node is None:
        return
    here = Path(__file__)
    words: list[str | Path] = [node, here.with_name("compile.mjs"), python.resolve(), here, library, *archives]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"pyodide: expected Node.js to compile what the page imports, got: {done.stderr[-400:]}")


def node_js() -> str | None:
    """The program of a Node.js that runs Pyodide, where there is one."""
    found = shutil.which("node")
    if found is None:
        return None
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().removeprefix("v").partition(".")[0]
    return found if major.isdecimal() and int(major) >= OLDEST_NODE else None
