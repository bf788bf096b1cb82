"""Capture: run a model on a sequence, and keep everything that one of its layers computed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from mcviz.brief import said
from mcviz.checks import instance, of_kinds
from mcviz.labels import TOP, answers, display, heard, label, places
from mcviz.reference.memory import Array
from mcviz.reference.model import SequenceModel
from mcviz.reference.replay import answering
from mcviz.trace import Alone, Predictions, Trace


def capture(
    model: SequenceModel,
    tokens: Any,
    labels: Sequence[str] | None = None,
    targets: Sequence[int] | None = None,
    sources: Sequence[int] | None = None,
    layer: int = -1,
    title: str = "",
) -> Trace:
    """Run `model` on one sequence of T token ids and return the Trace of one of its layers.

    `labels` shows each token of the vocabulary (by its number, if left out). The Trace holds what the model predicts
    after each token; `targets` are the answers wanted, -1 where nothing is asked, and `sources` the places where they
    stand. For the last layer, the Trace also holds what the model would say from each memory alone
    (`mcviz.trace.Alone`).

    Raises `ValueError` for a model of another kind or without such a layer, and for labels, targets or sources that
    do not fit.
    """
    instance("model", model, SequenceModel, "a SequenceModel of NumPy (mcviz.capture takes those of torch)")
    ids = sequence(tokens)
    logits, traces = model.run(ids)
    trace = traces[layer] if -len(traces) <= layer < len(traces) else None
    if trace is None:
        count = sum(each is not None for each in traces)
        raise ValueError(f"model: expected a layer of Memory Caching with number {layer}, got {count} layers")
    last = trace is traces[-1]
    return replace(
        trace,
        title=title,
        tokens=display(labels, ids.tolist(), trace.T),
        sources=() if sources is None else tuple(places("sources", sources, trace.T)),
        predictions=predict(logits, labels, targets),
        alone=alone(model, ids, answering(trace), labels) if last else None,
    )


def sequence(tokens: Any) -> Int[Array, "T"]:
    """The ids of one sequence, [T] or [1, T]. Raises `ValueError` for another shape."""
    try:
        ids = np.asarray(tokens)
    except ValueError as error:
        raise ValueError(f"tokens: expected whole numbers, T ids or [1, T], got {said(tokens)}") from error
    if ids.ndim not in (1, 2) or 0 in ids.shape or ids.size > ids.shape[-1]:
        raise ValueError(f"tokens: expected one sequence, T ids or [1, T], got shape {ids.shape}")
    return ids.reshape(-1)


def predict(
    logits: Float[Array, "T vocabulary"], labels: Sequence[str] | None, targets: Sequence[int] | None
) -> Predictions:
    """The likeliest tokens after each place, and how likely the answers wanted are."""
    probabilities = likelihood(logits)
    T, vocabulary = probabilities.shape
    order = np.argsort(-probabilities, -1, kind="stable")[:, : min(TOP, vocabulary)]
    top = np.take_along_axis(probabilities, order, -1)
    said = tuple(tuple(label(labels, token) for token in row) for row in order.tolist())
    if targets is None:
        return Predictions(said, top)
    wanted = np.array(answers(targets, T, vocabulary))
    right = np.where(wanted < 0, 0, probabilities[np.arange(T), np.maximum(wanted, 0)])
    names = tuple(label(labels, token) if token >= 0 else "" for token in wanted.tolist())
    return Predictions(said, top, names, right)


def substitute(
    model: SequenceModel,
    tokens: Any,
    output: Float[Array, "T H V"],
    labels: Sequence[str] | None = None,
    targets: Sequence[int] | None = None,
) -> Predictions:
    """The predictions of `model` on one sequence, with `output` in place of what the heads of its last layer read.

    Everything before that layer is as it was. The other arguments are those of `capture`. Raises `ValueError` for an
    output that does not fit the layer.
    """
    x = model.before(sequence(tokens))
    if output.shape != (len(x), model.config.heads, model.config.value):
        raise ValueError(f"output: expected [T, H, V] as the layer reads it, got {output.shape}")
    return predict(model.after(x, output), labels, targets)


@of_kinds
def alone(model: SequenceModel, tokens: Any, trace: Trace, labels: Sequence[str] | None = None) -> Alone:
    """What `model` would say after each token from each memory of its last layer alone.

    At one token, every head of that layer reads one memory and no other, at gate 1; all else is as in the run, and the
    model's own norm and head make a word of it. `trace.reads` holds the answers; they are taken for the memories that
    all heads read, and the others' words are not known (-1).

    Raises `ValueError` for a soup's Trace, in which no memory answers, and for one that does not fit the model.
    """
    if trace.reads is None:
        raise ValueError("trace: expected one in which memories answer one by one, got a soup's; see `answering`")
    x = model.before(sequence(tokens))
    if len(x) != trace.T:
        raise ValueError(f"trace: expected one of {len(x)} tokens, got {trace.T}")
    said = np.full((trace.T, trace.N), -1)
    probabilities = np.zeros((trace.T, trace.N))
    known = np.all(trace.read, 1)
    for i in range(trace.N):
        rows = np.flatnonzero(known[:, i])
        likely = likelihood(model.after(x[rows], trace.reads[rows, :, i]))
        said[rows, i], probabilities[rows, i] = likely.argmax(-1), likely.max(-1)
    return Alone(*heard(said, labels), probabilities)


def likelihood(logits: Float[Array, "T vocabulary"]) -> Float[Array, "T vocabulary"]:
    """The probability of each token, in float64."""
    e = np.exp(logits.astype(np.float64) - np.max(logits, -1, keepdims=True))
    return e / np.sum(e, -1, keepdims=True)
