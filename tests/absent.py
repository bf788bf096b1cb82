"""Python where some packages are not installed, though they are."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment(folder: Path, *packages: str) -> dict[str, str]:
    """The environment of a process that cannot import `packages`; `folder` takes a file that Python reads first."""
    lines = [f"sys.modules[{package!r}] = None" for package in packages]
    (folder / "sitecustomize.py").write_text("\n".join(["import sys", *lines, ""]), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
