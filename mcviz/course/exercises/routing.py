"""Notebook 04: pick few checkpoints, read only those, and judge the choice."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Bool, Float, Int

from mcviz.course.exercises.cases import Case, search, seeded, seeds
from mcviz.course.exercises.exercise import Exercise, Slip

Array = np.ndarray


@dataclass
class Cache:
    """Memories that count how often they are read; the last one is the online memory.

    >>> cache = Cache(np.ones((3, 2, 2)))
    >>> cache.read(2, np.array([1.0, 0.0])), cache.count
    (array([1., 1.]), 1)
    """

    memories: Float[Array, "n V K"]
    count: int = 0

    def __len__(self) -> int:
        return len(self.memories)

    def read(self, i: int, q: Float[Array, "K"]) -> Float[Array, "V"]:
        """`M^(i) q`, one read."""
        self.count += 1
        said: Array = self.memories[i] @ q
        return said

    def __repr__(self) -> str:
        return f"Cache of {len(self)} memories\n{np.array2string(self.memories, precision=4, separator=', ')}"


def select(scores: Float[Array, "n"], k: int) -> list[int]:
    """The k best, the first among equals."""
    best_first = np.argsort(-scores, kind="stable")
    return sorted(best_first[:k].tolist())


def sparse_gate(scores: Float[Array, "n"], k: int) -> Float[Array, "n"]:
    """Softmax over the k best checkpoints and the online memory."""
    read = np.zeros(len(scores), bool)
    read[np.argsort(-scores[:-1], kind="stable")[:k]] = True
    read[-1] = True
    masked = np.where(read, scores, -np.inf)
    e = np.exp(masked - masked.max())
    return e / e.sum()


def frugal_read(cache: Cache, q: Float[Array, "K"], weights: Float[Array, "n"]) -> Float[Array, "V"]:
    """The weighted sum of reads, without those that weigh nothing."""
    return sum(w * cache.read(i, q) for i, w in enumerate(weights) if w > 0)


def hit_rate(selected: Bool[Array, "T N"], segment_of: Int[Array, "T"], sources: Int[Array, "T"]) -> float:
    """How often the selected segments hold the answer."""
    hits = [
        selected[t, segment_of[source]]
        for t, source in enumerate(sources)
        if source >= 0 and segment_of[source] < segment_of[t]
    ]
    return float(np.mean(hits)) if hits else 0.0


def _last_among_equals(scores: Array, k: int) -> list[int]:
    return sorted(np.argsort(scores, kind="stable")[len(scores) - min(k, len(scores)) :].tolist())


def _smallest(scores: Array, k: int) -> list[int]:
    return sorted(np.argsort(scores, kind="stable")[:k].tolist())


def _by_size(scores: Array, k: int) -> list[int]:
    return sorted(np.argsort(-np.abs(scores), kind="stable")[:k].tolist())


def _by_score(scores: Array, k: int) -> list[int]:
    chosen: list[int] = np.argsort(-scores, kind="stable")[:k].tolist()
    return chosen


SELECT = Exercise(
    title="The router",
    task="Return the indices of the <code>k</code> largest <code>scores</code> [n], as a list in increasing order "
    "(Eq. 16). Of equal scores the lowest index goes first. If there are no more than k, return all.",
    difficulty=1,
    minutes=5,
    solution=select,
    seeded=(
        seeded(0, {"n": 6}, scores="n", k=2),
        {"scores": np.array([0.5, -2.0, 0.5, 0.5]), "k": 2},
        {"scores": np.array([1.0, 3.0]), "k": 4},
    ),
    searched=search(scores="n", k=lambda sizes: st.integers(1, sizes["n"] + 1)),
    slips=(
        Slip(
            "Of equal scores you take the last; the rule says the first. Two backends must not disagree.",
            _last_among_equals,
        ),
        Slip("These are the smallest scores.", _smallest),
        Slip("A score of -2 says “not at all”. Do not take its absolute value.", _by_size),
        Slip("Right choice, but in order of the scores: return the indices in increasing order.", _by_score),
    ),
    hints=(
        "<code>np.argsort</code> sorts upwards. What of sorting <code>-scores</code>?",
        "<code>kind='stable'</code> keeps equal ones in their order, so the lowest index stays first.",
    ),
)


def _masked_after(scores: Array, k: int) -> Array:
    e = np.exp(scores - scores.max())
    weights: Array = np.where(sparse_gate(scores, k) > 0, e / e.sum(), 0.0)
    return weights


def _online_competes(scores: Array, k: int) -> Array:
    masked = np.full(len(scores), -np.inf)
    chosen = np.argsort(-scores, kind="stable")[: k + 1]
    masked[chosen] = scores[chosen]
    e = np.exp(masked - masked.max())
    weights: Array = e / e.sum()
    return weights


def _zero_scores(scores: Array, k: int) -> Array:
    masked = np.where(sparse_gate(scores, k) > 0, scores, 0.0)
    e = np.exp(masked - masked.max())
    weights: Array = e / e.sum()
    return weights


def _dense(scores: Array, k: int) -> Array:
    e = np.exp(scores - scores.max())
    weights: Array = e / e.sum()
    return weights


SPARSE_GATE = Exercise(
    title="The gate of SSC",
    task="<code>scores</code> [n] belong to n - 1 checkpoints and, last, the online memory. Select the k best "
    "checkpoints; the online memory is always read. Return n gates: softmax over what is read, exactly 0 elsewhere "
    "(Eq. 17).",
    difficulty=2,
    minutes=8,
    solution=sparse_gate,
    seeded=(
        seeded(0, {"n": 6}, scores="n", k=2),
        {"scores": np.array([2.0, 1.0, 0.0, -3.0]), "k": 1},
        {"scores": np.array([-1.0, -2.0, -0.5, 4.0]), "k": 2},
    ),
    searched=search(scores="n", k=lambda sizes: st.integers(1, sizes["n"] + 1)),
    slips=(
        Slip("You softmax over all and cross out afterwards: what is left does not sum to 1.", _masked_after),
        Slip("The online memory does not compete for one of the k places: it is read in any case.", _online_competes),
        Slip("A score of 0 is not “not read”: exp(0) is 1. What is not read needs -inf.", _zero_scores),
        Slip("Every memory gets a gate here: that is GRM.", _dense),
    ),
    hints=(
        "First a mask of what is read: the k best of <code>scores[:-1]</code>, and the last.",
        "<code>np.where(read, scores, -np.inf)</code>, then softmax: exp(-inf) is exactly 0.",
    ),
)


def _not_weighed(cache: Cache, q: Array, weights: Array) -> Array:
    return np.sum([cache.read(i, q) for i, w in enumerate(weights) if w > 0], axis=0)


def _best_only(cache: Cache, q: Array, weights: Array) -> Array:
    return cache.read(int(np.argmax(weights)), q)


def _without_online(cache: Cache, q: Array, weights: Array) -> Array:
    read = [w * cache.read(i, q) for i, w in enumerate(weights[:-1]) if w > 0]
    return np.sum(read, axis=0) if read else np.zeros(cache.memories.shape[1])


def _cache_case(n: int, k: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    memories, q, scores = rng.standard_normal((n, 2, 3)), rng.standard_normal(3), rng.standard_normal(n)
    return {"cache": Cache(memories), "q": q, "weights": sparse_gate(scores, k)}


FRUGAL_READ = Exercise(
    title="Read only what counts",
    task="<code>cache.read(i, q)</code> reads memory i, and counts. Given the gates <code>weights</code> [n], return "
    "y = Σ γ<sup>(i)</sup> M<sup>(i)</sup> q with as few reads as you can. Reads are what SSC saves.",
    difficulty=1,
    minutes=5,
    solution=frugal_read,
    seeded=(_cache_case(9, 2, 0), _cache_case(9, 2, 1), _cache_case(5, 2, 2)),
    searched=st.builds(_cache_case, n=st.integers(1, 4), k=st.just(1), seed=seeds),
    slips=(
        Slip("What was read is added up without its gate.", _not_weighed),
        Slip("Only the memory with the largest gate is read; the others that were selected count as well.", _best_only),
        Slip("The online memory, the last one, was left out.", _without_online),
    ),
    hints=(
        "A weight of exactly 0 means that nobody needs to know what that memory says.",
        "Loop over the weights, and read only where <code>w > 0</code>.",
    ),
    fixed=("weights",),
    cost=lambda case: case["cache"].count,
    unit="reads per token",
)


def _counts_own(selected: Array, segment_of: Array, sources: Array) -> float:
    hits = [selected[t, segment_of[source]] for t, source in enumerate(sources) if source >= 0]
    return float(np.mean(hits)) if hits else 0.0


def _over_all_tokens(selected: Array, segment_of: Array, sources: Array) -> float:
    return float(np.mean([selected[t, segment_of[source]] for t, source in enumerate(sources)]))


def _misses(selected: Array, segment_of: Array, sources: Array) -> float:
    return 1 - hit_rate(selected, segment_of, sources)


def _routing(T: int, C: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    segment_of = np.arange(T) // C
    N = int(segment_of[-1]) + 1
    selected = (rng.random((T, N)) < 0.5) & (np.arange(N) < segment_of[:, None])
    sources = np.array([int(rng.integers(-1, t)) if t and rng.random() < 0.6 else -1 for t in range(T)])
    return {"selected": selected, "segment_of": segment_of, "sources": sources}


HIT_RATE = Exercise(
    title="Hit rate",
    task="<code>selected</code> [T, N] marks the checkpoints that each token reads, <code>segment_of</code> [T] is the "
    "segment of each token, and <code>sources</code> [T] the place of the answer it asks for (-1: it asks for "
    "nothing). Among the tokens whose answer lies in an <i>earlier</i> segment, in which share was that segment "
    "selected? Return 0.0 if there are none.",
    difficulty=2,
    minutes=8,
    solution=hit_rate,
    seeded=tuple(_routing(18, 3, seed) for seed in range(3)),
    searched=st.builds(_routing, T=st.integers(1, 8), C=st.integers(1, 3), seed=seeds),
    slips=(
        Slip(
            "You also count tokens whose answer lies in their own segment. The router has no say there: the online "
            "memory "
            "is always read.",
            _counts_own,
        ),
        Slip(
            "Tokens that ask for nothing count as misses here. Divide by the number of tokens that could hit; and "
            "mind that "
            "a source of -1, used as an index, means the last token.",
            _over_all_tokens,
        ),
        Slip("That is the share of misses.", _misses),
    ),
    hints=(
        "A token t counts if <code>sources[t] >= 0</code> and <code>segment_of[sources[t]] < segment_of[t]</code>.",
        "It hits if <code>selected[t, segment_of[sources[t]]]</code>.",
    ),
)
