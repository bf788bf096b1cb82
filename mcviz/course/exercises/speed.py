"""Notebook 07: the same numbers without a loop over tokens."""

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float, Int

from mcviz.config import MCConfig
from mcviz.course.exercises.cases import Case, first_row, search, seeded, seeds
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


def _gated(T: int, C: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    q, k, v, u = (rng.standard_normal((T, 1, n)) for n in (3, 3, 2, 3))
    run = memory_caching(q, k, v, u, MCConfig(segment_length=C))
    return {"q": q[:, 0], "k": k[:, 0], "v": v[:, 0], "weights": run.weights[:, 0], "segment_of": run.segment_of}


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
    ),
    hints=(
        "<code>q @ k.T</code> [T, T] holds ⟨q<sub>t</sub>, k<sub>j</sub>⟩ in row t, column j.",
        "<code>weights[:, segment_of]</code> is [T, T]: the gate that token t gives to the segment of token j. "
        "<code>np.tril</code> keeps j ≤ t.",
    ),
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
    ),
    hints=(
        "y of a chunk = what M (everything before the chunk) says + what the chunk itself says.",
        "All tokens of a chunk read M at once: <code>q[chunk] @ M.T</code>. All its pairs go in at once: "
        "<code>v[chunk].T @ k[chunk]</code>.",
    ),
    trace=_plain_run,
    token=first_row,
)
