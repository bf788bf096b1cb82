# %% [markdown]
# # 06 · From RNN to Transformer
#
# **30 minutes.** After this notebook you can
#
# - turn one dial from a recurrent network to attention, and prove both ends,
# - state the hybrid identity: cache after every token, and you have a hybrid model,
# - compute when a checkpoint costs more than a KV cache.

# %%
import numpy as np

import mcviz
from mcviz import MCConfig, cost, exercises, plot, widgets

# %% [markdown]
# ## One end of the dial
#
# Make the segment as long as the sequence: no checkpoints, one online memory. **Every** aggregator is then the plain
# recurrent layer (identity I1). Check it for all of them at once:

# %%
rng = np.random.default_rng(0)
T, K, V = 24, 8, 8
q, k, u = (rng.standard_normal((T, 1, K)) for _ in range(3))
v = rng.standard_normal((T, 1, V))


def run(**settings):
    return mcviz.reference.memory_caching(q, k, v, u, MCConfig(**settings))


plain = run(aggregator="none", segment_length=T).output
for name in mcviz.config.AGGREGATORS:
    print(f"{name:9} {np.abs(run(aggregator=name, segment_length=T).output - plain).max():.2g}")

# %% [markdown]
# ## The other end
#
# Now every segment is one token long. Let the memory be as poor as possible too: no matrix, just the value of that one
# token (the rule `vector`). What is GRM then?

# %%
exercises.attention


# %% tags=["exercise"]
def attention(u, k, v):
    return ...


# %% tags=["check"]
exercises.attention.check(attention)

# %%
ours = run(memory="vector", segment_length=1).output[:, 0]
theirs = exercises.attention.solution(u[:, 0], k[:, 0], v[:, 0])
print(f"GRM on segments of one token, against causal softmax attention: {np.abs(ours - theirs).max():.2g}")

# %% [markdown]
# Not “like attention”: attention (Eq. 18–20, identity I6). The context of a one-token segment is its key, the gate is the
# softmax of $\langle u_t, k_j \rangle$, and what is read is the value.
#
# ## The hybrid
#
# Many models stack a recurrent layer and then attention over its outputs. Section 4.1 of the paper says: that *is* Memory
# Caching with one-token segments and checkpoint start. Why? Under checkpoint start, the checkpoint after token $j$ is the
# running state $m_j$, and the gate takes a softmax over all of them. **Predict** the size of the difference below.

# %%
running = np.cumsum(v[:, 0], axis=0)  # a compressor: its state after every token
hybrid = exercises.attention.solution(u[:, 0], k[:, 0], running)
cached = run(memory="vector", segment_length=1, start="checkpoint").output[:, 0]
print(f"largest difference {np.abs(hybrid - cached).max():.2g}")

# %% [markdown]
# ## In between
#
# The same sequence, cut shorter and shorter. One token's gates, from one memory to one for each token:

# %% tags=["slide"]
# The dial: one token's reads at four segment lengths
shown = {}
for C in (24, 8, 3, 1):
    trace = run(segment_length=C)
    pairs = trace.weights[-1, 0][trace.segment_of]
    shown[f"C = {C}"] = (range(T), pairs)
plot.lines(shown, x="token", y="gate on its segment", title="What the last token gives to every earlier one")

# %% [markdown]
# With $C = 24$ all tokens get the same; with $C = 1$ each gets its own weight. In between, tokens of a segment share one.
#
# ## What it costs
#
# **Predict:** at 8,192 tokens and $d = 64$, is GRM with $C = 256$ nearer to the RNN or to attention, in operations?

# %% tags=["slide"]
# Operations for a sequence
lengths = [2**n for n in range(9, 15)]
d = 64


def total(aggregator, T, C=256):
    return cost.sequence(MCConfig(aggregator=aggregator, segment_length=C), T, d, d, 1).flops


plot.lines(
    {
        "RNN": (lengths, [total("none", T) for T in lengths]),
        "SSC, k = 2": (lengths, [total("ssc", T) for T in lengths]),
        "GRM, C = 256": (lengths, [total("grm", T) for T in lengths]),
        "attention": (lengths, [cost.attention(T, d, d, 1).flops for T in lengths]),
    },
    x="tokens",
    y="operations",
    log_x=True,
    log_y=True,
)

# %%
for name, flops in {
    "SSC": total("ssc", 8192),
    "GRM": total("grm", 8192),
    "attention": cost.attention(8192, d, d, 1).flops,
}.items():
    print(f"{name:9} {flops / total('none', 8192):5.1f} times the operations of the RNN")

# %% [markdown]
# Operations are not seconds: matrices and memory traffic decide those. `mcviz bench` measures seconds on your machine.
#
# ## Bytes: when does a checkpoint cost more than a KV cache?
#
# Attention keeps $2d$ numbers for each token. A linear checkpoint keeps $d^2$ for each *segment*.

# %%
exercises.break_even


# %% tags=["exercise"]
def break_even(d, expansion):
    return ...


# %% tags=["check"]
exercises.break_even.check(break_even)

# %% tags=["slide"]
# Numbers kept for 16,384 tokens
T_long = 16384
lengths_of_segments = [2**n for n in range(3, 13)]


def kept(memory, C, d=256):
    cfg = MCConfig(memory=memory, segment_length=C)
    return (T_long // C) * cost.state_size(cfg, d, d)


plot.lines(
    {
        "KV cache": (lengths_of_segments, [2 * 256 * T_long for _ in lengths_of_segments]),
        "linear checkpoints": (lengths_of_segments, [kept("linear", C) for C in lengths_of_segments]),
        "two-layer checkpoints": (lengths_of_segments, [kept("titans", C) for C in lengths_of_segments]),
    },
    x="tokens in a segment, C",
    y="numbers kept, one head",
    log_x=True,
    log_y=True,
    title="d = 256, expansion 4",
)

# %%
for memory, expansion in (("linear", 0), ("titans", 4)):
    exact = cost.crossover(MCConfig(memory=memory), 256, 256)
    print(
        f"{memory}: smaller than the KV cache from C = {exercises.break_even.solution(256, expansion)} on ({exact:g})"
    )
ratio = kept("titans", 256) / (2 * 256 * T_long)
print(f"two-layer checkpoints at C = 256: {ratio:.1f} times the numbers of the KV cache")

# %% [markdown]
# With deep memories of the paper's larger size (width 2048 in 8 heads, $d = 256$) and its default segments of 256 tokens,
# the cache of checkpoints holds about four times as many numbers as the KV cache would. That does not make it useless:
# SSC *reads* only $k$ of them. But “growing memory” can grow faster than attention's, and the paper does not give bytes.

# %%
widgets.Stepper(run(memory="vector", segment_length=1), run(segment_length=8), step=T - 1)

# %% [markdown]
# ## Recap
#
# - $C = T$: a recurrent network. $C = 1$ with value-only memories: softmax attention, exactly.
# - Checkpoint start with $C = 1$ is the hybrid recipe: a compressor, then global attention.
# - A linear checkpoint beats the KV cache in bytes only for $C > d/2$, a two-layer one only for $C > e\,d$.
#
# **Next:** [07 Build it fast](07_build_it_fast.ipynb).
