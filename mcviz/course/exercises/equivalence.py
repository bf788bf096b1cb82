"""Notebook 06: segments of one token are attention, and what a checkpoint must be worth."""

from dataclasses import replace
from typing import Any

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


def _later(u: Array) -> Array:
    return np.triu(np.ones((len(u), len(u)), bool), 1)


def _weights(scores: Array) -> Array:
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Array = e / e.sum(axis=1, keepdims=True)
    return shares


def _linear(u: Array, k: Array, v: Array) -> Array:
    return np.tril(u @ k.T) @ v


def _not_divided(u: Array, k: Array, v: Array) -> Array:
    return np.tril(np.exp(u @ k.T)) @ v


def _wrong_axis(u: Array, k: Array, v: Array) -> Array:
    e = np.where(_later(u), 0.0, np.exp(u @ k.T))
    y: Array = e / e.sum(axis=0) @ v
    return y


def _masked_late(u: Array, k: Array, v: Array) -> Array:
    return np.tril(_weights(u @ k.T)) @ v


def _zeros_for_later(u: Array, k: Array, v: Array) -> Array:
    y: Array = _weights(np.tril(u @ k.T)) @ v
    return y


def _overflows(u: Array, k: Array, v: Array) -> Array:
    e = np.where(_later(u), 0.0, np.exp(u @ k.T))
    y: Array = e / e.sum(axis=1, keepdims=True) @ v
    return y


def _weighs_keys(u: Array, k: Array, v: Array) -> Array:
    return attention(u, k, k)


def _weights_alone(u: Array, k: Array, v: Array) -> Array:
    return _weights(np.where(_later(u), -np.inf, u @ k.T))


def _answered(run: Trace, got: Any) -> Trace:
    return replace(run, output=np.asarray(got, float)[:, None])


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
        {**seeded(2, {"T": 9, "K": 7, "V": 2}, u="T K", k="T K", v="T V"), "u": 4000 * np.eye(9, 7)},
    ),
    searched=search(u="T K", k="T K", v="T V"),
    slips=(
        Slip("Token t looks at tokens after it. Attention in a language model is causal: j ≤ t.", _sees_all),
        Slip("Token t reads itself as well: its own memory is the online one.", _without_itself),
        Slip("The equation has no 1/√K: a Transformer puts that factor in; here it would be part of u.", _scaled),
        Slip("The one who asks is u, not k.", _tied),
        Slip("The scores themselves weigh the values: that is linear attention. A softmax is missing.", _linear),
        Slip("exp of the scores is not divided by its sum: the weights must sum to 1.", _not_divided),
        Slip("Softmax runs over the wrong axis: the weights of one token, a row, must sum to 1.", _wrong_axis),
        Slip(
            "The mask came after the softmax: later tokens were counted in the sum. Set their scores to -inf before.",
            _masked_late,
        ),
        Slip("A score of 0 is not “cannot see”: exp(0) is 1. What comes later needs -inf.", _zeros_for_later),
        Slip(
            "exp(1000) is infinite. Subtract the largest score of the row first: the softmax stays the same.",
            _overflows,
        ),
        Slip("What is weighed are the values v; yours are keys.", _weighs_keys),
        Slip("Those are the weights; the values that they weigh are asked for.", _weights_alone),
        Slip(
            "Connector and keys are exchanged: token t asks with u_t and is compared with k_j.",
            lambda u, k, v: attention(k, u, v),
        ),
        Slip(
            "All earlier tokens count alike: that is their mean, without scores.",
            lambda u, k, v: attention(0 * u, k, v),
        ),
        Slip("Only token t itself is read: its earlier ones are missing.", lambda u, k, v: v.copy()),
        Slip(
            "Only the best match is read. That is a maximum; softmax gives each its share.",
            lambda u, k, v: attention(1e9 * u, k, v),
        ),
    ),
    hints=(
        "With one token in a segment, the context of segment j is k<sub>j</sub> itself.",
        "For each t: scores of the first t + 1 keys, softmax, weighted sum of the first t + 1 values.",
    ),
    trace=_run,
    beside=_answered,
    token=first_row,
)


def _half_d(d: int, expansion: int) -> int:
    return max(1, break_even(d, expansion) - 1)


def _keys_only(d: int, expansion: int) -> int:
    return (2 * expansion * d if expansion else d) + 1


def _one_layer(d: int, expansion: int) -> int:
    return (expansion * d * d if expansion else d * d) // (2 * d) + 1


def _numbers(d: int, expansion: int) -> int:
    return 2 * expansion * d * d if expansion else d * d


def _expansion_twice(d: int, expansion: int) -> int:
    return (2 * expansion**2 * d * d if expansion else d * d) // (2 * d) + 1


def _four_d(d: int, expansion: int) -> int:
    return _numbers(d, expansion) // (4 * d) + 1


def _exact(d: int, expansion: int) -> float:
    return _numbers(d, expansion) / (2 * d)


def _rounded_up(d: int, expansion: int) -> int:
    return -(-_numbers(d, expansion) // (2 * d))


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
        Slip("Two layers [e·d, d] and [d, e·d]: expansion comes in once in each, not twice.", _expansion_twice),
        Slip(
            "The KV cache holds keys and values, 2d numbers for a token; you count 4d.",
            _four_d,
        ),
        Slip("expansion 0 stands for one matrix of d², not for nothing.", lambda d, expansion: expansion * d + 1),
        Slip(
            "The expansion is not used: with e > 0 the checkpoint has 2·e·d² numbers.", lambda d, expansion: d // 2 + 1
        ),
        Slip(
            "That is the length where both are equal, as a fraction. It takes the next whole number above.",
            _exact,
        ),
        Slip("Rounded up, but where the two are equal the checkpoint is not smaller: one token more.", _rounded_up),
        Slip("That is how many numbers a checkpoint has; a segment length is asked for.", _numbers),
        Slip("One too many: a shorter segment will do as well.", lambda d, expansion: break_even(d, expansion) + 1),
    ),
    hints=(
        "Solve (numbers in a checkpoint) < 2 d C for C.",
        "d² < 2dC means C > d/2, and 2ed² < 2dC means C > e·d. Strictly greater, and whole.",
    ),
)
