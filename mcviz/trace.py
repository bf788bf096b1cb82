"""A Trace holds everything that one run computed: what every picture shows, number for number."""

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol

import numpy as np
from jaxtyping import Bool, Float, Int

from mcviz import files
from mcviz.checks import is_whole, place, readable
from mcviz.config import MCConfig
from mcviz.initial import COEFFICIENTS, State, state_shapes
from mcviz.rules import AGGREGATORS
from mcviz.segments import Segments, cut

Array = np.ndarray
File = io.BufferedIOBase | BinaryIO
VERSION = 1
MAX_BYTES = 2**30
"""Files that claim to hold more than this are refused."""
MAX_ENTRIES = 256
"""Arrays in a file: a Trace has at most about thirty."""
TEXT = 16
"""Bytes that one of a file's header may take once it is read as JSON: its labels become objects."""
LONGEST = 1000
"""Characters of a title and of a label: what a page can show."""

COUNTS = ("reads", "flops", "bytes", "cached")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said after each token: its P likeliest tokens, likeliest first."""

    tokens: tuple[tuple[str, ...], ...]  # [T][P] labels
    probabilities: Float[Array, "T P"]
    targets: tuple[str, ...] = ()  # [T] the true answer's label, "" where nothing is asked
    target_probabilities: Float[Array, "T"] | None = None  # of the true answer, 0 where nothing is asked


@dataclass(frozen=True, eq=False)
class Alone:
    """What a model would have said from each memory alone, with all else as in the run.

    Every head reads that memory and no other, at gate 1, and what follows the layer makes a word of it, as ever.
    """

    words: tuple[str, ...]  # the labels of all that is said, each once
    said: Int[Array, "T N"]  # the likeliest token: a place in `words`; -1 where the memory's answer is not known
    probabilities: Float[Array, "T N"]  # of that token; 0 where the answer is not known


class Host(Protocol):
    """What a Trace is lent by the package, which can do more with a run than hold it."""

    def state(self, trace: "Trace", t: int) -> State:
        """The online memory after token `t`."""

    def page(self, trace: "Trace", other: "Trace | None", hide_answers: bool) -> str:
        """The stepper on a run, or on two in step, as the text of an HTML file."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One run of Memory Caching over T tokens with H heads and N segments.

    Column i of a row is segment i. The token's own segment is its *online* memory, earlier ones are checkpoints and
    later ones cannot be read, so every picture of a [T, H, N] array is block-causal. All arrays are NumPy's.
    """

    host: ClassVar[Host]  # lent by `mcviz` as it loads

    config: MCConfig
    segments: Segments  # N ranges (start, stop)
    q: Float[Array, "T H K"]
    k: Float[Array, "T H K"]
    v: Float[Array, "T H V"]
    u: Float[Array, "T H K"]
    coefficients: Mapping[str, Float[Array, "T H"]]  # the rule's per-token scalars
    initial: State  # M_0: named arrays [H, ...]
    checkpoint_contexts: Float[Array, "N H K"]  # c^(i), the pooled keys of a finished segment
    online_contexts: Float[Array, "T H K"]  # c^(s) of the token's own segment, up to the token
    scores: Float[Array, "T H N"]  # r_t^(i); -inf where not readable, 0 where the aggregator compares nothing
    weights: Float[Array, "T H N"]  # γ_t^(i); exactly 0 where not read
    selected: Bool[Array, "T H N"]  # the checkpoints that are read: for SSC the router's set R_t
    reads: Float[Array, "T H N V"] | None  # M^(i)(q_t), 0 where not read; None if memories are mixed first (soup)
    checkpoints: tuple[State, ...]  # N states, [H, ...] each: where every segment ended
    output: Float[Array, "T H V"]
    counts: Mapping[str, Int[Array, "T"]]  # reads, flops, bytes, cached: spent at each token, all heads
    tokens: tuple[str, ...] = ()  # T labels for display, or none
    sources: tuple[int, ...] = ()  # T places where each token's answer stands, -1 where nothing is asked; or none
    predictions: Predictions | None = None
    title: str = ""
    alone: Alone | None = None
    fact: int = 1  # tokens in what a question asks for, of which its answer, at `sources`, is the last

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "sources", tuple(map(int, self.sources)))
        object.__setattr__(self, "fact", int(self.fact))
        _mend_labels(self)

    @property
    def T(self) -> int:
        return int(self.q.shape[0])

    @property
    def H(self) -> int:
        return int(self.q.shape[1])

    @property
    def N(self) -> int:
        return len(self.segments)

    @property
    def K(self) -> int:
        return int(self.q.shape[2])

    @property
    def V(self) -> int:
        return int(self.v.shape[2])

    @property
    def segment_of(self) -> Int[Array, "T"]:
        """The segment that each token is in."""
        return np.repeat(np.arange(self.N), [stop - start for start, stop in self.segments])

    @property
    def readable(self) -> Bool[Array, "T N"]:
        """Which memories exist for each token: its own segment's and all earlier ones."""
        return np.arange(self.N) <= self.segment_of[:, None]

    @property
    def read(self) -> Bool[Array, "T H N"]:
        """Which memories each token read: the selected checkpoints, and always its own."""
        own = np.arange(self.N) == self.segment_of[:, None]
        return self.selected | own[:, None, :]

    @property
    def contexts(self) -> Float[Array, "T H N K"]:
        """What each token's scores compared it with; 0 where not readable. Built on demand: it is large."""
        own = self.segment_of[:, None] == np.arange(self.N)
        finished = self.readable & ~own
        past = self.checkpoint_contexts.transpose(1, 0, 2)[None] * finished[:, None, :, None]
        return past + self.online_contexts[:, :, None, :] * own[:, None, :, None]

    @property
    def diverged_at(self) -> int | None:
        """The first token whose output is not finite, or None."""
        bad = ~np.isfinite(self.output).all((1, 2))
        return int(np.argmax(bad)) if bad.any() else None

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        own = [array for name in _ARRAYS if (array := getattr(self, name)) is not None]
        groups = (self.coefficients, self.counts, self.initial, *self.checkpoints)
        return sum(array.nbytes for array in (*own, *(each for group in groups for each in group.values())))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything in the Trace: equal runs have equal hashes."""
        return _digest(self._header(), self._arrays())

    def states(self, t: int) -> State:
        """The online state after token `t`: named arrays [H, ...].

        Writes are replayed by the reference from the start of the token's segment.
        """
        return self.host.state(self, place("t", t, self.T, "token"))

    def save(self, path: str | PathLike[str] | File) -> None:
        """Write the Trace as a compressed `.npz` without pickled objects, whole or not at all."""
        header = json.dumps({**json.loads(self._header()), "hash": self.hash})
        arrays: dict[str, Any] = {"header": np.array(header), **self._arrays()}
        if isinstance(path, str | PathLike):
            with files.replacing(path) as file:
                np.savez_compressed(file, **arrays)
        else:
            whole = io.BytesIO()
            np.savez_compressed(whole, **arrays)
            path.write(whole.getvalue())

    def to_html(self, path: str | PathLike[str], other: "Trace | None" = None, *, hide_answers: bool = False) -> None:
        """Write the stepper on this run, or on this and another in step, as one HTML file that needs no network.

        With `hide_answers`, each answer is shown once the reader asks for it; they are in the file all the same.
        A page that was there before stays if this one cannot be made or written. Raises `ValueError` if `other` has
        another number of tokens or heads.
        """
        files.write(path, self.host.page(self, other, hide_answers))

    @classmethod
    def load(cls, path: str | PathLike[str] | File, *, at_most: int = MAX_BYTES) -> "Trace":
        """Read what `save` wrote. Raises `ValueError` for anything else: a file is untrusted data.

        A file that claims more than `at_most` bytes is refused before any of them are taken.
        """
        data = Path(path).read_bytes() if isinstance(path, str | PathLike) else path.read()
        try:
            return cls._from_file(data, min(at_most, MAX_BYTES))
        except Exception as error:  # whatever a damaged file makes NumPy, zipfile and JSON say
            reason = f"{type(error).__name__}: {error}"[:300]
            raise ValueError(
                f"trace: expected a file written by Trace.save, got another or a damaged one ({reason})"
            ) from error

    @classmethod
    def _from_file(cls, data: bytes, at_most: int) -> "Trace":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise ValueError(f"it holds {len(entries):,} arrays, and {MAX_ENTRIES} are allowed")
            size = sum(entry.file_size for entry in entries)
            # what an entry unpacks to and what its array claims are two things, and either may be a lie
            size = size if size > at_most else sum(_claim(archive, entry) for entry in entries)
        if size > at_most:
            raise ValueError(f"it unpacks to {size:,} bytes, and {at_most:,} are allowed")
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        header = json.loads(str(arrays.pop("header")))
        trace = cls._from_parts(header, arrays)
        said = header.pop("hash")
        labelled = json.loads(readable(json.dumps(header, ensure_ascii=False)))
        if labelled != json.loads(trace._header()) or arrays.keys() != trace._arrays().keys():
            raise ValueError("it holds more, or less, than a Trace")
        # the header as it was written, before its labels were mended
        found = _digest(json.dumps(header, sort_keys=True), trace._arrays())
        if said != found:
            raise ValueError(f"its content has the hash {found}, not {said!r} as it says: it was edited")
        return trace

    def _header(self) -> str:
        """What is not an array, as JSON."""
        said = self.predictions
        # what an older Trace lacks is left out where it says nothing, so that equal runs go on to have equal hashes
        later: dict[str, Any] = {} if self.alone is None else {"alone": list(self.alone.words)}
        later |= {} if self.fact == 1 else {"fact": self.fact}
        return json.dumps(
            {
                **later,
                "version": VERSION,
                "config": self.config.to_dict(),
                "segments": [list(cut) for cut in self.segments],
                "tokens": list(self.tokens),
                "sources": list(self.sources),
                "title": self.title,
                "predictions": said and {"tokens": said.tokens, "targets": said.targets},
            },
            sort_keys=True,
        )

    def _arrays(self) -> dict[str, Array]:
        """Every array by name; a name inside a group stands behind a dot."""
        arrays = {name: getattr(self, name) for name in _ARRAYS if getattr(self, name) is not None}
        for group in ("coefficients", "initial", "counts"):
            arrays |= {f"{group}.{name}": array for name, array in sorted(getattr(self, group).items())}
        for name in sorted(self.checkpoints[0]):
            arrays[f"checkpoints.{name}"] = np.stack([state[name] for state in self.checkpoints])
        if self.predictions:
            arrays["predictions.probabilities"] = self.predictions.probabilities
            if self.predictions.target_probabilities is not None:
                arrays["predictions.target_probabilities"] = self.predictions.target_probabilities
        if self.alone:
            arrays |= {"alone.said": self.alone.said, "alone.probabilities": self.alone.probabilities}
        return arrays

    @classmethod
    def _from_parts(cls, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> "Trace":
        if header["version"] != VERSION:
            raise ValueError(f"version: expected {VERSION}, got {header['version']!r}")
        groups: dict[str, dict[str, Array]] = {}
        for name, array in arrays.items():
            group, _, member = name.rpartition(".")
            groups.setdefault(group, {})[member] = array
        said, probabilities = header["predictions"], groups.get("predictions", {})
        predictions = said and Predictions(
            tuple(map(tuple, said["tokens"])),
            probabilities["probabilities"],
            tuple(said["targets"]),
            probabilities.get("target_probabilities"),
        )
        words, answers = header.get("alone"), groups.get("alone", {})
        members: dict[str, Any] = {name: groups[""].get(name) for name in _ARRAYS}
        stacked = groups["checkpoints"]
        return cls(
            **members,
            config=MCConfig.from_dict(header["config"]),
            segments=[(start, stop) for start, stop in header["segments"]],
            tokens=tuple(header["tokens"]),
            sources=tuple(header["sources"]),
            title=header["title"],
            coefficients=groups.get("coefficients", {}),
            initial=groups["initial"],
            counts=groups["counts"],
            checkpoints=tuple(dict(zip(stacked, rows, strict=True)) for rows in zip(*stacked.values(), strict=True)),
            predictions=predictions,
            alone=None if words is None else Alone(tuple(words), answers["said"], answers["probabilities"]),
            fact=header.get("fact", 1),
        )


_ARRAYS = (
    *("q", "k", "v", "u", "checkpoint_contexts", "online_contexts"),
    *("scores", "weights", "selected", "reads", "output"),
)


def _claim(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Bytes that an array of a file will take: none of its numbers are read."""
    with archive.open(entry) as file:
        read = _NPY[np.lib.format.read_magic(file)]
        shape, _, dtype = read(file)
    size = max(entry.file_size, math.prod(shape) * dtype.itemsize)
    return TEXT * size if dtype.kind == "U" else size


_NPY = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def _check(trace: Trace) -> None:
    """Raise `ValueError` for the first field that does not fit the schema."""
    for name, array in (("q", trace.q), ("v", trace.v)):
        if not isinstance(array, Array) or array.ndim != 3 or not array.size:
            raise ValueError(f"{name}: expected floats [T, H, {'K' if name == 'q' else 'V'}], got {_describe(array)}")
    cuts = cut(trace.T, trace.config.segmentation, trace.config.segment_length)
    if trace.segments != cuts or not all(_are(int, ends) for ends in trace.segments):
        raise ValueError(f"segments: expected the {len(cuts)} ranges that config cuts, got {str(trace.segments)[:80]}")
    _check_arrays(trace)
    _check_causality(trace)
    _check_labels(trace)


def _check_arrays(trace: Trace) -> None:
    """Every array is there, of the shape and kind that the others ask for, and nothing else is."""
    T, H, K = trace.q.shape
    V, N = trace.v.shape[2], len(trace.segments)
    state = state_shapes(trace.config, H, K, V)
    if len(trace.checkpoints) != N:
        raise ValueError(f"checkpoints: expected {N}, one for each segment, got {len(trace.checkpoints)}")
    for i, checkpoint in enumerate(trace.checkpoints):
        shapes = {name: np.shape(array) for name, array in checkpoint.items()}
        if shapes != state:
            raise ValueError(f"checkpoints: expected arrays {state}, got {shapes} in segment {i}")
    shapes = {
        **{name: (T, H, K) for name in ("q", "k", "u", "online_contexts")},
        **{name: (T, H, N) for name in ("scores", "weights", "selected")},
        **{name: (T, H, V) for name in ("v", "output")},
        "checkpoint_contexts": (N, H, K),
        **{f"coefficients.{name}": (T, H) for name in COEFFICIENTS[trace.config.memory]},
        **{f"counts.{name}": (T,) for name in COUNTS},
        **{f"initial.{name}": shape for name, shape in state.items()},
        **{f"checkpoints.{name}": (N, *shape) for name, shape in state.items()},
    }
    if not AGGREGATORS[trace.config.aggregator].mixes:
        shapes["reads"] = (T, H, N, V)
    if trace.predictions:
        labels = trace.predictions.tokens
        shapes["predictions.probabilities"] = (T, len(labels[0]) if labels else 0)
        if trace.predictions.target_probabilities is not None:
            shapes["predictions.target_probabilities"] = (T,)
    if trace.alone:
        shapes |= {"alone.said": (T, N), "alone.probabilities": (T, N)}
    arrays = trace._arrays()
    missing, unknown = sorted(set(shapes) - set(arrays)), sorted(set(arrays) - set(shapes))
    if missing or unknown:
        raise ValueError(f"arrays: missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}")
    for name, array in arrays.items():
        kind = "b" if name == "selected" else "iu" if name.startswith(("counts.", "alone.said")) else "f"
        if not isinstance(array, Array) or array.dtype.kind not in kind or array.shape != shapes[name]:
            raise ValueError(f"{name}: expected {_KINDS[kind]} {shapes[name]}, got {_describe(array)}")
    for name in ("q", "k", "v", "u"):
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")


def _check_causality(trace: Trace) -> None:
    """No token reads a segment that is still to come, and what is not read counts for nothing.

    Where a run overflowed, NaN may stand instead of nothing.
    """
    earlier = np.arange(trace.N) < trace.segment_of[:, None]
    if trace.selected.any(where=~earlier[:, None, :]):
        raise ValueError("selected: expected checkpoints of earlier segments only, got later ones")
    if (trace.scores != -np.inf).any(where=~trace.readable[:, None, :]):
        raise ValueError("scores: expected -inf where a memory cannot be read, got a score")
    if (abs(trace.weights) > 0).any(where=~trace.read):
        raise ValueError("weights: expected 0 where a memory is not read, got a weight")
    # two comparisons are two arrays of booleans; magnitudes would be as large as the reads
    if trace.reads is not None and ((trace.reads > 0) | (trace.reads < 0)).any(where=~trace.read[..., None]):
        raise ValueError("reads: expected 0 where a memory is not read, got a read")
    if trace.alone:
        said, words = trace.alone.said, len(trace.alone.words)
        if ((said < -1) | (said >= words)).any():
            raise ValueError(f"alone.said: expected places among {words} words, or -1, got others")
        if (said != -1).any(where=~trace.readable):
            raise ValueError("alone.said: expected -1 where a memory cannot be read, got a word")
        if (trace.alone.probabilities != 0).any(where=said < 0):
            raise ValueError("alone.probabilities: expected 0 where nothing is said, got a probability")


def _check_labels(trace: Trace) -> None:
    """Labels are text, one for each token, and none is too long to be shown."""
    T = trace.T
    if not isinstance(trace.title, str):
        raise ValueError(f"title: expected text, got {trace.title!r}")
    _check_lengths("title", (trace.title,))
    if trace.tokens and (len(trace.tokens) != T or not _are(str, trace.tokens)):
        raise ValueError(f"tokens: expected {T} labels of text, or none, got {len(trace.tokens)}")
    _check_lengths("tokens", trace.tokens)
    if trace.sources and (len(trace.sources) != T or not all(map(is_whole, trace.sources))):
        raise ValueError(f"sources: expected {T} whole numbers, or none, got {len(trace.sources)}")
    if any(not -1 <= source < T for source in trace.sources):
        raise ValueError(
            f"sources: expected places from -1 to {T - 1}, got {min(trace.sources)} to {max(trace.sources)}"
        )
    if trace.predictions:
        rows, targets = trace.predictions.tokens, trace.predictions.targets
        if len(rows) != T or not all(len(row) == len(rows[0]) and _are(str, row) for row in rows):
            raise ValueError(f"predictions.tokens: expected {T} rows of equally many labels, got {len(rows)} rows")
        if len(targets) not in (0, T) or not _are(str, targets):
            raise ValueError(f"predictions.targets: expected {T} labels of text, or none, got {len(targets)}")
        _check_lengths("predictions.tokens", chain.from_iterable(rows))
        _check_lengths("predictions.targets", targets)
    if trace.alone:
        if not _are(str, trace.alone.words):
            raise ValueError("alone.words: expected labels of text, got others")
        _check_lengths("alone.words", trace.alone.words)
    if not is_whole(trace.fact) or not 1 <= trace.fact <= T:
        raise ValueError(f"fact: expected a number of tokens from 1 to {T}, got {trace.fact!r}")


def _check_lengths(name: str, texts: Iterable[str]) -> None:
    longest = max(map(len, texts), default=0)
    if longest > LONGEST:
        raise ValueError(f"{name}: expected text of at most {LONGEST:,} characters, got {longest:,}")


def _mend_labels(trace: Trace) -> None:
    """Half of a character, as a tokenizer that cuts an emoji leaves it, becomes U+FFFD: no page can show it."""
    said = trace.predictions
    rows = [] if said is None else [*said.tokens, said.targets]
    heard = () if trace.alone is None else trace.alone.words
    try:
        "".join([trace.title, *trace.tokens, *heard, *map("".join, rows)]).encode()
    except UnicodeEncodeError:
        object.__setattr__(trace, "title", readable(trace.title))
        object.__setattr__(trace, "tokens", tuple(map(readable, trace.tokens)))
        if said is not None:
            *tokens, targets = (tuple(map(readable, row)) for row in rows)
            object.__setattr__(trace, "predictions", replace(said, tokens=tuple(tokens), targets=targets))
        if trace.alone is not None:
            object.__setattr__(trace, "alone", replace(trace.alone, words=tuple(map(readable, heard))))


def _digest(header: str, arrays: Mapping[str, Array]) -> str:
    """SHA-256 of a Trace's header and arrays."""
    digest = hashlib.sha256(header.encode())
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _are(kind: type, values: Iterable[object]) -> bool:
    return all(type(value) is kind for value in values)


_KINDS = {"b": "booleans", "iu": "whole numbers", "f": "floats"}


def _describe(value: object) -> str:
    return f"{value.dtype} {value.shape}" if isinstance(value, Array) else type(value).__name__
