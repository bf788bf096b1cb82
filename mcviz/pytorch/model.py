"""A small sequence model: tokens in, logits of the next token out, with one kind of mixer in every block."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mcviz.model import FENWICK, ModelConfig, Weights, ends, mlp
from mcviz.pytorch.attention import Attention
from mcviz.pytorch.carried import Carried
from mcviz.pytorch.fenwick import LogLinear
from mcviz.pytorch.mixer import MemoryCaching, Mixer
from mcviz.pytorch.numerics import is_hidden
from mcviz.pytorch.padding import beyond, blank


class Block(nn.Module):
    """One layer of the model: `x + mixer(norm(x))`, then `x + mlp(norm(x))` if there is an MLP."""

    def __init__(self, config: ModelConfig, index: int) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"d_key": config.key, "d_value": config.value, "convolution": config.convolution}
        seed = (config.seed, index + 1)
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
        self.mixer: Mixer
        if config.mixer is not None:
            self.mixer = MemoryCaching(config.width, config.heads, config.mixer, **sizes, seed=seed)
        elif config.attention == FENWICK:
            self.mixer = LogLinear(config.width, config.heads, **sizes, seed=seed)
        else:
            self.mixer = Attention(config.width, config.heads, config.window, config.stride, **sizes, seed=seed)
        self.mlp_norm = self.mlp = None
        if config.mlp:
            up, down = map(linear, mlp(config, index).values())
            self.mlp_norm = nn.RMSNorm(config.width, eps=1e-6)
            self.mlp = nn.Sequential(up, nn.GELU(), down)

    def channels(self, x: Float[Tensor, "... D"]) -> Float[Tensor, "... D"]:
        """What follows the mixer: each token on its own."""
        return x if self.mlp is None or self.mlp_norm is None else x + self.mlp(self.mlp_norm(x))

    def forward(self, x: Float[Tensor, "B T D"], **options: Any) -> Any:
        """Features of each token, and the mixer's state if it is asked for."""
        y = self.mixer(self.norm(x), **options)
        return (self.channels(x + y[0]), y[1]) if isinstance(y, tuple) else self.channels(x + y)


class SequenceModel(nn.Module):
    """Embedding, residual blocks with a norm before each part, a last norm, and a head of its own weights.

    Without `weights` they are drawn from `config.seed`, and nothing of torch's random state is read or moved.
    """

    def __init__(self, config: ModelConfig, weights: Weights | None = None) -> None:
        super().__init__()
        self.config = config
        embedding, head = ends(config).values()
        self.embedding = nn.Embedding(config.vocabulary, config.width, _weight=tensor(embedding))
        self.blocks = nn.ModuleList(Block(config, index) for index in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
        self.head = linear(head)
        if weights is not None:
            self.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})

    def extra_repr(self) -> str:
        # what the mixers do not say
        own = ("vocabulary", "width", "layers", "mlp", "seed")
        return ", ".join(f"{name}={getattr(self.config, name)}" for name in own)

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        asked: Bool[Tensor, "B T"] | tuple[Int[Tensor, "n"], Int[Tensor, "n"]] | None = None,
        *,
        check: bool = True,
        lengths: Any = None,
        state: Carried | None = None,
        return_state: bool = False,
    ) -> Any:
        """Logits of what follows each token, [B, T, vocabulary]. Causal: they depend on it and on those before it.

        With a mask `asked`, only those of the n tokens that it marks: [n, vocabulary]; for a pair of their rows and
        columns, [n] each, no device is waited for. With `check`, ids outside of the vocabulary are a `ValueError`, for
        which it is. With `lengths` [B], what stands beyond the end of a sequence may be any id, and its logits are 0.
        With `return_state`, a `Carried` comes with the logits; a call with that `state`, or a stream, goes on where
        this one stopped. See `memory_caching`.
        """
        if return_state and lengths is not None:
            raise ValueError("return_state: expected sequences that stop at the same token, got lengths")
        before = parts(state, len(self.blocks))
        tokens = check_tokens(tokens, self.config.vocabulary, 2, check=False)
        if isinstance(asked, Tensor) and (asked.dtype != torch.bool or asked.shape != tokens.shape):
            raise ValueError(
                f"asked: expected truth values {tuple(tokens.shape)}, got {asked.dtype} of shape {tuple(asked.shape)}"
            )
        padding = None if lengths is None else beyond(lengths, tokens, self.config.mixer, check)
        tokens = check_tokens(blank(tokens, padding), self.config.vocabulary, 2, check)
        x = blank(self.embedding(tokens), padding)
        left: dict[str, Tensor] = {}
        writers: dict[str, str] = {}
        for i, block in enumerate(self.blocks):
            x = block(x, lengths=lengths, state=before[i], return_state=return_state)
            if return_state:
                x, after = x
                left |= after.under(f"blocks.{i}")
                writers |= {f"blocks.{i}": written for written in after.writers.values()}
        x = self.norm(blank(x, padding))
        logits = self.head(x if asked is None else x[asked])
        past = 0 if state is None else state.tokens
        return (logits, Carried(past + tokens.shape[1], left, writers)) if return_state else logits

    def before(self, tokens: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """The features of each token that reach the last block."""
        x = self.embedding(check_tokens(tokens, self.config.vocabulary, 2))
        for block in list(self.blocks)[:-1]:
            x = block(x)
        return x

    def after(self, x: Float[Tensor, "B #T D"], y: Float[Tensor, "B T H V"]) -> Float[Tensor, "B T vocabulary"]:
        """Logits, where features `x` reach the last block and its heads read `y`. Each token is on its own."""
        last: Any = self.blocks[-1]
        return self.head(self.norm(last.channels(x + last.mixer.merge(y))))

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
        before = parts(state, len(self.blocks))
        self.mixers = [block.mixer.stream(length, part) for block, part in zip(self.blocks, before, strict=True)]

    @torch.no_grad()
    def step(self, tokens: Int[Tensor, "B"]) -> Float[Tensor, "B vocabulary"]:
        """Logits of what follows the next token. Raises `ValueError` for unknown tokens, and past the `length`."""
        x = self.model.embedding(check_tokens(tokens, self.model.config.vocabulary, 1))
        for block, mixer in zip(self.blocks, self.mixers, strict=True):
            x = block.channels(x + mixer.step(block.norm(x)))
        return self.model.head(self.model.norm(x))


def parts(state: Carried | None, layers: int) -> list[Carried | None]:
    """A model's state, layer by layer. Raises `ValueError` for what no model of so many layers gave."""
    if state is None:
        return [None] * layers
    found = [state.part(f"blocks.{i}") for i in range(layers)] if isinstance(state, Carried) else []
    held = [len(part.tensors) for part in found]
    if not held or 0 in held or sum(held) != len(state.tensors):
        raise ValueError(f"state: expected a Carried that this model of {layers} layers gave")
    return [*found]


def linear(weights: Float[np.ndarray, "outputs inputs"]) -> nn.Linear:
    """A linear layer without bias."""
    layer = nn.Linear(weights.shape[1], weights.shape[0], bias=False, device="meta")
    layer.weight = nn.Parameter(tensor(weights))
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
