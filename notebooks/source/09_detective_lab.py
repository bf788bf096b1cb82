# %% [markdown]
# # 09 · Detective lab
#
# **40 minutes.** After this notebook you can
#
# - recognise five bugs that people make in such layers, from their pictures,
# - turn a suspicion into an experiment: change one thing, see what moves,
# - write the tests that catch them, and bugs of their kind that you have not seen.

# %%
import numpy as np

from mcviz import exercises, figures, plot, widgets

detective = exercises.detective

# %% [markdown]
# ## The suspects
#
# Five machines run GRM over the topic library. Each has **one** faulty part. The suspects:

# %%
for name, suspect in detective.SUSPECTS.items():
    print(f"{name:9} {suspect.name}")

# %% [markdown]
# Before you look at any case, **predict**: for each suspect, which picture would show it? One of these five:
#
# 1. the thumbnails of all checkpoints,
# 2. the map of gates,
# 3. the difference between two runs whose inputs differ in one token,
# 4. the checkpoints of two runs on different sequences,
# 5. what a checkpoint knows about the last token of its segment.
#
# Your tools are `case.trace`, the run as it happened, and `case.run(seed=…, changed=…)`, which asks the same machine
# about another sequence, or about this one with the value of one token changed.
#
# ## Case 1

# %%
case_1 = detective.case(1)
figures.checkpoints(case_1.trace, t=110)

# %%
widgets.Stepper(case_1.trace, step=110)

# %% [markdown]
# Look at the pictures of the segments. What would you expect, if each were the memory of another document? Compare them
# in numbers:

# %%
memories = np.stack([state["M"][0] for state in case_1.trace.checkpoints])
distances = np.abs(memories[:, None] - memories[None]).max((2, 3))
print(np.round(distances, 1))

# %% tags=["exercise"]
suspect_1 = ...  # one of the suspects, as a string

# %% tags=["check"]
case_1.accuse(suspect_1)

# %% [markdown]
# ## Case 2

# %%
case_2 = detective.case(2)
figures.gates(case_2.trace)

# %% [markdown]
# Gates are shares. What must hold for each column? And what seems to hold for each row?

# %% tags=["slide", "reveal"]
# Case 2: what the gates of each token sum to
sums = case_2.trace.weights[:, 0].sum(-1)
plot.lines({"sum of a token's gates": (range(len(sums)), sums)}, x="token", y="sum")

# %% tags=["exercise"]
suspect_2 = ...

# %% tags=["check"]
case_2.accuse(suspect_2)

# %% [markdown]
# ## Case 3
#
# Nothing strikes the eye:

# %%
case_3 = detective.case(3)
figures.gates(case_3.trace)

# %% [markdown]
# So experiment. We change the value of token 40 and see which outputs move. **Predict:** at which token should the curve
# leave zero?

# %% tags=["slide", "reveal"]
# Case 3: change token 40, and see which outputs move
changed = 40
moved = np.abs(case_3.run(changed=changed).output - case_3.trace.output).max((1, 2))
figure = plot.lines({"change of the output": (range(len(moved)), moved)}, x="token", y="largest change")
figure.add_vline(x=changed, line_dash="dot")
figure

# %% tags=["exercise"]
suspect_3 = ...

# %% tags=["check"]
case_3.accuse(suspect_3)

# %% [markdown]
# ## Case 4
#
# This machine was started, ran one sequence, and then the one below. Alone it looks sound.

# %%
case_4 = detective.case(4)
figures.checkpoints(case_4.trace, t=110)

# %% [markdown]
# Ask it about a third sequence, and compare.

# %%
for seed in (1, 2, 3):
    other = case_4.run(seed=seed)
    gap = max(np.abs(a["M"] - b["M"]).max() for a, b in zip(case_4.trace.checkpoints, other.checkpoints, strict=True))
    print(f"sequence {seed}: first words {' '.join(other.tokens[:4])}; its checkpoints differ by {gap:.3g}")

# %% tags=["exercise"]
suspect_4 = ...

# %% tags=["check"]
case_4.accuse(suspect_4)

# %% [markdown]
# ## Case 5
#
# The hardest one, because most answers are right. Some facts are lost, and they have something in common. For each place
# inside a segment: if the value of that token changes, does the segment's checkpoint change?

# %% tags=["slide"]
# Case 5: does a checkpoint know each token of its segment?
case_5 = detective.case(5)
start, stop = case_5.trace.segments[2]
known = [
    np.abs(case_5.run(changed=t).checkpoints[2]["M"] - case_5.trace.checkpoints[2]["M"]).max()
    for t in range(start, stop)
]
plot.bars({str(i): size for i, size in enumerate(known)}, y="change of the checkpoint", title="By place in the segment")

# %% tags=["exercise"]
suspect_5 = ...

# %% tags=["check"]
case_5.accuse(suspect_5)

# %% tags=["true"]
assert not case_2.trace.weights[:, 0].sum(-1).std() < 0.01, "Gates are shares."
assert moved[:changed].any(), "at which token should the curve"
assert known[-1] == 0 and min(known[:-1]) > 0, (
    "if the value of that token changes, does the segment's checkpoint change?"
)

# %% [markdown]
# ## Write the tests
#
# A detective is called when it is too late. A test would have been there before. Write three, each a function of `run` that
# returns True for a sound machine. `run()` gives the `Trace` of a machine on a short sequence; `run(changed=t)` gives it
# with another value at token $t$. They are tried on *mutants*, machines with one fault each, among them some that you have
# not met; and on sound machines, which a good test spares.

# %%
exercises.is_causal


# %% tags=["exercise"]
def is_causal(run):
    return ...


# %% tags=["check"]
exercises.is_causal.check(is_causal)

# %%
exercises.gates_are_shares


# %% tags=["exercise"]
def gates_are_shares(run):
    return ...


# %% tags=["check"]
exercises.gates_are_shares.check(gates_are_shares)

# %%
exercises.holds_its_segment


# %% tags=["exercise"]
def holds_its_segment(run):
    return ...


# %% tags=["check"]
exercises.holds_its_segment.check(holds_its_segment)

# %% [markdown]
# All of your tests on all of the machines. **Predict:** which faulty machine is caught by more than one test?

# %% tags=["reveal"]
tests = [exercises.is_causal.yours, exercises.gates_are_shares.yours, exercises.holds_its_segment.yours]
report = exercises.suite(*tests)
report

# %% tags=["true"]
assert not report.escaped and not report.wronged, "which a good test spares"
aliased = report.accused["an aliased checkpoint"]
assert aliased == (True, False, True), "An aliased checkpoint is caught twice"

# %% [markdown]
# An aliased checkpoint is caught twice: it lacks its segment, and what it holds instead is the future. One fault, two
# symptoms; that is why case 1 also leaks.
#
# **Change this.** Pass only one of your tests to `exercises.suite`. Which machines escape?
#
# **Stretch.** Make a mutant that all three tests spare, and the test that catches it:
# `detective.Machine(online=…, keep=…, weigh=…)` takes its parts.
#
# ## Other tests that would have caught them
#
# | bug | a test that fails |
# | --- | --- |
# | a boundary off by one | split anywhere: streaming token by token equals one pass (I10); a checkpoint equals the online state at its segment's last token |
# | a leak from the future | change token $t$: all outputs before $t$ stay bit-identical (I8) |
# | a stale cache | run A, then B, then A again: the two runs of A are equal, and B equals B alone |
# | softmax over the wrong axis | gates of each token sum to 1; one segment gives the plain layer (I1) |
# | an aliased checkpoint | keep a copy of the first checkpoint; write on; it has not changed |
#
# Each is a line or two, and each holds for *every* configuration. Identities are better tests than examples: they need
# no expected numbers.
#
# ## Recap
#
# - A picture raises a suspicion; a changed input settles it.
# - Look at differences between runs, not only at one run.
# - An identity that must hold is worth ten examples that happen to.
#
# The end of the suspects. If you build such a layer yourself: write the tests first.
#
# **Next:** [10 Related work](10_related_work.ipynb).
