# %% [markdown]
# # 04 · The selector
#
# **40 minutes.** After this notebook you can
#
# - route tokens to few checkpoints (SSC, Eq. 16–17) and weigh them with a softmax over what is read,
# - count reads, and say what sparse reading saves and what it risks,
# - measure a router: hit rate, and regret against the best choice of as many.
#
# From here on we use *trained* models. They ship with this repository: small ones, trained on a CPU. `watch` is the door to
# them: `watch.run(watch.Sitting("topics-ssc"))` puts one sequence of its task before the model of that name, and gives
# the `Trace` of the run. A sitting may also name a seed, another configuration, or the weights before training.

# %%
from dataclasses import replace

import numpy as np

import mcviz
from mcviz import MCConfig, cost, exercises, figures, plot, predict, watch, widgets

# %% [markdown]
# ## Read few
#
# GRM reads every checkpoint for every token. Most gates are close to 0, and all that reading comes to nothing. **Sparse
# selective caching** scores all contexts, which is cheap, picks the $k$ best checkpoints, the set $R_t$, and reads only
# those and the online memory:
#
# $$y_t = \gamma_t^{(s)} M_t^{(s)} q_t + \sum_{i \in R_t} \gamma_t^{(i)} M^{(i)} q_t .$$

# %%
exercises.select


# %% tags=["exercise"]
def select(scores, k):
    return ...


# %% tags=["check"]
exercises.select.check(select)

# %% [markdown]
# The gates must sum to 1 over what is read. So the softmax comes *after* the choice.

# %%
exercises.sparse_gate


# %% tags=["exercise"]
def sparse_gate(scores, k):
    return ...


# %% tags=["check"]
exercises.sparse_gate.check(sparse_gate)

# %% [markdown]
# And now the saving itself. The checker counts your reads.

# %%
exercises.frugal_read


# %% tags=["exercise"]
def frugal_read(cache, q, weights):
    return ...


# %% tags=["check"]
exercises.frugal_read.check(frugal_read)

# %% [markdown]
# ## Predict
#
# Here is the topic library again, read by a **trained** model with SSC and $k = 2$. Before you look: which two
# checkpoints will it read at the question below?

# %%
trained = watch.Sitting("topics-ssc")
trace = watch.run(trained)
asked = np.flatnonzero(np.array(trace.sources) >= 0)
t = int(asked[2])
for start, stop in trace.segments[:8]:
    print(" ".join(trace.tokens[start:stop]))
print("question:", " ".join(trace.tokens[t - 1 : t + 1]))

# %%
card = predict.Scorecard()
card.segments(trace, t)

# %% [markdown]
# ## Run

# %% tags=["slide", "reveal"]
# A trained router at work
figures.gates(trace, t=t)

# %% tags=["slide", "reveal"]
# Two checkpoints are read, the others are not
figures.relevance(trace, t=t)

# %% tags=["reveal"]
widgets.Stepper(trace, step=t)

# %% [markdown]
# The model's gates at this token, and those that *your* function makes of the same scores:

# %% tags=["reveal"]
n = trace.segment_of[t] + 1
ours = exercises.sparse_gate.yours(trace.scores[t, 0, :n], 2)
print(
    f"largest difference between the model and {exercises.sparse_gate.whose}: {np.abs(ours - trace.weights[t, 0, :n]).max():.1g}"
)
print(f"checkpoints picked by {exercises.select.whose}: {exercises.select.yours(trace.scores[t, 0, : n - 1], 2)}")

# %% tags=["true"]
assert np.allclose(ours, trace.weights[t, 0, :n], atol=1e-5), "those that *your* function makes of the same scores"
assert trace.selected[t, 0].sum() == 2, "Two checkpoints are read, the others are not"

# %% [markdown]
# ## Explain
#
# What training changed is the *map* from token to connector. Take the same model before its first step of training.
# **Predict:** how often will the right document have the largest gate then, and how often after training?

# %% tags=["reveal"]
untrained = watch.run(watch.Sitting("topics-ssc", weights="untrained"))


def largest_gate(run):
    """How often the segment that holds the answer has the largest gate."""
    sources = np.array(run.sources)
    asked = np.flatnonzero(sources >= 0)
    return np.mean(run.weights[asked, 0].argmax(-1) == run.segment_of[sources[asked]])


print(
    f"right document has the largest gate: untrained {largest_gate(untrained):.0%}, trained {largest_gate(trace):.0%}"
)

# %% tags=["true"]
assert largest_gate(untrained) < 0.3, "the right document wins about as often as by chance"
assert largest_gate(trace) > 0.9, "it wins nearly always"

# %% [markdown]
# Before training the maps are random through and through, and the right document wins about as often as by chance.
# After it, it wins nearly always. (The untrained run of notebook 00 did better because its wiring was made by hand.)
#
# ## When it misses
#
# A router that picks the wrong checkpoint cannot be helped by what it reads there. Measure how often it picks the right
# one.

# %%
exercises.hit_rate


# %% tags=["exercise"]
def hit_rate(selected, segment_of, sources):
    return ...


# %% tags=["check"]
exercises.hit_rate.check(hit_rate)


# %% [markdown]
# The topic library is too easy for that: its router never misses. A harder one is `mqar-ssc`, which recalls values by an
# exact key: its segments are no documents, and a mean of keys says less about which keys went into it.
#
# **Predict:** we let the same weights choose $k = 1, 2, 4, 8$ checkpoints, once trained and once untrained. Sketch the two
# curves of the hit rate. Where must both end, once $k$ is as large as the number of checkpoints?


# %% tags=["reveal"]
def routed(k, name="mqar-ssc", weights="trained", seeds=range(4)):
    """The hit rate of one head with k checkpoints, over a few sequences."""
    cfg = replace(watch.config(name), top_k=k)
    rates = []
    for seed in seeds:
        run = watch.run(watch.Sitting(name, cfg, seed, weights))
        rates.append(exercises.hit_rate.yours(run.selected[:, 0], run.segment_of, np.array(run.sources)))
    return np.mean(rates)


ks = [1, 2, 4, 8]
hits = {weights: (ks, [routed(k, weights=weights) for k in ks]) for weights in watch.WEIGHTS}
for weights, (_, rates) in hits.items():
    print(f"{weights:9}", "   ".join(f"k = {k}: {rate:.2f}" for k, rate in zip(ks, rates, strict=True)))
print("topics-ssc with k = 1:", routed(1, "topics-ssc"))

# %% tags=["slide", "reveal"]
# Hit rate against k
plot.lines(hits, x="checkpoints that may be read, k", y="hit rate", title=f"Counted by {exercises.hit_rate.whose}")

# %% tags=["true"]
assert routed(1, "topics-ssc") == 1, "its router never misses"
rates = hits["trained"][1]
assert rates == sorted(rates) and rates[0] < 0.95 < rates[-1], (
    "With one checkpoint the trained router misses often enough"
)
assert all(np.array(rates) > np.array(hits["untrained"][1]) + 0.1), "the untrained one lies far below"

# %% [markdown]
# With one checkpoint the trained router misses often enough to matter, with two seldom, with eight hardly ever; the untrained one lies far
# below it. Both must end at 1, where everything is read.

# %% [markdown]
# With $k$ as large as the number of checkpoints everything is read: SSC becomes GRM (identity I4). Check it, and check
# that smaller $k$ is something else:

# %%
everything = mcviz.reference.memory_caching(trace.q, trace.k, trace.v, trace.u, MCConfig(segment_length=16))
for k in (1, 2, 4, trace.N):
    cfg = MCConfig(aggregator="ssc", segment_length=16, top_k=k)
    run = mcviz.reference.memory_caching(trace.q, trace.k, trace.v, trace.u, cfg)
    gap = np.abs(run.output - everything.output).max()
    print(f"k = {k:2}: largest difference from GRM {gap:.2g}")

# %% tags=["true"]
assert gap == 0, "SSC becomes GRM (identity I4)"

# %% [markdown]
# ## Regret
#
# A hit says that the right document was among the read ones. A miss is not equally bad each time: another document may
# hold a fact of the same colour. The **regret** of a choice says how much worse it can answer than the best choice of as
# many checkpoints. Here the best choice holds the right document. So for each question we take the read of the chosen
# checkpoint that comes nearest to what the right document says, and measure how far off it is, relative to its size.


# %%
def regret(run):
    """How far the nearest chosen read is from the right document's read: 0 for the best choice."""
    cfg = MCConfig(aggregator="residual", segment_length=16)
    reads = mcviz.reference.memory_caching(run.q, run.k, run.v, run.u, cfg).reads
    gaps = []
    for t in asked:
        said = reads[t, 0, : run.segment_of[t]]
        right = said[run.segment_of[run.sources[t]]]
        chosen = said[run.selected[t, 0, : run.segment_of[t]]]
        gaps.append(np.linalg.norm(chosen - right, axis=-1).min() / np.linalg.norm(right))
    return np.mean(gaps)


for weights in watch.WEIGHTS:
    run = watch.run(watch.Sitting("topics-ssc", weights=weights))
    print(f"{weights:9} mean regret {regret(run):.2f}")

# %% [markdown]
# ## What it saves
#
# Reads per token at the end of a long sequence, by formula (the tests count them in a running reference):

# %% tags=["slide"]
# Reads of one token
lengths = [2**n for n in range(8, 15)]


def reads_of_the_last(aggregator, T):
    cfg = MCConfig(aggregator=aggregator, segment_length=64)
    return cost.token(cfg, len(mcviz.segments.constant(T, 64)), 64, 64, 1).reads


plot.lines(
    {name: (lengths, [reads_of_the_last(name, T) for T in lengths]) for name in ("none", "ssc", "grm")},
    x="tokens before it",
    y="memories read",
    log_x=True,
    log_y=True,
)

# %% tags=["true"]
assert len({reads_of_the_last("ssc", T) for T in lengths}) == 1, "SSC is flat: $k + 1$ reads"
assert reads_of_the_last("ssc", lengths[-1]) == 3, "SSC is flat: $k + 1$ reads"

# %% [markdown]
# SSC is flat: $k + 1$ reads, however long the sequence. It still *scores* every context, $K$ numbers each; that part
# grows, but it is $V$ times smaller than a matrix.
#
# One thing SSC cannot do is learn to like a checkpoint that it never reads: what is not selected gets no gradient. With
# $k = 1$ from the first step, a router may starve. The remedy that the training here uses is to start dense, as GRM, and
# to become sparse later. Here is the gradient of the sum of outputs in the scores of one token, for both:

# %%
scores = trace.scores[t, 0, :n]
values = everything.reads[t, 0, :n].sum(-1)  # what each memory would add to the sum of outputs
picked = trace.selected[t, 0, :n] | (np.arange(n) == n - 1)
for name, kept in {"GRM": np.full(n, True), "SSC": picked}.items():
    gates = np.exp(scores - scores.max()) * kept
    gates /= gates.sum()
    grown = gates * (values - gates @ values)  # the derivative of a softmax: each gate times its lead over the mean
    print(f"{name}: a gradient reaches {int((grown != 0).sum())} of {n} scores")

# %% tags=["true"]
assert (grown[~picked] == 0).all() and int((grown != 0).sum()) == 3, "what is not selected gets no gradient"

# %% [markdown]
# ## Watch it starve
#
# Two **films** of one training ship with mcviz: the same model with $k = 1$, the same seed, the same sequences. One read
# sparsely from its first step on (*cold*), the other all checkpoints for the first half (*dense*). Each frame holds the
# weights after so many steps, and so everything that the model did then.
#
# **Predict:** sketch the share of right answers over training, for both. Where do they part, and does the cold one recover?

# %%
films = {name: mcviz.film.load(f"topics-ssc-{name}") for name in ("cold", "dense")}


def over_training(measure):
    """A measurement of each frame against its step, for both films."""
    return {name: ([f.step for f in film.frames], [measure(f) for f in film.frames]) for name, film in films.items()}


# %% tags=["reveal"]
for name, film in films.items():
    last = film.frames[-1]
    print(
        f"{name:5} accuracy {last.accuracy:.0%}, right document read {last.read_rate:.0%}, entropy {last.gate_entropy:.2f}"
    )

# %% tags=["slide", "reveal"]
# A router that starves, and one that does not
plot.lines(over_training(lambda f: f.accuracy), x="steps of training", y="right answers")

# %% tags=["reveal"]
plot.lines(over_training(lambda f: f.gate_entropy), x="steps of training", y="entropy of the gates, bits")

# %% tags=["reveal"]
widgets.Stepper(films["cold"], frame=-1, step=t)

# %% tags=["true"]
cold, dense = (film.frames[-1] for film in films.values())
best = max(f.accuracy for f in films["cold"].frames)
assert cold.accuracy < best - 0.1, "half of the documents are lost again"
assert cold.gate_entropy < 0.1, "its gates have closed"
assert dense.accuracy > cold.accuracy + 0.2, "The dense start is what makes the difference"

# %% [markdown]
# The cold router does learn for a while. Then its gates have closed (their entropy is nearly zero): what it picks it reads
# alone, what it does not pick sends no gradient, and half of the documents are lost again. The dense start is what makes
# the difference. In the stepper, the strip above the picture is the training: go back to where the cold router still
# looked around.

# %%
card

# %% [markdown]
# **Change this.** Give `routed` another model, `"needle-ssc"`, whose segments hold one needle among much hay. Predict its
# curve first.
#
# **Stretch.** Write a router that spends its reads where they count: at most $2$ on average, but more for tokens whose best
# two scores are close. Does it hit more often than $k = 2$ for all?

# %% [markdown]
# ## Recap
#
# - SSC: score all contexts, select $k$ checkpoints, softmax over those and the online memory.
# - Reads per token do not grow with the sequence. Scoring does, slowly.
# - With $k$ at least the number of checkpoints, SSC is GRM. With small $k$ all depends on the hit rate.
#
# **Next:** [05 Deep memory and soup](05_deep_memory_and_soup.ipynb).
