"""The mixer: Memory Caching as a function of tensors, and as a module with weights to learn."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mcviz import initial, segments
from mcviz.checks import whole
from mcviz.config import MCConfig
from mcviz.pytorch import layer, memory, scan
from mcviz.pytorch.decode import Buffer, Decoder
from mcviz.pytorch.inputs import first, prepare
from mcviz.pytorch.memory import Coefficients, State
from mcviz.pytorch.projections import Projected, merge, project
from mcviz.pytorch.traces import traces
from mcviz.trace import Trace


def memory_caching(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    u: Float[Tensor, "B T H K"] | None,
    cfg: MCConfig,
    coefficients: Mapping[str, Any] | None = None,
    initial: Any = None,
    *,
    trace: bool = False,
    detach: bool = False,
) -> Any:
    """Run Memory Caching over a batch of sequences: the output [B, T, H, V], and with `trace` everything computed.

    `u` may be None where nothing looks at it. `coefficients` maps the rule's per-token scalars (`alpha`, `beta`,
    `eta`, `lam`) to tensors [B, T, H], [T, H] or scalars; what is left out takes the constants of
    `mcviz.initial.constants`. `initial` is the rule's `M_0`: named tensors with the axis of heads first, or batch and
    heads. All tensors share a dtype and a device. `detach` cuts gradients where checkpoints are read: none flow into
    the tokens that a checkpoint was written by, while what a segment hands on to the next, and contexts, keep theirs.

    With `trace`, the result is a pair: the output, and a `mcviz.Trace` for each sequence, made of the very tensors of
    the run. Only what single checkpoints answered (`Trace.reads`) is read again, from the checkpoints that the run
    recorded, because it never forms these answers one by one.

    `mcviz.pytorch.layer.memory_caching` computes the same token by token. Raises `ValueError` for shapes, dtypes and
    devices that do not fit, an empty sequence, NaN or infinity, and lengths that do not sum to T, before anything is
    computed.
    """
    return run(*prepare(q, k, v, u, cfg, coefficients, initial), cfg, trace, detach)


def exporting() -> bool:
    """Whether a graph is made for `torch.export` with `strict=False`; one for `torch.compile` may stop and go on."""
    return torch.compiler.is_compiling() and not torch.compiler.is_dynamo_compiling()


def run(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    u: Float[Tensor, "B T H K"],
    c: Coefficients,
    start: State,
    cfg: MCConfig,
    trace: bool,
    detach: bool,
) -> Any:
    """`memory_caching`, given what `prepare` checked."""
    if exporting() and cfg.memory in ("dla", "titans"):
        # how many sweeps settle an MLP memory depends on its numbers, which an exported graph does not look at
        return layer.memory_caching(q, k, v, u, cfg, c, start, trace=trace, detach=detach)
    cuts = segments.cut(q.shape[1], cfg.segmentation, cfg.segment_length)
    done = scan.run(q, k, v, u, c, start, cfg, cuts, trace=trace, detach=detach)
    return (done.output, record(cfg, cuts, (q, k, v, u), c, start, done)) if trace else done.output


def record(
    cfg: MCConfig,
    cuts: segments.Segments,
    tokens: tuple[Tensor, Tensor, Tensor, Tensor],
    c: Coefficients,
    start: State,
    done: scan.Run,
) -> list[Trace]:
    """The Trace of each sequence of a run with `trace`."""
    seen = {name: getattr(done, name) for name in ("contexts", "online_contexts", "scores", "weights", "selected")}
    with torch.no_grad():
        reads = None if cfg.aggregator == "soup" else answers(cfg, cuts, tokens[0], done)
        return traces(cfg, cuts, tokens, c, start, **seen, reads=reads, states=done.states, output=done.output)


def answers(
    cfg: MCConfig, cuts: segments.Segments, q: Float[Tensor, "B T H K"], done: scan.Run
) -> Float[Tensor, "B T H N V"]:
    """What each memory said to each token, 0 where it was not read."""
    assert done.online_reads is not None
    assert done.selected is not None
    rule = memory.rule(cfg)
    reads = done.online_reads.new_zeros(*done.online_reads.shape[:3], len(cuts), done.online_reads.shape[3])
    for i, (begin, end) in enumerate(cuts):
        checkpoint = {name: tensor[:, i, None] for name, tensor in done.states.items()}
        said = rule.read(checkpoint, q[:, end:]) if end < q.shape[1] else q.new_zeros(())
        reads[:, end:, :, i] = torch.where(done.selected[:, end:, :, i, None], said, 0)
        reads[:, begin:end, :, i] = done.online_reads[:, begin:end]
    return reads


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
        self.initial = nn.ParameterDict()
        for name, array in initial.parameters(cfg, d_model, n_heads, K, V, convolution, seed).items():
            group, _, member = name.rpartition(".")
            learned = nn.Parameter(torch.tensor(array, dtype=torch.get_default_dtype()))
            if group:
                self.initial[member] = learned
            else:
                self.register_parameter(member, learned)

    def projections(self, x: Float[Tensor, "B T D"]) -> Projected:
        """q, k, v, u, coefficients and `M_0` (None where it is not learned): what `memory_caching` takes in."""
        return project(x, dict(self.named_parameters()), self.cfg)

    def merge(self, y: Float[Tensor, "B T H V"]) -> Float[Tensor, "B T D"]:
        """What the heads read, as features of the token."""
        return merge(y, dict(self.named_parameters()))

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
        done = run(q, k, v, u, c, start, self.config, trace, self.detach)
        return (self.merge(done[0]), done[1]) if trace else self.merge(done)

    def stream(self, length: int | None = None) -> "MixerStream":
        learned = {name: tensor.detach() for name, tensor in self.initial.items()}
        decoder = Decoder(self.config, learned or None, length)
        return MixerStream(self, decoder.step)


class Attention(Mixer):
    """Causal softmax attention, with the projections of a linear memory: what Memory Caching is compared with."""

    def __init__(self, d_model: int, n_heads: int, **options: Any) -> None:
        super().__init__(d_model, n_heads, MCConfig(memory="linear", aggregator="none"), **options)

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        """Features [B, T, D] of each token."""
        q, k, v, *_ = self.projections(x)
        q, k, v = (tensor.transpose(1, 2) for tensor in (q, k, v))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.merge(y.transpose(1, 2))

    def stream(self, length: int | None = None) -> "MixerStream":
        return MixerStream(self, KVCache().step)


class KVCache:
    """Softmax attention, one token of each sequence at a time."""

    def __init__(self) -> None:
        self.keys, self.values = Buffer(), Buffer()

    def step(
        self, q: Float[Tensor, "B H K"], k: Float[Tensor, "B H K"], v: Float[Tensor, "B H V"], *_: Any
    ) -> Float[Tensor, "B H V"]:
        """What the next token reads."""
        self.keys.append(k)
        self.values.append(v)
        y = nn.functional.scaled_dot_product_attention(q[:, :, None], self.keys.all(), self.values.all())
        return y[:, :, 0]


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
