"""Notebook 02: where a sequence is cut, and what is kept at each cut."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.course.exercises.cases import Case, any_cuts, search, seeded
from mcviz.course.exercises.exercise import Exercise, Slip
from mcviz.reference import memory_caching
from mcviz.trace import Trace

Array = np.ndarray
Cuts = list[tuple[int, int]]


def cuts(T: int, C: int) -> Cuts:
    """The ranges of segments of C tokens."""
    return [(start, min(start + C, T)) for start in range(0, T, C)]


def binary_cuts(T: int) -> Cuts:
    """The ranges of segments at the powers of two of T."""
    pieces, start = [], 0
    for bit in reversed(range(T.bit_length())):
        if T >> bit & 1:
            pieces.append((start, start + 2**bit))
            start += 2**bit
    return pieces


def checkpoints(k: Float[Array, "T K"], v: Float[Array, "T V"], cuts: Cuts, start: str) -> list[Float[Array, "V K"]]:
    """The matrix that each segment ended with."""
    M = np.zeros((v.shape[1], k.shape[1]))
    cache = []
    for begin, end in cuts:
        if start == "independent":
            M = np.zeros_like(M)
        for t in range(begin, end):
            M = M + np.outer(v[t], k[t])
        cache.append(M)
    return cache


def _whole_ones_only(T: int, C: int) -> Cuts:
    return [(i * C, (i + 1) * C) for i in range(T // C)]


def _past_the_end(T: int, C: int) -> Cuts:
    return [(start, start + C) for start in range(0, T, C)]


def _inclusive(T: int, C: int) -> Cuts:
    return [(start, min(start + C, T) - 1) for start in range(0, T, C)]


def _rest_in_the_last(T: int, C: int) -> Cuts:
    whole = _whole_ones_only(T, C)
    return [*whole[:-1], (whole[-1][0], T)] if whole else [(0, T)]


def _tokens(T: int, C: int) -> list[list[int]]:
    return [list(range(start, min(start + C, T))) for start in range(0, T, C)]


CUTS = Exercise(
    title="Cut a sequence",
    task="Cut <code>T</code> tokens into segments of <code>C</code>. A segment is a half-open range "
    "<code>(start, stop)</code>: token <code>stop</code> is the first one outside. The last segment may be shorter. "
    "Return the list of ranges.",
    difficulty=1,
    minutes=4,
    solution=cuts,
    seeded=({"T": 12, "C": 4}, {"T": 37, "C": 16}, {"T": 3, "C": 8}),
    searched=search(T=lambda sizes: st.integers(1, 40), C=lambda sizes: st.integers(1, 12)),
    slips=(
        Slip("The tokens that do not fill a whole segment are lost. They make a shorter one.", _whole_ones_only),
        Slip("Your last segment reaches past the end of the sequence.", _past_the_end),
        Slip("`stop` is the first token outside, as in `range`; yours is the last one inside.", _inclusive),
        Slip(
            "Where C divides T there is an empty segment at your end: `range` stops before T, not after it.",
            lambda T, C: [(start, min(start + C, T)) for start in range(0, T + 1, C)],
        ),
        Slip(
            "A segment is (start, stop), not (start, length).",
            lambda T, C: [(start, min(start + C, T) - start) for start in range(0, T, C)],
        ),
        Slip("These are the starts alone; a segment has a stop as well.", lambda T, C: list(range(0, T, C))),
        Slip(
            "C is the length of a segment; you cut into C segments.",
            lambda T, C: [(i * T // C, (i + 1) * T // C) for i in range(C)],
        ),
        Slip(
            "Your segments overlap: `stop` of one is `start` of the next.",
            lambda T, C: [(max(0, start - 1), min(start + C, T)) for start in range(0, T, C)],
        ),
        Slip(
            "The last segment takes in what is left and is longer than C. What is left is a segment of its own.",
            _rest_in_the_last,
        ),
        Slip("These are the tokens of each segment; a segment is given by (start, stop).", _tokens),
    ),
    hints=(
        "<code>range(0, T, C)</code> gives every start.",
        "A segment stops C tokens after its start, or at T, whichever comes first.",
    ),
)


def _smallest_first(T: int) -> Cuts:
    pieces, start = [], 0
    for bit in range(T.bit_length()):
        if T >> bit & 1:
            pieces.append((start, start + 2**bit))
            start += 2**bit
    return pieces


def _halves(T: int) -> Cuts:
    pieces, start = [], 0
    while start < T:
        length = max(1, (T - start) // 2)
        pieces.append((start, start + length))
        start += length
    return pieces


def _every_power(T: int) -> Cuts:
    pieces, start, length = [], 0, 1
    while start < T:
        pieces.append((start, min(start + length, T)))
        start, length = start + length, 2 * length
    return pieces


def _without_the_last_bit(T: int) -> Cuts:
    return [(start, stop) for start, stop in binary_cuts(T) if stop - start > 1]


def _largest_and_rest(T: int) -> Cuts:
    most = int(2 ** (T.bit_length() - 1))
    return [(0, most), (most, T)] if most < T else [(0, T)]


def _without_the_first_bit(T: int) -> Cuts:
    return binary_cuts(T - int(2 ** (T.bit_length() - 1)))


def _all_from_zero(T: int) -> Cuts:
    return [(0, stop - start) for start, stop in binary_cuts(T)]


BINARY_CUTS = Exercise(
    title="Cut at powers of two",
    task="Logarithmic segmentation (section 4.2) cuts <code>T</code> tokens at the powers of two of T's binary "
    "expansion, the largest first: 37 = 32 + 4 + 1 gives <code>[(0, 32), (32, 36), (36, 37)]</code>. Return the "
    "ranges.",
    difficulty=2,
    minutes=8,
    solution=binary_cuts,
    seeded=({"T": 37}, {"T": 64}, {"T": 23}),
    searched=search(T=lambda sizes: st.integers(1, 200)),
    slips=(
        Slip("The largest power comes first: the oldest tokens share the longest segment.", _smallest_first),
        Slip("Halving what is left gives other lengths. Take the powers of two that add up to T.", _halves),
        Slip("Not every power of two, only those with a 1 in the binary expansion of T.", _every_power),
        Slip(
            "These are lengths; a segment is (start, stop).", lambda T: [stop - start for start, stop in binary_cuts(T)]
        ),
        Slip(
            "A segment is (start, stop), not (start, length).",
            lambda T: [(start, stop - start) for start, stop in binary_cuts(T)],
        ),
        Slip(
            "The last bit is lost: an odd T ends with a segment of one token. Go down to bit 0.", _without_the_last_bit
        ),
        Slip(
            "What the largest power leaves is cut again, into powers of two, until nothing is left.", _largest_and_rest
        ),
        Slip("The highest bit is lost: `range` stops before its end.", _without_the_first_bit),
        Slip("`start` never moves: each segment begins where the last one stopped.", _all_from_zero),
    ),
    hints=(
        "<code>bin(37)</code> is <code>'0b100101'</code>: each 1 is a segment.",
        "Go through the bits from the highest, <code>T.bit_length() - 1</code>, down to 0; <code>T >> bit & 1</code> "
        "tells whether there is a segment of <code>2**bit</code> tokens.",
    ),
)


def _aliased(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    M = np.zeros((v.shape[1], k.shape[1]))
    cache = []
    for begin, end in cuts:
        if start == "independent":
            M[:] = 0
        for t in range(begin, end):
            M += np.outer(v[t], k[t])
        cache.append(M)
    return cache


def _never_reset(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    return checkpoints(k, v, cuts, "checkpoint")


def _always_reset(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    return checkpoints(k, v, cuts, "independent")


def _one_token_early(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    M = np.zeros((v.shape[1], k.shape[1]))
    cache = []
    for begin, end in cuts:
        if start == "independent":
            M = np.zeros_like(M)
        for t in range(begin, end):
            if t == end - 1:
                cache.append(M)
            M = M + np.outer(v[t], k[t])
    return cache


def _range_too_short(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    v = v.copy()
    for _, end in cuts:
        v[end - 1] = 0
    return checkpoints(k, v, cuts, start)


def _without_firsts(k: Array, v: Array, cuts: Cuts) -> tuple[Array, Array]:
    v = v.copy()
    for begin, _ in cuts:
        v[begin] = 0
    return k, v


def _every_token(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    M = np.zeros((v.shape[1], k.shape[1]))
    cache = []
    for begin, end in cuts:
        if start == "independent":
            M = np.zeros_like(M)
        for t in range(begin, end):
            M = M + np.outer(v[t], k[t])
            cache.append(M)
    return cache


def _at_the_start(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    ends = checkpoints(k, v, cuts, start)
    zeros = np.zeros_like(ends[0])
    return [zeros, *ends[:-1]] if start == "checkpoint" else [zeros for _ in ends]


def _keys_as_rows(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    return [M.T for M in checkpoints(k, v, cuts, start)]


def _last_pair(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    return [np.outer(v[end - 1], k[end - 1]) for _, end in cuts]


def _exchanged(k: Array, v: Array, cuts: Cuts, start: str) -> list[Array]:
    return checkpoints(k, v, cuts, "independent" if start == "checkpoint" else "checkpoint")


def _only_the_last_one(k: Array, v: Array, cuts: Cuts, start: str) -> Array:
    return checkpoints(k, v, cuts, start)[-1]


def _kept(run: Trace, got: Any) -> Trace:
    return replace(run, checkpoints=tuple({"M": np.asarray(M, float)[None]} for M in got))


def _run(case: Case) -> Trace:
    k, v = case["k"][:, None], case["v"][:, None]
    lengths = tuple(stop - start for start, stop in case["cuts"])
    return memory_caching(k, k, v, k, MCConfig(aggregator="residual", segmentation=lengths, start=case["start"]))


def _end_of_the_first_wrong(case: Case, expected: list[Array], got: object) -> int:
    """The token after which the first wrong checkpoint was to be kept."""
    kept = got if isinstance(got, list) else []
    for i, (_, stop) in enumerate(case["cuts"]):
        if i >= len(kept) or np.shape(kept[i]) != expected[i].shape or not np.allclose(kept[i], expected[i]):
            return int(stop) - 1
    return 0


CHECKPOINTS = Exercise(
    title="Cache the checkpoints",
    task="Write pairs by Eq. 2 and keep the matrix that each segment ends with. With <code>start</code> "
    "<code>'checkpoint'</code> a segment goes on from where the last one ended; with <code>'independent'</code> it "
    "begins from zeros (section 3.4). <code>cuts</code> are the ranges (begin, end). Return the list of matrices.",
    difficulty=2,
    minutes=8,
    solution=checkpoints,
    seeded=tuple(
        seeded(n, {"T": 7, "K": 3, "V": 2}, k="T K", v="T V", cuts=[(0, 3), (3, 6), (6, 7)], start=start)
        for n, start in enumerate(["independent", "checkpoint"])
    ),
    searched=search(
        k="T K", v="T V", cuts=any_cuts, start=lambda sizes: st.sampled_from(["independent", "checkpoint"])
    ),
    slips=(
        Slip(
            "Every entry of your cache is the same array, written on until the end. A checkpoint must keep its "
            "numbers: "
            "make a new matrix at each write, or keep a copy.",
            _aliased,
        ),
        Slip("Under independent start each segment begins from zeros; yours go on from the last one.", _never_reset),
        Slip(
            "Under checkpoint start a segment goes on from the last one; yours always begin from zeros.", _always_reset
        ),
        Slip("You keep the matrix before the segment's last write: its last pair is lost.", _one_token_early),
        Slip(
            "The last token of each segment is never written: `range(begin, end)` stops before `end` by itself, and "
            "`end - 1` is one too few.",
            _range_too_short,
        ),
        Slip("You keep the memory after each token. A checkpoint is kept at the end of a segment only.", _every_token),
        Slip("You keep what a segment begins with; a checkpoint is what it ends with.", _at_the_start),
        Slip("The outer product is the other way round: rows belong to values, columns to keys.", _keys_as_rows),
        Slip("Each write replaces the memory: only the segment's last pair is left. Writes add up.", _last_pair),
        Slip("The two starts are exchanged: 'independent' is the one that begins from zeros.", _exchanged),
        Slip("Only the last matrix comes back. Keep one for each segment, in a list.", _only_the_last_one),
        Slip(
            "The first token of each segment is never written: begin the inner loop at `begin`.",
            lambda k, v, cuts, start: checkpoints(*_without_firsts(k, v, cuts), cuts, start),
        ),
    ),
    hints=(
        "Two loops: over segments, and over the tokens inside. What happens before the inner loop, what after it?",
        "<code>M += …</code> changes the very array that is already in the cache; <code>M = M + …</code> makes a new "
        "one.",
    ),
    trace=_run,
    beside=_kept,
    token=_end_of_the_first_wrong,
)
