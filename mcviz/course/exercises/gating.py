"""Notebook 03: what a segment is about, how a gate compares with it, and the whole of GRM in ten lines."""

import numpy as np
from jaxtyping import Float

from mcviz.config import MCConfig
from mcviz.course.exercises.cases import Case, any_cuts, first_row, search, seeded
from mcviz.course.exercises.exercise import Exercise, Slip
from mcviz.reference import memory_caching
from mcviz.trace import Trace

Array = np.ndarray
Cuts = list[tuple[int, int]]


def running_contexts(k: Float[Array, "T K"], cuts: Cuts) -> Float[Array, "T K"]:
    """The mean of the segment's keys up to each token."""
    contexts = np.zeros_like(k)
    for begin, end in cuts:
        for t in range(begin, end):
            contexts[t] = k[begin : t + 1].mean(axis=0)
    return contexts


def gate(u: Float[Array, "K"], contexts: Float[Array, "n K"]) -> Float[Array, "n"]:
    """Softmax of what u says to each context."""
    scores = contexts @ u
    e = np.exp(scores - scores.max())
    return e / e.sum()


def grm(
    q: Float[Array, "T K"],
    k: Float[Array, "T K"],
    v: Float[Array, "T V"],
    u: Float[Array, "T K"],
    cuts: Cuts,
) -> Float[Array, "T V"]:
    """The outputs of gated residual memory."""
    y = np.zeros_like(v)
    checkpoints, contexts = [], []  # type: ignore[var-annotated]
    for begin, end in cuts:
        M = np.zeros((v.shape[1], k.shape[1]))
        for t in range(begin, end):
            M = M + np.outer(v[t], k[t])
            online = k[begin : t + 1].mean(axis=0)
            scores = np.array([*contexts, online]) @ u[t]
            weights = np.exp(scores - scores.max())
            weights = weights / weights.sum()
            y[t] = sum(w * (memory @ q[t]) for w, memory in zip(weights, [*checkpoints, M], strict=True))
        checkpoints.append(M)
        contexts.append(online)
    return y


def _looks_ahead(k: Array, cuts: Cuts) -> Array:
    return np.concatenate([np.tile(k[begin:end].mean(axis=0), (end - begin, 1)) for begin, end in cuts])


def _never_begins_anew(k: Array, cuts: Cuts) -> Array:
    return np.cumsum(k, axis=0) / np.arange(1, len(k) + 1)[:, None]


def _sums(k: Array, cuts: Cuts) -> Array:
    return np.concatenate([np.cumsum(k[begin:end], axis=0) for begin, end in cuts])


def _without_itself(k: Array, cuts: Cuts) -> Array:
    contexts = np.zeros_like(k)
    for begin, end in cuts:
        for t in range(begin + 1, end):
            contexts[t] = k[begin:t].mean(axis=0)
    return contexts


def _keys_and_cuts(case: Case) -> Trace:
    k = case["k"][:, None]
    return memory_caching(k, k, k, k, MCConfig(segmentation=tuple(stop - start for start, stop in case["cuts"])))


RUNNING_CONTEXTS = Exercise(
    title="What a segment is about, so far",
    task="The context of a segment is the mean of its keys. While the segment is being read, it is the mean of the "
    "keys "
    "up to and including token t: nobody knows the later ones. Return all these contexts, [T, K].",
    difficulty=2,
    minutes=6,
    solution=running_contexts,
    seeded=(
        seeded(0, {"T": 7, "K": 3}, k="T K", cuts=[(0, 3), (3, 6), (6, 7)]),
        seeded(1, {"T": 5, "K": 2}, k="T K", cuts=[(0, 1), (1, 5)]),
    ),
    searched=search(k="T K", cuts=any_cuts),
    slips=(
        Slip("Token t sees keys of its segment that come after it: a leak from the future.", _looks_ahead),
        Slip("The mean begins anew with each segment; yours runs on from the first token.", _never_begins_anew),
        Slip("That is the sum of the keys. It grows with the segment; divide by how many there are so far.", _sums),
        Slip("The key of token t itself counts too: it has just been written.", _without_itself),
    ),
    hints=(
        "For token t of the segment (begin, end) the keys that count are <code>k[begin : t + 1]</code>.",
        "Two loops, over segments and over their tokens, and one mean over axis 0.",
    ),
    trace=_keys_and_cuts,
    token=first_row,
)


def _not_normalised(u: Array, contexts: Array) -> Array:
    return np.exp(contexts @ u)


def _sigmoids(u: Array, contexts: Array) -> Array:
    return 1 / (1 + np.exp(-(contexts @ u)))


def _overflows(u: Array, contexts: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(contexts @ u)
        return e / e.sum()


def _scores_themselves(u: Array, contexts: Array) -> Array:
    return contexts @ u


GATE = Exercise(
    title="The gate",
    task="Token t asks with its connector <code>u</code> [K]; the n memories that it can reach have the "
    "<code>contexts</code> [n, K]. Scores are r<sup>(i)</sup> = ⟨u, c<sup>(i)</sup>⟩, gates their softmax (Eq. 9). "
    "Return the n gates. Scores may be large: 1000 must not become <code>nan</code>.",
    difficulty=1,
    minutes=5,
    solution=gate,
    seeded=(
        seeded(0, {"K": 3, "n": 4}, u="K", contexts="n K"),
        {"u": np.array([1000.0, 0.0]), "contexts": np.array([[1.0, 0.0], [0.999, 0.0], [0.0, 1.0]])},
    ),
    searched=search(u="K", contexts="n K"),
    slips=(
        Slip("These are positive but do not sum to 1: divide by their sum.", _not_normalised),
        Slip("A sigmoid judges each memory alone. With softmax they compete, and the gates sum to 1.", _sigmoids),
        Slip("exp(1000) is infinite. Subtract the largest score first: the softmax stays the same.", _overflows),
        Slip("Those are the scores. The gates are their softmax.", _scores_themselves),
    ),
    hints=(
        "<code>contexts @ u</code> gives all n scores at once.",
        "softmax(r) = exp(r - max r) / Σ exp(r - max r)",
    ),
)


def _residual(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    return np.tril(q @ k.T) @ v


def _online_forgotten(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    y = np.zeros_like(v)
    checkpoints: list[Array] = []
    contexts: list[Array] = []
    for begin, end in cuts:
        for t in range(begin, end):
            if checkpoints:
                weights = gate(u[t], np.array(contexts))
                y[t] = sum(w * (memory @ q[t]) for w, memory in zip(weights, checkpoints, strict=True))
        checkpoints.append(v[begin:end].T @ k[begin:end])
        contexts.append(k[begin:end].mean(axis=0))
    return y


def _finished_context(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    y = np.zeros_like(v)
    contexts = np.array([k[begin:end].mean(axis=0) for begin, end in cuts])
    for s, (begin, end) in enumerate(cuts):
        for t in range(begin, end):
            memories = [v[a:b].T @ k[a:b] for a, b in cuts[:s]] + [v[begin : t + 1].T @ k[begin : t + 1]]
            weights = gate(u[t], contexts[: s + 1])
            y[t] = sum(w * (memory @ q[t]) for w, memory in zip(weights, memories, strict=True))
    return y


def _finished_memory(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    y = np.zeros_like(v)
    for s, (begin, end) in enumerate(cuts):
        for t in range(begin, end):
            memories = [v[a:b].T @ k[a:b] for a, b in cuts[: s + 1]]
            contexts = [k[a:b].mean(axis=0) for a, b in cuts[:s]] + [k[begin : t + 1].mean(axis=0)]
            weights = gate(u[t], np.array(contexts))
            y[t] = sum(w * (memory @ q[t]) for w, memory in zip(weights, memories, strict=True))
    return y


def _grm_run(case: Case) -> Trace:
    q, k, v, u = (case[name][:, None] for name in "qkvu")
    return memory_caching(q, k, v, u, MCConfig(segmentation=tuple(stop - start for start, stop in case["cuts"])))


GRM = Exercise(
    title="Gated residual memory",
    task="Put it together (Eq. 8–10), for one head, linear memory and independent start: write, compare, weigh, read, "
    "and at the end of each segment cache its memory and its context. Return the outputs y, [T, V].",
    difficulty=3,
    minutes=15,
    solution=grm,
    seeded=(
        seeded(0, {"T": 7, "K": 3, "V": 2}, q="T K", k="T K", v="T V", u="T K", cuts=[(0, 3), (3, 6), (6, 7)]),
        seeded(1, {"T": 6, "K": 2, "V": 3}, q="T K", k="T K", v="T V", u="T K", cuts=[(0, 2), (2, 6)]),
    ),
    searched=search(q="T K", k="T K", v="T V", u="T K", cuts=any_cuts),
    slips=(
        Slip(
            "All memories count in full here: that is the residual aggregator. Weigh each read by its gate.", _residual
        ),
        Slip(
            "The online memory is missing. A token reads it beside the checkpoints, with a gate of its own.",
            _online_forgotten,
        ),
        Slip(
            "The gate of the online segment looks at its finished context. Inside the segment only the keys up to t "
            "exist.",
            _finished_context,
        ),
        Slip(
            "Token t reads its own segment's memory as it will be at the end: a leak from the future.", _finished_memory
        ),
    ),
    hints=(
        "Begin with <code>checkpoints</code> of the last notebook, and keep a second list for contexts.",
        "Inside the inner loop, in this order: write; the online context; scores over "
        "<code>[*contexts, online]</code>; softmax; the weighted sum of reads over <code>[*checkpoints, M]</code>.",
    ),
    trace=_grm_run,
    token=first_row,
)
