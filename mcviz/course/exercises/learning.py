"""Notebook 05: memories that learn while they read, and soup, which mixes before it reads."""

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from mcviz.course.exercises.cases import search, seeded
from mcviz.course.exercises.exercise import Exercise, Slip

Array = np.ndarray
Weights = tuple[Float[Array, "V E"], Float[Array, "E K"]]
"""A two-layer memory without its skip connection: M(x) = W1 tanh(W2 x)."""


def titans_write(
    M: Float[Array, "V K"],
    S: Float[Array, "V K"],
    k: Float[Array, "K"],
    v: Float[Array, "V"],
    alpha: float,
    beta: float,
    eta: float,
) -> tuple[Float[Array, "V K"], Float[Array, "V K"]]:
    """The memory and the momentum after one pair."""
    gradient = 2 * np.outer(M @ k - v, k)
    S = beta * S + eta * gradient
    return alpha * M - S, S


def gradients(
    W1: Float[Array, "V E"], W2: Float[Array, "E K"], k: Float[Array, "K"], v: Float[Array, "V"]
) -> tuple[Float[Array, "V E"], Float[Array, "E K"]]:
    """The gradients of -<M(k), v> in both layers."""
    a = np.tanh(W2 @ k)
    return -np.outer(v, a), -np.outer((1 - a**2) * (W1.T @ v), k)


def soup(memories: list[Weights], weights: Float[Array, "n"], q: Float[Array, "K"]) -> Float[Array, "V"]:
    """Mix the parameters, then read once."""
    W1 = sum(w * memory[0] for w, memory in zip(weights, memories, strict=True))
    W2 = sum(w * memory[1] for w, memory in zip(weights, memories, strict=True))
    return W1 @ np.tanh(W2 @ q)


def _as_printed(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    S = beta * S - eta * 2 * np.outer(M @ k - v, k)
    return alpha * M - S, S


def _half(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    S = beta * S + eta * np.outer(M @ k - v, k)
    return alpha * M - S, S


def _late(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    return alpha * M - S, beta * S + eta * 2 * np.outer(M @ k - v, k)


def _no_momentum(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    S = eta * 2 * np.outer(M @ k - v, k)
    return alpha * M - S, S


def _decayed_first(
    M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float
) -> tuple[Array, Array]:
    return titans_write(alpha * M, S, k, v, 1.0, beta, eta)


def _eta_on_all(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    S = eta * (beta * S + 2 * np.outer(M @ k - v, k))
    return alpha * M - S, S


def _added(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    S = beta * S + eta * 2 * np.outer(M @ k - v, k)
    return alpha * M + S, S


def _decays_both(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    S = beta * S + eta * 2 * np.outer(M @ k - v, k)
    return alpha * (M - S), S


def _averages(M: Array, S: Array, k: Array, v: Array, alpha: float, beta: float, eta: float) -> tuple[Array, Array]:
    S = beta * S + (1 - beta) * eta * 2 * np.outer(M @ k - v, k)
    return alpha * M - S, S


_RATES = {
    "alpha": lambda sizes: st.sampled_from([1.0, 0.5]),
    "beta": lambda sizes: st.sampled_from([0.0, 0.5]),
    "eta": lambda sizes: st.sampled_from([1.0, 0.25]),
}

TITANS_WRITE = Exercise(
    title="One step of Titans",
    task="The inner loss is |M k - v|². The momentum is S<sub>t</sub> = β S<sub>t-1</sub> + η ∇ℓ(M<sub>t-1</sub>), the "
    "memory M<sub>t</sub> = α M<sub>t-1</sub> - S<sub>t</sub> (Eq. 34–36, with the sign that descends). M is a matrix "
    "[V, K]. Return the new M and the new S.",
    difficulty=2,
    minutes=8,
    solution=titans_write,
    seeded=tuple(
        seeded(n, {"V": 2, "K": 3}, M="V K", S="V K", k="K", v="V", alpha=alpha, beta=beta, eta=0.1)
        for n, (alpha, beta) in enumerate([(0.9, 0.5), (1.0, 0.7)])
    ),
    searched=search(M="V K", S="V K", k="K", v="V", **_RATES),
    slips=(
        Slip(
            "That is the sign as the paper prints it. Read literally it climbs the loss: subtracting S must go "
            "downhill.",
            _as_printed,
        ),
        Slip("The gradient of |M k - v|² has a factor 2; the delta rule's loss has a ½ in front.", _half),
        Slip("The memory moves by the new momentum S_t; yours moves by the old one.", _late),
        Slip("Where is the momentum? The old S, shrunk by β, belongs to the new one.", _no_momentum),
        Slip(
            "The decay α of the memory is missing.",
            lambda M, S, k, v, alpha, beta, eta: titans_write(M, S, k, v, 1.0, beta, eta),
        ),
        Slip(
            "The momentum does not shrink: β is missing.",
            lambda M, S, k, v, alpha, beta, eta: titans_write(M, S, k, v, alpha, 1.0, eta),
        ),
        Slip(
            "The step size η is missing.",
            lambda M, S, k, v, alpha, beta, eta: titans_write(M, S, k, v, alpha, beta, 1.0),
        ),
        Slip("The gradient is taken at the memory after its decay; ∇ℓ(M_t-1) is taken before.", _decayed_first),
        Slip("η belongs to the gradient alone; yours scales the old momentum as well.", _eta_on_all),
        Slip("S is subtracted from M: with a plus, it climbs the loss.", _added),
        Slip("α decays the memory alone; S is subtracted in full.", _decays_both),
        Slip("That is an average of old momentum and gradient, with 1 - β. Eq. 35 adds them.", _averages),
        Slip("Only the memory comes back; the new S is asked for as well.", lambda *given: titans_write(*given)[0]),
    ),
    hints=(
        "For a matrix, ∇ℓ = 2 (M k - v) kᵀ, taken at the old M.",
        "First S, then M with that new S.",
    ),
)


def _no_slope(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    a = np.tanh(W2 @ k)
    return -np.outer(v, a), -np.outer(W1.T @ v, k)


def _uphill(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    one, two = gradients(W1, W2, k, v)
    return -one, -two


def _before_tanh(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    return -np.outer(v, W2 @ k), gradients(W1, W2, k, v)[1]


def _tanh_twice(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    a = np.tanh(W2 @ k)
    return -np.outer(v, a), -np.outer((1 - np.tanh(a) ** 2) * (W1.T @ v), k)


def _square_of_h(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    h = W2 @ k
    return -np.outer(v, np.tanh(h)), -np.outer((1 - h**2) * (W1.T @ v), k)


def _slope_of_a_sigmoid(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    a = np.tanh(W2 @ k)
    return -np.outer(v, a), -np.outer(a * (1 - a) * (W1.T @ v), k)


def _squared_loss(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    a = np.tanh(W2 @ k)
    error = W1 @ a - v
    return np.outer(error, a), np.outer((1 - a**2) * (W1.T @ error), k)


def _not_through_w1(W1: Array, W2: Array, k: Array, v: Array) -> tuple[Array, Array]:
    a = np.tanh(W2 @ k)
    return -np.outer(v, a), -np.outer((1 - a**2) * v.sum(), k)


GRADIENTS = Exercise(
    title="The gradient of a deep memory",
    task="A memory with two layers, M(x) = W1 tanh(W2 x), and deep linear attention's loss ℓ = -⟨M(k), v⟩ (Eq. 30). "
    "Return ∂ℓ/∂W1 [V, E] and ∂ℓ/∂W2 [E, K]. The derivative of tanh(h) is 1 - tanh(h)².",
    difficulty=3,
    minutes=12,
    solution=gradients,
    seeded=(
        seeded(0, {"V": 2, "K": 3, "n": 4}, W1="V n", W2="n K", k="K", v="V"),
        seeded(1, {"V": 3, "K": 2, "n": 5}, W1="V n", W2="n K", k="K", v="V"),
    ),
    searched=search(W1="V n", W2="n K", k="K", v="V"),
    slips=(
        Slip("The way back through tanh is missing: multiply by its slope 1 - tanh(h)².", _no_slope),
        Slip("The loss is minus the inner product: both signs are turned round.", _uphill),
        Slip("∂ℓ/∂W1 sees what W1 sees: the hidden layer after tanh.", _before_tanh),
        Slip("The slope of tanh at h is 1 - tanh(h)²; yours takes tanh a second time.", _tanh_twice),
        Slip("The slope of tanh at h is 1 - tanh(h)², not 1 - h².", _square_of_h),
        Slip("That slope, a (1 - a), is the sigmoid's. That of tanh is 1 - a².", _slope_of_a_sigmoid),
        Slip(
            "That is the gradient of ½|M(k) - v|². The loss here is -⟨M(k), v⟩: v itself goes back, not an error.",
            _squared_loss,
        ),
        Slip(
            "The gradient in W2 has the wrong sign; the one in W1 is right.",
            lambda *given: (gradients(*given)[0], -gradients(*given)[1]),
        ),
        Slip(
            "The gradient in W1 has the wrong sign; the one in W2 is right.",
            lambda *given: (-gradients(*given)[0], gradients(*given)[1]),
        ),
        Slip(
            "Each gradient has the shape of its layer; yours are transposed.",
            lambda *given: tuple(one.T for one in gradients(*given)),
        ),
        Slip(
            "The gradient in W2 is transposed: it is [E, K], hidden units as rows.",
            lambda *given: (gradients(*given)[0], gradients(*given)[1].T),
        ),
        Slip("W1 is missing on the way back to W2: v goes through W1ᵀ first.", _not_through_w1),
    ),
    hints=(
        "Write a = tanh(W2 k). Then ℓ = -vᵀ W1 a, which is linear in W1: ∂ℓ/∂W1 = -v aᵀ.",
        "A change of W2 moves h = W2 k, then a by (1 - a²) ∘ dh, then ℓ by -vᵀ W1 da: ∂ℓ/∂W2 = -((1 - a²) ∘ W1ᵀ v) kᵀ.",
    ),
)


def _read_first(memories: list[Weights], weights: Array, q: Array) -> Array:
    return np.sum([w * (W1 @ np.tanh(W2 @ q)) for w, (W1, W2) in zip(weights, memories, strict=True)], axis=0)


def _outer_only(memories: list[Weights], weights: Array, q: Array) -> Array:
    W1 = np.sum([w * memory[0] for w, memory in zip(weights, memories, strict=True)], axis=0)
    said: Array = W1 @ np.tanh(memories[-1][1] @ q)
    return said


def _even_mix(memories: list[Weights], weights: Array, q: Array) -> Array:
    return soup(memories, np.full(len(memories), 1 / len(memories)), q)


def _without_tanh(memories: list[Weights], weights: Array, q: Array) -> Array:
    W1, W2 = _mixed(memories, weights)
    said: Array = W1 @ (W2 @ q)
    return said


def _tanh_outside(memories: list[Weights], weights: Array, q: Array) -> Array:
    W1, W2 = _mixed(memories, weights)
    return np.tanh(W1 @ (W2 @ q))


def _mixed(memories: list[Weights], weights: Array) -> Weights:
    layers = zip(*memories, strict=True)
    W1, W2 = (np.sum([w * one for w, one in zip(weights, layer, strict=True)], axis=0) for layer in layers)
    return W1, W2


def _best_alone(memories: list[Weights], weights: Array, q: Array) -> Array:
    W1, W2 = memories[int(np.argmax(weights))]
    said: Array = W1 @ np.tanh(W2 @ q)
    return said


def _inner_only(memories: list[Weights], weights: Array, q: Array) -> Array:
    said: Array = memories[-1][0] @ np.tanh(_mixed(memories, weights)[1] @ q)
    return said


def _mixed_inside(memories: list[Weights], weights: Array, q: Array) -> Array:
    inside = np.sum([w * np.tanh(W2 @ q) for w, (_, W2) in zip(weights, memories, strict=True)], axis=0)
    said: Array = _mixed(memories, weights)[0] @ inside
    return said


def _mean_of_reads(memories: list[Weights], weights: Array, q: Array) -> Array:
    return _read_first(memories, np.full(len(memories), 1 / len(memories)), q)


def _memories(sizes: dict[str, int], seed: int) -> list[Weights]:
    rng = np.random.default_rng(seed)
    V, E, K = sizes["V"], 3, sizes["K"]
    return [(rng.standard_normal((V, E)), rng.standard_normal((E, K))) for _ in range(sizes["n"])]


def _case(n: int, V: int, K: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng([seed, 1])
    weights = rng.dirichlet(np.ones(n))
    return {
        "memories": _memories({"n": n, "V": V, "K": K}, seed),
        "weights": weights,
        "q": rng.standard_normal(K),
    }


SOUP = Exercise(
    title="Memory soup",
    task="Each of <code>memories</code> is a pair (W1, W2) and reads as W1 tanh(W2 q). Soup mixes the "
    "<i>parameters</i> "
    "by the gates <code>weights</code>, and then reads once (Eq. 14–15). Return y [V].",
    difficulty=2,
    minutes=6,
    solution=soup,
    seeded=(_case(3, 2, 3, 0), _case(2, 3, 2, 1)),
    searched=st.builds(_case, n=st.integers(1, 3), V=st.integers(1, 2), K=st.integers(1, 2), seed=st.integers(0, 20)),
    slips=(
        Slip(
            "You read every memory and mix what they say: that is GRM. For matrices both are the same; tanh makes the "
            "difference.",
            _read_first,
        ),
        Slip("Both layers are mixed, the hidden one too.", _outer_only),
        Slip("The gates are not used: every memory counts alike here.", _even_mix),
        Slip(
            "The gates are not used: parameters are added up.",
            lambda memories, weights, q: soup(memories, np.ones(len(memories)), q),
        ),
        Slip("The tanh between the layers is missing.", _without_tanh),
        Slip("tanh is taken of the result as well, or instead: it stands between the layers.", _tanh_outside),
        Slip("The memory with the largest gate is read alone; soup mixes all.", _best_alone),
        Slip("Only the first layer is mixed: W1 is the last memory's.", _inner_only),
        Slip(
            "The last memory is read alone.",
            lambda memories, weights, q: memories[-1][0] @ np.tanh(memories[-1][1] @ q),
        ),
        Slip(
            "The hidden layers are mixed after tanh: that is a read of each memory. Mix W2, then take tanh once.",
            _mixed_inside,
        ),
        Slip(
            "Each memory is read and the answers are averaged: the gates are not used, and nothing is mixed.",
            _mean_of_reads,
        ),
    ),
    hints=(
        "First θ* = Σ γ<sup>(i)</sup> θ<sup>(i)</sup>, once for W1 and once for W2.",
        "Only one tanh is left in the whole computation.",
    ),
    fixed=("weights",),
)
