# %% [markdown]
# # 01 · An RNN forgets
#
# **30 minutes.** After this notebook you can
#
# - write linear attention as a matrix that is written and read,
# - measure its *interference*, and predict how it grows,
# - say what the delta rule does better, and what it cannot do.

# %%
import numpy as np

from mcviz import exercises, plot

# %% [markdown]
# ## A matrix as a memory
#
# Linear attention (Eq. 2) keeps one matrix $M$ of shape $[V, K]$. A token writes its pair of key and value as an outer
# product, and reads with its query:
#
# $$M_t = M_{t-1} + v_t k_t^\top \qquad\qquad y_t = M_t\, q_t$$
#
# No slots, no addresses: every pair is spread over the whole matrix. Write it yourself.

# %%
exercises.write


# %% tags=["exercise"]
def write(M, k, v):
    return ...


# %% tags=["check"]
exercises.write.check(write)

# %% [markdown]
# **Why is that attention, and why is it an RNN?** Attention without its softmax weighs each earlier value by how well its
# key fits: $y_t = \sum_{j \le t} v_j\,(k_j^\top q_t)$. Nothing but a sum of products stands there, so the brackets may be
# moved: $y_t = \bigl(\sum_{j \le t} v_j k_j^\top\bigr)\, q_t = M_t\, q_t$. The sum in brackets needs no list of earlier tokens:
# $M_t$ follows from $M_{t-1}$ and the token alone. A state of fixed size, updated token by token, **is** a recurrent
# network. With a softmax around $k_j^\top q_t$ the brackets cannot be moved, and every key must be kept.

# %%
rng = np.random.default_rng(0)
q, k, v = (rng.standard_normal((6, 4)) for _ in range(3))
attending = np.tril(q @ k.T) @ v  # all pairs of tokens
M, recurrent = np.zeros((4, 4)), []
for t in range(6):
    M = exercises.write.yours(M, k[t], v[t])
    recurrent.append(M @ q[t])
print(
    f"largest difference between attention without softmax and the recurrence: {np.abs(attending - recurrent).max():.1g}"
)

# %% tags=["true"]
assert np.allclose(attending, recurrent), "A state of fixed size, updated token by token, **is** a recurrent network."

# %% [markdown]
# ## Predict
#
# We store pairs with random keys of length about 1, $K = 16$, and read each one back with its own key. Even a single
# pair does not come back quite right, because its key has length 1 only on average. **How many pairs until the error is
# as large as the value itself: 4, 16 or 64?** Write your guess down.

# %% [markdown]
# ## Run
#
# The pairs are written by *your* function, once it has passed; until then by the course's own.

# %%
K = V = 16


def random_pairs(rng, n):
    return rng.standard_normal((n, K)) / np.sqrt(K), rng.standard_normal((n, V))


def errors_of(write, keys, values):
    """Write all pairs, then read each with its own key: the squared error of each read, per squared size of a value."""
    M = np.zeros((V, K))
    for k, v in zip(keys, values, strict=True):
        M = write(M, k, v)
    return ((keys @ M.T - values) ** 2).sum(1) / (values**2).sum(1).mean()


def relative_error(write, n):
    """The root of the mean squared error, over all pairs of some tries, more of them where pairs are few."""
    rng = np.random.default_rng(0)
    return np.sqrt(np.mean([errors_of(write, *random_pairs(rng, n)) for _ in range(20 + 400 // n)]))


# %% tags=["reveal"]
counts = [1, 2, 4, 8, 16, 32, 64]
errors = [relative_error(exercises.write.yours, n) for n in counts]
for n, error in zip(counts, errors, strict=True):
    print(f"{n:3} pairs: relative error {error:.2f}")

# %% tags=["slide", "reveal"]
# One matrix, more and more pairs
theory = [np.sqrt((n + 1) / K) for n in counts]
plot.lines(
    {f"measured, with {exercises.write.whose}": (counts, errors), "√((n + 1) / K)": (counts, theory)},
    x="pairs in the memory",
    y="relative error",
    log_x=True,
    title="Interference grows with the square root of what was stored",
)

# %% tags=["true"]
assert 0.2 < errors[0] < 0.5, "Even a single pair does not come back quite right"
assert np.allclose(errors, theory, rtol=0.1), "Together $(n+1)/K$: the second line of the picture."
assert abs(errors[counts.index(K)] - 1) < 0.1, "The error reaches the size of the value near $n = K$."

# %% [markdown]
# ## Explain
#
# Reading with key $k_j$ gives
#
# $$M k_j = \underbrace{v_j\,(k_j^\top k_j)}_{\text{signal}} \;+\; \underbrace{\sum_{i \ne j} v_i\,(k_i^\top k_j)}_{\text{interference}}.$$
#
# Random keys are almost, not quite, orthogonal: $k_i^\top k_j$ has mean 0 and variance $1/K$. So $n - 1$ other pairs
# add noise of variance $(n-1)/K$. The signal has a flaw of its own, because $|k_j|^2$ is 1 only on average: its
# variance is $2/K$. Together $(n+1)/K$: the second line of the picture. (Its root is the root of the *mean square* of the
# error, which is why the measurement takes that mean too.) The error reaches the size of the value near $n = K$.
#
# That is the **capacity** of a matrix: about as many pairs as a key has components. It does not depend on how long you
# train.

# %%
exercises.interference


# %% tags=["exercise"]
def interference(keys, values, j):
    return ...


# %% tags=["check"]
exercises.interference.check(interference)

# %% [markdown]
# The picture below splits one read into its two parts, pair by pair: each row is one stored pair's contribution to a
# read with the key of pair 5. Without interference, only row 5 would be coloured.

# %%
keys, values = random_pairs(np.random.default_rng(1), 12)
overlaps = keys @ keys[5]
signal, noise = exercises.interference.yours(keys, values, 5)
print(
    f"sizes, by {exercises.interference.whose}: signal {np.linalg.norm(signal):.2f}, interference {np.linalg.norm(noise):.2f}"
)
plot.maps({"what each stored pair adds to the read": overlaps[:, None] * values}, x="component of the value", y="pair")

# %% tags=["true"]
assert np.allclose(overlaps[5] * values[5], signal), "splits one read into its two parts, pair by pair"
assert np.allclose((overlaps[:, None] * values).sum(0), signal + noise), (
    "splits one read into its two parts, pair by pair"
)

# %% [markdown]
# ## The delta rule
#
# Linear attention writes blindly. The **delta rule** first asks what the key already brings up, and writes only the
# difference. It is one gradient step on $\tfrac12 |M k - v|^2$. That is the view that gives *checkpoints* their name: a
# memory is a little model, each write is a step of training.

# %%
exercises.delta_write


# %% tags=["exercise"]
def delta_write(M, k, v, eta):
    return ...


# %% tags=["check"]
exercises.delta_write.check(delta_write)

# %% [markdown]
# **Predict:** the delta rule corrects itself. Will it hold more pairs than $K$?


# %% tags=["reveal"]
def corrects(M, k, v):
    return exercises.delta_write.yours(M, k, v, 1.0)


errors_delta = [relative_error(corrects, n) for n in counts]
for n, one, other in zip(counts, errors, errors_delta, strict=True):
    print(f"{n:3} pairs: linear {one:.2f}, delta {other:.2f}")

# %% tags=["slide", "reveal"]
# The delta rule has the same ceiling
plot.lines(
    {"linear": (counts, errors), f"delta, with {exercises.delta_write.whose}": (counts, errors_delta)},
    x="pairs in the memory",
    y="relative error",
    log_x=True,
    title="A better write; the same matrix",
)

# %% tags=["true"]
assert np.isclose(errors_delta[0], errors[0]), "A single pair both rules write alike"
assert all(np.array(errors_delta)[1:] < np.array(errors)[1:]), "with more of them the delta rule is better"
assert max(errors_delta) < 1.4 < errors[-1], "where many are stored, its error stays bounded"
assert errors_delta[-1] > 0.8, "cannot hold many more than $K$ pairs"

# %% [markdown]
# A single pair both rules write alike; with more of them the delta rule is better, and where many are stored, its error stays bounded,
# because it overwrites. But look at *which* pairs
# it still knows:

# %% tags=["slide"]
# The delta rule keeps the newest
ages = np.sqrt(
    np.mean([errors_of(corrects, *random_pairs(np.random.default_rng(seed), 48)) for seed in range(40)], axis=0)
)
blurred = np.sqrt(
    np.mean(
        [errors_of(exercises.write.yours, *random_pairs(np.random.default_rng(seed), 48)) for seed in range(40)], axis=0
    )
)
plot.lines(
    {"delta": (range(48), ages), "linear": (range(48), blurred)},
    x="pair, in the order of writing",
    y="relative error",
    title="The delta rule keeps the newest",
)

# %% tags=["true"]
assert ages[-8:].mean() < 0.7 * ages[:24].mean(), "the delta rule forgets the oldest"
assert abs(blurred[:24].mean() / blurred[24:].mean() - 1) < 0.1, "Linear attention mixes everything up alike"

# %% [markdown]
# Linear attention mixes everything up alike; the delta rule forgets the oldest. **Either way one matrix of $K$ columns
# cannot hold many more than $K$ pairs.** A better rule moves the losses around. To lose less, keep more.
#
# **Change this.** Give `corrects` a smaller step, 0.5 or 0.1 for the `1.0`. Which pairs gain, which lose?
#
# **Stretch.** Random keys overlap; keys at right angles do not. Write pairs whose keys are the rows of `np.eye(K)`: how many
# come back without any error, and what happens at one pair more?
#
# ## Recap
#
# - A recurrent memory is a matrix that is *written* by outer products and *read* by multiplication.
# - Reading returns signal plus interference; the interference grows as $\sqrt{n/K}$.
# - The delta rule takes back what a key already brings up. It forgets the old instead of blurring all.
# - Both are steps of an optimiser on an inner loss. So a state is a checkpoint of a tiny training run.
#
# **Think about it:** attention keeps every pair. What would lie between “one matrix” and “everything”?
# **Next:** [02 Checkpoints](02_checkpoints.ipynb).
