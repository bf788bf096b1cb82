"""Log-linear attention (arXiv 2506.04761): token t reads the buckets of a Fenwick tree over the tokens before it.

All tokens at once it is linear attention under a mask of weights, in the square of their number; a stream keeps the
sums alone, as many as the number of tokens has powers of two.
"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mcviz.model import ATTENTIONS, FENWICK
from mcviz.pytorch.carried import Carried
from mcviz.pytorch.mixer import MixerStream
from mcviz.pytorch.unsegmented import Kept, Tokens, Unsegmented
from mcviz.segments import Segments, logarithmic


def level(t: Int[Tensor, "*#n"], s: Int[Tensor, "*#n"]) -> Int[Tensor, "..."]:
    """The level at which token `t` reads token `s`, from 0 and not after it: 0 is itself, ℓ > 0 a sum of 2^(ℓ-1)."""
    # the exponent of a whole number is how many bits it has
    return torch.frexp((t ^ s).double()).exponent.long()


def weights(u: Float[Tensor, "B H T K"], levels: Int[Tensor, "T n"]) -> Float[Tensor, "B H T n"]:
    """How much a token reads of each of n levels, positive. Where there are more than K levels, they share weights."""
    # λ_t^(ℓ) = log(1 + exp(u_t[ℓ]))
    at = (levels % u.shape[-1]).expand(*u.shape[:2], *levels.shape)
    return nn.functional.softplus(u).gather(-1, at)


def kept(n: int) -> Segments:
    """The buckets of `n` tokens, oldest first."""
    return logarithmic(n) if n else []


class LogLinear(Unsegmented):
    """Log-linear attention, with the projections of a linear memory whose gate sees the token alone.

    Raises `ValueError` for sizes out of range.
    """

    def __init__(self, d_model: int, n_heads: int, **options: Any) -> None:
        super().__init__(d_model, n_heads, ATTENTIONS[FENWICK], **options)

    def read(self, tokens: Tokens, past: int, before: Kept) -> Float[Tensor, "B H T V"]:
        q, k, v, u = tokens
        return read(q, k, v, u, past, before.get("sums"))

    def keep(self, tokens: Tokens, past: int, before: Kept) -> Kept:
        return {"sums": after(tokens[1], tokens[2], past, before.get("sums"))}

    def hands_on(self, tokens: int, B: int, H: int, K: int, V: int) -> Mapping[str, tuple[int, ...]]:
        return {"sums": (B, len(kept(tokens)), H, K, V)}

    def stream(self, length: int | None = None, state: Carried | None = None) -> MixerStream:
        return MixerStream(self, Fenwick(self.kept(state)).step, state)


def read(
    q: Float[Tensor, "B H T K"],
    k: Float[Tensor, "B H T K"],
    v: Float[Tensor, "B H T V"],
    u: Float[Tensor, "B H T K"],
    past: int = 0,
    sums: Float[Tensor, "B n H K V"] | None = None,
) -> Float[Tensor, "B H T V"]:
    """What tokens read of each other, and of the `sums` over those before them, which are `past`."""
    t = torch.arange(past, past + q.shape[2], device=q.device)[:, None]
    # y_t = Σ_s λ_t^(level(t, s)) <q_t, k_s> v_s
    y = ((q @ k.mT) * weights(u, level(t, t.mT)).tril()) @ v
    if sums is not None:
        # those of a bucket are on one level of whatever comes after them
        first = torch.tensor([start for start, _ in kept(past)], device=q.device)[None]
        y = y + torch.einsum("bhtn,bhtk,bnhkv->bhtv", weights(u, level(t, first)), q, sums)
    return y


def after(
    k: Float[Tensor, "B H T K"], v: Float[Tensor, "B H T V"], past: int, sums: Float[Tensor, "B n H K V"] | None
) -> Float[Tensor, "B m H K V"]:
    """The sums that later tokens read, once these tokens have come to the `past` ones."""
    found = []
    for start, stop in kept(past + k.shape[2]):
        new = slice(max(0, start - past), max(0, stop - past))
        one = torch.einsum("bhtk,bhtv->bhkv", k[:, :, new], v[:, :, new])
        if sums is not None:
            old = [i for i, (begin, end) in enumerate(kept(past)) if start <= begin and end <= stop]
            one = one + sums[:, old].sum(1)
        found.append(one)
    return torch.stack(found, 1)


class Fenwick:
    """Log-linear attention, one token of each sequence at a time, from a layer's state on if there is one: after t
    tokens it keeps as many sums as t has powers of two."""

    def __init__(self, state: Carried | None = None) -> None:
        self.t = 0 if state is None else state.tokens
        self.sums = None if state is None else state.tensors["sums"].detach()

    def step(
        self,
        q: Float[Tensor, "B H K"],
        k: Float[Tensor, "B H K"],
        v: Float[Tensor, "B H V"],
        u: Float[Tensor, "B H K"],
        *_: Any,
    ) -> Float[Tensor, "B H V"]:
        """What the next token reads."""
        q, k, v, u = (each[:, :, None] for each in (q, k, v, u))
        y = read(q, k, v, u, self.t, self.sums)
        self.sums = after(k, v, self.t, self.sums)
        self.t += 1
        return y[:, :, 0]
