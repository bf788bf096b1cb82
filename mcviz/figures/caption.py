"""Two or three sentences on what one token did."""

import numpy as np

from mcviz.config import GATED
from mcviz.trace import Trace


def caption(trace: Trace, t: int, head: int = 0, answers: bool = True) -> str:
    """What there is to see at token `t`, as plain text. `answers=False` keeps to itself where the answer stands."""
    s, weights = int(trace.segment_of[t]), trace.weights[t, head]
    word = f" “{trace.tokens[t]}”" if trace.tokens else ""
    said = [f"Token {t}{word} in segment {s} can read {s} checkpoint{'' if s == 1 else 's'} and its online memory."]
    if trace.config.aggregator == "ssc" and s:
        taken = np.flatnonzero(trace.selected[t, head])
        said.append(f"The router took {listed(taken)}.")
    if trace.config.aggregator in GATED:
        most = int(np.argmax(weights))
        memory = "its online memory" if most == s else f"the checkpoint of segment {most}"
        said.append(f"The largest gate, {weights[most]:.3f}, is on {memory}.")
    if answers and trace.sources and trace.sources[t] >= 0:
        place = trace.sources[t]
        answer = f" “{trace.tokens[place]}”" if trace.tokens else ""
        where = int(trace.segment_of[place])
        said.append(f"Its answer{answer} stands at token {place}, in segment {where}: gate {weights[where]:.3f}.")
    if answers and trace.predictions and trace.predictions.targets and trace.predictions.targets[t]:
        first, p = trace.predictions.tokens[t][0], trace.predictions.probabilities[t, 0]
        verdict = "which is right" if first == trace.predictions.targets[t] else "which is wrong"
        said.append(f"The model says “{first}” with probability {p:.3f}, {verdict}.")
    return " ".join(said)


def listed(segments: np.ndarray) -> str:
    """`segment 2`, `segments 0 and 2`, `segments 0, 1 and 2`, `no checkpoint`."""
    names = [str(i) for i in segments]
    if not names:
        return "no checkpoint"
    if len(names) == 1:
        return f"segment {names[0]}"
    return f"segments {', '.join(names[:-1])} and {names[-1]}"
