# %% [markdown]
# # 07 · Build it fast
#
# **40 minutes.** After this notebook you can
#
# - turn the loop over tokens into matrix products, without changing a number,
# - check a fast path against a slow one, and know what to check,
# - train a Memory Caching model yourself, on two cores, in seconds.

# %%
import time

import numpy as np
import torch

import mcviz
from mcviz import MCConfig, exercises, figures, plot, training, widgets

torch.set_num_threads(1)

# %% [markdown]
# ## From the loop to one matrix
#
# The reference is a loop over tokens. It is meant to be read, and it is slow. For linear memory with independent start
# everything fits into one masked matrix (identity I9): pair $j$ reaches token $t$ through the gate of $j$'s segment,
#
# $$y_t = \sum_{j \le t} \gamma_t^{(\mathrm{seg}(j))}\, (q_t^\top k_j)\, v_j .$$

# %%
exercises.masked


# %% tags=["exercise"]
def masked(q, k, v, weights, segment_of):
    return ...


# %% tags=["check"]
exercises.masked.check(masked)

# %% [markdown]
# That is fast on a GPU and easy to differentiate, but it is $T \times T$: we have built attention's cost back in. The
# recurrence needs less. The trick is to go in **chunks**: inside a chunk one small masked matrix, between chunks the
# state.

# %%
exercises.chunked


# %% tags=["exercise"]
def chunked(q, k, v, size):
    return ...


# %% tags=["check"]
exercises.chunked.check(chunked)

# %% [markdown]
# ## Predict
#
# Your chunked version and the loop compute the same sums in another order. How much faster will it be at 2,048 tokens
# with chunks of 64: 3 times, 10 times, 100 times?

# %% [markdown]
# ## Run

# %%
rng = np.random.default_rng(0)
T, K, V = 2048, 32, 32
q, k, v = (rng.standard_normal((T, n)) / np.sqrt(n) for n in (K, K, V))


def loop(q, k, v):
    M, y = np.zeros((V, K)), np.zeros_like(v)
    for t in range(len(q)):
        M = M + np.outer(v[t], k[t])
        y[t] = M @ q[t]
    return y


def seconds(function, *given):
    """The best of three runs: other programs can only slow a run down."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        function(*given)
        times.append(time.perf_counter() - began)
    return min(times)


# %% tags=["reveal"]
sizes = [1, 4, 16, 64, 256, 1024]
slow = seconds(loop, q, k, v)
gains = [slow / seconds(exercises.chunked.yours, q, k, v, size) for size in sizes]
print(f"{exercises.chunked.whose}, chunks of 64: {gains[sizes.index(64)]:.0f} times as fast as the loop")

# %% tags=["slide", "reveal"]
# Chunks instead of tokens
plot.lines(
    {exercises.chunked.whose: (sizes, gains)},
    x="tokens in a chunk",
    y="times as fast as the loop",
    log_x=True,
    log_y=True,
)

# %% tags=["true"]
assert max(gains) > 2, "a good chunk is many times as fast as the loop"
assert gains[0] < max(gains), "Short chunks pay for many small steps of Python"

# %%
gap = np.abs(exercises.chunked.yours(q, k, v, 64) - loop(q, k, v)).max()
alone = exercises.masked.yours(q[:96], k[:96], v[:96], np.ones((96, 1)), np.zeros(96, int))
print(f"{exercises.chunked.whose}: largest difference {gap:.1e}, the order of a sum and nothing else")
print(f"{exercises.masked.whose}, on 96 tokens: {np.abs(alone - loop(q, k, v)[:96]).max():.1e}")

# %% tags=["true"]
assert gap < 1e-12, "the order of a sum and nothing else"

# %% [markdown]
# ## Explain
#
# Short chunks pay for many small steps of Python; very long ones do $T \cdot$ size work inside the chunk. The best size
# lies between, and depends on the machine; on most, a good chunk is many times as fast as the loop, nearer to 10 than to 100.
#
# `mcviz.pytorch` does the same for every rule and aggregator, batched over sequences and heads, with gradients. It never
# imports the NumPy reference: an oracle must be independent. So compare them, on a length that no chunk divides:

# %%
T, H = 101, 2
tokens = [rng.standard_normal((T, H, 8)) for _ in range(4)]
for memory in ("linear", "swla", "delta", "dla", "titans"):
    for aggregator in ("grm", "ssc", "soup"):
        cfg = MCConfig(memory=memory, aggregator=aggregator, segment_length=16)
        slow_way = mcviz.reference.memory_caching(*tokens, cfg)
        fast_way = mcviz.pytorch.memory_caching(*(torch.tensor(x)[None] for x in tokens), cfg)
        print(f"{memory:6} {aggregator:4} {np.abs(fast_way[0].numpy() - slow_way.output).max():.0e}", end="   ")
    print()

# %% [markdown]
# What would such a comparison miss? Bugs that both share. That is why there are identities as well: they need no second
# implementation.
#
# ## Train your own
#
# A model is trained by a loop of five lines. Write it.

# %%
exercises.fit


# %% tags=["exercise"]
def fit(model, optimizer, batches):
    return ...


# %% tags=["check"]
exercises.fit.check(fit)

# %% [markdown]
# Your loop now trains a Memory Caching model on a task. MQAR, *multi-query associative recall*: key value key value …, then every key again. Here with 12 pairs, so that a model
# of a few thousand weights learns it in seconds.

# %%
task = mcviz.tasks.mqar(pairs=12, keys=24, values=12)
print(task.sample(0, batch=1).draw())


# %%
def small(aggregator, steps=250, **settings):
    """A plan for a small model on a small task."""
    sizes = {"pairs": 12, "keys": 24, "values": 12, "segment_length": 4, "key": 12, "value": 4, "width": 32}
    return training.plan("mqar", aggregator, steps=steps, **sizes, **settings)


# %% tags=["reveal"]
def batches(task, steps):
    """One batch for each step, as tensors."""
    for step in range(steps):
        batch = task.sample((0, step), batch=32)
        yield tuple(torch.from_numpy(array) for array in (batch.tokens, batch.targets, batch.mask))


models, curves = {}, {}
for name in ("none", "grm"):
    plan = small(name)
    models[name] = mcviz.pytorch.SequenceModel(plan.model_config)
    optimizer = torch.optim.AdamW(models[name].parameters(), 1e-2)
    curves[name] = exercises.fit.yours(models[name], optimizer, batches(plan.task, 250))
    accuracy = training.evaluate(models[name].eval(), plan.task, sequences=64)["accuracy"]
    weights = sum(w.numel() for w in models[name].parameters())
    print(
        f"{name}: {weights:,} weights, accuracy {accuracy.value:.2f} (from {accuracy.low:.2f} to {accuracy.high:.2f})"
    )

# %% tags=["slide", "reveal"]
# The loss, step by step, in your own loop
smooth = {name: np.convolve(losses, np.ones(10) / 10, "valid") for name, losses in curves.items()}
plot.lines(
    {name: (range(10, 251, 8), losses[::8]) for name, losses in smooth.items()},
    x="step",
    y="loss, mean of ten steps",
    title=f"Trained by {exercises.fit.whose}",
)

# %% tags=["true"]
assert smooth["grm"][-1] < 0.8 * smooth["none"][-1], "GRM learns to find what the plain layer mixes up"

# %% [markdown]
# The same task, the same training, nearly the same number of weights. What GRM adds is a connector, $W_u$, and a cache: GRM learns to find what the plain layer mixes up.
#
# **Predict:** in the gates of your model, what will the columns of the last twelve tokens look like? And how sure are you
# that a model trained this briefly finds *every* segment?

# %%
batch = task.sample(7, batch=1)
trace = mcviz.capture(
    models["grm"],
    batch.tokens[0],
    labels=batch.labels,
    targets=np.where(batch.mask[0], batch.targets[0], -1).tolist(),
    sources=batch.sources[0].tolist(),
)

# %% tags=["slide", "reveal"]
# The gates of a model trained in seconds
figures.gates(trace, t=30)

# %%
widgets.Stepper(trace, step=30)

# %% [markdown]
# ## Decode token by token
#
# A model that writes text gets one token at a time. A stream keeps the online memory and the cache, and must give the
# outputs of the whole pass (identity I10):

# %%
cfg = MCConfig(aggregator="ssc", segment_length=16)
layer = mcviz.pytorch.MemoryCaching(16, 2, cfg).eval()
x = torch.randn(1, 50, 16)
with torch.no_grad():
    at_once = layer(x)
    stream = layer.stream(length=50)
    one_by_one = torch.stack([stream.step(x[:, t]) for t in range(50)], 1)
print(f"largest difference {float((at_once - one_by_one).abs().max()):.1e}")

# %% tags=["true"]
assert torch.allclose(at_once, one_by_one, atol=1e-5), "outputs of the whole pass (identity I10)"

# %% [markdown]
# **Change this.** Train with `small("ssc", top_k=1)`. Does a router that reads one checkpoint from the first step on learn to
# find it, and where does its loss stand after 250 steps?
#
# **Stretch.** Give `fit` a schedule: lower the learning rate in `optimizer.param_groups` towards the end. How many steps does
# that save for the same loss?

# %% [markdown]
# ## Recap
#
# - Linear MC is a gated, masked matrix; in chunks it keeps the recurrence's cost.
# - A fast path is trusted because it is compared with a slow one, at awkward lengths, on outputs and gradients.
# - Small models on small tasks train in seconds: enough to test an idea before you spend a cluster on it.
#
# **Next:** [08 Do the numbers hold up?](08_do_the_numbers_hold_up.ipynb)
