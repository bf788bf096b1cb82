# %% [markdown]
# # 08 · Do the numbers hold up?
#
# **40 minutes.** After this notebook you can
#
# - state the paper's claims, and which of them hold at toy scale,
# - put an interval on a difference, and know what it does and does not cover,
# - read a table against its text, politely.
#
# The models here have some ten thousand weights; the paper's have a billion. A claim that holds here is not proven there,
# and one that fails here is not refuted. But a *mechanism* should show in both.

# %%
from dataclasses import replace

import numpy as np
import torch

from mcviz import exercises, plot, training, zoo
from mcviz.training import caching

torch.set_num_threads(1)

# %% [markdown]
# ## Claim 1: caching closes the gap in recall
#
# The paper, in-context retrieval (table 3): Titans 31.75, with SSC 36.27, with GRM 40.50; a Transformer 41.00. Our
# shipped models on MQAR, 48 pairs, read from their cards. Each number is over fresh sequences, with an interval.
#
# **Predict** the order of the five, and guess how far apart SSC and GRM are.

# %% tags=["slide"]
# Recall of 48 pairs at toy scale
names = {
    "mqar-rnn": "RNN",
    "mqar-residual": "residual",
    "mqar-ssc": "SSC",
    "mqar-grm": "GRM",
    "mqar-attention": "attention",
}
cards = {shown: zoo.load(name).card.measured["accuracy"] for name, shown in names.items()}
plot.bars(
    {shown: card.value for shown, card in cards.items()},
    y="accuracy",
    within={shown: (card.low, card.high) for shown, card in cards.items()},
    highlight=["SSC", "GRM"],
)

# %% [markdown]
# The order is the paper's: RNN < SSC < GRM ≤ attention. And *residual* is the plain RNN to the last digit, which the
# paper does not show but its Eq. 13 implies.
#
# ## How sure?
#
# An interval must say over *what*. The ones above are over sequences: they tell how well these weights are measured. They
# do not tell what another training would give. One training each cannot tell that; almost all numbers in the paper are of
# one seed, too (MQAR has five).
#
# When two models answer the same sequences, do not compare two intervals: take the difference, sequence by sequence.

# %%
exercises.paired_interval


# %% tags=["exercise"]
def paired_interval(a, b, t):
    return ...


# %% tags=["check"]
exercises.paired_interval.check(paired_interval)


# %%
def per_sequence(model, sequences=64, seed=5):
    """The share of right answers in each sequence."""
    batch = model.card.task.sample(seed, batch=sequences)
    with torch.no_grad():
        said = model(torch.from_numpy(batch.tokens)).argmax(-1).numpy()
    right = (said == batch.targets) & batch.mask
    return right.sum(1) / batch.mask.sum(1)


grm, ssc = per_sequence(zoo.load("mqar-grm")), per_sequence(zoo.load("mqar-ssc"))
mean, half = exercises.paired_interval.solution(grm, ssc, 2.0)
alone = [2.0 * x.std(ddof=1) / np.sqrt(len(x)) for x in (grm, ssc)]
print(f"GRM {grm.mean():.3f} ± {alone[0]:.3f}, SSC {ssc.mean():.3f} ± {alone[1]:.3f}")
print(f"difference, pair by pair: {mean:.3f} ± {half:.3f}")

# %% [markdown]
# ## Claim 2: the gate must look at the segment
#
# Paper, table 5, retrieval: GRM 40.5, without context in the gate 33.0. And one comparison that the paper announces
# (section 3.4) and does not print: independent start against checkpoint start.
#
# We take a trained model and read its memories in another way: the *same weights*, with a gate by age, or with checkpoints
# that pile up. Mind what this asks. It shows what these weights rely on. It does not show what a training under the other
# condition could make up for; that needs a training for each condition and several seeds (`mcviz train` and
# `mcviz.training.sweep` do that, in minutes rather than seconds).
#
# **Predict:** which costs more, a gate that cannot see the segment, or checkpoints that are full of older tokens?


# %%
def read_otherwise(**changes):
    """The weights of topics-grm under a changed configuration: right answers, sequence by sequence."""
    model = zoo.load("topics-grm")
    card = model.card
    other = zoo.Trained(replace(card.model, mixer=replace(card.model.mixer, **changes)))
    other.load_state_dict(model.state_dict())
    other.card = card
    return per_sequence(other.eval())


accuracies = {
    "GRM as trained": read_otherwise(),
    "gate from the token alone": read_otherwise(gate="token"),
    "checkpoint start": read_otherwise(start="checkpoint"),
}

# %% tags=["slide"]
# What a trained model relies on
means = {name: values.mean() for name, values in accuracies.items()}
halves = {name: 2.0 * values.std(ddof=1) / np.sqrt(len(values)) for name, values in accuracies.items()}
plot.bars(
    means,
    y="accuracy",
    within={name: (means[name] - halves[name], means[name] + halves[name]) for name in means},
    highlight=["GRM as trained"],
)

# %%
for name in list(accuracies)[1:]:
    mean, half = exercises.paired_interval.solution(accuracies["GRM as trained"], accuracies[name], 2.0)
    print(f"GRM - {name}: {mean:.2f} ± {half:.2f}")

# %% [markdown]
# Both are far outside their intervals. A model that learned to look at segments is lost without seeing them; and a right
# gate does not help when the checkpoint it opens holds everything that came before.
#
# ## Claim 3: caching helps without training
#
# Section 4.3: take a recurrent model trained *without* caching, run it on longer sequences, cache its state at every
# training length, and read the average of the memories. The paper gives a claim and no table. Here is a shipped RNN on
# one, two and four times its training length:

# %%
model = zoo.load("topics-rnn")
found = {}
for way in ("plain", "average, going on", "average, from the start"):
    measured = [
        training.evaluate(caching.cached(model, way), caching.longer(model.card.task, factor), sequences=32)["accuracy"]
        for factor in caching.FACTORS
    ]
    found[way] = (caching.FACTORS, [measure.value for measure in measured])

# %% tags=["slide"]
# Caching after training
plot.lines(found, x="length, in training lengths", y="accuracy", title="topics-rnn, nothing retrained")

# %% [markdown]
# Averaging *independent* linear memories points the same way as the one memory that holds everything: it is the residual
# sum, divided. Whether dividing helps depends on what follows. This layer norms its output, so look whether the lines
# part at all, and do not expect much.
#
# ## Where words and tables part
#
# A paper is a text and some tables, and both are written by people under a deadline. Read one against the other. The
# averages of the common-sense tasks, as printed (table 1):

# %%
table_1 = {
    "DLA 760M": {"base": 50.48, "SSC": 50.85, "soup": 51.33, "GRM": 51.41},
    "Titans 760M": {"base": 51.56, "SSC": 52.29, "soup": 52.33, "GRM": 52.55},
    "DLA 1.3B": {"base": 53.72, "SSC": 54.64, "soup": 55.08, "GRM": 55.96},
    "Titans 1.3B": {"base": 56.82, "SSC": 57.58, "soup": 57.91, "GRM": 58.33},
}
for row, values in table_1.items():
    gains = "   ".join(f"{name} +{values[name] - values['base']:.2f}" for name in ("SSC", "soup", "GRM"))
    print(f"{row:12} {gains}   SSC above soup: {values['SSC'] > values['soup']}")

# %% tags=["slide"]
# Table 1, as gains over the base model
kinds = ["SSC", "soup", "GRM"]
plot.lines(
    {row: (kinds, [values[name] - values["base"] for name in kinds]) for row, values in table_1.items()},
    y="points above the base model",
)

# %% [markdown]
# - The text ranks SSC second. In every row, soup is above it.
# - The text names a gain of 0.8 % over Titans, without saying for which aggregator and which size. No row above is 0.8
#   exactly, and the rows that come near are not the best aggregator's.
# - The ablation's row for shared $u$ and $q$ is 0.0 throughout. That is an unfilled row, not a result.
# - Independent against checkpoint start: announced, not printed. You have just measured one side of it.
# - Nothing is said of the latency of decoding, or of bytes. Notebook 06 did the sums.
#
# None of this makes the idea wrong. It tells where to look first if you want to build on it.
#
# ## Recap
#
# - At toy scale the mechanism holds: gates with context close the recall gap, SSC comes near with few reads.
# - An interval over sequences, over seeds, and over sizes are three things. Say which one you have.
# - Pairing removes what two models share. It is the cheapest statistics there is.
#
# **Write down:** one claim you would still not believe, and the experiment that would convince you.
# **Next:** [09 Detective lab](09_detective_lab.ipynb).
