"""The types that the files of this package hand to each other, named once."""

from collections.abc import Callable, Mapping

from jaxtyping import Float
from torch import Tensor

State = dict[str, Float[Tensor, "..."]]
"""A memory: named tensors, whose leading axes are batch and heads. Many memories have axes of their own in front."""

Coefficients = Mapping[str, Float[Tensor, "..."]]
"""A rule's scalars by name, one for each token and head."""

Tokens = tuple[Tensor, Tensor, Tensor, Tensor]
"""q, k, v, u of a run, [B, T, H, ...]."""

Read = Callable[[State, Tensor], Tensor]
"""Answers [..., n, V] of memories [..., ·] to n queries [..., n, K] each."""
