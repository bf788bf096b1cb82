"""How a film lies in a file.

A line that says what it is, a line of JSON with all facts, the size of each part that follows and a hash over it all,
and then the parts, compressed with zlib: the curve, and the weights of each frame as differences to those before.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcviz.checks import is_whole

MAGIC = b"mcviz film 1\n"
MAX_FACTS = 2**23
"""Bytes of the line of facts; a film of fifty frames has some ten thousand."""


def is_film(path: str | os.PathLike[str]) -> bool:
    """Whether the file at `path` begins as a film does."""
    with Path(path).open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def content(facts: Mapping[str, Any], parts: Sequence[bytes]) -> bytes:
    """A whole file."""
    return b"".join([MAGIC, line({**facts, "hash": digest(facts), "sizes": [*map(len, parts)]}), b"\n", *parts])


def opened(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The facts and the parts in a file. Raises `ValueError` for one that is cut off, or was edited."""
    if not data.startswith(MAGIC):
        raise ValueError("it does not begin as a film does")
    end = data.find(b"\n", len(MAGIC), len(MAGIC) + MAX_FACTS)
    if end < 0:
        raise ValueError("its second line does not end")
    facts = json.loads(data[len(MAGIC) : end])
    sizes, said = facts.pop("sizes"), facts.pop("hash")
    if said != digest(facts):
        raise ValueError("its facts have another hash than it says: it was edited")
    if not all(is_whole(size) and size >= 0 for size in sizes) or end + 1 + sum(sizes) != len(data):
        raise ValueError(f"it has {len(data) - end - 1:,} bytes of parts, and says another number")
    parts, begin = [], end + 1
    for size in sizes:
        parts.append(data[begin : begin + size])
        begin += size
    return facts, parts


def line(facts: Mapping[str, Any]) -> bytes:
    """Facts as one line of JSON."""
    return json.dumps(facts, sort_keys=True).encode()


def digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 of the facts; the parts have theirs among them."""
    return hashlib.sha256(line(facts)).hexdigest()
