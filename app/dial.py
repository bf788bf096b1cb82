"""What the settings do, beside them: right answers of this sequence, of many, and what the paper saw."""

import streamlit as st

from app import controls, runs, screen
from app.words import plain
from mcviz import Trace, claims, watch, words

PAPER = {"aggregator": "recall-order", "segment_length": "segments-length"}
"""The claim of the paper that says what to expect of a choice."""


def beside(name: str, trace: Trace, after: Trace | None = None) -> None:
    """What the choice called `name` does: in this run, and `after` surgery; and where somebody has measured it, in
    many."""
    counted = words.accuracy(trace)
    if counted is None or screen.hidden("answers"):
        return
    right = f"**{counted[0]} of {counted[1]}** answers right in this sequence"
    again = after and words.accuracy(after)
    st.markdown(f"{right}, and **{again[0]}** after surgery." if again else f"{right}.")
    said = over_many(trace) if name == "aggregator" else learned(trace)
    claim = claims.CLAIMS[PAPER[name]]
    paper = f"The paper ({claim.source}): {claim.statement}"
    if claim.reported:
        figures = ", ".join(f"{name} {value:g}" for name, value in claim.reported.items())
        paper += f" Its {claim.reported_as}: {figures}."
    ours = f"Our runs of models trained for each: {runs.finding(claim.name).verdict} (Claims)."
    st.caption(plain(f"{said} {paper} {ours}".strip()))


def learned(trace: Trace) -> str:
    """With which segments trained weights learned, where they run with others; else ""."""
    if not controls.trained() or screen.get("weights") != "trained":
        return ""
    own = watch.config(screen.get("run"))
    if own.segmentation != "constant" or own.segment_length == trace.config.segment_length:
        return ""
    return f"These weights learned with segments of {own.segment_length}."


def over_many(trace: Trace) -> str:
    """What the model's card or stored runs say of this setting; "" where nobody has measured it."""
    if not controls.trained() or screen.get("weights") != "trained":
        return ""
    name, cfg = screen.get("run"), trace.config
    own = watch.config(name)
    if cfg == own:
        value, low, high, n = watch.measured(name)
        return f"Over {n:,} sequences this model answers {value:.1%} right ({low:.1%} to {high:.1%})."
    found = claims.trained(watch.task(name), own, cfg, runs.rows())
    said = "These weights were trained otherwise"
    if found is None:
        return f"{said}, and no stored run has this setting."
    mean, low, high = found.accuracy
    return (
        f"{said}: models trained so answer {mean:.1%} right (95 % interval {low:.1%} to {min(high, 1):.1%}, "
        f"{found.seeds} seeds)."
    )
