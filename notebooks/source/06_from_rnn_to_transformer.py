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
from mcviz.course import dial

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
gaps = {name: np.abs(run(aggregator=name, segment_length=T).output - plain).max() for name in mcviz.config.AGGREGATORS}
for name, gap in gaps.items():
    print(f"{name:9} {gap:.2g}")

# %% tags=["true"]
assert max(gaps.values()) < 1e-12, "**Every** aggregator is then the plain recurrent layer (identity I1)."

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
theirs = exercises.attention.yours(u[:, 0], k[:, 0], v[:, 0])
print(f"GRM on segments of one token, against {exercises.attention.whose}: {np.abs(ours - theirs).max():.2g}")

# %% tags=["true"]
assert np.allclose(ours, theirs), "Not “like attention”: attention (Eq. 18–20, identity I6)."

# %% [markdown]
# Not “like attention”: attention (Eq. 18–20, identity I6). The context of a one-token segment is its key, the gate is the
# softmax of $\langle u_t, k_j \rangle$, and what is read is the value.
#
# ## The hybrid
#
# Many models stack a recurrent layer and then attention over its outputs. Section 4.1 of the paper says: that *is* Memory
# Caching with one-token segments and checkpoint start. Why? Under checkpoint start, the checkpoint after token $j$ is the
# running state $m_j$, and the gate takes a softmax over all of them. **Predict** the size of the difference below.

# %% tags=["reveal"]
running = np.cumsum(v[:, 0], axis=0)  # a compressor: its state after every token
hybrid = exercises.attention.yours(u[:, 0], k[:, 0], running)
cached = run(memory="vector", segment_length=1, start="checkpoint").output[:, 0]
print(f"largest difference {np.abs(hybrid - cached).max():.2g}")

# %% tags=["true"]
assert np.allclose(hybrid, cached), "that *is* Memory Caching with one-token segments and checkpoint start"

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
# ## Turn the dial yourself
#
# The shelf of topics of notebook 03: 96 pairs in eight topics of twelve, and eight questions at the end. **Predict:** at
# which segment lengths is the recall best, shorter than a topic, as long, or longer? Then move the slider. Each place is
# a run of the reference: the gates, the recall, and what reading and keeping cost.

# %%
dial.Dial(dial.shelf())

# %% tags=["true"]
turned = {place.C: place for place in dial.shelf()}
assert all(abs(turned[C].recall - turned[12].recall) < 1e-3 for C in (1, 2, 3, 4, 6)), (
    "the recall is the same: at 1, 2, 3, 4, 6 and 12 tokens"
)
assert turned[12].recall > turned[24].recall + 0.05, "Longer segments mix topics."
assert turned[8].recall < turned[24].recall, "fares worse than $C = 24$"
assert turned[1].reads == 104, "with $C = 1$ the last token makes 104"
assert turned[12].reads == 9, "with $C = 12$ it makes 9"

# %% [markdown]
# Wherever segments keep to one topic, the recall is the same: at 1, 2, 3, 4, 6 and 12 tokens a gate that opens on a topic opens
# on all its segments, and their linear reads add up. Longer segments mix topics. So does $C = 8$, which is shorter, and
# fares worse than $C = 24$: its borders cut across topics. What differs is the price: with $C = 1$ the last token makes 104
# reads and the cache holds a matrix for each token; with $C = 12$ it makes 9. The best segment is the longest that is still
# about one thing.
#
# ## What it costs
#
# **Predict:** at 8,192 tokens and $d = 64$, is GRM with $C = 256$ nearer to the RNN or to attention, in operations?

# %% tags=["slide", "reveal"]
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

# %% tags=["reveal"]
for name, flops in {
    "SSC": total("ssc", 8192),
    "GRM": total("grm", 8192),
    "attention": cost.attention(8192, d, d, 1).flops,
}.items():
    print(f"{name:9} {flops / total('none', 8192):5.1f} times the operations of the RNN")

# %% [markdown]
# That depends on how nearness is measured, and both answers are right. By difference GRM is far nearer to the RNN: about 9 times its
# operations, where attention takes about 64 times. By ratio it lies in the middle: 9 times the RNN, a seventh of attention. On
# the logarithmic axes of the picture you see the second.

# %% tags=["true"]
times = {name: total(name, 8192) / total("none", 8192) for name in ("ssc", "grm")}
most = cost.attention(8192, d, d, 1).flops / total("none", 8192)
assert round(times["grm"]) == 9, "about 9 times its"
assert round(most) in (64, 65), "attention takes about 64 times"
assert 6.5 < most / times["grm"] < 7.5, "9 times the RNN, a seventh of attention"

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
    print(f"{memory}: smaller than the KV cache from C = {exercises.break_even.yours(256, expansion)} on ({exact:g})")
ratio = kept("titans", 256) / (2 * 256 * T_long)
print(f"two-layer checkpoints at C = 256: {ratio:.1f} times the numbers of the KV cache")

# %% tags=["true"]
assert 3.9 < ratio < 4.2, "about four times as many numbers as the KV cache would"
for expansion in (0, 4):
    C = exercises.break_even.yours(256, expansion)
    matrices = 256 * 256 * (2 * expansion or 1)
    assert matrices < 2 * 256 * C and matrices >= 2 * 256 * (C - 1), "a two-layer one only for $C > e\\,d$"

# %% [markdown]
# With deep memories of the paper's larger size (width 2048 in 8 heads, $d = 256$) and its default segments of 256 tokens,
# the cache of checkpoints holds about four times as many numbers as the KV cache would. That does not make it useless:
# SSC *reads* only $k$ of them. But “growing memory” can grow faster than attention's, and the paper does not give bytes.

# %%
widgets.Stepper(run(memory="vector", segment_length=1), run(segment_length=8), step=T - 1)

# %% [markdown]
# **Change this.** In *One token's reads at four segment lengths*, take `start="checkpoint"`. Which curves change, and why not
# all of them?
#
# **Stretch.** Real attention reads keys *and* values of 2 bytes each. Compute the bytes that the last of 16,384 tokens has to
# move with attention, GRM and SSC, and find the segment length at which GRM moves as many as attention.

# %% [markdown]
# ## Recap
#
# - $C = T$: a recurrent network. $C = 1$ with value-only memories: softmax attention, exactly.
# - Checkpoint start with $C = 1$ is the hybrid recipe: a compressor, then global attention.
# - A linear checkpoint beats the KV cache in bytes only for $C > d/2$, a two-layer one only for $C > e\,d$.
#
# **Next:** [07 Build it fast](07_build_it_fast.ipynb).
