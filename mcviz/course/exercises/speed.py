"""Notebook 07: the same numbers without a loop over tokens."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float, Int

from mcviz.config import MCConfig
from mcviz.course.exercises.cases import Case, first_row, search, seeded, seeds
from mcviz.course.exercises.effort import growth, held, steps
from mcviz.course.exercises.exercise import Exercise, Slip
from mcviz.reference import memory_caching
from mcviz.trace import Trace

Array = np.ndarray


def masked(
    q: Float[Array, "T K"],
    k: Float[Array, "T K"],
    v: Float[Array, "T V"],
    weights: Float[Array, "T N"],
    segment_of: Int[Array, "T"],
) -> Float[Array, "T V"]:
    """All reads as one causal, gated matrix."""
    return np.tril(weights[:, segment_of] * (q @ k.T)) @ v


def chunked(q: Float[Array, "T K"], k: Float[Array, "T K"], v: Float[Array, "T V"], size: int) -> Float[Array, "T V"]:
    """Linear attention, one step for each chunk."""
    M = np.zeros((v.shape[1], k.shape[1]))
    y = np.zeros_like(v)
    for start in range(0, len(v), size):
        chunk = slice(start, start + size)
        inside = np.tril(q[chunk] @ k[chunk].T) @ v[chunk]
        y[chunk] = q[chunk] @ M.T + inside
        M = M + v[chunk].T @ k[chunk]
    return y


def _no_mask(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    y: Array = (weights[:, segment_of] * (q @ k.T)) @ v
    return y


def _no_gate(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    y: Array = np.tril(q @ k.T) @ v
    return y


def _own_gate(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    own = weights[np.arange(len(q)), segment_of]
    y: Array = own[:, None] * (np.tril(q @ k.T) @ v)
    return y


def _strict(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    y: Array = np.tril(weights[:, segment_of] * (q @ k.T), -1) @ v
    return y


def _triu(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    return np.triu(weights[:, segment_of] * (q @ k.T)) @ v


def _gates_transposed(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    return np.tril(weights[:, segment_of].T * (q @ k.T)) @ v


def _keys_ask(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    return np.tril(weights[:, segment_of] * (k @ q.T)) @ v


def _softmaxed(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    scores = np.where(np.tri(len(q), dtype=bool), q @ k.T, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    y: Array = weights[:, segment_of] * (e / e.sum(axis=1, keepdims=True)) @ v
    return y


def _own_segment(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    same = segment_of[:, None] == segment_of
    return np.tril(same * weights[:, segment_of] * (q @ k.T)) @ v


def _without_keys(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    return np.tril(weights[:, segment_of]) @ v


def _rows_divided(q: Array, k: Array, v: Array, weights: Array, segment_of: Array) -> Array:
    A = np.tril(weights[:, segment_of] * (q @ k.T))
    y: Array = A / A.sum(axis=1, keepdims=True) @ v
    return y


def _loops(answer: Callable[..., Any]) -> str:
    """What to say of an answer that takes more steps of Python for more tokens."""
    more = growth(steps, answer, _gated(16, 8, 2), _gated(64, 32, 2))
    if more <= 1.5:
        return ""
    return (
        f"The numbers are right, and there is a loop: four times as many tokens took {more:.1f} times as many steps of "
        "Python. One matrix product for all tokens takes the same."
    )


def _gated(T: int, C: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    segment_of = np.arange(T) // C
    N = int(segment_of[-1]) + 1
    e = np.where(np.arange(N) <= segment_of[:, None], np.exp(rng.standard_normal((T, N))), 0.0)
    q, k, v = (rng.standard_normal((T, n)) for n in (3, 3, 2))
    return {"q": q, "k": k, "v": v, "weights": e / e.sum(axis=1, keepdims=True), "segment_of": segment_of}


MASKED = Exercise(
    title="GRM as one masked matrix",
    task="With linear memory and independent start, token t gives every pair j of segment i the same gate "
    "γ<sub>t</sub><sup>(i)</sup>. So y<sub>t</sub> = Σ<sub>j ≤ t</sub> γ<sub>t</sub><sup>(seg(j))</sup> "
    "⟨q<sub>t</sub>, k<sub>j</sub>⟩ v<sub>j</sub>. Given the gates <code>weights</code> [T, N] and the segment of each "
    "token, return y [T, V] without any loop.",
    difficulty=3,
    minutes=10,
    solution=masked,
    seeded=(_gated(8, 3, 0), _gated(6, 2, 1)),
    searched=st.builds(_gated, T=st.integers(1, 6), C=st.integers(1, 3), seed=seeds),
    slips=(
        Slip("Inside its own segment token t sees the future: only j ≤ t may count.", _no_mask),
        Slip("The gates are not used: this is plain linear attention, the residual aggregator.", _no_gate),
        Slip(
            "You weigh all pairs by the gate of t's own segment. Pair j takes the gate of the segment that j is in.",
            _own_gate,
        ),
        Slip("Token t reads its own pair too: it writes before it reads.", _strict),
        Slip("The mask is turned round: token t sees what comes after it. `np.tril` keeps j ≤ t.", _triu),
        Slip("The gates are transposed: row t of the matrix belongs to the token that reads.", _gates_transposed),
        Slip("The matrix is transposed: rows are queries, columns are keys. `q @ k.T`, not `k @ q.T`.", _keys_ask),
        Slip("A softmax over ⟨q, k⟩ is too much: the reads of a linear memory are not normalised.", _softmaxed),
        Slip("Token t reads its own segment alone: pairs of earlier segments are missing.", _own_segment),
        Slip(
            "Gates and mask are right, and ⟨q, k⟩ is missing: each pair counts by how well its key fits.", _without_keys
        ),
        Slip("The rows are divided by their sums: gates sum to 1 over memories, not over tokens.", _rows_divided),
        Slip("Each gate counts twice.", lambda q, k, v, weights, segment_of: masked(q, k, v, weights**2, segment_of)),
    ),
    hints=(
        "<code>q @ k.T</code> [T, T] holds ⟨q<sub>t</sub>, k<sub>j</sub>⟩ in row t, column j.",
        "<code>weights[:, segment_of]</code> is [T, T]: the gate that token t gives to the segment of token j. "
        "<code>np.tril</code> keeps j ≤ t.",
    ),
    fixed=("weights",),
    manner=_loops,
)


def _no_inside(q: Array, k: Array, v: Array, size: int) -> Array:
    whole_run = chunked(q, k, v, size)
    for start in range(0, len(v), size):
        chunk = slice(start, start + size)
        whole_run[chunk] -= np.tril(q[chunk] @ k[chunk].T) @ v[chunk]
    return whole_run


def _twice(q: Array, k: Array, v: Array, size: int) -> Array:
    M = np.zeros((v.shape[1], k.shape[1]))
    y = np.zeros_like(v)
    for start in range(0, len(v), size):
        chunk = slice(start, start + size)
        M = M + v[chunk].T @ k[chunk]
        y[chunk] = q[chunk] @ M.T + np.tril(q[chunk] @ k[chunk].T) @ v[chunk]
    return y


def _forgets(q: Array, k: Array, v: Array, size: int) -> Array:
    y = np.zeros_like(v)
    for start in range(0, len(v), size):
        chunk = slice(start, start + size)
        y[chunk] = np.tril(q[chunk] @ k[chunk].T) @ v[chunk]
    return y


def _drops_the_rest(q: Array, k: Array, v: Array, size: int) -> Array:
    y = np.zeros_like(v)
    length = len(v) // size * size
    y[:length] = chunked(q[:length], k[:length], v[:length], size) if length else 0
    return y


def _chunks(T: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, T, size)]


def _unmasked(q: Array, k: Array, v: Array, size: int) -> Array:
    parts = [q[c] @ k[: c.start].T @ v[: c.start] + q[c] @ k[c].T @ v[c] for c in _chunks(len(v), size)]
    return np.concatenate(parts)


def _strict_inside(q: Array, k: Array, v: Array, size: int) -> Array:
    return np.tril(q @ k.T, -1) @ v


def _last_chunk_only(q: Array, k: Array, v: Array, size: int) -> Array:
    M, y = np.zeros((v.shape[1], k.shape[1])), np.zeros_like(v)
    for c in _chunks(len(v), size):
        y[c] = q[c] @ M.T + np.tril(q[c] @ k[c].T) @ v[c]
        M = v[c].T @ k[c]
    return y


def _triu_inside(q: Array, k: Array, v: Array, size: int) -> Array:
    parts = [q[c] @ k[: c.start].T @ v[: c.start] + np.triu(q[c] @ k[c].T) @ v[c] for c in _chunks(len(v), size)]
    return np.concatenate(parts)


def _turned_state(q: Array, k: Array, v: Array, size: int) -> Array:
    M, y = np.zeros((k.shape[1], v.shape[1])), np.zeros_like(v)
    for c in _chunks(len(v), size):
        y[c] = q[c] @ M.T + np.tril(q[c] @ k[c].T) @ v[c]
        M = M + k[c].T @ v[c]
    return y


def _plain(T: int) -> Case:
    return seeded(3, {"T": T, "K": 4, "V": 4}, q="T K", k="T K", v="T V")


def _token_by_token(answer: Callable[..., Any]) -> str:
    """What to say of an answer that takes a step for each token, or builds a matrix of all pairs of them."""
    more = growth(steps, answer, {**_plain(32), "size": 8}, {**_plain(128), "size": 32})
    if more > 1.5:
        return (
            f"The numbers are right, and there is a loop over tokens: with as many chunks, four times as long, it took "
            f"{more:.1f} times as many steps of Python. Inside a chunk, one matrix product does them all."
        )
    more = growth(held, answer, {**_plain(256), "size": 16}, {**_plain(1024), "size": 16})
    if more > 8:
        return (
            f"The numbers are right, but four times as many tokens took {more:.0f} times the memory: somewhere all "
            "pairs of tokens stand in one matrix. Only those inside a chunk may; M carries the rest."
        )
    return ""


def _answered(run: Trace, got: Any) -> Trace:
    return replace(run, output=np.asarray(got, float)[:, None])


def _plain_run(case: Case) -> Trace:
    q, k, v = (case[name][:, None] for name in "qkv")
    return memory_caching(q, k, v, q, MCConfig(aggregator="none", segment_length=len(q)))


CHUNKED = Exercise(
    title="Linear attention in chunks",
    task="Plain linear attention over T tokens, chunk by chunk: inside a chunk of <code>size</code> tokens use one "
    "masked "
    "matrix, and carry what came before in M [V, K]. One step for each chunk, none for each token. T need not "
    "divide. Return y [T, V].",
    difficulty=3,
    minutes=12,
    solution=chunked,
    seeded=(
        seeded(0, {"T": 8, "K": 3, "V": 2}, q="T K", k="T K", v="T V", size=3),
        seeded(1, {"T": 6, "K": 2, "V": 3}, q="T K", k="T K", v="T V", size=2),
    ),
    searched=search(q="T K", k="T K", v="T V", size=lambda sizes: st.integers(1, 4)),
    slips=(
        Slip("Only earlier chunks are read: the pairs of token t's own chunk, up to t, are missing.", _no_inside),
        Slip("The chunk counts twice: M already holds it when you add the inside. Update M afterwards.", _twice),
        Slip("Chunks do not see each other: M, the state carried from the chunks before, is not read.", _forgets),
        Slip("The last, shorter chunk is lost.", _drops_the_rest),
        Slip("Inside a chunk token t sees later ones: the mask, `np.tril`, is missing.", _unmasked),
        Slip("Token t reads its own pair too: it writes before it reads.", _strict_inside),
        Slip("M holds the last chunk alone: it is replaced where it should be added to.", _last_chunk_only),
        Slip(
            "The mask is turned round: inside a chunk token t sees what comes after it. `np.tril` keeps j ≤ t.",
            _triu_inside,
        ),
        Slip(
            "Without a mask over the whole sequence, token t sees all tokens, later ones too.",
            lambda q, k, v, size: (q @ k.T) @ v,
        ),
        Slip("M is added to at each chunk with keys as rows: M is [V, K], `v.T @ k`.", _turned_state),
    ),
    hints=(
        "y of a chunk = what M (everything before the chunk) says + what the chunk itself says.",
        "All tokens of a chunk read M at once: <code>q[chunk] @ M.T</code>. All its pairs go in at once: "
        "<code>v[chunk].T @ k[chunk]</code>.",
    ),
    trace=_plain_run,
    beside=_answered,
    token=first_row,
    manner=_token_by_token,
)
