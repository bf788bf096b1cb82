"""From the tensors of a run to Traces, one for each sequence."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mcviz import cost
from mcviz.config import MCConfig
from mcviz.pytorch.aliases import Coefficients, State, Tokens
from mcviz.segments import Segments
from mcviz.trace import Trace


def traces(
    cfg: MCConfig,
    cuts: Segments,
    tokens: Tokens,
    c: Coefficients,
    start: State,
    *,
    contexts: Float[Tensor, "B N H K"],
    online_contexts: Float[Tensor, "B T H K"],
    scores: Float[Tensor, "B T H N"],
    weights: Float[Tensor, "B T H N"],
    selected: Bool[Tensor, "B T H N"],
    reads: Float[Tensor, "B T H N V"] | None,
    states: Mapping[str, Float[Tensor, "B N *state"]],
    output: Float[Tensor, "B T H V"],
) -> list[Trace]:
    """What a run computed, laid out as `mcviz.Trace` asks, without computing anything anew.

    `tokens` are q, k, v, u as [B, T, H, ...]; `states` is where every segment ended. Numbers keep their dtype, but
    those that NumPy lacks (bfloat16) become float32.
    """
    q, k, v, u = (numpy(tensor) for tensor in tokens)
    spent = cost.counts(cfg, cuts, q.shape[-1], v.shape[-1], q.shape[2], tokens[0].element_size())
    kept = {name: numpy(tensor) for name, tensor in states.items()}
    parts = {
        "checkpoint_contexts": numpy(contexts),
        "online_contexts": numpy(online_contexts),
        "scores": numpy(scores),
        "weights": numpy(weights),
        "selected": numpy(selected),
        "output": numpy(output),
    }
    answers = None if reads is None else numpy(reads)
    return [
        Trace(
            config=cfg,
            segments=cuts,
            q=q[b],
            k=k[b],
            v=v[b],
            u=u[b],
            coefficients={name: numpy(tensor[b]) for name, tensor in c.items()},
            initial={name: numpy(tensor[b]) for name, tensor in start.items()},
            reads=None if answers is None else answers[b],
            checkpoints=tuple({name: array[b, i] for name, array in kept.items()} for i in range(len(cuts))),
            counts={name: np.array(values, np.int64) for name, values in spent.items()},
            **{name: array[b] for name, array in parts.items()},
        )
        for b in range(len(q))
    ]


def numpy(tensor: Tensor) -> np.ndarray:
    """The numbers of a tensor, wherever it is, in a NumPy array."""
    tensor = tensor.detach().cpu()
    known = tensor.dtype in (torch.bool, torch.float32, torch.float64)
    return (tensor if known else tensor.float()).numpy().copy()
