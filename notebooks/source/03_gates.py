# %% [markdown]
# # 03 · Gates
#
# **40 minutes.** After this notebook you can
#
# - explain why a sum of memories collapses and a gated sum does not,
# - write gated residual memory (GRM, Eq. 8–10) in a dozen lines,
# - say why the gate must look at the segment, not at the token alone.

# %%
import numpy as np

import mcviz
from mcviz import MCConfig, exercises, figures, plot, predict, widgets

# %% [markdown]
# ## Where we stand
#
# Notebook 02 ended with a disappointment: caching plus adding is the plain RNN. GRM gives each memory a weight that
# depends on the token:
#
# $$y_t = \gamma_t^{(s)} M_t^{(s)} q_t + \sum_{i<s} \gamma_t^{(i)} M^{(i)} q_t, \qquad
# \gamma_t = \operatorname{softmax}_i \langle u_t, c^{(i)} \rangle .$$
#
# Here $u_t$ is the **connector**, what the token asks for, and $c^{(i)}$ is the **context** of segment $i$, what it is
# about: the mean of its keys. For the segment being read, the mean runs over the keys so far.

# %%
exercises.running_contexts


# %% tags=["exercise"]
def running_contexts(k, cuts):
    return ...


# %% tags=["check"]
exercises.running_contexts.check(running_contexts)

# %%
exercises.gate


# %% tags=["exercise"]
def gate(u, contexts):
    return ...


# %% tags=["check"]
exercises.gate.check(gate)

# %% [markdown]
# ## A shelf of topics
#
# To see what a gate is good for, we make a sequence whose segments have topics. Each key has two parts: 16 numbers for
# the topic of its segment, and 32 of its own. A question asks for one pair of one segment: its **query** holds the own
# part, and its **connector** the topic. That is why $u$ is not $q$: one finds the pair, the other finds the segment.

# %%
TOPIC, OWN, V, C, N = 16, 32, 16, 12, 8


def library(seed, sharpness=8.0):
    """Keys with a topic for each segment, random values, and one question for each segment at the end."""
    rng = np.random.default_rng(seed)
    topics = rng.standard_normal((N, TOPIC)) / np.sqrt(TOPIC)
    own = rng.standard_normal((N * C, OWN)) / np.sqrt(OWN)
    values = rng.standard_normal((N * C, V))
    sources = rng.permutation(N) * C + rng.integers(C, size=N)
    asked = np.concatenate([np.arange(N * C), sources])
    topic = np.repeat(topics, C, 0)[asked]
    k = np.concatenate([np.concatenate([topic, own[asked]], 1)[: N * C], np.zeros((N, TOPIC + OWN))])
    v = np.concatenate([values, np.zeros((N, V))])
    q = np.concatenate([np.zeros_like(topic), own[asked]], 1)
    u = sharpness * np.concatenate([topic, np.zeros_like(own[asked])], 1)
    return [a[:, None] for a in (q, k, v, u)], sources


def cosine(said, wanted):
    """How alike two vectors are, whatever their lengths: 1 for the same direction, 0 for unrelated ones."""
    return (said * wanted).sum(-1) / np.linalg.norm(said, axis=-1) / np.linalg.norm(wanted, axis=-1)


def recall(aggregator, seeds=range(4), sharpness=8.0, **changes):
    """The mean cosine of what the questions read with the value that they want."""
    found = []
    for seed in seeds:
        (q, k, v, u), sources = library(seed, sharpness)
        run = mcviz.reference.memory_caching(q, k, v, u, MCConfig(aggregator=aggregator, segment_length=C, **changes))
        found.append(cosine(run.output[-N:, 0], v[sources, 0]).mean())
    return np.mean(found)


# %% [markdown]
# ## Predict
#
# Four ways to read: the plain RNN, the residual sum, GRM, and the average of all memories. We measure the cosine of
# what comes back with the value that was wanted: 1 is perfect, 0 is no idea. **Three of the four will be equal to the
# last digit. Which, and why?**

# %% [markdown]
# ## Run

# %% tags=["slide", "reveal"]
# Four ways to read the same memories
found = {
    "plain RNN": recall("none", start="checkpoint"),
    "residual": recall("residual"),
    "average": recall("average"),
    "GRM": recall("grm"),
}
plot.bars(found, y="cosine with the wanted value", highlight=["GRM"])

# %% tags=["true"]
assert np.ptp([found[name] for name in ("plain RNN", "residual", "average")]) < 1e-9, "Three of the four will be equal"
assert found["GRM"] > found["average"] + 0.1, "GRM drops the other seven"

# %% [markdown]
# ## Explain
#
# *Residual* is the plain RNN: that is identity I2. The average is the same sum, divided by the number of memories: it
# points the same way. In all three, the question hears the noise of all eight segments. GRM drops the other seven and is
# left with the interference inside one. See how the gates find it:

# %%
(q, k, v, u), sources = library(0)
trace = mcviz.reference.memory_caching(q, k, v, u, MCConfig(segment_length=C))
card = predict.Scorecard()
question = trace.T - N + 2
card.gates(trace, question)

# %% tags=["slide", "reveal"]
# Each question lights up one segment
figures.gates(trace)

# %% tags=["reveal"]
print(f"token {question} asks for a pair of segment {sources[2] // C}")
widgets.Stepper(trace, step=question)

# %% tags=["true"]
lit = trace.weights[-N:, 0].argmax(-1)
assert (lit == sources // C).all(), "each lights up one row"

# %% [markdown]
# Each of the last eight columns is a question, and each lights up one row.

# %% [markdown]
# ## Why the gate must look at the segment
#
# Could the gate be computed from the token alone? Then it can only say “read the memory that is three segments old”,
# whatever is in it. The configuration `gate="token"` does just that: the score of a memory depends on its age.
#
# **Predict:** will a gate by age beat equal gates on this task?

# %% tags=["reveal"]
found = {
    "equal gates": recall("average"),
    "from the token alone": recall("grm", gate="token"),
    "from token and segment": recall("grm"),
}
plot.bars(found, y="cosine with the wanted value", highlight=["from token and segment"])

# %% tags=["true"]
assert found["from the token alone"] < found["equal gates"], "a gate by age prefers the wrong segments"

# %% [markdown]
# Here $u$ holds a topic, and read as a list of ages that is nonsense: a gate by age prefers the wrong segments. Training
# could not save it: the age of the answer is random, so there is nothing to learn. The paper's ablation agrees: without
# context in the gate, retrieval drops from 40.5 to 33.0 (table 5). Notebook 08 repeats this with trained models.
#
# ## How sharp should a gate be?
#
# Scale the connector, and the softmax goes from indifferent to decided. **Predict** the curve: where does it begin, and does
# a sharper gate always help?

# %% tags=["slide", "reveal"]
# From indifferent to decided
scales = [0, 1, 2, 4, 8, 16, 32]
found = [recall("grm", sharpness=scale) for scale in scales]
plot.lines({"GRM": (scales, found)}, x="sharpness of the connector", y="cosine with the wanted value")

# %% tags=["true"]
assert abs(found[0] - recall("average")) < 1e-9, "At 0 all gates are equal: that is the average (identity I5)."
assert (np.diff(found[:4]) > 0).all() and abs(found[-1] - found[-2]) < 0.02, "it rises, and then stays"

# %% [markdown]
# On this shelf it rises, and then stays: the topics never lie. At 0 all gates are equal: that is the average (identity I5). In a layer, $u_t = x_t W_u$ is learned, so training finds
# the sharpness.
#
# ## The whole of GRM
#
# You have all the parts now. Put them together.

# %%
exercises.grm


# %% tags=["exercise"]
def grm(q, k, v, u, cuts):
    return ...


# %% tags=["check"]
exercises.grm.check(grm)

# %% [markdown]
# And now **your** layer on the shelf, beside the reference's:

# %% tags=["slide"]
# Your GRM on the shelf of topics
shelf_cuts = mcviz.segments.constant(trace.T, C)
ours = exercises.grm.yours(q[:, 0], k[:, 0], v[:, 0], u[:, 0], shelf_cuts)
wanted = v[sources, 0]
plot.lines(
    {
        exercises.grm.whose: (range(N), cosine(ours[-N:], wanted)),
        "the reference": (range(N), cosine(trace.output[-N:, 0], wanted)),
        "the sum of all memories": (range(N), cosine((np.tril(q[:, 0] @ k[:, 0].T) @ v[:, 0])[-N:], wanted)),
    },
    x="question",
    y="cosine with the wanted value",
    title=f"Eight questions, answered by {exercises.grm.whose}",
)

# %% tags=["true"]
assert np.allclose(ours, trace.output[:, 0]), "`Stream.step` has the same lines"

# %% [markdown]
# Compare with the reference in `mcviz/reference/loop.py`: `Stream.step` has the same lines, with the paper's equation
# numbers beside them.

# %%
card

# %% [markdown]
# **Change this.** Give two segments of `library` the same topic (`topics[1] = topics[0]`). What do the gates of their
# questions say, and what does the recall?
#
# **Stretch.** A context is a mean of keys. Write a `grm` whose context is the *largest* component by component
# (`max(axis=0)`), and find a shelf where it does better.

# %% [markdown]
# ## Recap
#
# - Without gates, linear memories with independent start add up to the plain RNN: *residual collapse*.
# - The gate compares a connector with a context. It picks a segment by what is in it.
# - Softmax makes memories compete; the scale of $u$ sets how decided it is.
#
# **Think about it:** GRM reads *every* memory, even with a gate of 0.001. What would you do about that?
# **Next:** [04 The selector](04_the_selector.ipynb).
