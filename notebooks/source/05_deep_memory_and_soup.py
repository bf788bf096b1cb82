# %% [markdown]
# # 05 · Deep memory and soup
#
# **40 minutes.** After this notebook you can
#
# - treat a memory as a small network that is trained while it reads,
# - write one step of Titans and the gradient of a two-layer memory,
# - tell soup from GRM, and say when they are the same.

# %%
import numpy as np

import mcviz
from mcviz import MCConfig, exercises, plot, widgets

# %% [markdown]
# ## Each write is a step of training
#
# Linear attention's write is a gradient step on $-\langle M k, v\rangle$; the delta rule's is one on
# $\tfrac12 |M k - v|^2$. So the memory need not be a matrix. It can be any little network $M(x)$ with weights; the
# sequence trains it, pair by pair, and a **checkpoint** is exactly what that word means elsewhere: the weights, saved.
#
# | rule | inner loss | step |
# | --- | --- | --- |
# | deep linear attention (DLA) | $-\langle M(k), v\rangle$ | plain gradient (Eq. 30–33) |
# | Titans | $\lvert M(k) - v\rvert^2$ | momentum and decay (Eq. 34–36) |
#
# Begin with Titans on a matrix.

# %%
exercises.titans_write


# %% tags=["exercise"]
def titans_write(M, S, k, v, alpha, beta, eta):
    return ...


# %% tags=["check"]
exercises.titans_write.check(titans_write)

# %% [markdown]
# A word on signs. The paper prints the momentum with a minus that, taken literally, climbs the loss. This course and this
# code use the sign that descends. **Predict:** how long does it take until you notice, if you use the other one? Below:
# the inner loss of both after each of 30 writes of the *same* pair.

# %% tags=["reveal"]
rng = np.random.default_rng(0)
k, v = rng.standard_normal(8) / np.sqrt(8), rng.standard_normal(8)
losses = {exercises.titans_write.whose: [], "as printed": []}
for name, sign in zip(losses, (1, -1), strict=True):
    M, S = np.zeros((8, 8)), np.zeros((8, 8))
    for _ in range(30):
        M, S = exercises.titans_write.yours(M, S, k, v, 1.0, 0.5, sign * 0.05)
        losses[name].append(np.sum((M @ k - v) ** 2))
plot.lines(
    {name: (range(1, 31), values) for name, values in losses.items()},
    x="writes",
    y="inner loss",
    log_y=True,
    title="One sign, thirty writes",
)

# %% tags=["true"]
down, up = losses.values()
assert down[-1] < 0.2 * down[0] and up[-1] > up[0], "taken literally, climbs the loss"

# %% [markdown]
# ## Two layers
#
# With a hidden layer, $M(x) = W_1\,\sigma(W_2 x)$, the gradient runs through both. (The paper's memory also has a skip
# connection and a norm, and GELU for $\sigma$; we take $\tanh$ here, for short formulas.)

# %%
exercises.gradients


# %% tags=["exercise"]
def gradients(W1, W2, k, v):
    return ...


# %% tags=["check"]
exercises.gradients.check(gradients)

# %% [markdown]
# A gradient is checked against differences: move one weight a little, and see how much the loss moves.

# %%
W1, W2 = rng.standard_normal((8, 12)) / 4, rng.standard_normal((12, 8)) / 4


def inner_loss(W1, W2):
    return -v @ W1 @ np.tanh(W2 @ k)


step = 1e-6
nudge = np.zeros_like(W2)
nudge[3, 5] = step
slope = (inner_loss(W1, W2 + nudge) - inner_loss(W1, W2 - nudge)) / (2 * step)
print(
    f"by differences {slope:.6f}, by {exercises.gradients.whose} {exercises.gradients.yours(W1, W2, k, v)[1][3, 5]:.6f}"
)

# %% tags=["true"]
assert abs(slope - exercises.gradients.yours(W1, W2, k, v)[1][3, 5]) < 1e-6, "A gradient is checked against differences"
zeros = exercises.gradients.yours(0 * W1, 0 * W2, k, v)
assert not any(one.any() for one in zeros), "**A deep memory that starts from zeros never learns anything.**"

# %% [markdown]
# Look at the formulas again with $W_1 = W_2 = 0$. Every gradient is 0, because each layer's is a product with the other
# layer. **A deep memory that starts from zeros never learns anything.** So $M_0$ is drawn at random, or learned.
#
# ## Does depth buy capacity?
#
# **Predict:** the pairs and the reading test of notebook 01, with $K = V = 16$, measured by the cosine of what comes back
# with what was stored. A two-layer memory with expansion 4 has eight times the numbers of a matrix. Will it hold eight
# times as many pairs?

# %% tags=["reveal"]
K = 16
RATES = {"linear": {}, "delta": {"eta": 1.0}, "titans": {"alpha": 1.0, "beta": 0.0, "eta": 0.01}}


def read_back(memory, n, seed):
    """Mean cosine of n pairs with what is read with their keys, after all were written."""
    rng = np.random.default_rng(seed)
    keys, values = rng.standard_normal((n, K)) / np.sqrt(K), rng.standard_normal((n, K))
    # the reads come last, in a segment of their own: caching only serves to stop the writing
    cfg = MCConfig(memory=memory, aggregator="residual", segmentation=(n, n), seed=seed)
    q, k = np.concatenate([keys, keys])[:, None], np.concatenate([keys, np.zeros_like(keys)])[:, None]
    v = np.concatenate([values, np.zeros_like(values)])[:, None]
    run = mcviz.reference.memory_caching(q, k, v, q, cfg, RATES[memory])
    said = run.reads[n:, 0, 0]
    return np.mean((said * values).sum(1) / np.linalg.norm(said, axis=1) / np.linalg.norm(values, axis=1))


counts = [1, 2, 4, 8, 16, 32, 64]
found = {name: (counts, [np.mean([read_back(name, n, seed) for seed in range(6)]) for n in counts]) for name in RATES}
for name, (_, values) in found.items():
    print(f"{name:7} 16 pairs: {values[4]:.2f}   64 pairs: {values[6]:.2f}")

# %% tags=["slide", "reveal"]
# A network as a memory
plot.lines(found, x="pairs in the memory", y="cosine with the stored value", log_x=True)

# %% tags=["true"]
deep, linear = found["titans"][1], found["linear"][1]
assert deep[6] < linear[3] and deep[3] < linear[0], "Far from eight times."
RATES["titans"]["eta"] = 0.03
with np.errstate(all="ignore"):
    assert not read_back("titans", 64, 0) > deep[6] / 2, "with three times this step size the network diverges"
RATES["titans"]["eta"] = 0.01

# %% [markdown]
# Far from eight times. One pass over the pairs, one small step each, is not much training; and with three times this step
# size the network diverges (try `"eta": 0.03`). In a layer, $\eta$ and $M_0$ are learned, and so is what becomes a key.
# The paper gives deep memories an edge in trained models. This bare test shows only that **a bigger state is not yet a
# better memory**.
#
# ## Soup
#
# GRM reads each memory and mixes what they *say*. **Memory soup** (Eq. 14–15) mixes their *parameters* and reads once:
#
# $$\theta^\ast_t = \sum_i \gamma_t^{(i)} \theta^{(i)}, \qquad y_t = M^\ast_t(q_t).$$

# %%
exercises.soup


# %% tags=["exercise"]
def soup(memories, weights, q):
    return ...


# %% tags=["check"]
exercises.soup.check(soup)

# %% [markdown]
# **Predict:** for which of these rules do soup and GRM give the same output? (Two of them are new: `swla`, linear attention
# over a sliding window, writes each pair together with the one before it, and lets the memory fade (Eq. 26–29); its
# memory is a matrix. `dla` and `titans` are the deep ones.)

# %% tags=["reveal"]
rng = np.random.default_rng(3)
q, k, v, u = (rng.standard_normal((24, 1, 8)) for _ in range(4))
gaps = {}
for memory in ("linear", "swla", "delta", "dla", "titans"):
    runs = [
        mcviz.reference.memory_caching(q, k, v, u, MCConfig(memory=memory, aggregator=name, segment_length=6))
        for name in ("grm", "soup")
    ]
    gaps[memory] = np.abs(runs[0].output - runs[1].output).max()
    print(f"{memory:6} largest difference {gaps[memory]:.2g}")

# %% tags=["true"]
assert max(gaps[name] for name in ("linear", "swla", "delta")) < 1e-9, (
    "For a matrix, reading is linear in the parameters"
)
assert min(gaps[name] for name in ("dla", "titans")) > 1e-6, "there they part"

# %% [markdown]
# For a matrix, reading is linear in the parameters, so mixing before or after is the same (identity I3). A network's read
# is not linear in its weights: there they part. How far they part depends on how far apart the memories are: with a
# larger step size each segment's network goes its own way.

# %% tags=["slide", "reveal"]
# Where soup and GRM part
steps = [0.001, 0.003, 0.01, 0.03, 0.1]


def apart(eta):
    runs = [
        mcviz.reference.memory_caching(
            q, k, v, u, MCConfig(memory="dla", aggregator=name, segment_length=6), {"eta": eta}
        )
        for name in ("grm", "soup")
    ]
    return np.linalg.norm(runs[0].output - runs[1].output) / np.linalg.norm(runs[0].output)


plot.lines({"DLA": (steps, [apart(eta) for eta in steps])}, x="step size η", y="relative difference", log_x=True)

# %% tags=["true"]
assert (np.diff([apart(eta) for eta in steps]) > 0).all(), (
    "with a larger step size each segment's network goes its own way"
)

# %% [markdown]
# **Your** two ways to read three little networks, as their gates go from the first alone to all alike:

# %%
networks = [(rng.standard_normal((4, 8)) / 2, rng.standard_normal((8, 4)) / 2) for _ in range(3)]
one, alike = np.array([1.0, 0, 0]), np.full(3, 1 / 3)
asked = rng.standard_normal(4)
mixed_by, gap = np.linspace(0, 1, 9), []
for share in mixed_by:
    gates = (1 - share) * one + share * alike
    said = sum(w * (A @ np.tanh(B @ asked)) for w, (A, B) in zip(gates, networks, strict=True))
    gap.append(np.linalg.norm(exercises.soup.yours(networks, gates, asked) - said))
plot.lines({f"GRM against {exercises.soup.whose}": (mixed_by, gap)}, x="from one memory to an even mix", y="difference")

# %% tags=["true"]
assert gap[0] < 1e-12 and gap[-1] > 0.01, "as their gates go from the first alone to all alike"

# %% [markdown]
# In cost they differ as well. GRM reads $N$ networks for each token; soup mixes $N$ sets of weights and reads one. The
# gate map and the thumbnails below are of a soup: there is one output and no row of separate reads.

# %%
widgets.Stepper(
    mcviz.reference.memory_caching(q, k, v, u, MCConfig(memory="dla", aggregator="soup", segment_length=6)), step=20
)

# %% [markdown]
# **Change this.** Give the deep memory two passes over the pairs instead of one (write `keys` twice in `read_back`). How
# much does it gain, and what would that mean for a layer that reads a text once?
#
# **Stretch.** Add the skip connection, $M(x) = x + W_1 \sigma(W_2 x)$, to `gradients`. Which of the two formulas changes?

# %% [markdown]
# ## Recap
#
# - A memory is a model, a write is a step of training, a cached state is a checkpoint.
# - DLA and Titans differ in loss and optimiser. Signs matter, and so does a start that is not zero.
# - Soup mixes parameters, GRM mixes answers. Equal for matrices, different for networks.
#
# **Think about it:** the paper's text ranks SSC second, its tables put soup there. What would you want to see to decide?
# **Next:** [06 From RNN to Transformer](06_from_rnn_to_transformer.ipynb).
