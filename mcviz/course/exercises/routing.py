"""Notebook 04: pick few checkpoints, read only those, and judge the choice."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Bool, Float, Int

from mcviz.course.exercises.cases import Case, search, seeded, seeds
from mcviz.course.exercises.exercise import Exercise, Slip

Array = np.ndarray


class Cache:
    """Memories that count how often they are read; the last one is the online memory.

    The count only goes up, and only by reading.

    >>> cache = Cache(np.ones((3, 2, 2)))
    >>> cache.read(2, np.array([1.0, 0.0])), cache.count
    (array([1., 1.]), 1)
    """

    def __init__(self, memories: Float[Array, "n V K"], count: int = 0) -> None:
        spent = count

        def read(i: int, q: Float[Array, "K"]) -> Float[Array, "V"]:
            nonlocal spent
            spent += 1
            said: Array = memories[i] @ q
            return said

        self.memories = memories
        self.read = read
        """`M^(i) q`, one read."""

        def spent_so_far() -> int:
            return spent

        self._spent = spent_so_far

    @property
    def count(self) -> int:
        """Reads so far."""
        return self._spent()

    def __len__(self) -> int:
        return len(self.memories)

    def __deepcopy__(self, memo: object) -> "Cache":
        return Cache(self.memories.copy(), self.count)

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
        {"scores": np.array([3.0, 1.0, 2.0, 0.0] * 8), "k": 11},  # sorts of NumPy that keep no order show from 17 on
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
        Slip(
            "Right but for many equal scores: `np.argsort` may exchange equal ones in a long array. "
            "`kind='stable'` does not.",
            lambda scores, k: sorted(np.argsort(-scores)[:k].tolist()),
        ),
        Slip(
            "Of equal scores you do not take the first: `np.argsort(scores)[::-1]` turns round equals as well.",
            lambda scores, k: sorted(np.argsort(scores)[::-1][:k].tolist()),
        ),
        Slip(
            "More than k where scores are equal: a threshold takes all of the last ones in.",
            lambda scores, k: [i for i, r in enumerate(scores) if r >= np.sort(scores)[::-1][min(k, len(scores)) - 1]],
        ),
        Slip(
            "Those are the scores; their indices are asked for.",
            lambda scores, k: [float(scores[i]) for i in select(scores, k)],
        ),
        Slip(
            "That marks the k largest, True or False; their indices are asked for.",
            lambda scores, k: [i in select(scores, k) for i in range(len(scores))],
        ),
        Slip("That is one too many.", lambda scores, k: select(scores, k + 1)),
        Slip("Only the first is taken: k of them are asked for.", lambda scores, k: [int(np.argmax(scores))]),
        Slip("The indices begin at 0; yours begin at 1.", lambda scores, k: [i + 1 for i in select(scores, k)]),
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


def _softmax_over(scores: Array, read: Array) -> Array:
    weights: Array = np.where(read, np.exp(scores - scores[read].max()), 0.0)
    return weights / weights.sum()


def _read_by(rank: Array, scores: Array, k: int) -> Array:
    """Read the k checkpoints that come first by `rank`, and the online memory."""
    read = np.zeros(len(scores), bool)
    read[np.argsort(-rank, kind="stable")[:k]] = True
    read[-1] = True
    return _softmax_over(scores, read)


def _online_left_out(scores: Array, k: int) -> Array:
    read = np.zeros(len(scores), bool)
    read[np.argsort(-scores[:-1], kind="stable")[:k]] = True
    return _softmax_over(scores, read) if read.any() else np.zeros(len(scores))


def _online_takes_a_place(scores: Array, k: int) -> Array:
    return _read_by(scores[:-1], scores, k - 1)


def _last_of_equals(scores: Array, k: int) -> Array:
    read = np.ones(len(scores), bool)
    read[np.argsort(scores[:-1], kind="stable")[: max(0, len(scores) - 1 - k)]] = False
    return _softmax_over(scores, read)


def _overflowing(scores: Array, k: int) -> Array:
    weights = np.where(sparse_gate(scores, k) > 0, np.exp(scores), 0.0)
    return weights / weights.sum()


def _crossed_out(scores: Array, k: int) -> Array:
    weights: Array = np.where(sparse_gate(scores, k) > 0, scores, 0.0)
    return weights


def _sparse_sigmoids(scores: Array, k: int) -> Array:
    weights: Array = np.where(sparse_gate(scores, k) > 0, 1 / (1 + np.exp(-scores)), 0.0)
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
        {"scores": np.array([1000.0, 1001.0, 5.0, 1000.0]), "k": 1},
        {"scores": np.array([1.0, 0.5, 1.0, 0.0]), "k": 1},
    ),
    searched=search(scores="n", k=lambda sizes: st.integers(1, sizes["n"] + 1)),
    slips=(
        Slip("You softmax over all and cross out afterwards: what is left does not sum to 1.", _masked_after),
        Slip("The online memory does not compete for one of the k places: it is read in any case.", _online_competes),
        Slip("A score of 0 is not “not read”: exp(0) is 1. What is not read needs -inf.", _zero_scores),
        Slip("Every memory gets a gate here: that is GRM.", _dense),
        Slip("The online memory got no gate: it is read whatever the router says.", _online_left_out),
        Slip(
            "The online memory takes one of the k places here: it comes on top of k checkpoints.", _online_takes_a_place
        ),
        Slip("Of equal scores the last checkpoint is read; the rule says the first.", _last_of_equals),
        Slip("exp(1000) is infinite. Subtract the largest score that is read first.", _overflowing),
        Slip("Those are scores, with what is not read crossed out. A softmax is missing.", _crossed_out),
        Slip("Sigmoids judge each memory alone; the gates of what is read compete, and sum to 1.", _sparse_sigmoids),
        Slip(
            "The checkpoints with the smallest scores are read here.",
            lambda scores, k: _read_by(-scores[:-1], scores, k),
        ),
        Slip(
            "A score of -2 says “not at all”. Do not take its absolute value.",
            lambda scores, k: _read_by(np.abs(scores[:-1]), scores, k),
        ),
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


def _weighed_twice(cache: Cache, q: Array, weights: Array) -> Array:
    return np.sum([w * cache.read(i, w * q) for i, w in enumerate(weights) if w > 0], axis=0)


def _averaged(cache: Cache, q: Array, weights: Array) -> Array:
    return np.mean([w * cache.read(i, q) for i, w in enumerate(weights) if w > 0], axis=0)


def _reads_alone(cache: Cache, q: Array, weights: Array) -> list[Array]:
    return [w * cache.read(i, q) for i, w in enumerate(weights) if w > 0]


def _only_large(cache: Cache, q: Array, weights: Array) -> Array:
    read = [w * cache.read(i, q) for i, w in enumerate(weights) if w > 0.1]
    return np.sum(read, axis=0)


def _best_weighed(cache: Cache, q: Array, weights: Array) -> Array:
    best = int(np.argmax(weights))
    return weights[best] * cache.read(best, q)


def _round_the_counter(answer: Callable[..., Any]) -> str:
    """What to say of an answer whose reads are fewer than any right answer needs."""
    for case in FRUGAL_READ.seeded:
        given = deepcopy(case)
        answer(*given.values())
        needed, spent = int((case["weights"] > 0).sum()), given["cache"].count
        if spent < needed:
            return (
                f"The numbers are right, but they went round the counter: {needed} memories have a gate above 0, and "
                f"`cache.read` was called {spent} times. Reading `cache.memories` is a read too: use `cache.read`."
            )
    return ""


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
        Slip("Each gate counts twice: once in the query, or in the memory, and once outside.", _weighed_twice),
        Slip("The sum is divided by how many were read. The gates sum to 1 already.", _averaged),
        Slip("Those are the reads; their sum is asked for, each weighed by its gate.", _reads_alone),
        Slip("A small gate counts as well: leave out only what is exactly 0.", _only_large),
        Slip("The first memory alone is read.", lambda cache, q, weights: weights[0] * cache.read(0, q)),
        Slip("The online memory alone is read.", lambda cache, q, weights: cache.read(len(cache) - 1, q)),
        Slip("Only the memory with the largest gate is read; the others count as well.", _best_weighed),
    ),
    hints=(
        "A weight of exactly 0 means that nobody needs to know what that memory says.",
        "Loop over the weights, and read only where <code>w > 0</code>.",
    ),
    fixed=("weights",),
    cost=lambda case: case["cache"].count,
    manner=_round_the_counter,
    unit="reads per token",
)


def _counts_own(selected: Array, segment_of: Array, sources: Array) -> float:
    hits = [selected[t, segment_of[source]] for t, source in enumerate(sources) if source >= 0]
    return float(np.mean(hits)) if hits else 0.0


def _over_all_tokens(selected: Array, segment_of: Array, sources: Array) -> float:
    return float(np.mean([selected[t, segment_of[source]] for t, source in enumerate(sources)]))


def _misses(selected: Array, segment_of: Array, sources: Array) -> float:
    return 1 - hit_rate(selected, segment_of, sources)


def _could_hit(segment_of: Array, sources: Array) -> list[tuple[int, int]]:
    pairs = enumerate(sources.tolist())
    return [(t, source) for t, source in pairs if source >= 0 and segment_of[source] < segment_of[t]]


def _how_many(selected: Array, segment_of: Array, sources: Array) -> float:
    return float(sum(selected[t, segment_of[source]] for t, source in _could_hit(segment_of, sources)))


def _without_token_0(selected: Array, segment_of: Array, sources: Array) -> float:
    return hit_rate(selected, segment_of, np.where(sources == 0, -1, sources))


def _mean_of_nothing(selected: Array, segment_of: Array, sources: Array) -> float:
    return hit_rate(selected, segment_of, sources) if _could_hit(segment_of, sources) else float("nan")


def _by_source_row(selected: Array, segment_of: Array, sources: Array) -> float:
    hits = [selected[source, segment_of[source]] for _, source in _could_hit(segment_of, sources)]
    return float(np.mean(hits)) if hits else 0.0


def _any_selected(selected: Array, segment_of: Array, sources: Array) -> float:
    hits = [selected[t].any() for t, _ in _could_hit(segment_of, sources)]
    return float(np.mean(hits)) if hits else 0.0


def _source_as_segment(selected: Array, segment_of: Array, sources: Array) -> float:
    asks = [(t, source) for t, source in enumerate(sources.tolist()) if 0 <= source < segment_of[t]]
    hits = [selected[t, source] for t, source in asks]
    return float(np.mean(hits)) if hits else 0.0


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
    seeded=(
        *(_routing(18, 3, seed) for seed in range(3)),
        {"selected": np.eye(3, 2, -1, bool), "segment_of": np.array([0, 0, 1]), "sources": np.array([-1, -1, -1])},
    ),
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
        Slip("That is how many hits there are; their share is asked for.", _how_many),
        Slip("A token counts if its source is 0 or more: token 0 is a place like any other.", _without_token_0),
        Slip("Where no token asks for anything earlier, return 0.0: the mean of nothing is nan.", _mean_of_nothing),
        Slip(
            "`selected` has tokens as rows and segments as columns: index it [t, segment_of[source]].", _by_source_row
        ),
        Slip("It must be the segment of the answer that was selected, not just any.", _any_selected),
        Slip("A share lies between 0 and 1; yours is in per cent.", lambda *given: 100 * hit_rate(*given)),
        Slip(
            "Only tokens whose answer lies in an earlier segment count; a source is a token, not a segment.",
            _source_as_segment,
        ),
    ),
    hints=(
        "A token t counts if <code>sources[t] >= 0</code> and <code>segment_of[sources[t]] < segment_of[t]</code>.",
        "It hits if <code>selected[t, segment_of[sources[t]]]</code>.",
    ),
)
