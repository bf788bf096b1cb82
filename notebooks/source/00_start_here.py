# %% [markdown]
# # 00 · Start here
#
# **20 minutes.** After this notebook you can
#
# - say in one sentence what *Memory Caching* adds to a recurrent network,
# - step through a run and point at its segments, checkpoints and gates,
# - predict which segment a token will read, and say how sure you are.
#
# Everything here runs offline, in NumPy. Run a cell with <kbd>Shift</kbd> + <kbd>Enter</kbd>.

# %% [markdown]
# ## The idea in five lines
#
# 1. A recurrent layer keeps **one memory** and overwrites it for ever. It is fast, and it forgets.
# 2. Cut the sequence into **segments**, and run the recurrence inside each.
# 3. At the end of a segment, keep the memory as it stands: a **checkpoint**.
# 4. A token reads its own **online** memory and the checkpoints of all earlier segments. A **gate** weighs them.
# 5. So memory grows with the sequence, and the segment length is a dial between an RNN and a Transformer.
#
# This is *Memory Caching: RNNs with Growing Memory* (Behrouz et al., 2026, arXiv 2602.24281).

# %% [markdown]
# ## A small library
#
# The sequence below is a shelf of six documents. Each is about one animal: first its name, then facts
# `animal colour thing`. After the shelf come questions, `animal colour`, and the thing is wanted.
#
# The documents share their colours. Who looks for “red” alone finds five answers; the right one stands in the document
# about the right animal.

# %%
import numpy as np

from mcviz import MCConfig, examples, figures, predict, widgets

trace = examples.run("topics", MCConfig(aggregator="grm", segment_length=16))
for start, stop in trace.segments[:6]:
    print(" ".join(trace.tokens[start:stop]))
print("questions:", " ".join(trace.tokens[96:]))

# %% tags=["true"]
documents = [trace.tokens[start:stop] for start, stop in trace.segments[:6]]
assert sum("red" in document for document in documents) == 5, "Who looks for “red” alone finds five answers"

# %% [markdown]
# One segment is one document. The maps that turn words into keys, values and queries are **random**: nobody trained
# this run. Only the wiring is chosen, so that a word is stored under the words before it. It will make mistakes, and
# that is useful: you can see what the mechanism does by itself.

# %% [markdown]
# ## Predict
#
# The last question stands at the end of the sequence. Which memory should it read?

# %%
asked = 119
print("question:", " ".join(trace.tokens[asked - 1 : asked + 1]))
card = predict.Scorecard()
card.segments(trace, asked)

# %% [markdown]
# ## Run
#
# Each row of the next picture is a segment and each column a token. Dark violet is a gate near 1. The lower left corner
# is empty: a token cannot read what comes after it.

# %% tags=["slide", "reveal"]
# Which memory every token reads
figures.gates(trace, t=asked)

# %% [markdown]
# Now the one token alone: above, how well its question fits the context of each segment; below, the gates. The gates
# are the softmax of the scores, so they are positive and sum to 1.

# %% tags=["slide", "reveal"]
# Scores and gates of one token
figures.relevance(trace, t=asked)

# %% [markdown]
# ## Step
#
# The stepper shows the same run, token by token. Click into it and use <kbd>→</kbd> and <kbd>←</kbd>. At each token,
# look for three things: the online memory that changes, the checkpoint that appears at the end of a segment, and the
# gates.

# %% tags=["reveal"]
widgets.Stepper(trace, step=asked)

# %% [markdown]
# ## Explain
#
# Why did it read what it read? The score of a segment is the inner product of what the token asks for (its *connector*
# `u`) and what the segment is about (its *context*, the mean of its keys). A word that stands often in a document pulls
# the context its way. The animal's name stands in every fact of its document.
#
# The run has two **heads**: the whole machinery twice, side by side, with maps, memories and gates of its own. Each head
# reads as it likes, and what they read is joined. A picture shows one head at a time, the first unless it says otherwise.
#
# How often is the right document the one with the largest gate? Chance would be one in seven or eight. **Predict** how
# often, of twelve questions.

# %% tags=["reveal"]
sources = np.array(trace.sources)
questions = np.flatnonzero(sources >= 0)
right = trace.segment_of[sources[questions]]
gates = trace.weights[questions]
for head in range(trace.H):
    found = gates[:, head].argmax(-1) == right
    print(f"head {head}: the right document has the largest gate for {found.sum()} of {len(questions)} questions")

# %% tags=["true"]
hits = [(gates[:, head].argmax(-1) == right).sum() for head in range(trace.H)]
assert hits == [11, 11], "right for 11 questions of 12"

# %% [markdown]
# Try two more questions, now with the gates themselves. Draw what you expect, then reveal.

# %%
card.gates(trace, questions[3])

# %%
card.segments(trace, questions[7], head=1)

# %%
card

# %% [markdown]
# **Change this.** Segments need not be documents. Set `segment_length=8` in the first cell, and run all again: which
# memory does a question read now, and which half of the document is in it?
#
# **Stretch.** Find the one question that each head gets wrong, and say from the words of the documents why. Whose name
# comes near whose is chance here: the vectors of words are random.

# %% [markdown]
# ## Recap
#
# - A **checkpoint** is the memory that a segment ended with. The **online** memory is the one being written now.
# - A **gate** compares what a token asks with what a segment is about. It does not look at the segment's every word.
# - Nothing was trained, and yet the gates were right for 11 questions of 12. That is the wiring, which was made by hand: what a
#   token asks with is what the names of animals are stored under. A layer whose maps are random through and through
#   does no better than chance; notebook 04 shows one, and what training makes of it.
#
# **Next:** [01 An RNN forgets](01_an_rnn_forgets.ipynb), to see what problem this solves.
