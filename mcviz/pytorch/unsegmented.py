"""A mixer without segments: what its tokens read, and what it keeps of them for later ones, is up to its kind."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor

from mcviz.pytorch.carried import Carried
from mcviz.pytorch.mixer import Mixer
from mcviz.pytorch.numerics import as_given
from mcviz.pytorch.padding import beyond, blank

Tokens = list[Tensor]
"""q, k, v and, where the mixer has it, u of the new tokens: [B, H, T, ·] each."""
Kept = Mapping[str, Tensor]
"""What a mixer keeps of the tokens before, by name; empty at the beginning."""


class Unsegmented(Mixer):
    """What is around each kind of attention: projections, padding and states. A kind says `read` and `keep`."""

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        *,
        lengths: Any = None,
        state: Carried | None = None,
        return_state: bool = False,
    ) -> Any:
        """Features [B, T, D] of each token. `lengths` and states are those of `MemoryCaching.forward`."""
        self.takes(x)
        padding = None if lengths is None else beyond(lengths, x, None, check=False)
        x = blank(x, padding)
        memory = self.kept(state)
        seen = self.after(x, state)
        projected = [each for each in self.projections(seen)[:4] if each is not None]
        tokens = [each[:, self.convolution - 1 :].transpose(1, 2) for each in projected]
        past, before = (0, {}) if memory is None else (memory.tokens, memory.tensors)
        y = blank(self.merge(self.read(tokens, past, before).transpose(1, 2)), padding)
        if not return_state:
            return y
        with as_given(x.device):
            keeps = self.keep(tokens, past, before)
        return y, Carried(past + x.shape[1], {**keeps, **self.latest(seen)})

    def read(self, tokens: Tokens, past: int, before: Kept) -> Float[Tensor, "B H T V"]:
        """What tokens read of each other and of what is kept of those before them, which are `past`."""
        raise NotImplementedError

    def keep(self, tokens: Tokens, past: int, before: Kept) -> Kept:
        """What later tokens may read, by name."""
        raise NotImplementedError
