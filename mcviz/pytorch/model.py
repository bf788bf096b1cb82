"""A small sequence model: tokens in, logits of the next token out, with one kind of mixer in every block."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mcviz import initial
from mcviz.checks import plain_fields, whole
from mcviz.config import MCConfig
from mcviz.pytorch.attention import Attention
from mcviz.pytorch.carried import Carried
from mcviz.pytorch.mixer import MemoryCaching, Mixer
from mcviz.pytorch.numerics import is_hidden
from mcviz.pytorch.padding import beyond, blank


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a `SequenceModel`, and the seed of its weights. A bad value is a `ValueError`."""

    vocabulary: int  # tokens that can be said
    mixer: MCConfig | None  # a variant of Memory Caching, or None for causal softmax attention
    width: int = 64  # features of a token
    layers: int = 1
    heads: int = 1
    key: int = 24  # size of a head's keys
    value: int = 8  # size of a head's values
    convolution: int = 2  # tokens that q, k, v and u see of the latest; 1 is the token alone
    mlp: int = 0  # hidden width of the block's MLP, in units of `width`; 0 is no MLP
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        if self.mixer is not None and not isinstance(self.mixer, MCConfig):
            raise ValueError(f"mixer: expected an MCConfig, or None for attention, got {type(self.mixer).__name__}")
        for field in fields(self):
            if field.name != "mixer":
                whole(field.name, getattr(self, field.name), 0 if field.name in ("mlp", "seed") else 1)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON values; `ModelConfig.from_dict` reads them back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "mixer": self.mixer and self.mixer.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ModelConfig":
        known = [field.name for field in fields(cls)]
        if not isinstance(values, Mapping) or not {"vocabulary", "mixer"} <= set(values) <= set(known):
            raise ValueError(
                f"model: expected a mapping with vocabulary, mixer, among {', '.join(known)}; got {values}"
            )
        mixer = values["mixer"]
        return cls(**{**values, "mixer": MCConfig.from_dict(mixer) if isinstance(mixer, Mapping) else mixer})

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each weight of the model, by its name in `state_dict`. Nothing is drawn or allocated."""
        D, hidden = self.width, self.mlp * self.width
        cfg = self.mixer or MCConfig(memory="linear", aggregator="none")  # whose projections attention has
        mixer = initial.parameter_shapes(cfg, D, self.heads, self.key, self.value, self.convolution)
        block: dict[str, tuple[int, ...]] = {"norm.weight": (D,), **{f"mixer.{name}": mixer[name] for name in mixer}}
        if self.mlp:
            block |= {"mlp_norm.weight": (D,), "mlp.0.weight": (hidden, D), "mlp.2.weight": (D, hidden)}
        ends = {"embedding.weight": (self.vocabulary, D), "norm.weight": (D,), "head.weight": (self.vocabulary, D)}
        return ends | {f"blocks.{i}.{name}": block[name] for i in range(self.layers) for name in block}


class Block(nn.Module):
    """One layer of the model: `x + mixer(norm(x))`, then `x + mlp(norm(x))` if there is an MLP."""

    def __init__(self, config: ModelConfig, index: int) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"d_key": config.key, "d_value": config.value, "convolution": config.convolution}
        seed = (config.seed, index + 1)
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
        self.mixer: Mixer = (
            Attention(config.width, config.heads, **sizes, seed=seed)
            if config.mixer is None
            else MemoryCaching(config.width, config.heads, config.mixer, **sizes, seed=seed)
        )
        self.mlp_norm = self.mlp = None
        if config.mlp:
            rng = np.random.default_rng((config.seed, index + 1, 1))
            hidden = config.mlp * config.width
            self.mlp_norm = nn.RMSNorm(config.width, eps=1e-6)
            self.mlp = nn.Sequential(linear(rng, config.width, hidden), nn.GELU(), linear(rng, hidden, config.width))

    def channels(self, x: Float[Tensor, "... D"]) -> Float[Tensor, "... D"]:
        """What follows the mixer: each token on its own."""
        return x if self.mlp is None or self.mlp_norm is None else x + self.mlp(self.mlp_norm(x))

    def forward(self, x: Float[Tensor, "B T D"], **options: Any) -> Any:
        """Features of each token, and the mixer's state if it is asked for."""
        y = self.mixer(self.norm(x), **options)
        return (self.channels(x + y[0]), y[1]) if isinstance(y, tuple) else self.channels(x + y)


class SequenceModel(nn.Module):
    """Embedding, residual blocks with a norm before each part, a last norm, and a head of its own weights.

    The weights are drawn from `config.seed`, and nothing of torch's random state is read or moved.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        rng = np.random.default_rng((config.seed, 0))
        self.embedding = nn.Embedding(
            config.vocabulary, config.width, _weight=tensor(rng.standard_normal((config.vocabulary, config.width)))
        )
        self.blocks = nn.ModuleList(Block(config, index) for index in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
        self.head = linear(rng, config.width, config.vocabulary)

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        asked: Bool[Tensor, "B T"] | None = None,
        *,
        check: bool = True,
        lengths: Any = None,
        state: Carried | None = None,
        return_state: bool = False,
    ) -> Any:
        """Logits of what follows each token, [B, T, vocabulary]. Causal: they depend on it and on those before it.

        With a mask `asked`, only those of the n tokens that it marks: [n, vocabulary]. With `check`, ids outside of the
        vocabulary are a `ValueError`, for which the device is waited for. With `lengths` [B], what stands beyond the
        end of a sequence may be any id, and its logits are 0. With `return_state`, a `Carried` comes with the logits; a
        call with that `state`, or a stream, goes on where this one stopped. See `memory_caching`.
        """
        if return_state and lengths is not None:
            raise ValueError("return_state: expected sequences that stop at the same token, got lengths")
        if state is not None and (not isinstance(state, Carried) or not state.part("blocks.0").tensors):
            raise ValueError("state: expected a Carried that this model gave")
        x = self.embedding(check_tokens(tokens, self.config.vocabulary, 2, check))
        padding = None if lengths is None else beyond(lengths, x, self.config.mixer, check)
        x = blank(x, padding)
        left: dict[str, Tensor] = {}
        for i, block in enumerate(self.blocks):
            place = f"blocks.{i}"
            part = None if state is None else state.part(place)
            x = block(x, lengths=lengths, state=part, return_state=return_state)
            if return_state:
                x, after = x
                left |= after.under(place)
        x = self.norm(blank(x, padding))
        logits = self.head(x if asked is None else x[asked])
        past = 0 if state is None else state.tokens
        return (logits, Carried(past + tokens.shape[1], left)) if return_state else logits

    def stream(self, length: int | None = None, state: Carried | None = None) -> "ModelStream":
        """The model, one token of each sequence at a time, with caches: the logits of `forward`, for inference.

        Constant segmentation needs no `length` and never ends. Logarithmic and explicit segmentation cut a sequence
        by its total length, which has to be known before its first token: without it they are a `ValueError`. With the
        `state` of a `forward` pass, the stream goes on from there.
        """
        return ModelStream(self, length, state)


class ModelStream:
    """A `SequenceModel` that consumes one token of each sequence at a time. No gradients flow."""

    def __init__(self, model: SequenceModel, length: int | None = None, state: Carried | None = None) -> None:
        self.model = model
        self.blocks: list[Any] = list(model.blocks)
        parts = [None if state is None else state.part(f"blocks.{i}") for i in range(len(self.blocks))]
        self.mixers = [block.mixer.stream(length, part) for block, part in zip(self.blocks, parts, strict=True)]

    @torch.no_grad()
    def step(self, tokens: Int[Tensor, "B"]) -> Float[Tensor, "B vocabulary"]:
        """Logits of what follows the next token. Raises `ValueError` for unknown tokens, and past the `length`."""
        x = self.model.embedding(check_tokens(tokens, self.model.config.vocabulary, 1))
        for block, mixer in zip(self.blocks, self.mixers, strict=True):
            x = block.channels(x + mixer.step(block.norm(x)))
        return self.model.head(self.model.norm(x))


def linear(rng: np.random.Generator, inputs: int, outputs: int) -> nn.Linear:
    """A linear layer without bias, its weights uniform within ±1/√inputs."""
    layer = nn.Linear(inputs, outputs, bias=False, device="meta")
    layer.weight = nn.Parameter(tensor(rng.uniform(-1, 1, (outputs, inputs)) / np.sqrt(inputs)))
    return layer


def tensor(array: np.ndarray) -> Tensor:
    """The numbers of `array` in torch's default dtype."""
    return torch.tensor(array, dtype=torch.get_default_dtype())


def check_tokens(tokens: Any, vocabulary: int, axes: int, check: bool = True) -> Tensor:
    """`tokens`, if they are ids within the vocabulary, which are looked at with `check`. `ValueError` otherwise."""
    shape = "[B, T]" if axes == 2 else "[B]"
    if not isinstance(tokens, Tensor) or tokens.dtype not in (torch.int64, torch.int32):
        raise ValueError(
            f"tokens: expected a tensor of whole numbers {shape}, got {getattr(tokens, 'dtype', tokens)!r}"
        )
    if tokens.ndim != axes or 0 in tokens.shape:
        raise ValueError(f"tokens: expected shape {shape} with at least one token, got {tuple(tokens.shape)}")
    if check and not is_hidden(tokens) and not 0 <= int(tokens.min()) <= int(tokens.max()) < vocabulary:
        raise ValueError(
            f"tokens: expected ids from 0 to {vocabulary - 1}, got {int(tokens.min())} to {int(tokens.max())}"
        )
    return tokens
