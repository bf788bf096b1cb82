"""Rows of results in a file: a line of JSON for each run, by its settings and its seed."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcviz import files

Row = dict[str, Any]


def key(settings: Mapping[str, Any], seed: int) -> str:
    """Tells runs apart."""
    return json.dumps([settings, seed], sort_keys=True)


def line(row: Row) -> str:
    """A row as one line of JSON."""
    return json.dumps(row, sort_keys=True) + "\n"


def read(path: str | os.PathLike[str]) -> list[Row]:
    """The rows of a file. A last line that was cut off by a kill is left out.

    Raises `ValueError` for a file that holds anything but rows.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            del lines[-1]
        rows = [json.loads(text) for text in lines]
        for row in rows:
            key(row["settings"], row["seed"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: expected a file of results, got another or a damaged one ({error})") from None
    return rows


def append(path: Path, row: Row) -> None:
    """Add a row as one line at the end of a file, all of it or nothing. Raises `OSError`, which names the file."""
    files.append_line(path, line(row))
