"""Notebook 06: segments of one token are attention, and what a checkpoint must be worth."""

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.course.exercises.cases import Case, first_row, search, seeded
from mcviz.course.exercises.exercise import Exercise, Slip
from mcviz.reference import memory_caching
from mcviz.trace import Trace

Array = np.ndarray


def attention(u: Float[Array, "T K"], k: Float[Array, "T K"], v: Float[Array, "T V"]) -> Float[Array, "T V"]:
    """Causal softmax attention, row by row."""
    y = np.zeros_like(v)
    for t in range(len(v)):
        scores = k[: t + 1] @ u[t]
        weights = np.exp(scores - scores.max())
        y[t] = weights @ v[: t + 1] / weights.sum()
    return y


def break_even(d: int, expansion: int) -> int:
    """The shortest segment whose checkpoint is smaller than its KV cache."""
    checkpoint = 2 * expansion * d * d if expansion else d * d
    return checkpoint // (2 * d) + 1


def _sees_all(u: Array, k: Array, v: Array) -> Array:
    scores = u @ k.T
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    y: Array = weights @ v / weights.sum(axis=1, keepdims=True)
    return y


def _without_itself(u: Array, k: Array, v: Array) -> Array:
    y = np.zeros_like(v)
    y[1:] = attention_over(u[1:], k[:-1], v[:-1])
    return y


def attention_over(u: Array, k: Array, v: Array) -> Array:
    """Softmax attention of row t over rows 0 … t, for rows that were shifted against each other."""
    return attention(u, k, v) if len(v) else v


def _scaled(u: Array, k: Array, v: Array) -> Array:
    return attention(u / np.sqrt(k.shape[1]), k, v)


def _tied(u: Array, k: Array, v: Array) -> Array:
    return attention(k, k, v)


def _run(case: Case) -> Trace:
    u, k, v = (case[name][:, None] for name in "ukv")
    return memory_caching(u, k, v, u, MCConfig(memory="vector", segment_length=1))


ATTENTION = Exercise(
    title="Attention, from Memory Caching",
    task="Let every segment be one token long and every memory just the value of its token. Then GRM is a formula that "
    "you know: softmax over ⟨u<sub>t</sub>, k<sub>j</sub>⟩, j ≤ t, weighs the values (Eq. 18–20). Write it directly, "
    "without segments, and return y [T, V].",
    difficulty=2,
    minutes=8,
    solution=attention,
    seeded=(
        seeded(0, {"T": 6, "K": 3, "V": 2}, u="T K", k="T K", v="T V"),
        seeded(1, {"T": 4, "K": 2, "V": 3}, u="T K", k="T K", v="T V"),
    ),
    searched=search(u="T K", k="T K", v="T V"),
    slips=(
        Slip("Token t looks at tokens after it. Attention in a language model is causal: j ≤ t.", _sees_all),
        Slip("Token t reads itself as well: its own memory is the online one.", _without_itself),
        Slip("The equation has no 1/√K: a Transformer puts that factor in; here it would be part of u.", _scaled),
        Slip("The one who asks is u, not k.", _tied),
    ),
    hints=(
        "With one token in a segment, the context of segment j is k<sub>j</sub> itself.",
        "For each t: scores of the first t + 1 keys, softmax, weighted sum of the first t + 1 values.",
    ),
    trace=_run,
    token=first_row,
)


def _half_d(d: int, expansion: int) -> int:
    return max(1, break_even(d, expansion) - 1)


def _keys_only(d: int, expansion: int) -> int:
    return (2 * expansion * d if expansion else d) + 1


def _one_layer(d: int, expansion: int) -> int:
    return (expansion * d * d if expansion else d * d) // (2 * d) + 1


BREAK_EVEN = Exercise(
    title="When is a checkpoint smaller than a KV cache?",
    task="Attention keeps a key and a value for each token: 2d numbers per head. A checkpoint is one matrix [d, d], "
    "or, "
    "with <code>expansion</code> e > 0, two layers [e·d, d] and [d, e·d]; 0 stands for the matrix. Return the smallest "
    "segment length C (a whole number) for which one checkpoint is <i>smaller</i> than the KV cache of its C tokens.",
    difficulty=1,
    minutes=5,
    solution=break_even,
    seeded=({"d": 64, "expansion": 0}, {"d": 7, "expansion": 0}, {"d": 256, "expansion": 4}),
    searched=search(d=lambda sizes: st.integers(1, 64), expansion=lambda sizes: st.integers(0, 4)),
    slips=(
        Slip("At that length the two are equal, or the cache is still smaller. You need one token more.", _half_d),
        Slip("The KV cache holds keys and values: 2d numbers for a token, not d.", _keys_only),
        Slip("A deep memory has two layers of e·d² numbers each.", _one_layer),
    ),
    hints=(
        "Solve (numbers in a checkpoint) < 2 d C for C.",
        "d² < 2dC means C > d/2, and 2ed² < 2dC means C > e·d. Strictly greater, and whole.",
    ),
)
