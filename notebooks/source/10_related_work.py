# %% [markdown]
# # 10 · Related work
#
# **40 minutes.** After this notebook you can
#
# - place Memory Caching among its neighbours by three questions: what is kept, what is read, what does it cost,
# - say on which task each of them would win, and check it by a small run,
# - explain by a gradient why a router can starve.

# %%
import numpy as np

import mcviz
from mcviz import MCConfig, plot
from mcviz.course import dial

# %% [markdown]
# ## Three questions
#
# Every sequence layer answers the same three: what does it **keep** of the tokens so far, what does a token **read** of
# that, and what do both **cost**? With $T$ tokens, segments of $C$, and keys and values of $d$ numbers:
#
# | layer | keeps | a token reads | numbers kept | reads a token | here |
# | --- | --- | --- | --- | --- | --- |
# | linear attention | one sum of outer products | it | $d^2$ | 1 | `linear` |
# | RetNet, Mamba-2 | the same, fading | it | $d^2$ | 1 | `decay` |
# | DeltaNet | the same, corrected | it | $d^2$ | 1 | `delta` |
# | Gated DeltaNet | fading and corrected | it | $d^2$ | 1 | `gated_delta` |
# | Titans | a network, trained while it reads | it | $\sim 8 d^2$ | 1 | `titans` |
# | Log-Linear attention | sums over stretches that double in length | all, weighed by the token | $d^2 \log T$ | $\log T$ | `fenwick`; logarithmic segments |
# | Compressive Transformer | the last tokens, and older ones squeezed together | all, by softmax | $2d\,(m + T/c)$ | $m + T/c$ | *not here* |
# | Memorizing Transformer | every key and value | the $k$ nearest, by softmax | $2dT$ | $k$ | `vector`, SSC, $C = 1$ |
# | Infini-attention | one linear memory over all segments, and the last segment's tokens | both, by one learned gate | $d^2 + 2dC$ | $1 + C$ | *half* |
# | **Memory Caching** | a memory for each segment | all, or $k$ of them, gated by token and segment | $d^2\, T/C$ | $T/C$, or $k + 1$ | GRM, SSC |
# | softmax attention | every key and value | all | $2dT$ | $T$ | `vector`, GRM, $C = 1$ |
#
# What our rules cannot express is said so: a Compressive Transformer squeezes tokens by a learned convolution, and
# Infini-attention mixes a linear memory with local attention. Both keep the *idea* of caching what is old in a smaller form.

# %% [markdown]
# ## Recall, each in a small run
#
# The shelf of topics of notebook 03: 96 pairs in eight topics, eight questions. The recurrent rules read with the own part
# of the key, and have no gate; those with a cache find the segment by its topic; attention compares topic and own part at
# once. **Predict** the order, and who ties.

# %% tags=["reveal"]
RUNS = {
    "linear attention": MCConfig(aggregator="none", start="checkpoint"),
    "decay (RetNet, Mamba-2)": MCConfig(memory="decay", aggregator="none", start="checkpoint"),
    "DeltaNet": MCConfig(memory="delta", aggregator="none", start="checkpoint"),
    "Gated DeltaNet": MCConfig(memory="gated_delta", aggregator="none", start="checkpoint"),
    "logarithmic segments": MCConfig(segmentation="logarithmic"),
    "SSC, C = 12, k = 1": MCConfig(aggregator="ssc", segment_length=12, top_k=1),
    "GRM, C = 12": MCConfig(segment_length=12),
    "k nearest (Memorizing), k = 4": MCConfig(memory="vector", aggregator="ssc", segment_length=1, top_k=4),
    "softmax attention": MCConfig(memory="vector", segment_length=1),
}
RATES = {"decay": {"alpha": 0.98}, "delta": {"eta": 0.5}, "gated_delta": {"alpha": 0.98, "eta": 0.5}}


def recall(cfg, noise=0.0, seeds=range(4)):
    """The mean cosine of what questions read with what they ask for; the reads of the last token; numbers kept."""
    found = []
    for seed in seeds:
        (q, k, v, u), sources = dial.questions(seed)
        rng = np.random.default_rng(seed)
        own = q + noise * rng.standard_normal(q.shape) * (q != 0) / np.sqrt(dial.OWN)
        # attention has one vector to ask with: topic and own part together
        asks = u + dial.SHARPNESS * own if cfg.memory == "vector" else u
        run = mcviz.reference.memory_caching(own, k, v, asks, cfg, RATES.get(cfg.memory))
        said, wanted = run.output[-8:, 0], v[sources, 0]
        found.append(np.mean((said * wanted).sum(-1) / np.linalg.norm(said, axis=-1) / np.linalg.norm(wanted, axis=-1)))
    kept = mcviz.cost.state_size(cfg, run.K, run.V) * (run.N if cfg.aggregator != "none" else 1)
    kept += run.K * run.N if cfg.memory == "vector" else 0
    return np.mean(found), int(run.counts["reads"][-1]), kept


results = {name: recall(cfg) for name, cfg in RUNS.items()}
for name, (found, reads, kept) in results.items():
    print(f"{name:30} recall {found:.2f}   reads of the last token {reads:3}   numbers kept {kept:6,}")

# %% tags=["slide", "reveal"]
# Recall against what is kept
plot.bars(
    {name: found for name, (found, _, _) in results.items()},
    y="recall (cosine)",
    highlight=["softmax attention"],
)

# %% tags=["true"]
found = {name: one[0] for name, one in results.items()}
assert max(found, key=found.get) in ("softmax attention", "k nearest (Memorizing), k = 4"), (
    "With clean questions attention wins"
)
assert abs(found["k nearest (Memorizing), k = 4"] - found["softmax attention"]) < 0.01, "or over the four nearest"
assert abs(found["SSC, C = 12, k = 1"] - found["GRM, C = 12"]) < 0.01, "ties with GRM"
assert found["GRM, C = 12"] > found["linear attention"] + 0.2, "caching lies between"
assert found["GRM, C = 12"] > found["logarithmic segments"] + 0.1, "Logarithmic segments crowd the old ones"
assert results["softmax attention"][1] == 104 and results["GRM, C = 12"][1] == 9, "104 reads a token, GRM 9"

# %% [markdown]
# With clean questions attention wins, over all tokens or over the four nearest: it alone can look for one *pair*. Its price is
# a key and a value kept for every token, and over all of them 104 reads a token, GRM 9. SSC, which reads one checkpoint, ties with
# GRM. Among the others caching lies between. Logarithmic segments crowd the old ones: half of the shelf is one matrix.
#
# ## Where attention loses
#
# Attention wins by comparing each key with the question. Blur the questions: add noise to the own part, so that often
# another key of the same topic fits better. A softmax that is sharp commits to the wrong pair; a linear memory answers
# with a mixture, in which the right value still has its share. **Predict:** at which noise do the curves cross, if they do?

# %% tags=["reveal"]
noises = [0.0, 2.0, 4.0, 6.0, 8.0]
compared = ("GRM, C = 12", "softmax attention", "linear attention")
curves = {name: (noises, [recall(RUNS[name], noise)[0] for noise in noises]) for name in compared}

# %% tags=["slide", "reveal"]
# Attention wins, and loses
plot.lines(curves, x="noise in the question, relative to the key", y="cosine with the wanted value")

# %% tags=["true"]
grm, attending, linear = (curves[name][1] for name in compared)
assert attending[0] > grm[0], "Attention is ahead while questions are clean"
assert attending[2] > grm[2], "as large as four keys"
assert attending[3] < grm[3] and attending[4] < grm[4], "beyond it, GRM is ahead"

# %% [markdown]
# Attention is ahead while questions are clean, and for long: noise as large as four keys does not undo it. There the curves
# meet, and beyond it, GRM is ahead: what it mixes up it mixes evenly. So attention is hard to beat at recall, and the case for
# caching is first of all its price.
#
# ## The gradient through gate and router
#
# Why can a router starve? Write the output of GRM as $y = \sum_i \gamma^{(i)} a^{(i)}$, with $a^{(i)}$ what memory $i$ says. The
# derivative of a loss $\ell$ in a score is
#
# $$\frac{\partial \ell}{\partial r^{(i)}} = \gamma^{(i)} \Bigl\langle \frac{\partial \ell}{\partial y},\; a^{(i)} - y \Bigr\rangle .$$
#
# Two things follow. A memory that says more of what is wanted than the mixture does gets a larger score: the gate learns by
# comparing. And everything is multiplied by $\gamma^{(i)}$: where the gate is 0, as it is exactly for what SSC did not select,
# nothing is learned, neither that the memory was good nor that it was bad. Check the formula by differences:

# %%
(q, k, v, u), sources = dial.questions(0)
t = len(q) - 1


def gradient(cfg):
    """The gradient of -⟨y, wanted⟩ in each score of the last token, by the formula and by differences."""
    run = mcviz.reference.memory_caching(q, k, v, u, cfg)
    wanted = v[sources[-1], 0]
    # what every memory would say, the ones that were not read too
    says = mcviz.reference.memory_caching(q, k, v, u, MCConfig(segment_length=12)).reads[t, 0]
    gates, scores, read = run.weights[t, 0], run.scores[t, 0], run.read[t, 0]
    by_formula = gates * ((says - run.output[t, 0]) @ -wanted)

    def loss(scores):
        weights = np.where(read, np.exp(scores - scores.max()), 0)
        return -(weights / weights.sum() @ says) @ wanted

    steps = 1e-6 * np.eye(len(scores))
    by_differences = np.array([(loss(scores + step) - loss(scores - step)) / 2e-6 for step in steps])
    return by_formula, by_differences


for name in ("GRM, C = 12", "SSC, C = 12, k = 1"):
    one, other = gradient(RUNS[name])
    print(
        f"{name:20} formula and differences part by {np.abs(one - other).max():.0e}; a gradient for {np.sum(one != 0)} of {len(one)}"
    )

# %% tags=["true"]
for name, reached in (("GRM, C = 12", 9), ("SSC, C = 12, k = 1", 2)):
    one, other = gradient(RUNS[name])
    assert np.allclose(one, other, atol=1e-6), "Check the formula by differences"
    assert np.sum(one != 0) == reached, "where the gate is 0, as it is exactly for what SSC did not select"

# %% [markdown]
# The remedies are those of every choice that must be learned: begin dense and become sparse (the recipe of
# `mcviz.training`), add noise to the scores, or give what was not chosen a small reward for being tried.
#
# **Change this.** Give the decay rule `{"alpha": 1.0}` and `{"alpha": 0.9}`. Which of the two is linear attention, and which
# questions does the other still answer?
#
# **Stretch.** A Memorizing Transformer keeps every key. Between it and SSC lies a layer that selects $k$ *segments* and then
# attends to their tokens one by one. What would it keep and read, and where on the bar chart would it stand?
#
# ## Recap
#
# - A layer is told by what it keeps, what a token reads, and what both cost.
# - Caching lies between one state and all tokens: a state for each segment.
# - Attention finds one pair and pays for all; linear memories answer with a mixture, which is worse for clean questions.
# - Through softmax a memory learns in proportion to its gate: what is never read never learns.
#
# **The end of the course.** [A map](map.md) has it on one page.
