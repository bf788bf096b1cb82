"""A Trace as one binary blob (`mcviz.stepper.blob`): what the front end is fed with.

Rows over memories are ragged: token t has as many entries as it can reach memories, so `scores` holds, token after
token and head after head, segments 0 … s.
"""

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from mcviz.checks import instance, place
from mcviz.config import GATED, MCConfig
from mcviz.initial import readable
from mcviz.reference import shares
from mcviz.rules import AGGREGATORS, PLAIN_READ, added, sheet
from mcviz.stepper import details
from mcviz.stepper.blob import lay_out
from mcviz.stepper.blob import unpack as unpack
from mcviz.stepper.equations import equations
from mcviz.trace import Trace, joined
from mcviz.words import glossary

Array = np.ndarray
Laid = tuple[dict[str, Any], dict[str, Array]]
"""What of one run goes into the header, and its arrays."""

BUDGET = 4_000_000
"""Bytes that online states may take, and as many again for what the memories said."""

FEWEST = 8
"""Memories of a token whose answers are kept whatever the budget."""

GROUPS = ("states", "changes", "mixed")
"""Arrays as large as a memory for every token."""

KEPT = 3
"""Runs that are kept as they were packed, each no larger than a few budgets, as long as somebody has them."""

BLOCK = 2**14
"""Numbers that become int8 at once, where a row has no more: they fit into a processor's cache."""

UNDEFINED = -128
"""The int8 that stands for a value that is not finite."""


_kept: WeakKeyDictionary[Trace, dict[int, Laid]] = WeakKeyDictionary()
_keeping = Lock()


def pack(
    trace: Trace, other: Trace | None = None, *, budget: int = BUDGET, asks: Sequence[int] = (), name: str = ""
) -> bytes:
    """The payload of one run, or of two runs in step with the differences between them.

    What the memories said to a token is kept for its heaviest memories, as many as fit into `budget` bytes. Online
    states are kept as float32, float16 or int8, whichever fits, or not at all. Everything else is float32.

    `asks` are tokens at which something is asked, for runs that do not say so because their answers are left out.

    `name` is how the page knows the payload, for a host that has no time for its `identity`: the hashes of the runs are
    left out as well.

    Raises `ValueError` for what is no Trace, and if `other` has another number of tokens or heads, or outputs of
    another size.
    """
    for argument, run in {"trace": trace, **({} if other is None else {"other": other})}.items():
        instance(argument, run, Trace, "a Trace")
    runs = [trace] if other is None else [trace, other]
    headers: list[dict[str, Any]] = []
    arrays: dict[str, Array] = {}
    for i, run in enumerate(runs):
        header, own = _kept_run(run, budget // len(runs))
        headers.append({**header, **({} if name else {"hash": run.hash}), "asking": list(asks)})
        arrays |= {f"{i}.{name}": array for name, array in own.items()}
    difference = None
    if other is not None:
        difference, own = _difference(trace, other)
        arrays |= {f"difference.{name}": array for name, array in own.items()}
    whole = {"id": name or identity(trace, other, budget), "runs": headers, "difference": difference}
    return lay_out({**whole, "glossary": glossary_of()}, arrays)


def glossary_of() -> dict[str, dict[str, str]]:
    """What labels stand for: sentences, symbol, formula and its number in the paper."""
    return {
        name: {
            "says": term.says,
            "symbol": term.symbol,
            "formula": term.equation.formula if term.equation else "",
            "number": term.equation.number if term.equation else "",
        }
        for name, term in glossary.SPELLINGS.items()
    }


def pack_online(trace: Trace, t: int, other: Trace | None = None, *, budget: int = BUDGET, name: str = "") -> bytes:
    """The online states around token `t`, for a run whose payload has no room for all of them.

    They are those of the token's segment, of a long segment the nearest as far as `budget` bytes go. `name` is that of
    the payload, if it has one. Raises `ValueError` if a run has no token `t`.
    """
    spans, arrays = online_of([trace] if other is None else [trace, other], t, budget)
    return lay_out({"id": name or identity(trace, other, budget), "online": spans}, arrays)


def online_of(runs: Sequence[Trace], t: int, budget: int) -> tuple[list[dict[str, int]], dict[str, Array]]:
    """The online states of runs around token `t`: where the spans of tokens begin and stop, and the arrays by name."""
    spans: list[dict[str, int]] = []
    arrays: dict[str, Array] = {}
    for i, run in enumerate(runs):
        t = place("t", t, run.T, "token")
        s = int(run.segment_of[t])
        begin, end = run.segments[s]
        room = max(1, budget // (4 * _copies(run) * _size(run)))
        first = max(begin, min(t - room // 2, end - room))
        last = min(end, first + room)
        found = details.details(run, keep_states=True, span=(first, last), dtype=np.float32)
        for group in GROUPS:
            arrays |= {f"{i}.{group}.{name}": values for name, values in getattr(found, group).items()}
        spans.append({"start": first, "stop": last})
    return spans, arrays


def carries_states(trace: Trace, other: Trace | None = None, budget: int = BUDGET) -> bool:
    """Whether `pack` has room for the online states of every token."""
    runs = [trace] if other is None else [trace, other]
    return all(_online_type(run, budget // len(runs)) is not None for run in runs)


def identity(trace: Trace, other: Trace | None = None, budget: int = BUDGET) -> str:
    """A name for what `pack` makes of the same arguments: equal names, equal payloads."""
    return "-".join([run.hash for run in (trace, other) if run is not None] + [str(budget)])


def _kept_run(trace: Trace, budget: int) -> Laid:
    """`run_of`, which is kept for the last few: after an edit the run before it is packed again, beside another."""
    with _keeping:
        laid = _kept.pop(trace, {})
    if budget not in laid:
        laid[budget] = run_of(trace, budget)
    with _keeping:
        _kept[trace] = laid
        while len(_kept) > KEPT:
            del _kept[next(iter(_kept))]
    return laid[budget]


def run_of(trace: Trace, budget: int) -> Laid:
    """One run of a payload: its header, and its arrays by name."""
    recorded, trace = trace, joined(trace)
    said = trace.predictions
    vectors = {name: getattr(trace, name) for name in ("q", "k", "v", "u", "online_contexts", "checkpoint_contexts")}
    dtype = _fitting(sum(array.size for array in vectors.values()), budget, (np.float32,)) or np.float16
    arrays: dict[str, Array] = {name: _narrow(array, dtype) for name, array in vectors.items()}
    arrays["output"] = trace.output.astype(np.float32)
    arrays["scores"] = _ragged(trace, trace.scores).astype(np.float32)
    arrays["weights"] = _ragged(trace, trace.weights).astype(np.float32)
    arrays["read"] = _ragged(trace, trace.read).astype(np.uint8)
    arrays |= _reads(trace, budget)
    arrays |= {f"counts.{name}": array.astype(np.float64) for name, array in trace.counts.items()}
    if said is not None:
        arrays["probabilities"] = said.probabilities.astype(np.float32)
        if said.target_probabilities is not None:
            arrays["target_probabilities"] = said.target_probabilities.astype(np.float32)

    adds = shares(trace)
    if adds is not None:
        arrays["shares"] = _ragged(trace, adds).astype(np.float32)
    if trace.alone is not None:
        arrays["alone.said"] = trace.alone.said[trace.readable].astype(np.int32)
        arrays["alone.probabilities"] = trace.alone.probabilities[trace.readable].astype(np.float32)

    boundary = np.zeros(trace.T, np.uint8)
    boundary[[start for start, _ in trace.segments]] = 1
    arrays["events.boundary"] = boundary
    arrays["events.selection"] = details.selection_changed(trace).astype(np.uint8)
    arrays["events.wrong"] = details.wrong(trace).astype(np.uint8)
    entropy = details.entropy(trace)
    if entropy is not None:
        arrays["events.entropy"] = entropy.astype(np.float32)

    # what stood between the recorded checkpoints is written again from there
    state_arrays, scales = _states(trace, recorded, budget)
    header = {
        "title": trace.title,
        "untrained": trace.untrained,
        "about": describe(trace.config, trace.T),
        "aggregator": trace.config.aggregator,
        "start": trace.config.start,
        "one": trace.config.one_memory,
        "memory": trace.config.memory,
        "compares": trace.config.aggregator in GATED,
        "connector": "q" if trace.config.gate == "shared" else "u",
        "token_gate": trace.config.gate == "token",
        "plain": _is_plain(trace.config),
        "written": added(sheet(trace.config.memory), trace.config.rule_options),
        "mixes": AGGREGATORS[trace.config.aggregator].mixes,
        "T": trace.T,
        "H": trace.H,
        "N": trace.N,
        "K": trace.K,
        "V": trace.V,
        "segments": trace.segments,
        "tokens": trace.tokens,
        "sources": trace.sources,
        "fact": trace.fact,
        "exchanged": trace.exchanged,
        "words": None if trace.alone is None else trace.alone.words,
        "diverged_at": trace.diverged_at,
        "predictions": None if said is None else {"tokens": said.tokens, "targets": said.targets},
        "pictures": [_picture(name, trace.initial[name].shape[1:]) for name in readable(trace.config)],
        "scales": scales,
        "equations": equations(trace.config),
    }
    return header, arrays | state_arrays


def _is_plain(cfg: MCConfig) -> bool:
    """Whether a read is `M q` and nothing else, so that its terms can be spelled out."""
    return sheet(cfg.memory).read(cfg.rule_options).formula == PLAIN_READ


def describe(cfg: MCConfig, T: int) -> str:
    """The configuration in a line, for a run of T tokens."""
    reader = AGGREGATORS[cfg.aggregator].short + (f", k = {cfg.top_k}" if AGGREGATORS[cfg.aggregator].routes else "")
    memory = sheet(cfg.memory).short
    if cfg.one_memory:
        return f"{memory} memory · {reader} · one memory for all {T} tokens"
    if cfg.segmentation == "constant":
        cuts = f"segments of {cfg.segment_length}"
        cuts += f" (longer than the run: all {T} tokens are one)" if cfg.segment_length > T else ""
    else:
        cuts = "logarithmic segments" if cfg.segmentation == "logarithmic" else "segments of given lengths"
    return f"{memory} memory · {reader} · {cuts} · {cfg.start} start"


def _picture(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """How an array of a state is laid out as rows and columns. W2 is turned, so that its hidden units face W1's."""
    rows, columns = shape if len(shape) == 2 else (1, *shape)
    turned = name == "W2"
    return {"name": name, "rows": columns if turned else rows, "columns": rows if turned else columns, "turned": turned}


def _ragged(trace: Trace, rows: Array) -> Array:
    """The entries of [T, H, N] rows that a token can reach, one after the other."""
    reachable = np.broadcast_to(trace.readable[:, None, :], rows.shape)
    return rows[reachable]


def _reads(trace: Trace, budget: int) -> dict[str, Array]:
    """What memories said, as far as they were read: the heaviest of each token and head, in order of segment.

    `reads.start[t * H + h]` is the first row of a token and head in `reads.memory` and `reads.values`.
    """
    if trace.reads is None:
        return {}
    rows, N = trace.T * trace.H, trace.N
    kept = trace.read.reshape(rows, N)
    dtype = _fitting(int(kept.sum()) * trace.V, budget, (np.float32,)) or np.float16
    most = N if dtype is np.float32 else max(FEWEST, budget // (2 * trace.V * rows))
    if most < N:
        weight = np.where(kept, trace.weights.reshape(rows, N), -1.0)
        heaviest = np.argsort(-weight, axis=1, kind="stable")[:, :most]
        among = np.zeros((rows, N), bool)
        np.put_along_axis(among, heaviest, True, axis=1)
        kept = kept & among
    row, memory = np.nonzero(kept)
    return {
        "reads.start": np.searchsorted(row, np.arange(rows + 1)).astype(np.int32),
        "reads.memory": memory.astype(np.int32),
        "reads.values": _narrow(trace.reads.reshape(rows, N, trace.V)[row, memory], dtype),
    }


def _states(trace: Trace, recorded: Trace, budget: int) -> tuple[dict[str, Array], dict[str, float]]:
    """Checkpoints and online states, and the value of one unit of those that are int8."""
    names = readable(trace.config)
    online = _online_type(trace, budget)
    arrays: dict[str, Array] = {}
    scales: dict[str, float] = {}

    def add(name: str, values: Sequence[Array] | Array, dtype: type[np.generic]) -> None:
        if dtype is np.int8:
            scales[name], arrays[name] = _quantise(values)
        else:
            arrays[name] = _narrow(np.asarray(values), dtype)

    checkpoints = _fitting(_size(trace) * trace.N, budget) or np.int8
    for name in names:
        add(f"checkpoints.{name}", [state[name] for state in trace.checkpoints], checkpoints)
    found = details.details(recorded, keep_states=online is not None, dtype=np.float32)
    for group in GROUPS:
        for name, values in getattr(found, group).items():
            add(f"{group}.{name}", values, online or np.float32)
    if found.losses is not None:
        arrays["losses"] = found.losses.astype(np.float32)
    return arrays, scales


def _size(trace: Trace) -> int:
    """Numbers in one memory, all heads."""
    return sum(trace.initial[name].size for name in readable(trace.config))


def _copies(trace: Trace) -> int:
    """Memories that are shown for each token: as it stands, what changed, and soup's mixture."""
    return 3 if AGGREGATORS[trace.config.aggregator].mixes else 2


def _online_type(trace: Trace, budget: int) -> type[np.generic] | None:
    return _fitting(_copies(trace) * _size(trace) * trace.T, budget)


def _fitting(
    numbers: int, budget: int, types: Iterable[type[np.generic]] = (np.float32, np.float16, np.int8)
) -> type[np.generic] | None:
    """The widest type in which so many numbers fit."""
    return next((dtype for dtype in types if numbers * np.dtype(dtype).itemsize <= budget), None)


def _narrow(values: Array, dtype: type[np.generic]) -> Array:
    """The values as `dtype`, or as float32 where float16 would overflow."""
    too_large = dtype is np.float16 and _largest(values) > np.finfo(np.float16).max
    return values.astype(np.float32 if too_large else dtype)


def _largest(values: Array) -> np.floating[Any]:
    """The largest magnitude, NaN where there is one."""
    return np.maximum(values.max(initial=0.0), -values.min(initial=0.0))


def _largest_finite(values: Array) -> float:
    """The largest magnitude of those that are finite."""
    return float(_largest(values[np.isfinite(values)]))


def _quantise(rows: Sequence[Array] | Array) -> tuple[float, Array]:
    """The unit and the values as int8, a block of rows at a time: a copy of them all would be eight times as large."""
    values = np.empty((len(rows), *np.shape(rows[0])), np.int8)
    at_once = max(1, BLOCK // values[0].size)
    blocks = [slice(first, first + at_once) for first in range(0, len(rows), at_once)]
    largest = [_largest(np.asarray(rows[block])) for block in blocks]
    largest_finite = max(
        float(most) if np.isfinite(most) else _largest_finite(np.asarray(rows[block]))
        for block, most in zip(blocks, largest, strict=True)
    )
    unit = largest_finite / 127 or 1.0
    for block, most in zip(blocks, largest, strict=True):
        some = np.asarray(rows[block])
        if np.isfinite(most):
            values[block] = np.rint(some / unit)
        else:
            finite = np.isfinite(some)
            values[block] = np.where(finite, np.rint(np.where(finite, some, 0) / unit), UNDEFINED)
    return unit, values


def _difference(a: Trace, b: Trace) -> tuple[dict[str, Any], dict[str, Array]]:
    """The second run minus the first, and the first tokens where they part (None where they never do)."""
    if (a.T, a.H, a.V) != (b.T, b.H, b.V):
        raise ValueError(
            f"other: expected a run of {a.T} tokens, {a.H} heads and outputs of {a.V} numbers, "
            f"got {b.T}, {b.H} and {b.V}"
        )
    a, b = joined(a), joined(b)
    output = b.output - a.output
    arrays = {"output": output.astype(np.float32), "size": np.abs(output).max(-1).astype(np.float32)}
    firsts = {"output": _first((output != 0).any((1, 2)))}
    if a.segments == b.segments:
        arrays["weights"] = _ragged(a, b.weights - a.weights).astype(np.float32)
        firsts["selection"] = _first((a.selected != b.selected).any((1, 2)))
    if a.predictions and b.predictions and a.predictions.tokens and b.predictions.tokens:
        pairs = zip(a.predictions.tokens, b.predictions.tokens, strict=True)
        firsts["prediction"] = _first(np.array([one[:1] != two[:1] for one, two in pairs]))
    return {"first": firsts}, arrays


def _first(flags: Array) -> int | None:
    return int(np.argmax(flags)) if flags.any() else None
