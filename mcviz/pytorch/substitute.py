"""Substitute: what a model would say if one of its layers had read something else."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mcviz.pytorch.capture import hooked, predict, sequence
from mcviz.pytorch.mixer import MemoryCaching
from mcviz.pytorch.model import SequenceModel
from mcviz.trace import Predictions


@torch.no_grad()
def substitute(
    model: SequenceModel,
    tokens: Any,
    output: Float[np.ndarray, "T H V"],
    labels: Sequence[str] | None = None,
    targets: Sequence[int] | None = None,
    layer: int = -1,
) -> Predictions:
    """The predictions of `model` on one sequence, with `output` in place of what the heads of one layer read.

    Everything before that layer is as it was; everything after it works on what was put in. The other arguments are
    those of `mcviz.capture`. Raises `ValueError` for a model without that layer, and an output that does not fit it.
    """
    layers = [module for module in model.modules() if isinstance(module, MemoryCaching)]
    if not layers or not -len(layers) <= layer < len(layers):
        raise ValueError(f"model: expected a layer of Memory Caching with number {layer}, got {len(layers)} layers")
    inputs, _ = sequence(model, tokens)

    def put(module: nn.Module, given: tuple[Any, ...], named: Mapping[str, Any], features: Tensor) -> Tensor:
        y = torch.as_tensor(np.array(output), dtype=features.dtype, device=features.device)[None]
        try:
            return layers[layer].merge(y).reshape(features.shape)
        except RuntimeError:
            raise ValueError(f"output: expected [T, H, V] as the layer reads it, got {output.shape}") from None

    with hooked(layers[layer], put):
        logits = model(inputs)
    return predict(logits, labels, targets)
