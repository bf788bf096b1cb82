"""Notebook 03: what a segment is about, how a gate compares with it, and the whole of GRM in ten lines."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

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


def _nan_first(k: Array, cuts: Cuts) -> Array:
    contexts = _without_itself(k, cuts)
    for begin, _ in cuts:
        contexts[begin] = np.nan
    return contexts


def _by_whole_length(k: Array, cuts: Cuts) -> Array:
    return np.concatenate([np.cumsum(k[begin:end], axis=0) / (end - begin) for begin, end in cuts])


def _by_position(k: Array, cuts: Cuts) -> Array:
    return _sums(k, cuts) / np.arange(1, len(k) + 1)[:, None]


def _halving(k: Array, cuts: Cuts) -> Array:
    contexts = np.zeros_like(k)
    for begin, end in cuts:
        contexts[begin] = k[begin]
        for t in range(begin + 1, end):
            contexts[t] = (contexts[t - 1] + k[t]) / 2
    return contexts


def _one_a_segment(k: Array, cuts: Cuts) -> Array:
    return np.array([k[begin:end].mean(axis=0) for begin, end in cuts])


def _over_all(k: Array, cuts: Cuts) -> Array:
    contexts = np.zeros_like(k)
    for begin, end in cuts:
        for t in range(begin, end):
            contexts[t] = k[begin : t + 1].mean()
    return contexts


def _compared(run: Trace, got: Any) -> Trace:
    return replace(run, online_contexts=np.asarray(got, float)[:, None])


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
        Slip("The key of token t itself counts too. And the mean of no keys is nan.", _nan_first),
        Slip(
            "That is the key of the token alone. The context is the mean of all keys so far.", lambda k, cuts: k.copy()
        ),
        Slip("Divide by the keys so far, t + 1 - begin, not by the length of the whole segment.", _by_whole_length),
        Slip("Divide by the tokens of this segment so far; you count from the start of the sequence.", _by_position),
        Slip("That halves what was there at each token: late keys count most. A mean weighs all keys alike.", _halving),
        Slip("There is to be a context for each token; yours are one for each segment.", _one_a_segment),
        Slip("`mean()` without `axis=0` mixes the components of the keys into one number.", _over_all),
    ),
    hints=(
        "For token t of the segment (begin, end) the keys that count are <code>k[begin : t + 1]</code>.",
        "Two loops, over segments and over their tokens, and one mean over axis 0.",
    ),
    trace=_keys_and_cuts,
    beside=_compared,
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


def _shares(e: Array) -> Array:
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
        Slip(
            "Sigmoids divided by their sum are no softmax: they bend differently. Use exp.",
            lambda u, contexts: _sigmoids(u, contexts) / _sigmoids(u, contexts).sum(),
        ),
        Slip(
            "Scores divided by their sum may be negative: softmax takes exp first.",
            lambda u, contexts: (contexts @ u) / (contexts @ u).sum(),
        ),
        Slip(
            "Turned round: the largest score gets the smallest gate. Is there a minus too many?",
            lambda u, contexts: gate(-u, contexts),
        ),
        Slip(
            "Only the best gets anything. That is a maximum; softmax gives each memory its share.",
            lambda u, contexts: np.eye(len(contexts))[np.argmax(contexts @ u)],
        ),
        Slip(
            "The paper's score has no 1/√K: that factor belongs to a Transformer's attention.",
            lambda u, contexts: gate(u / np.sqrt(len(u)), contexts),
        ),
        Slip("Those are logarithms of the gates.", lambda u, contexts: np.log(gate(u, contexts))),
        Slip(
            "The largest score was subtracted after exp was taken, or not inside of it.",
            lambda u, contexts: _shares(np.exp(contexts @ u) - np.exp((contexts @ u).max())),
        ),
        Slip(
            "All gates are equal: the scores are not used.",
            lambda u, contexts: np.full(len(contexts), 1 / len(contexts)),
        ),
    ),
    hints=(
        "<code>contexts @ u</code> gives all n scores at once.",
        "softmax(r) = exp(r - max r) / Σ exp(r - max r)",
    ),
)


class _Parts(NamedTuple):
    """Gated residual memory in parts: to exchange one is a mistake of its own."""

    write: Callable[[Array, Array, Array], Array] = lambda M, v, k: M + np.outer(v, k)
    gates: Callable[[Array, Array], Array] = gate
    asks: str = "u"  # what is compared with the contexts
    pool: Callable[[Array], Array] = lambda keys: keys.mean(axis=0)
    starts_anew: bool = True
    read_first: bool = False  # the token reads before it has written
    last_written: bool = True  # whether the segment's last token is written
    kept_again: bool = False  # all checkpoints are the last one

    def run(self, q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
        y = np.zeros_like(v)
        ask = {"u": u, "q": q, "k": k}[self.asks]
        zeros = np.zeros((v.shape[1], k.shape[1]))
        M, checkpoints, contexts = zeros, [], []  # type: ignore[var-annotated]
        for begin, end in cuts:
            M = zeros if self.starts_anew else M
            for t in range(begin, end):
                before = M
                M = self.write(M, v[t], k[t]) if self.last_written or t < end - 1 else M
                online = self.pool(k[begin : t + 1])
                weights = self.gates(ask[t], np.array([*contexts, online]))
                earlier = [M for _ in checkpoints] if self.kept_again else checkpoints
                memories = [*earlier, before if self.read_first else M]
                y[t] = sum(w * (memory @ q[t]) for w, memory in zip(weights, memories, strict=True))
            checkpoints.append(M)
            contexts.append(online)
        return y


def _residual(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    return np.tril(q @ k.T) @ v


def _online_forgotten(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    y = np.zeros_like(v)
    for s, (begin, end) in enumerate(cuts):
        for t in range(begin, end) if s else ():
            contexts = np.array([k[a:b].mean(axis=0) for a, b in cuts[:s]])
            reads = [v[a:b].T @ k[a:b] @ q[t] for a, b in cuts[:s]]
            y[t] = gate(u[t], contexts) @ np.array(reads)
    return y


def _online_in_full(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    y = _online_forgotten(q, k, v, u, cuts)
    for begin, end in cuts:
        y[begin:end] += np.tril(q[begin:end] @ k[begin:end].T) @ v[begin:end]
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


def _even(u: Array, contexts: Array) -> Array:
    return np.full(len(contexts), 1 / len(contexts))


def _summed(keys: Array) -> Array:
    return keys.sum(axis=0)


def _aliased(q: Array, k: Array, v: Array, u: Array, cuts: Cuts) -> Array:
    return _Parts(kept_again=True).run(q, k, v, u, cuts)


def _answered(run: Trace, got: Any) -> Trace:
    return replace(run, output=np.asarray(got, float)[:, None])


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
        seeded(
            2, {"T": 20, "K": 8, "V": 5}, q="T K", k="T K", v="T V", u="T K", cuts=[(i, i + 4) for i in range(0, 20, 4)]
        ),
        seeded(3, {"T": 12, "K": 17, "V": 4}, q="T K", k="T K", v="T V", u="T K", cuts=[(0, 5), (5, 12)]),
    ),
    searched=search(q="T K", k="T K", v="T V", u="T K", cuts=any_cuts),
    slips=(
        Slip(
            "All memories count in full here: that is the residual aggregator. Weigh each read by its gate. (One array "
            "that all checkpoints share, never set back, comes to the same: `M += …` changes it in the cache.)",
            _residual,
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
        Slip(
            "The gates are sigmoids, each for itself. Softmax makes the memories compete.", _Parts(gates=_sigmoids).run
        ),
        Slip(
            "The gates are exp of the scores, not divided by their sum: no softmax yet.",
            _Parts(gates=lambda u, contexts: np.exp(contexts @ u)).run,
        ),
        Slip("The gates are the bare scores: a softmax is missing.", _Parts(gates=_scores_themselves).run),
        Slip("All memories get the same gate: the contexts are not used.", _Parts(gates=_even).run),
        Slip("The gates compare q with the contexts. The connector u is there for that.", _Parts(asks="q").run),
        Slip("The gates compare k with the contexts. The connector u is there for that.", _Parts(asks="k").run),
        Slip("The token reads before it writes: its own pair is missing.", _Parts(read_first=True).run),
        Slip("Contexts are means of keys; yours are sums, which grow with the segment.", _Parts(pool=_summed).run),
        Slip("A context is the mean of its keys; yours is the last key.", _Parts(pool=lambda keys: keys[-1]).run),
        Slip(
            "The memory never begins anew: under independent start each segment begins from zeros.",
            _Parts(starts_anew=False).run,
        ),
        Slip(
            "The last token of each segment is never written: `range(begin, end)` stops before `end` by itself.",
            _Parts(last_written=False).run,
        ),
        Slip(
            "The online memory alone answers. Either the checkpoints are not read, or all of them are the array that "
            "is being written: `M += …` changes it inside the cache. Use `M = M + …`, or keep a copy.",
            _aliased,
        ),
        Slip("The online memory counts in full, outside the softmax. It has a gate like the others.", _online_in_full),
        Slip(
            "Each write replaces the memory: only the last pair is left. Writes add up.",
            _Parts(write=lambda M, v, k: np.outer(v, k)).run,
        ),
    ),
    hints=(
        "Begin with <code>checkpoints</code> of the last notebook, and keep a second list for contexts.",
        "Inside the inner loop, in this order: write; the online context; scores over "
        "<code>[*contexts, online]</code>; softmax; the weighted sum of reads over <code>[*checkpoints, M]</code>.",
    ),
    trace=_grm_run,
    beside=_answered,
    token=first_row,
)
