"""The mixer: Memory Caching as a module with weights to learn."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mcviz import initial
from mcviz.checks import truth, whole
from mcviz.config import MCConfig
from mcviz.pytorch import function
from mcviz.pytorch.carried import Carried, check, shapes
from mcviz.pytorch.decode import Decoder
from mcviz.pytorch.inputs import Prepared, first, prepare
from mcviz.pytorch.numerics import as_given, autocasting
from mcviz.pytorch.padding import beyond, blank
from mcviz.pytorch.projections import Projected, merge, project


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

    def sizes(self) -> tuple[int, int, int]:
        """H, K and V: heads, and the numbers of a key and of a value."""
        weights = self.weights()
        return *weights["W_k"].shape[:2], weights["W_v"].shape[1]

    def extra_repr(self) -> str:
        H, K, V = self.sizes()
        sizes = {"d_model": self.d_model, "n_heads": H, "d_key": K, "d_value": V, "convolution": self.convolution}
        return ", ".join(f"{name}={value}" for name, value in sizes.items())

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
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        if "names" not in state:  # a pickle of mcviz 0.1
            self.names = tuple(name for name, _ in self.named_parameters())
            self.initial.__class__ = Start

    def stream(self, length: int | None = None, state: Carried | None = None) -> "MixerStream":
        """The layer, one token at a time. See `SequenceModel.stream`."""
        raise NotImplementedError

    def takes(self, x: Any) -> None:
        """Raise `ValueError` for features that the layer does not take in: [B, T, D], in the dtype (but for autocast)
        and on the device of its weights."""
        if not isinstance(x, Tensor) or not x.is_floating_point():
            got = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"x: expected a tensor of floating-point numbers, got {got}")
        if x.ndim != 3 or x.shape[2] != self.d_model or 0 in x.shape:
            raise ValueError(
                f"x: expected shape [B, T, {self.d_model}] with at least one sequence and token, got {tuple(x.shape)}"
            )
        weight = self.weights()["W_q"]
        if x.device != weight.device or (x.dtype != weight.dtype and not autocasting(x.device)):
            raise ValueError(
                f"x: expected {weight.dtype} on {weight.device}, as the weights are, got {x.dtype} on {x.device}"
            )

    def hands_on(self, tokens: int, B: int, H: int, K: int, V: int) -> Mapping[str, tuple[int, ...]]:
        """What the heads keep after so many tokens of B sequences, by name."""
        raise NotImplementedError

    def kept(self, state: Carried | None) -> Carried | None:
        """What the heads keep of the tokens before: a state without those that the convolutions see. Raises
        `ValueError` for a state that this layer did not give."""
        if state is None:
            return None
        if not isinstance(state, Carried) or "latest" not in state.tensors:
            raise ValueError("state: expected a Carried that this layer gave, with the latest tokens")
        tensors = {name: x for name, x in state.tensors.items() if name != "latest"}
        expected = self.hands_on(state.tokens, state.batch, *self.sizes())
        return check(replace(state, tensors=tensors), expected, self.weights()["W_q"])

    def after(self, x: Float[Tensor, "B T D"], state: Carried | None) -> Float[Tensor, "B _ D"]:
        """The tokens and those before them that the convolutions still see: `convolution - 1` more. Raises
        `ValueError` for a state of other sequences."""
        shape = (len(x), self.convolution - 1, self.d_model)
        seen = x.new_zeros(shape) if state is None else state.tensors["latest"]
        if seen.shape != shape:
            raise ValueError(
                f"state: expected one that this layer gave for {len(x)} sequences, with latest {shape}, got "
                f"{tuple(seen.shape)}"
            )
        return torch.cat([seen, x], 1)

    def latest(self, x: Float[Tensor, "B n D"]) -> dict[str, Tensor]:
        """What the convolutions will see of these tokens."""
        return {"latest": x[:, x.shape[1] - self.convolution + 1 :].clone()}


class MemoryCaching(Mixer):
    """A layer of Memory Caching: projections, short convolutions, the memory and its cache, and a norm.

    `d_key` and `d_value` are the sizes of one head's keys and values, `d_model / n_heads` each if left out.
    `convolution` is the width of the causal depthwise convolutions on q, k, v and u; at 1 there are none. The
    weights are drawn from `seed`, and nothing else of torch's random state is read or moved. With `detach`,
    gradients are cut at checkpoints. Raises `ValueError` for sizes that do not fit, and for what is no seed.

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

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, cfg={self.config}, detach={self.detach}"

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        trace: bool = False,
        *,
        check: bool = False,
        lengths: Any = None,
        state: Carried | None = None,
        return_state: bool = False,
    ) -> Any:
        """Features [B, T, D] of each token; with `trace`, also a `mcviz.Trace` for each sequence.

        The other arguments are those of `mcviz.pytorch.memory_caching`, and `return_state` gives a `Carried` last.
        Values are looked at only with `check`. Under autocast the projections compute in its dtype, memories and gates
        in that of the weights, which is the state's, and features come in autocast's dtype, as of a linear layer.
        """
        self.takes(x)
        if truth("trace", trace) and (lengths is not None or state is not None):
            raise ValueError("trace: expected whole sequences, neither lengths nor a state")
        if return_state and lengths is not None:
            raise ValueError("return_state: expected sequences that stop at the same token, got lengths")
        padding = None if lengths is None else beyond(lengths, x, self.config, check)
        x = blank(x, padding)
        memory = self.kept(state)
        seen = x if state is None else self.after(x, state)
        tokens = self.projections(seen)
        given = self.prepared(tokens, seen.shape[1] - x.shape[1], check)
        done = function.run(
            given, self.config, trace=trace, detach=self.detach, state=memory, return_state=return_state
        )
        y = blank(self.merge(done.output), padding)
        parts: list[Any] = [y, *([done.traces] if trace else [])]
        if done.state is not None:
            seen = self.after(x, state)
            parts.append(replace(done.state, tensors={**done.state.tensors, **self.latest(seen)}))
        return tuple(parts) if len(parts) > 1 else y

    def hands_on(self, tokens: int, B: int, H: int, K: int, V: int) -> Mapping[str, tuple[int, ...]]:
        return shapes(self.config, tokens, B, H, K, V)

    def prepared(self, tokens: Projected, before: int, check: bool) -> Prepared:
        """What a run takes in, but for the `before` tokens that only the convolutions see."""
        q, k, v, u, c, learned = tokens
        q, k, v, u = (y[:, before:] for y in (q, k, v, u))
        c = {name: y[:, before:] for name, y in c.items()}
        if check:
            return prepare(q, k, v, u, self.config, c, learned)
        return Prepared(q, k, v, u, c, first(self.config, learned, q, v.shape[-1], check=False))

    def stream(self, length: int | None = None, state: Carried | None = None) -> "MixerStream":
        start = {name.removeprefix("initial."): x.detach() for name, x in self.weights().items() if "." in name}
        decoder = Decoder(self.config, start or None, length, self.kept(state))
        return MixerStream(self, decoder.step, state)


class MixerStream:
    """A mixer that consumes one token at a time: the latest tokens, for its convolutions, and what `read` keeps.

    `read` takes a token's q, k, v [B, H, ...], u and coefficients, and gives what the heads read [B, H, V].
    """

    def __init__(self, mixer: Mixer, read: Callable[..., Tensor], state: Carried | None = None) -> None:
        self.mixer, self.read, self.state = mixer, read, state
        self.latest: Tensor | None = None

    @torch.no_grad()
    def step(self, x: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """The features of the next token. Raises `ValueError` for those that the layer does not take in, and for those
        of other sequences than before, or than the state's."""
        self.mixer.takes(x[:, None])
        if self.latest is None:
            latest = self.mixer.after(x[:, None], self.state)
        elif len(x) != len(self.latest):
            raise ValueError(f"x: expected {len(self.latest)} sequences as before, got {len(x)}")
        else:
            latest = torch.cat([self.latest[:, 1:], x[:, None]], 1)
        *tokens, coefficients, _ = self.mixer.projections(latest)
        now = {name: tensor[:, -1] for name, tensor in coefficients.items()}
        with as_given(x.device):
            y = self.read(*(tensor[:, -1] for tensor in tokens), now)
        self.latest = latest
        return self.mixer.merge(y[:, None])[:, 0]


MOVED = {"Attention": "attention", "KVCache": "attention", "memory_caching": "function"}
"""What stood in this file, and where it stands: pickles of models name their classes by it."""


def __getattr__(name: str) -> Any:
    if name in MOVED:
        return getattr(import_module(f"mcviz.pytorch.{MOVED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
