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

import mcviz
from mcviz import MCConfig, exercises, plot

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
# ## Predict
#
# We store pairs with random keys of length about 1, $K = 16$, and read each one back with its own key. With one pair
# the answer is perfect. **How many pairs until the error is as large as the value itself: 4, 16 or 64?** Write your
# guess down.

# %% [markdown]
# ## Run

# %%
K = V = 16


def random_pairs(rng, n):
    return rng.standard_normal((n, K)) / np.sqrt(K), rng.standard_normal((n, V))


def read_back(keys, values, cfg):
    """Write all pairs, then read them with their own keys: the relative error of what comes back."""
    n = len(keys)
    q = np.concatenate([keys, keys])[:, None]
    v = np.concatenate([values, np.zeros_like(values)])[:, None]
    k = np.concatenate([keys, np.zeros_like(keys)])[:, None]
    run = mcviz.reference.memory_caching(q, k, v, q, cfg)
    return np.linalg.norm(run.output[n:, 0] - values) / np.linalg.norm(values)


rng = np.random.default_rng(0)
counts = [1, 2, 4, 8, 16, 32, 64]
plain = MCConfig(aggregator="none", start="checkpoint")
errors = [np.mean([read_back(*random_pairs(rng, n), plain) for _ in range(20)]) for n in counts]
for n, error in zip(counts, errors, strict=True):
    print(f"{n:3} pairs: relative error {error:.2f}")

# %% tags=["slide"]
# One matrix, more and more pairs
theory = [np.sqrt((n + 1) / K) for n in counts]
plot.lines(
    {"measured": (counts, errors), "√((n + 1) / K)": (counts, theory)},
    x="pairs in the memory",
    y="relative error",
    log_x=True,
    title="Interference grows with the square root of what was stored",
)

# %% [markdown]
# ## Explain
#
# Reading with key $k_j$ gives
#
# $$M k_j = \underbrace{v_j\,(k_j^\top k_j)}_{\text{signal}} \;+\; \underbrace{\sum_{i \ne j} v_i\,(k_i^\top k_j)}_{\text{interference}}.$$
#
# Random keys are almost, not quite, orthogonal: $k_i^\top k_j$ has mean 0 and variance $1/K$. So $n - 1$ other pairs
# add noise of variance $(n-1)/K$. The signal has a flaw of its own, because $|k_j|^2$ is 1 only on average: its
# variance is $2/K$. Together $(n+1)/K$: the second line of the picture. The error reaches the size of the value near
# $n = K$.
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
plot.maps({"what each stored pair adds to the read": overlaps[:, None] * values}, x="component of the value", y="pair")

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

# %%
delta = MCConfig(memory="delta", aggregator="none", start="checkpoint")


def read_back_delta(keys, values, step=1.0):
    n = len(keys)
    q, k = np.concatenate([keys, keys])[:, None], np.concatenate([keys, np.zeros_like(keys)])[:, None]
    v = np.concatenate([values, np.zeros_like(values)])[:, None]
    run = mcviz.reference.memory_caching(q, k, v, q, delta, {"eta": step})
    return np.linalg.norm(run.output[n:, 0] - values, axis=-1) / np.linalg.norm(values, axis=-1)


rng = np.random.default_rng(0)
errors_delta = [np.mean([read_back_delta(*random_pairs(rng, n)).mean() for _ in range(20)]) for n in counts]

# %% tags=["slide"]
# The delta rule has the same ceiling
plot.lines(
    {"linear": (counts, errors), "delta": (counts, errors_delta)},
    x="pairs in the memory",
    y="relative error",
    log_x=True,
    title="A better write; the same matrix",
)

# %% [markdown]
# With few pairs the delta rule is better; with many it stays bounded, because it overwrites. But look at *which* pairs
# it still knows:

# %%
ages = np.mean([read_back_delta(*random_pairs(np.random.default_rng(seed), 48)) for seed in range(10)], axis=0)
plot.lines(
    {"error": (range(48), ages)},
    x="pair, in the order of writing",
    y="relative error",
    title="The delta rule keeps the newest",
)

# %% [markdown]
# Linear attention mixes everything up alike; the delta rule forgets the oldest. **Either way one matrix of $K$ columns
# cannot hold many more than $K$ pairs.** A better rule moves the losses around. To lose less, keep more.
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
