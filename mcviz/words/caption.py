"""Two or three sentences on what there is to see."""

import numpy as np
from jaxtyping import Bool, Float, Int

from mcviz import cost
from mcviz.checks import of_kinds
from mcviz.config import GATED
from mcviz.rules import AGGREGATORS
from mcviz.trace import Trace
from mcviz.words.difference import accuracy, changed_predictions, first_difference
from mcviz.words.portion import portion

UNTRAINED = "it has learned nothing"
"""What is said of a run that nobody trained."""


@of_kinds
def caption(trace: Trace, t: int, head: int = 0, answers: bool = True) -> str:
    """What there is to see at token `t`, as plain text. `answers=False` keeps to itself where the answer stands.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    t, head = trace.at(t, head)
    s, weights = int(trace.segment_of[t]), trace.weights[t, head]
    word = f" “{trace.tokens[t]}”" if trace.tokens else ""
    said = [f"Token {t}{word} in segment {s} can read {s} checkpoint{'' if s == 1 else 's'} and its online memory."]
    if AGGREGATORS[trace.config.aggregator].routes and s:
        taken = np.flatnonzero(trace.selected[t, head])
        said.append(f"The router took {listed(taken)}.")
    if trace.config.aggregator in GATED:
        most = int(np.argmax(weights))
        memory = "its online memory" if most == s else f"the checkpoint of segment {most}"
        said.append(f"The largest gate, {portion(weights[most])}, is on {memory}.")
    if answers and trace.sources and trace.sources[t] >= 0:
        place = trace.sources[t]
        answer = f" “{trace.tokens[place]}”" if trace.tokens else ""
        where = int(trace.segment_of[place])
        said.append(f"Its answer{answer} stands at token {place}, in segment {where}: gate {portion(weights[where])}.")
    if answers and trace.predictions and trace.predictions.targets and trace.predictions.targets[t]:
        first, p = trace.predictions.tokens[t][0], trace.predictions.probabilities[t, 0]
        verdict = "which is right" if first == trace.predictions.targets[t] else "which is wrong"
        said.append(f"The model says “{first}” with probability {portion(p)}, {verdict}.")
    if trace.untrained:
        said.append(f"The weights are random: {UNTRAINED}.")
    return " ".join(said)


def listed(segments: np.ndarray) -> str:
    """`segment 2`, `segments 0 and 2`, `segments 0, 1 and 2`, `no checkpoint`."""
    names = [str(i) for i in segments]
    if not names:
        return "no checkpoint"
    if len(names) == 1:
        return f"segment {names[0]}"
    return f"segments {', '.join(names[:-1])} and {names[-1]}"


def memories(n: int) -> str:
    """`1 memory`, `3 memories`."""
    return "1 memory" if n == 1 else f"{n} memories"


@of_kinds
def heaviest(trace: Trace, t: int, head: int = 0) -> int:
    """The checkpoint that token `t` weighs most; 0 where it reads none.

    Raises `ValueError` for a token or a head that the run does not have.
    """
    t, head = trace.at(t, head)
    s = int(trace.segment_of[t])
    return int(np.argmax(trace.weights[t, head, :s])) if s else 0


@of_kinds
def compared(a: Trace, b: Trace) -> str:
    """How many answers each of two runs on the same tokens gets right, and where they part.

    Raises `ValueError` for runs of other lengths or sizes.
    """
    first, changed = first_difference(a, b), changed_predictions(a, b)
    said = []
    mine, yours = accuracy(a), accuracy(b)
    if mine and yours:
        said.append(f"Of {mine[1]} questions, the first run answers {mine[0]} right and the second {yours[0]}.")
    reads = [cost.most_read(run.config, run.N) for run in (a, b)]
    if reads[0] != reads[1]:
        said.append(f"The last token reads {memories(reads[0])} in the first run, {memories(reads[1])} in the second.")
    if a.predictions and b.predictions:
        said.append(f"The likeliest prediction differs after {len(changed)} of {a.T} tokens.")
    if first is None:
        said.append("The outputs of the two runs are the same at every token.")
    else:
        word = f" “{a.tokens[first]}”" if a.tokens else ""
        said.append(f"The outputs first differ at token {first}{word}.")
    return " ".join(said)


@of_kinds
def unlearned(a: Trace, b: Trace) -> str:
    """Which of two runs nobody trained; "" where both were trained."""
    if a.untrained and b.untrained:
        return "both untrained: they have learned nothing"
    return f"{'first' if a.untrained else 'second'} untrained: {UNTRAINED}" if a.untrained or b.untrained else ""


@of_kinds
def recalled(
    trace: Trace,
    home: Int[np.ndarray, "P"],
    right: Bool[np.ndarray, "memories P"],
    strength: Float[np.ndarray, "memories P"],
    crosstalk: Float[np.ndarray, "memories P"],
    facts: int = 0,
) -> str:
    """How many pairs come back right from their own checkpoint, and from one memory of everything.

    `facts` is how many facts stand in the sequence, asked for or not, where that is known.
    """
    own = home, np.arange(len(home))
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = crosstalk / np.abs(strength)
    asks = any(source >= 0 for source in trace.sources)
    of = f" of the {facts} facts in it" if facts else ""
    counted = f"{len(home)} pairs that this sequence asks for{of}" if asks else f"{len(home)} pairs, one for each token"
    return (
        f"Each token writes a pair, {trace.T} in all. Asked for here are the {counted}. Of these {len(home)}, "
        f"{int(right[own].sum())} come back right from the checkpoint of their own segment, and {int(right[-1].sum())} "
        f"from one memory that wrote all {trace.T} tokens, with the same weights. (Each is asked for with its own key, "
        "and right where its value is the nearest: what a network answers is another count.) What other keys mix in is "
        f"{np.median(noise[own]):.2f} times as long as what comes back of the value itself (median), and "
        f"{np.median(noise[-1]):.2f} times in the one memory."
    )
