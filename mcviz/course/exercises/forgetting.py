"""Notebook 01: a matrix as a memory, what it mixes up, and how the delta rule corrects itself."""

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from mcviz.course.exercises.cases import search, seeded
from mcviz.course.exercises.exercise import Exercise, Slip

Array = np.ndarray


def write(M: Float[Array, "V K"], k: Float[Array, "K"], v: Float[Array, "V"]) -> Float[Array, "V K"]:
    """M plus the outer product of value and key."""
    return M + np.outer(v, k)


def interference(
    keys: Float[Array, "n K"], values: Float[Array, "n V"], j: int
) -> tuple[Float[Array, "V"], Float[Array, "V"]]:
    """What pair j put into a read with its key, and what the others did."""
    overlaps = keys @ keys[j]
    signal = overlaps[j] * values[j]
    return signal, overlaps @ values - signal


def delta_write(M: Float[Array, "V K"], k: Float[Array, "K"], v: Float[Array, "V"], eta: float) -> Float[Array, "V K"]:
    """A step towards M k = v."""
    return M - eta * np.outer(M @ k - v, k)


def _only_the_last(M: Array, k: Array, v: Array) -> Array:
    return np.outer(v, k)


def _swapped(M: Array, k: Array, v: Array) -> Array:
    return M + np.outer(k, v)


def _scaled_columns(M: Array, k: Array, v: Array) -> Array:
    return M + k * v[:, None] * k


def _in_place(M: Array, k: Array, v: Array) -> Array:
    M += np.outer(v, k)
    return M


def _norm(k: Array) -> float:
    return float(np.linalg.norm(k))


WRITE = Exercise(
    title="Write a pair into a matrix",
    task="A memory is a matrix <code>M</code> [V, K]. Write the pair <code>(k, v)</code> into it: "
    "M<sub>t</sub> = M<sub>t-1</sub> + v<sub>t</sub> k<sub>t</sub>ᵀ (Eq. 2). Return the new matrix and leave the "
    "old one as it was.",
    difficulty=1,
    minutes=3,
    solution=write,
    seeded=tuple(
        seeded(n, {"V": V, "K": K}, M="V K", k="K", v="V") for n, (V, K) in enumerate([(2, 3), (3, 3), (1, 4)])
    ),
    searched=search(M="V K", k="K", v="V"),
    slips=(
        Slip("This keeps the latest pair alone: what M held before is gone. The rule adds to M.", _only_the_last),
        Slip("The outer product is the other way round: rows belong to values, columns to keys.", _swapped),
        Slip("The key comes in twice. An outer product takes each of v and k once.", _scaled_columns),
        Slip("`M += …` writes into the caller's own array. A checkpoint that shares it would change too.", _in_place),
        Slip("The pair is taken away. The linear rule adds it.", lambda M, k, v: M - np.outer(v, k)),
        Slip("That is a sum of v and k where their product belongs.", lambda M, k, v: M + v[:, None] + k),
        Slip(
            "`@` of two vectors is their inner product: one number, the same for the whole matrix.",
            lambda M, k, v: M + v @ k,
        ),
        Slip(
            "`*` multiplies component by component. An outer product pairs each v with each k.",
            lambda M, k, v: M + v * k,
        ),
        Slip("The key was scaled to length 1. Eq. 2 takes it as it is.", lambda M, k, v: M + np.outer(v, k / _norm(k))),
    ),
    hints=(
        "v kᵀ is a matrix with one row for each component of v and one column for each component of k.",
        "<code>np.outer(a, b)[i, j]</code> is <code>a[i] * b[j]</code>. Which of the two is v?",
    ),
)


def _all_of_it(keys: Array, values: Array, j: int) -> tuple[Array, Array]:
    overlaps = keys @ keys[j]
    return overlaps[j] * values[j], overlaps @ values


def _value_alone(keys: Array, values: Array, j: int) -> tuple[Array, Array]:
    return values[j], keys @ keys[j] @ values - values[j]


def _earlier_only(keys: Array, values: Array, j: int) -> tuple[Array, Array]:
    overlaps = keys @ keys[j]
    return overlaps[j] * values[j], overlaps[:j] @ values[:j]


def _later_only(keys: Array, values: Array, j: int) -> tuple[Array, Array]:
    overlaps = keys @ keys[j]
    return overlaps[j] * values[j], overlaps[j + 1 :] @ values[j + 1 :]


def _mean(keys: Array, values: Array, j: int) -> tuple[Array, Array]:
    signal, others = interference(keys, values, j)
    return signal, others / max(1, len(keys) - 1)


def _by_values(keys: Array, values: Array, j: int) -> tuple[Array, Array]:
    overlaps = values @ values[j]
    return overlaps[j] * values[j], overlaps @ values - overlaps[j] * values[j]


def _absolute(keys: Array, values: Array, j: int) -> tuple[Array, Array]:
    overlaps = np.abs(keys @ keys[j])
    return overlaps[j] * values[j], overlaps @ values - overlaps[j] * values[j]


INTERFERENCE = Exercise(
    title="Signal and interference",
    task="All n pairs were written into one matrix by Eq. 2, and now it is read with the key of pair <code>j</code>. "
    "Split what comes back into two vectors [V]: the <i>signal</i>, which pair j put there, and the "
    "<i>interference</i>, the sum of what all the other pairs put there. Return both.",
    difficulty=2,
    minutes=7,
    solution=interference,
    seeded=tuple(
        seeded(n, {"n": 4, "K": K, "V": 2}, keys="n K", values="n V", j=j) for n, (K, j) in enumerate([(3, 2), (2, 0)])
    ),
    searched=search(keys="n K", values="n V", j=lambda sizes: st.integers(0, sizes["n"] - 1)),
    slips=(
        Slip("Your second vector is the whole read: the signal is still in it.", _all_of_it),
        Slip(
            "The signal is not the value alone: it comes back scaled by |k|², the key's overlap with itself.",
            _value_alone,
        ),
        Slip("Pairs written after j disturb it as well. The sum runs over all i ≠ j.", _earlier_only),
        Slip("Pairs written before j disturb it as well. The sum runs over all i ≠ j.", _later_only),
        Slip(
            "The interference is right. The signal is not the value alone: it is scaled by |k|², the key's "
            "overlap with itself.",
            lambda keys, values, j: (values[j], interference(keys, values, j)[1]),
        ),
        Slip("That is the mean of what the others put there. The matrix holds their sum.", _mean),
        Slip("Overlaps are those of keys with the key that reads; yours are overlaps of values.", _by_values),
        Slip("An overlap may be negative, and then the value comes back turned round: keep its sign.", _absolute),
    ),
    hints=(
        "M q = Σᵢ vᵢ (kᵢᵀ q). With q = kⱼ, how much of each value comes back?",
        "<code>keys @ keys[j]</code> holds all the overlaps kᵢᵀ kⱼ at once. One of them belongs to the signal.",
    ),
)


def _adds(M: Array, k: Array, v: Array, eta: float) -> Array:
    return M + eta * np.outer(v, k)


def _climbs(M: Array, k: Array, v: Array, eta: float) -> Array:
    return M + eta * np.outer(M @ k - v, k)


def _full_step(M: Array, k: Array, v: Array, eta: float) -> Array:
    return M - np.outer(M @ k - v, k)


def _erases(M: Array, k: Array, v: Array, eta: float) -> Array:
    return M - eta * np.outer(M @ k, k) + np.outer(v, k)


def _turned(M: Array, k: Array, v: Array, eta: float) -> Array:
    return M - eta * np.outer(k, M @ k - v)


def _delta_in_place(M: Array, k: Array, v: Array, eta: float) -> Array:
    M -= eta * np.outer(M @ k - v, k)
    return M


DELTA_WRITE = Exercise(
    title="The delta rule",
    task="Before it writes, the delta rule asks what the key already brings up, and writes only the difference: "
    "M<sub>t</sub> = M<sub>t-1</sub> - η (M<sub>t-1</sub> k<sub>t</sub> - v<sub>t</sub>) k<sub>t</sub>ᵀ. Return the "
    "new matrix.",
    difficulty=2,
    minutes=5,
    solution=delta_write,
    seeded=tuple(
        seeded(n, {"V": V, "K": K}, M="V K", k="K", v="V", eta=eta)
        for n, (V, K, eta) in enumerate([(2, 3, 0.5), (3, 3, 0.1)])
    ),
    searched=search(M="V K", k="K", v="V", eta=lambda sizes: st.sampled_from([0.5, 0.25, 1.0])),
    slips=(
        Slip("That is the linear rule with a step size: nothing is taken back before v is added.", _adds),
        Slip("The sign is turned round: this climbs the loss ½|M k - v|². Gradient steps go down.", _climbs),
        Slip("The step size η is missing.", _full_step),
        Slip("η belongs to the whole difference, to v as much as to M k.", _erases),
        Slip(
            "That is the step alone. It is taken from M, which goes on.",
            lambda M, k, v, eta: delta_write(M, k, v, eta) - M,
        ),
        Slip(
            "A factor 2 too many: it belongs to the loss |M k - v|², and here the loss has a ½ in front.",
            lambda M, k, v, eta: delta_write(M, k, v, 2 * eta),
        ),
        Slip(
            "The outer product is the other way round: the error [V] goes with rows, the key [K] with columns.", _turned
        ),
        Slip("`M -= …` writes into the caller's own array. Make a new matrix.", _delta_in_place),
        Slip(
            "The step was divided by |k|². That makes M k = v in one step with η = 1; the rule here leaves it to η.",
            lambda M, k, v, eta: delta_write(M, k, v, eta / _norm(k) ** 2),
        ),
    ),
    hints=(
        "What M brings up for k is <code>M @ k</code>. The error is what that lacks to be v.",
        "It is one outer product, of the error [V] and the key [K], times η, subtracted from M.",
    ),
)
