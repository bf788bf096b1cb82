"""The mixer: Memory Caching as a module with weights to learn."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mcviz import initial
from mcviz.checks import whole
from mcviz.config import MCConfig
from mcviz.pytorch import function
from mcviz.pytorch.decode import Decoder
from mcviz.pytorch.inputs import first
from mcviz.pytorch.projections import Projected, merge, project
from mcviz.trace import Trace


class Start(nn.ParameterDict):
    """The learned `M_0`. It is called, so that what is hooked to it, as pruning is, happens."""

    __call__ = nn.Module.__call__

    def forward(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self}


class Mixer(nn.Module):
    """What every mixer has: the projections around it. Parameters are named as `mcviz.initial.parameters` does."""

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        cfg: MCConfig,
        d_key: int | None = None,
        d_value: int | None = None,
        convolution: int = 2,
        seed: int | tuple[int, ...] = 0,
    ) -> None:
        super().__init__()
        if not isinstance(cfg, MCConfig):
            raise ValueError(f"cfg: expected an MCConfig, got {type(cfg).__name__}")
        d_model, n_heads = whole("d_model", d_model), whole("n_heads", n_heads)
        d_key = None if d_key is None else whole("d_key", d_key)
        d_value = None if d_value is None else whole("d_value", d_value)
        convolution = whole("convolution", convolution)
        if d_model % n_heads and None in (d_key, d_value):
            raise ValueError(
                f"d_model: expected a multiple of the {n_heads} heads, or d_key and d_value, got {d_model}"
            )
        self.cfg = cfg
        self.d_model, self.convolution = d_model, convolution
        K, V = d_key or d_model // n_heads, d_value or d_model // n_heads
        self.initial = Start()
        weights = initial.parameters(cfg, d_model, n_heads, K, V, convolution, seed)
        self.names = tuple(weights)
        for name, array in weights.items():
            group, _, member = name.rpartition(".")
            learned = nn.Parameter(torch.tensor(array, dtype=torch.get_default_dtype()))
            if group:
                self.initial[member] = learned
            else:
                self.register_parameter(member, learned)

    def projections(self, x: Float[Tensor, "B T D"]) -> Projected:
        """q, k, v, u, coefficients and `M_0` (None where it is not learned): what `memory_caching` takes in."""
        return project(x, self.weights(), self.cfg)

    def merge(self, y: Float[Tensor, "B T H V"]) -> Float[Tensor, "B T D"]:
        """What the heads read, as features of the token."""
        return merge(y, self.weights())

    def weights(self) -> dict[str, Tensor]:
        """All weights by name, as they are now: a weight that is pruned, parametrised or a replica is what stands in
        its place. Raises `AttributeError` for one that is not there."""
        start = self.initial()
        split = {name: name.removeprefix("initial.") for name in self.names}
        return {name: getattr(self, name) if name == short else start[short] for name, short in split.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "names" not in state:  # a pickle of mcviz 0.1
            self.names = tuple(name for name, _ in self.named_parameters())
            self.initial.__class__ = Start

    def stream(self, length: int | None = None) -> "MixerStream":
        """The layer, one token at a time. See `SequenceModel.stream`."""
        raise NotImplementedError


class MemoryCaching(Mixer):
    """A layer of Memory Caching: projections, short convolutions, the memory and its cache, and a norm.

    `d_key` and `d_value` are the sizes of one head's keys and values, `d_model / n_heads` each if left out.
    `convolution` is the width of the causal depthwise convolutions on q, k, v and u; at 1 there are none. The
    weights are drawn from `seed`, and nothing else of torch's random state is read or moved. With `detach`,
    gradients are cut at checkpoints. Raises `ValueError` for sizes that do not fit.

    `config` and `projections` are the protocol of `mcviz.capture`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        cfg: MCConfig,
        d_key: int | None = None,
        d_value: int | None = None,
        convolution: int = 2,
        seed: int | tuple[int, ...] = 0,
        *,
        detach: bool = False,
    ) -> None:
        super().__init__(d_model, n_heads, cfg, d_key, d_value, convolution, seed)
        self.config, self.detach = cfg, detach

    def forward(
        self, x: Float[Tensor, "B T D"], trace: bool = False
    ) -> Float[Tensor, "B T D"] | tuple[Float[Tensor, "B T D"], list[Trace]]:
        """Features [B, T, D] of each token; with `trace`, also a `mcviz.Trace` for each sequence."""
        q, k, v, u, c, learned = self.projections(x)
        start = first(self.config, learned, q, v.shape[-1])
        done = function.run(q, k, v, u, c, start, self.config, trace, self.detach)
        return (self.merge(done[0]), done[1]) if trace else self.merge(done)

    def stream(self, length: int | None = None) -> "MixerStream":
        learned = {name: tensor.detach() for name, tensor in self.initial.items()}
        decoder = Decoder(self.config, learned or None, length)
        return MixerStream(self, decoder.step)


class MixerStream:
    """A mixer that consumes one token at a time: the latest tokens, for its convolutions, and what `read` keeps.

    `read` takes a token's q, k, v [B, H, ...], u and coefficients, and gives what the heads read [B, H, V].
    """

    def __init__(self, mixer: Mixer, read: Callable[..., Tensor]) -> None:
        self.mixer, self.read = mixer, read
        self.latest: Tensor | None = None

    @torch.no_grad()
    def step(self, x: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """The features of the next token."""
        if self.latest is None:
            self.latest = x.new_zeros(x.shape[0], self.mixer.convolution, x.shape[1])
        self.latest = torch.cat([self.latest[:, 1:], x[:, None]], 1)
        *tokens, coefficients, _ = self.mixer.projections(self.latest)
        now = {name: tensor[:, -1] for name, tensor in coefficients.items()}
        y = self.read(*(tensor[:, -1] for tensor in tokens), now)
        return self.mixer.merge(y[:, None])[:, 0]


MOVED = {"Attention": "attention", "KVCache": "attention", "memory_caching": "function"}
"""What stood in this file, and where it stands: pickles of models name their classes by it."""


def __getattr__(name: str) -> Any:
    if name in MOVED:
        return getattr(import_module(f"mcviz.pytorch.{MOVED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
