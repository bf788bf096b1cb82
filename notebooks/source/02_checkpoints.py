# %% [markdown]
# # 02 · Checkpoints
#
# **30 minutes.** After this notebook you can
#
# - cut a sequence in constant and in logarithmic segments, and say what each costs,
# - build the cache of checkpoints under both kinds of start,
# - explain what *independent* start buys, and what it gives up.

# %%
import numpy as np

import mcviz
from mcviz import MCConfig, examples, exercises, figures, plot, widgets

# %% [markdown]
# ## Segments
#
# Memory Caching cuts the $T$ tokens of a sequence into $N$ segments. A segment is a half-open range `(start, stop)`.
# Constant segmentation takes $C$ tokens each; the last may be shorter.

# %%
exercises.cuts


# %% tags=["exercise"]
def cuts(T, C):
    return ...


# %% tags=["check"]
exercises.cuts.check(cuts)

# %% [markdown]
# Logarithmic segmentation takes the powers of two in the binary expansion of $T$, the largest first.

# %%
exercises.binary_cuts


# %% tags=["exercise"]
def binary_cuts(T):
    return ...


# %% tags=["check"]
exercises.binary_cuts.check(binary_cuts)

# %% [markdown]
# **Predict:** a sequence has 1,000 tokens. How many checkpoints are there with $C = 16$, and how many with logarithmic
# segments? In which of the two does token 3 share its segment with more others?

# %% tags=["reveal"]
cuts, binary_cuts = exercises.cuts.yours, exercises.binary_cuts.yours
for name, found in {"constant, C = 16": cuts(1000, 16), "logarithmic": binary_cuts(1000)}.items():
    lengths = [stop - start for start, stop in found]
    print(f"{name}: {len(found)} segments, the first {lengths[0]} tokens long, the last {lengths[-1]}")

# %% tags=["slide"]
# How many memories there are to read
lengths = [2**n - 1 for n in range(4, 13)]
plot.lines(
    {
        "constant, C = 16": (lengths, [len(cuts(T, 16)) for T in lengths]),
        "constant, C = 256": (lengths, [len(cuts(T, 256)) for T in lengths]),
        "logarithmic": (lengths, [len(binary_cuts(T)) for T in lengths]),
    },
    x="tokens",
    y="segments",
    log_x=True,
    log_y=True,
    title=f"Cut by {exercises.cuts.whose} and {exercises.binary_cuts.whose}",
)

# %% tags=["true"]
assert all(len(binary_cuts(T)) <= np.log2(T) + 1 for T in range(1, 2000)), "\\lfloor\\log_2 T\\rfloor + 1$ at most"
assert all(2 * binary_cuts(T)[0][1] > T for T in range(1, 2000)), "more than half of the sequence shares one matrix"

# %% [markdown]
# Logarithmic segments are few, $\lfloor\log_2 T\rfloor + 1$ at most, so reading them all is cheap. The price is in the first segment:
# more than half of the sequence shares one matrix. You know from notebook 01 what a crowded matrix does.
#
# ## The cache
#
# Inside a segment the memory is written as ever. When the segment ends, its state goes into the cache. What does the
# next segment begin with? The paper (section 3.4) offers two starts:
#
# - **checkpoint** start: it goes on from where the last one ended;
# - **independent** start: it begins from $M_0$ again, so each checkpoint holds its own segment and nothing else.

# %%
exercises.checkpoints


# %% tags=["exercise"]
def checkpoints(k, v, cuts, start):
    return ...


# %% tags=["check"]
exercises.checkpoints.check(checkpoints)

# %% [markdown]
# ## Predict
#
# The same pairs, written under both starts. Below are the checkpoints of six segments as pictures. **Which row will
# get darker from left to right?**

# %%
runs = {start: examples.run("topics", MCConfig(segment_length=16, start=start)) for start in mcviz.config.STARTS}

# %% [markdown]
# ## Run

# %% tags=["reveal"]
figures.checkpoints(runs["independent"], t=96)

# %% tags=["reveal"]
figures.checkpoints(runs["checkpoint"], t=96)

# %% tags=["slide", "reveal"]
# What a checkpoint holds
sizes = {}
for start, run in runs.items():
    kept = exercises.checkpoints.yours(run.k[:, 0], run.v[:, 0], list(run.segments[:6]), start)
    sizes[start] = (range(1, 7), [np.linalg.norm(M) for M in kept])
title = f"Under checkpoint start everything piles up (by {exercises.checkpoints.whose})"
plot.lines(sizes, x="segment", y="size of its checkpoint, |M|", title=title)

# %% tags=["true"]
for start, run in runs.items():
    held = [np.linalg.norm(state["M"][0]) for state in run.checkpoints[:6]]
    assert np.allclose(sizes[start][1], held), "What a checkpoint holds"
grown = np.diff(sizes["checkpoint"][1])
assert (grown > 0).all(), "Under checkpoint start everything piles up"
assert max(sizes["independent"][1]) < sizes["checkpoint"][1][1], (
    "Under independent start the checkpoints are clean summaries"
)

# %% [markdown]
# ## Explain
#
# Under checkpoint start the $i$-th checkpoint contains segments $1 \dots i$. It is one long optimisation, and the cache
# is a row of snapshots. Under independent start the checkpoints are clean summaries.
#
# Does it matter for reading? For each question, read one checkpoint: that of the document which holds the answer. **Predict:**
# under which start does the read point more nearly towards the wanted value? (A cosine of 1: the same direction.)

# %% tags=["reveal"]
cosines = {}
for start, run in runs.items():
    asked = np.flatnonzero(np.array(run.sources) >= 0)
    shares = []
    for t in asked:
        source = run.sources[t]
        home = run.segment_of[source]
        wanted = run.v[source, 0]
        said = run.reads[t, 0, home]
        shares.append(said @ wanted / np.linalg.norm(said) / np.linalg.norm(wanted))
    cosines[start] = np.mean(shares)
    print(f"{start:12} cosine of the right checkpoint's answer with the wanted value: {cosines[start]:.2f}")

# %% tags=["true"]
assert cosines["independent"] > cosines["checkpoint"] + 0.02, "under checkpoint start the older segments talk over it"

# %% [markdown]
# Even when a token reads exactly the right checkpoint, under checkpoint start the older segments talk over it. The paper
# announces a comparison of the two starts and does not print one. Notebook 08 has ours, on trained models.
#
# Now the other side. Suppose every memory counts in full (the *residual* aggregator, Eq. 6–7). **Predict:** for linear
# memory and independent start, is the output more, less, or exactly the same as that of one plain RNN?

# %%
rng = np.random.default_rng(0)
q, k, v = (rng.standard_normal((40, 1, 8)) for _ in range(3))


def output(**changes):
    return mcviz.reference.memory_caching(q, k, v, q, MCConfig(segment_length=8, **changes)).output


one_memory = output(aggregator="none", start="checkpoint")

# %% tags=["reveal"]
gaps = {start: np.abs(output(aggregator="residual", start=start) - one_memory).max() for start in mcviz.config.STARTS}
for start, gap in gaps.items():
    print(f"residual, {start} start: largest difference from a plain RNN {gap:.2g}")

# %% tags=["true"]
assert gaps["independent"] < 1e-12, "The sum of clean pieces is the whole"
assert gaps["checkpoint"] > 1, "the sum counts old tokens several times, which is different"

# %% [markdown]
# The sum of clean pieces is the whole: $\sum_i \sum_{j \in S(i)} v_j k_j^\top q = \sum_j v_j k_j^\top q$ (Eq. 13). So
# **caching alone adds nothing to linear attention**. It needs someone who tells the checkpoints apart: a gate. Under
# checkpoint start the sum counts old tokens several times, which is different.
#
# Watch a cache being filled. Under the stepper's picture of memories, note what happens to the online memory at the
# first token of each segment.

# %%
widgets.Stepper(runs["independent"], runs["checkpoint"], step=16)

# %% [markdown]
# **Change this.** Set `segment_length=8`, where the six documents are cut in halves. What becomes of the two curves?
#
# **Stretch.** Write `grown_cuts(T)` whose segments double in length *backwards*, the newest the shortest: 1, 2, 4 … tokens
# before the end. For which questions would you prefer it to both others?

# %% [markdown]
# ## Recap
#
# - Constant segments: $T/C$ checkpoints, each crowded by $C$ pairs. Logarithmic: few checkpoints, very unequal.
# - Independent start gives clean checkpoints; checkpoint start gives snapshots of one long optimisation.
# - Added up without weights, clean linear checkpoints are the plain RNN again (identity I2).
#
# **Next:** [03 Gates](03_gates.ipynb).
