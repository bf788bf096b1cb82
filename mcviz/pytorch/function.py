"""Memory Caching as a function of tensors, over whole segments at once."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz import segments
from mcviz.config import MCConfig
from mcviz.pytorch import loop, memory
from mcviz.pytorch.aliases import Coefficients, State, Tokens
from mcviz.pytorch.fast import scan
from mcviz.pytorch.inputs import prepare
from mcviz.pytorch.kinds import is_network
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

    `mcviz.pytorch.loop.memory_caching` computes the same token by token. Raises `ValueError` for shapes, dtypes and
    devices that do not fit, an empty sequence, NaN or infinity, coefficients outside of their bounds, and lengths that
    do not sum to T, before anything is computed.
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
    if exporting() and is_network(cfg):
        # how many sweeps settle an MLP memory depends on its numbers, which an exported graph does not look at
        return loop.memory_caching(q, k, v, u, cfg, c, start, trace=trace, detach=detach)
    cuts = segments.cut(q.shape[1], cfg.segmentation, cfg.segment_length)
    done = scan.run(q, k, v, u, c, start, cfg, cuts, trace=trace, detach=detach)
    return (done.output, record(cfg, cuts, (q, k, v, u), c, start, done)) if trace else done.output


def record(
    cfg: MCConfig,
    cuts: segments.Segments,
    tokens: Tokens,
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
