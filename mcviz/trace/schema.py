"""The schema of a Trace: what its fields must be, and what they say of each other."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mcviz.checks import is_whole, readable
from mcviz.initial import COEFFICIENTS, state_shapes
from mcviz.rules import AGGREGATORS
from mcviz.segments import cut
from mcviz.trace import file

if TYPE_CHECKING:
    from mcviz.trace.run import Trace

Array = np.ndarray
LONGEST = 1000
"""Characters of a title and of a label: what a page can show."""

EXCHANGES = 1000
"""Pairs of checkpoints that surgery exchanged: a page goes through them for each memory."""

KINDS = {"b": "booleans", "iu": "whole numbers", "f": "floats"}
COUNTS = ("reads", "flops", "bytes", "cached")


def check(trace: "Trace") -> None:
    """Raise `ValueError` for the first field that does not fit the schema."""
    for name, array in (("q", trace.q), ("v", trace.v)):
        if not isinstance(array, Array) or array.ndim != 3 or not array.size:
            raise ValueError(f"{name}: expected floats [T, H, {'K' if name == 'q' else 'V'}], got {described(array)}")
    cuts = cut(trace.T, trace.config.segmentation, trace.config.segment_length)
    if trace.segments != cuts or not all(are(int, ends) for ends in trace.segments):
        raise ValueError(f"segments: expected the {len(cuts)} ranges that config cuts, got {str(trace.segments)[:80]}")
    check_arrays(trace)
    check_causality(trace)
    check_labels(trace)
    check_exchanged(trace)


def check_arrays(trace: "Trace") -> None:
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
    arrays = file.arrays(trace)
    missing, unknown = sorted(set(shapes) - set(arrays)), sorted(set(arrays) - set(shapes))
    if missing or unknown:
        raise ValueError(f"arrays: missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}")
    for name, array in arrays.items():
        kind = "b" if name == "selected" else "iu" if name.startswith(("counts.", "alone.said")) else "f"
        if not isinstance(array, Array) or array.dtype.kind not in kind or array.shape != shapes[name]:
            raise ValueError(f"{name}: expected {KINDS[kind]} {shapes[name]}, got {described(array)}")
    for name in ("q", "k", "v", "u"):
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")


def check_causality(trace: "Trace") -> None:
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


def check_labels(trace: "Trace") -> None:
    """Labels are text, one for each token, and none is too long to be shown."""
    T = trace.T
    if not isinstance(trace.title, str):
        raise ValueError(f"title: expected text, got {trace.title!r}")
    check_lengths("title", (trace.title,))
    if trace.tokens and (len(trace.tokens) != T or not are(str, trace.tokens)):
        raise ValueError(f"tokens: expected {T} labels of text, or none, got {len(trace.tokens)}")
    check_lengths("tokens", trace.tokens)
    if trace.sources and (len(trace.sources) != T or not all(map(is_whole, trace.sources))):
        raise ValueError(f"sources: expected {T} whole numbers, or none, got {len(trace.sources)}")
    if any(not -1 <= source < T for source in trace.sources):
        raise ValueError(
            f"sources: expected places from -1 to {T - 1}, got {min(trace.sources)} to {max(trace.sources)}"
        )
    if trace.predictions:
        rows, targets = trace.predictions.tokens, trace.predictions.targets
        if len(rows) != T or not all(len(row) == len(rows[0]) and are(str, row) for row in rows):
            raise ValueError(f"predictions.tokens: expected {T} rows of equally many labels, got {len(rows)} rows")
        if len(targets) not in (0, T) or not are(str, targets):
            raise ValueError(f"predictions.targets: expected {T} labels of text, or none, got {len(targets)}")
        check_lengths("predictions.tokens", chain.from_iterable(rows))
        check_lengths("predictions.targets", targets)
    if trace.alone:
        if not are(str, trace.alone.words):
            raise ValueError("alone.words: expected labels of text, got others")
        check_lengths("alone.words", trace.alone.words)
    if not is_whole(trace.fact) or not 1 <= trace.fact <= T:
        raise ValueError(f"fact: expected a number of tokens from 1 to {T}, got {trace.fact!r}")


def check_exchanged(trace: "Trace") -> None:
    """Two different segments make a pair, and no page has to go through too many."""
    if len(trace.exchanged) > EXCHANGES:
        raise ValueError(f"exchanged: expected at most {EXCHANGES:,} pairs, got {len(trace.exchanged):,}")
    for pair in trace.exchanged:
        known = all(is_whole(each) and 0 <= each < trace.N for each in pair)
        if len(pair) != 2 or not known or pair[0] == pair[1]:
            raise ValueError(f"exchanged: expected pairs of segments from 0 to {trace.N - 1}, got {str(pair)[:40]}")


def check_lengths(name: str, texts: Iterable[str]) -> None:
    """No text is longer than a page can show."""
    longest = max(map(len, texts), default=0)
    if longest > LONGEST:
        raise ValueError(f"{name}: expected text of at most {LONGEST:,} characters, got {longest:,}")


def mend_labels(trace: "Trace") -> None:
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


def are(kind: type, values: Iterable[object]) -> bool:
    """Whether all are of that type, and of none derived from it."""
    return all(type(value) is kind for value in values)


def described(value: object) -> str:
    """What came, in a message."""
    return f"{value.dtype} {value.shape}" if isinstance(value, Array) else type(value).__name__
