"""A small sequence model: tokens in, logits of the next token out, with one kind of mixer in every block.

`weights` maps names to arrays, the very names and shapes of the torch model's `state_dict`: see `mcviz.model`. All is
computed in their dtype.
"""

from math import erf
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from mcviz import segments
from mcviz.model import FENWICK, ModelConfig, Weights, parameters
from mcviz.reference.attention import KVCache, attention
from mcviz.reference.blocks import memory_caching
from mcviz.reference.fenwick import Fenwick, fenwick
from mcviz.reference.inputs import prepare
from mcviz.reference.loop import Stream
from mcviz.reference.memory import Array
from mcviz.reference.projections import Projected, merge, project, rms_norm
from mcviz.trace import Trace


class Block:
    """One layer of the model: `x + mixer(norm(x))`, then `x + mlp(norm(x))` if there is an MLP."""

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config, self.weights = config, weights
        self.mixer = under("mixer", weights)

    def projections(self, x: Float[Array, "T D"]) -> Projected:
        """q, k, v, u, coefficients and `M_0` (None where it is not learned): what the mixer takes in."""
        return project(rms_norm(x) * self.weights["norm.weight"], self.mixer, self.config.projected)

    def read(self, x: Float[Array, "T D"]) -> tuple[Float[Array, "T H V"], Trace | None]:
        """What the heads read, and of Memory Caching all that was computed for it."""
        q, k, v, u, c, start = self.projections(x)
        if self.config.mixer is None and self.config.attention == FENWICK:
            return fenwick(q, k, v, u), None
        if self.config.mixer is None:
            return attention(q, k, v, self.config.window, self.config.stride), None
        trace = memory_caching(q, k, v, u, self.config.mixer, c, start)
        return trace.output, trace

    def channels(self, x: Float[Array, "... D"]) -> Float[Array, "... D"]:
        """What follows the mixer: each token on its own."""
        if not self.config.mlp:
            return x
        # x_t + W_2 σ(W_1 norm(x_t))
        h = gelu(rms_norm(x) * self.weights["mlp_norm.weight"] @ self.weights["mlp.0.weight"].T)
        return x + h @ self.weights["mlp.2.weight"].T

    def after(self, x: Float[Array, "#T D"], y: Float[Array, "T H V"]) -> Float[Array, "T D"]:
        """Features of each token whose heads read `y`."""
        return self.channels(x + merge(y, self.mixer))


class SequenceModel:
    """Embedding, residual blocks with a norm before each part, a last norm, and a head of its own weights.

    Without `weights` they are drawn from `config.seed`, in float64. Raises `ValueError` for names, shapes or dtypes
    that are not the model's.
    """

    def __init__(self, config: ModelConfig, weights: Weights | None = None) -> None:
        self.config = config
        self.weights = check_weights(config, parameters(config) if weights is None else weights)
        self.blocks = [Block(config, under(f"blocks.{i}", self.weights)) for i in range(config.layers)]

    def forward(self, tokens: Int[Array, "B T"], asked: Bool[Array, "B T"] | None = None) -> Float[Array, "..."]:
        """Logits of what follows each token, [B, T, vocabulary]. Causal: they depend on it and on those before it.

        With a mask `asked`, only those of the n tokens that it marks: [n, vocabulary].
        """
        tokens = check_tokens(tokens, self.config.vocabulary, 2)
        logits = np.stack([self.run(sequence)[0] for sequence in tokens])
        return logits if asked is None else logits[asked]

    __call__ = forward

    def run(self, tokens: Int[Array, "T"]) -> tuple[Float[Array, "T vocabulary"], list[Trace | None]]:
        """Logits of what follows each token of one sequence, and the Trace of each layer that caches memories."""
        x = self.embed(tokens)
        traces = []
        for block in self.blocks:
            y, trace = block.read(x)
            x = block.after(x, y)
            traces.append(trace)
        return self.say(x), traces

    def before(self, tokens: Int[Array, "T"]) -> Float[Array, "T D"]:
        """The features of each token that reach the last block."""
        x = self.embed(tokens)
        for block in self.blocks[:-1]:
            x = block.after(x, block.read(x)[0])
        return x

    def after(self, x: Float[Array, "#T D"], y: Float[Array, "T H V"]) -> Float[Array, "T vocabulary"]:
        """Logits, where features `x` reach the last block and its heads read `y`. Each token is on its own."""
        return self.say(self.blocks[-1].after(x, y))

    def embed(self, tokens: Int[Array, "T"]) -> Float[Array, "T D"]:
        """The features of each token on its own."""
        return self.weights["embedding.weight"][check_tokens(tokens, self.config.vocabulary, 1)]

    def say(self, x: Float[Array, "T D"]) -> Float[Array, "T vocabulary"]:
        """Logits from the features that leave the last block."""
        return rms_norm(x) * self.weights["norm.weight"] @ self.weights["head.weight"].T

    def stream(self, length: int | None = None) -> "ModelStream":
        """The model, one token of a sequence at a time, with caches: the logits of `forward`.

        Constant segmentation needs no `length` and never ends. Logarithmic and explicit segmentation cut a sequence
        by its total length, which has to be known before its first token: without it they are a `ValueError`.
        """
        return ModelStream(self, length)


class ModelStream:
    """A `SequenceModel` that consumes one token of a sequence at a time."""

    def __init__(self, model: SequenceModel, length: int | None = None) -> None:
        self.model = model
        self.mixers = [MixerStream(block, length) for block in model.blocks]

    def step(self, tokens: Int[Array, "1"]) -> Float[Array, "1 vocabulary"]:
        """Logits of what follows the next token. Raises `ValueError` for unknown tokens, and past the `length`."""
        x = self.model.embed(tokens)
        for block, mixer in zip(self.model.blocks, self.mixers, strict=True):
            x = block.after(x, mixer.step(x))
        return self.model.say(x)


class MixerStream:
    """A mixer that consumes one token at a time: the latest tokens, for its convolutions, and what it keeps."""

    def __init__(self, block: Block, length: int | None = None) -> None:
        self.block, self.cfg = block, block.config.mixer
        self.latest: list[Float[Array, "1 D"]] = []
        self.ends = length is not None
        self.cuts: segments.Segments = []
        self.memory: Any = None
        if self.cfg is None:
            tree = block.config.attention == FENWICK
            self.memory = Fenwick() if tree else KVCache(block.config.window, block.config.stride)
            return
        if length is not None:
            self.cuts = segments.cut(length, self.cfg.segmentation, self.cfg.segment_length)
        elif self.cfg.segmentation != "constant":
            raise ValueError(
                f"length: expected the number of tokens, which {self.cfg.segmentation!r} segmentation cuts by"
            )

    def step(self, x: Float[Array, "1 D"]) -> Float[Array, "1 H V"]:
        """What the heads of the next token read."""
        self.latest = [*self.latest, x][-self.block.config.convolution :]
        *tokens, coefficients, start = self.block.projections(np.concatenate(self.latest))
        q, k, v, u = (each[-1:] for each in tokens)
        if self.cfg is None:
            return self.memory.step(q[0], k[0], v[0], u[0])[None]
        c = {name: each[-1:] for name, each in coefficients.items()}
        q, k, v, u, c, start = prepare(q, k, v, u, self.cfg, c, start)
        if self.memory is None:
            self.memory = Stream(self.cfg, self.cuts, start)
        if not self.ends and len(self.memory.checkpoints) == len(self.cuts):
            self.cuts.append((self.memory.t, self.memory.t + self.cfg.segment_length))
        return self.memory.run(q, k, v, u, c)[0].output[None]


def gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """`x Φ(x)`, with the error function itself: what an MLP has between its matrices."""
    return x * (0.5 * (1 + np.vectorize(erf, otypes=[x.dtype])(x / 2**0.5)))


def under(name: str, weights: Weights) -> Weights:
    """The weights that stand under `name`."""
    begin = f"{name}."
    return {key.removeprefix(begin): array for key, array in weights.items() if key.startswith(begin)}


def check_weights(config: ModelConfig, weights: Weights) -> Weights:
    """`weights`, if they are those of a model of this shape, in one dtype. Raises `ValueError` otherwise."""
    wanted = config.shapes()
    if set(weights) != set(wanted):
        other = sorted(set(weights) ^ set(wanted))
        raise ValueError(f"weights: expected {', '.join(wanted)}; these stand on one side only: {', '.join(other)}")
    for name, shape in wanted.items():
        if weights[name].shape != shape:
            raise ValueError(f"{name}: expected shape {shape}, got {weights[name].shape}")
    dtypes = {array.dtype for array in weights.values()}
    if len(dtypes) > 1 or not dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}:
        raise ValueError(f"weights: expected all of float32 or all of float64, got {sorted(map(str, dtypes))}")
    return {name: weights[name] for name in wanted}


def check_tokens(tokens: Any, vocabulary: int, axes: int) -> Int[Array, "..."]:
    """`tokens`, if they are ids within the vocabulary. Raises `ValueError` otherwise."""
    shape = "[B, T]" if axes == 2 else "[T]"
    if not isinstance(tokens, np.ndarray) or tokens.dtype.kind not in "iu":
        raise ValueError(
            f"tokens: expected an array of whole numbers {shape}, got {getattr(tokens, 'dtype', tokens)!r}"
        )
    if tokens.ndim != axes or 0 in tokens.shape:
        raise ValueError(f"tokens: expected shape {shape} with at least one token, got {tokens.shape}")
    if not 0 <= int(tokens.min()) <= int(tokens.max()) < vocabulary:
        raise ValueError(
            f"tokens: expected ids from 0 to {vocabulary - 1}, got {int(tokens.min())} to {int(tokens.max())}"
        )
    return tokens
