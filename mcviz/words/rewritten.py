"""What another word in the sequence did to a model's answers, in sentences."""

from collections.abc import Sequence

import numpy as np

from mcviz.checks import of_kinds, whole
from mcviz.trace import Trace
from mcviz.words.difference import accuracy
from mcviz.words.portion import portion

LISTED = 3
"""Answers that are told one by one."""
TOLERANCE = 1e-4
"""How far outputs must be apart to count, in units of the first run's typical output."""


@of_kinds
def rewritten(before: Trace, after: Trace, origin: Sequence[int]) -> str:
    """Where the run after a change of its tokens parts from the run before it, and which answers are others.

    `origin` says for each token of `after` at which place it was in `before`, -1 for one more. Raises `ValueError` if
    it does not fit, or runs of other sizes are compared.
    """
    origin = [whole("origin", o, -1, before.T - 1) for o in origin]
    if len(origin) != after.T:
        raise ValueError(f"origin: expected {after.T} tokens, got {len(origin)}")
    if before.output.shape[1:] != after.output.shape[1:]:
        raise ValueError(f"after: expected outputs of {before.output.shape[1:]}, got {after.output.shape[1:]}")
    both = [(o, t) for t, o in enumerate(origin) if o >= 0]
    return " ".join(filter(None, [parted(before, after, both), *answered(before, after, both)]))


def parted(before: Trace, after: Trace, both: Sequence[tuple[int, int]]) -> str:
    """The first token that stands in both runs and has another output."""
    old, new = (np.array([pair[side] for pair in both], int) for side in (0, 1))
    scale = float(np.sqrt(np.mean(np.square(before.output)))) or 1.0
    apart = np.sqrt(np.mean(np.square(after.output[new] - before.output[old]), axis=(1, 2))) / scale
    where = np.flatnonzero(~(apart <= TOLERANCE))
    if not where.size:
        return "Every token has the same output as before."
    t = int(new[where[0]])
    tokens = "1 token has" if len(where) == 1 else f"{len(where)} tokens have"
    return f"{tokens} another output than before, first {named(after, t)}."


def answered(before: Trace, after: Trace, both: Sequence[tuple[int, int]]) -> list[str]:
    """How many answers are right, and the first few that are others."""
    mine, yours = before.predictions, after.predictions
    if mine is None or yours is None or not mine.targets or not yours.targets:
        return []
    asked = [(o, t) for o, t in both if mine.targets[o] or yours.targets[t]]
    others = [
        (o, t) for o, t in asked if mine.tokens[o][0] != yours.tokens[t][0] or mine.targets[o] != yours.targets[t]
    ]
    old, new = (accuracy(run) or (0, 0) for run in (before, after))
    said = [f"Before, {old[0]} of {old[1]} answers were right; now {new[0]} of {new[1]} are."]
    for o, t in others[:LISTED]:
        was, now = (f"“{p.tokens[i][0]}” ({portion(p.probabilities[i, 0])})" for p, i in ((mine, o), (yours, t)))
        right = judged(mine.targets[o], yours.targets[t])
        said.append(f"After {named(after, t)} the model said {was} and says {now}; {right}.")
    if len(others) > LISTED:
        said.append(f"{len(others) - LISTED} more answers are others.")
    return said


def judged(was: str, now: str) -> str:
    """What was right there and what is."""
    if was == now:
        return f"right is “{now}”, as before"
    if not now:
        return f"“{was}” was right, and now it has no answer"
    return f"right is “{now}” now, where " + (f"“{was}” was" if was else "nothing was")


def named(trace: Trace, t: int) -> str:
    """`token 17 “fox”`."""
    return f"token {t} “{trace.tokens[t]}”" if trace.tokens else f"token {t}"
