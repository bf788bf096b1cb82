"""The file of a Trace: a compressed `.npz` without pickled objects, with a header of JSON that holds its hash."""

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mcviz import files
from mcviz.checks import readable
from mcviz.config import MCConfig
from mcviz.trace.said import Alone, Predictions

if TYPE_CHECKING:
    from mcviz.trace.run import Trace

Array = np.ndarray
File = io.BufferedIOBase | BinaryIO
VERSION = 1
MAX_BYTES = 2**30
"""Files that claim to hold more than this are refused."""
MAX_ENTRIES = 256
"""Arrays in a file: a Trace has at most about thirty."""
TEXT = 16
"""Bytes that one of a file's header may take once it is read as JSON: its labels become objects."""

ARRAYS = (
    *("q", "k", "v", "u", "checkpoint_contexts", "online_contexts"),
    *("scores", "weights", "selected", "reads", "output"),
)
NPY = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
"""What reads the header of an array, by the version of its format."""


def header(trace: "Trace") -> str:
    """What is not an array, as JSON."""
    said = trace.predictions
    # what an older Trace lacks is left out where it says nothing, so that equal runs go on to have equal hashes
    later: dict[str, Any] = {} if trace.alone is None else {"alone": list(trace.alone.words)}
    later |= {} if trace.fact == 1 else {"fact": trace.fact}
    later |= {"exchanged": trace.exchanged} if trace.exchanged else {}
    return json.dumps(
        {
            **later,
            "version": VERSION,
            "config": trace.config.to_dict(),
            "segments": [list(cut) for cut in trace.segments],
            "tokens": list(trace.tokens),
            "sources": list(trace.sources),
            "title": trace.title,
            "predictions": said and {"tokens": said.tokens, "targets": said.targets},
        },
        sort_keys=True,
    )


def arrays(trace: "Trace") -> dict[str, Array]:
    """Every array by name; a name inside a group stands behind a dot."""
    found = {name: getattr(trace, name) for name in ARRAYS if getattr(trace, name) is not None}
    for group in ("coefficients", "initial", "counts"):
        found |= {f"{group}.{name}": array for name, array in sorted(getattr(trace, group).items())}
    for name in sorted(trace.checkpoints[0]):
        found[f"checkpoints.{name}"] = np.stack([state[name] for state in trace.checkpoints])
    if trace.predictions:
        found["predictions.probabilities"] = trace.predictions.probabilities
        if trace.predictions.target_probabilities is not None:
            found["predictions.target_probabilities"] = trace.predictions.target_probabilities
    if trace.alone:
        found |= {"alone.said": trace.alone.said, "alone.probabilities": trace.alone.probabilities}
    return found


def digest(said: str, held: Mapping[str, Array]) -> str:
    """SHA-256 of a Trace's header and arrays."""
    found = hashlib.sha256(said.encode())
    for name, array in held.items():
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def write(trace: "Trace", path: str | PathLike[str] | File) -> None:
    """Write a Trace, whole or not at all."""
    said = json.dumps({**json.loads(header(trace)), "hash": trace.hash})
    parts: dict[str, Any] = {"header": np.array(said), **arrays(trace)}
    if isinstance(path, str | PathLike):
        with files.replacing(path) as file:
            np.savez_compressed(file, **parts)
    else:
        whole = io.BytesIO()
        np.savez_compressed(whole, **parts)
        path.write(whole.getvalue())


def read(path: str | PathLike[str] | File, make: Callable[..., "Trace"], at_most: int = MAX_BYTES) -> "Trace":
    """What `write` wrote, from its members by `make`. Raises `ValueError` for anything else: files are not trusted.

    A file that claims more than `at_most` bytes is refused before any of them are taken.
    """
    data = files.content(path)
    try:
        return made(data, make, min(at_most, MAX_BYTES))
    except Exception as error:  # whatever a damaged file makes NumPy, zipfile and JSON say
        reason = f"{type(error).__name__}: {error}"[:300]
        raise ValueError(
            f"trace: expected a file written by Trace.save, got another or a damaged one ({reason})"
        ) from error


def made(data: bytes, make: Callable[..., "Trace"], at_most: int) -> "Trace":
    """The Trace that a file's bytes hold, if they hold that and no more, as it was written."""
    unpacked = size(data, at_most)
    if unpacked > at_most:
        raise ValueError(f"it unpacks to {unpacked:,} bytes, and {at_most:,} are allowed")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        held = {name: stored[name] for name in stored.files}
    written = json.loads(str(held.pop("header")))
    trace = make(**members(written, held))
    said = written.pop("hash")
    labelled = json.loads(readable(json.dumps(written, ensure_ascii=False)))
    if labelled != json.loads(header(trace)) or held.keys() != arrays(trace).keys():
        raise ValueError("it holds more, or less, than a Trace")
    # the header as it was written, before its labels were mended
    found = digest(json.dumps(written, sort_keys=True), arrays(trace))
    if said != found:
        raise ValueError(f"its content has the hash {found}, not {said!r} as it says: it was edited")
    return trace


def size(data: bytes, at_most: int) -> int:
    """Bytes that a file unpacks to, or claims to. Raises `ValueError` for more arrays than any Trace has."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise ValueError(f"it holds {len(entries):,} arrays, and {MAX_ENTRIES} are allowed")
        packed = sum(entry.file_size for entry in entries)
        # what an entry unpacks to and what its array claims are two things, and either may be a lie
        return packed if packed > at_most else sum(claimed(archive, entry) for entry in entries)


def claimed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Bytes that an array of a file will take: none of its numbers are read."""
    with archive.open(entry) as file:
        read = NPY[np.lib.format.read_magic(file)]
        shape, _, dtype = read(file)
    most = max(entry.file_size, math.prod(shape) * dtype.itemsize)
    return TEXT * most if dtype.kind == "U" else most


def members(written: Mapping[str, Any], held: Mapping[str, Array]) -> dict[str, Any]:
    """The members of a Trace, of what its file holds."""
    if written["version"] != VERSION:
        raise ValueError(f"version: expected {VERSION}, got {written['version']!r}")
    groups: dict[str, dict[str, Array]] = {}
    for name, array in held.items():
        group, _, member = name.rpartition(".")
        groups.setdefault(group, {})[member] = array
    said, probabilities = written["predictions"], groups.get("predictions", {})
    predictions = said and Predictions(
        tuple(map(tuple, said["tokens"])),
        probabilities["probabilities"],
        tuple(said["targets"]),
        probabilities.get("target_probabilities"),
    )
    words, answers = written.get("alone"), groups.get("alone", {})
    own: dict[str, Any] = {name: groups[""].get(name) for name in ARRAYS}
    stacked = groups["checkpoints"]
    return dict(
        **own,
        config=MCConfig.from_dict(written["config"]),
        segments=[(start, stop) for start, stop in written["segments"]],
        tokens=tuple(written["tokens"]),
        sources=tuple(written["sources"]),
        title=written["title"],
        coefficients=groups.get("coefficients", {}),
        initial=groups["initial"],
        counts=groups["counts"],
        checkpoints=tuple(dict(zip(stacked, rows, strict=True)) for rows in zip(*stacked.values(), strict=True)),
        predictions=predictions,
        alone=None if words is None else Alone(tuple(words), answers["said"], answers["probabilities"]),
        fact=written.get("fact", 1),
        exchanged=tuple(map(tuple, written.get("exchanged", ()))),
    )
