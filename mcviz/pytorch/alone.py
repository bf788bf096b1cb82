"""What a model would say from each memory alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.labels import heard
from mcviz.pytorch.function import memory_caching
from mcviz.pytorch.model import SequenceModel
from mcviz.pytorch.traces import numpy
from mcviz.rules import AGGREGATORS
from mcviz.trace import Alone, Trace


@torch.no_grad()
def alone(model: SequenceModel, tokens: Any, trace: Trace, labels: Sequence[str] | None = None) -> Alone:
    """What `model` would say after each token from each memory of its last layer alone.

    At one token, every head of that layer reads one memory and no other, at gate 1; all else is as in the run, and the
    model's own norm and head make a word of it. `trace.reads` holds the answers; they are taken for the memories that
    all heads read, and the others' words are not known (-1). Nothing after the last layer looks at other tokens, so
    one run of the rest of the model serves a memory for all tokens.

    Raises `ValueError` for a soup's Trace, in which no memory answers, and for one that does not fit the model.
    """
    if trace.reads is None:
        raise ValueError("trace: expected one in which memories answer one by one, got a soup's; see `answering`")
    x = model.before(torch.as_tensor(tokens, device=model.embedding.weight.device).reshape(1, -1))
    if x.shape[1] != trace.T:
        raise ValueError(f"trace: expected one of {x.shape[1]} tokens, got {trace.T}")
    said = np.full((trace.T, trace.N), -1)
    probabilities = np.zeros((trace.T, trace.N))
    known: np.ndarray = np.all(trace.read, 1)
    for i in range(trace.N):
        rows = np.flatnonzero(known[:, i])
        y = torch.as_tensor(trace.reads[rows, :, i], dtype=x.dtype, device=x.device)[None]
        top, token = _likeliest(model.after(x[:, rows], y))
        said[rows, i], probabilities[rows, i] = token.cpu(), numpy(top)
    return Alone(*heard(said, labels), probabilities)


def _likeliest(logits: Float[Tensor, "1 n vocabulary"]) -> tuple[Float[Tensor, "n"], Any]:
    """The likeliest token of each place, and its probability."""
    top, token = torch.softmax(logits[0].double(), -1).topk(1, -1)
    return top[:, 0], token[:, 0]


def answering(trace: Trace) -> Trace:
    """The same memories and queries, all of which are read, so that each answers: the run under a residual sum.

    A run that reads every memory, or none but the online one, answers itself.
    """
    how = AGGREGATORS[trace.config.aggregator]
    if not (how.mixes or how.routes):
        return trace
    q, k, v, u = (torch.as_tensor(array)[None] for array in (trace.q, trace.k, trace.v, trace.u))
    c, start = (
        {name: torch.as_tensor(array) for name, array in g.items()} for g in (trace.coefficients, trace.initial)
    )
    cfg = replace(trace.config, aggregator="residual")
    again: Trace = memory_caching(q, k, v, u, cfg, c, start, trace=True)[1][0]
    return again
