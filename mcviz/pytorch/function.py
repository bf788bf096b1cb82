"""Memory Caching as a function of tensors, over whole segments at once."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz import segments
from mcviz.config import GATED, MCConfig
from mcviz.initial import readable
from mcviz.pytorch import loop, memory
from mcviz.pytorch.aliases import Coefficients, State, Tokens
from mcviz.pytorch.carried import Carried, check_constant, check_writer, copied, shapes, writer
from mcviz.pytorch.carried import check as check_state
from mcviz.pytorch.fast import scan
from mcviz.pytorch.fast.memories import Earlier, Run
from mcviz.pytorch.inputs import Prepared, prepare
from mcviz.pytorch.kinds import is_network
from mcviz.pytorch.numerics import as_given
from mcviz.pytorch.padding import beyond, blank
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
    check: bool = True,
    lengths: Any = None,
    state: Carried | None = None,
    return_state: bool = False,
) -> Any:
    """Run Memory Caching over a batch of sequences: the output [B, T, H, V], and with `trace` everything computed.

    Without a connector `u` the query takes its place, as `gate="shared"` has it. `coefficients` maps the rule's
    per-token scalars (`alpha`, `beta`, `eta`, `lam`) to tensors [B, T, H], [T, H] or scalars; what is left out takes
    the constants of `mcviz.initial.constants`. `initial` is the rule's `M_0`: named tensors with the axis of heads
    first, or batch and heads. All tensors share a dtype and a device. `detach` cuts gradients where checkpoints are
    read: none flow into the tokens that a checkpoint was written by, while what a segment hands on to the next, and
    contexts, keep theirs.

    With `trace`, the result is a pair: the output, and a `mcviz.Trace` for each sequence, made of the very tensors of
    the run. Only what single checkpoints answered (`Trace.reads`) is read again, from the checkpoints that the run
    recorded, because it never forms these answers one by one.

    Shapes, dtypes and devices are always checked. Values (NaN, infinity, coefficients, `lengths`) are with `check`,
    which waits for the device; not while a graph is compiled, and not under transforms of functions.

    `lengths` [B] are those of sequences filled up on the right: each is run as if it were alone, and beyond its end
    outputs and gradients are exactly 0, whatever stands there. Neither `trace` nor `return_state` goes with them.
    Logarithmic cuts follow from the length and are refused. On the left nothing may be filled up: what stands there is
    written to memories like any other token.

    With `return_state`, a `Carried` comes with the output, last; a call with that `state` goes on where this one
    stopped, also in the middle of a segment, under constant segmentation. It brings its own `M_0`.

    Output and state have the dtype of the arguments. Under autocast these may differ, and both have the widest, at
    least float32: a memory adds up many small numbers.

    Where a deep memory diverges, the output is not finite from there on, and may not be so a few tokens earlier than
    token by token, as squares are formed on the way; no token before these is touched.

    `mcviz.pytorch.loop.memory_caching` computes the same token by token. Raises `ValueError` for shapes, dtypes and
    devices that do not fit, an empty sequence, NaN or infinity, coefficients outside of their bounds, lengths that
    do not sum to T, and a state of another configuration, before anything is computed.
    """
    if trace and (lengths is not None or state is not None):
        raise ValueError("trace: expected whole sequences, neither lengths nor a state")
    if return_state and lengths is not None:
        raise ValueError("return_state: expected sequences that stop at the same token, got lengths")
    if state is not None and initial is not None:
        raise ValueError("initial: expected None, as the state has its own M_0")
    given = prepare(q, k, v, u, cfg, coefficients, initial, check=check, lengths=lengths)
    done = run(given, cfg, trace=trace, detach=detach, state=state, return_state=return_state)
    y = done.output
    if lengths is not None:
        y = blank(y, beyond(lengths, y, cfg, check=False))
    parts = [y, *([done.traces] if trace else []), *([done.state] if return_state else [])]
    return tuple(parts) if len(parts) > 1 else y


def exporting() -> bool:
    """Whether a graph is made for `torch.export` with `strict=False`; one for `torch.compile` may stop and go on."""
    return torch.compiler.is_compiling() and not torch.compiler.is_dynamo_compiling()


class Done(NamedTuple):
    """What a run gave."""

    output: Float[Tensor, "B T H V"]
    traces: list[Trace] | None
    state: Carried | None


def run(
    given: Prepared,
    cfg: MCConfig,
    *,
    trace: bool = False,
    detach: bool = False,
    state: Carried | None = None,
    return_state: bool = False,
) -> Done:
    """`memory_caching`, given what `prepare` checked."""
    q, k, v, u, c, start = given
    with as_given(q.device):
        if exporting() and is_network(cfg):
            # how many sweeps settle an MLP memory depends on its numbers, which an exported graph does not look at
            if state is not None or return_state:
                raise ValueError("state: expected none in an exported graph of a deep memory")
            done = loop.memory_caching(q, k, v, u, cfg, c, start, trace=trace, detach=detach)
            return Done(done[0], done[1], None) if trace else Done(done, None, None)
        if state is not None or return_state:
            check_constant(cfg)
        before = state.tokens if isinstance(state, Carried) else 0  # what is none is refused below
        earlier, cuts = None, segments.cut(q.shape[1], cfg.segmentation, cfg.segment_length)
        if state is not None:
            check_state(state, shapes(cfg, before, len(q), q.shape[2], q.shape[3], v.shape[3]), q)
            check_writer(state, cfg)
            start, earlier = resume(state, cfg)
            cuts = following(q.shape[1], cfg.segment_length, earlier.opened)
        done = scan.run(q, k, v, u, c, start, cfg, cuts, earlier=earlier, trace=trace, detach=detach)
        traces = record(cfg, cuts, (q, k, v, u), c, start, done) if trace else None
        left = hand_on(before + q.shape[1], cfg, start, earlier, done) if return_state else None
        return Done(done.output, traces, left)


def following(T: int, length: int, opened: int) -> segments.Segments:
    """The segments of T more tokens, where the open one has `opened` tokens."""
    first = min(length - opened, T)
    rest = segments.constant(T - first, length) if first < T else []
    return [(0, first), *((first + start, first + stop) for start, stop in rest)]


def resume(state: Carried, cfg: MCConfig) -> tuple[State, Earlier]:
    """`M_0`, and what a run finds where it goes on."""
    before, opened = divmod(state.tokens, cfg.segment_length)
    start, online, checkpoints = (dict(state.part(name).tensors) for name in ("start", "online", "checkpoints"))
    keys, contexts = (state.tensors.get(name) for name in ("keys", "contexts"))
    return start, Earlier(online, keys, checkpoints, contexts, before if checkpoints else 0, opened)


def hand_on(tokens: int, cfg: MCConfig, start: State, earlier: Earlier | None, done: Run) -> Carried:
    """What a run leaves after so many tokens."""
    n = tokens // cfg.segment_length
    # copies, so that what is dropped of a run is not kept alive, and what its caller goes on to write is not read
    tensors = {f"start.{name}": x for name, x in (copied(start) if earlier is None else start).items()}
    tensors |= {f"online.{name}": done.states[name][:, -1].clone() for name in start}
    old = {} if earlier is None else earlier.checkpoints
    for name in readable(cfg) if cfg.aggregator != "none" else ():
        new = done.states[name][:, : n - (earlier.before if earlier is not None else 0)]
        tensors[f"checkpoints.{name}"] = torch.cat([old[name], new], 1) if old else new.clone()
    if cfg.aggregator in GATED:
        assert done.contexts is not None
        assert done.keys is not None
        tensors |= {"keys": done.keys.clone(), "contexts": done.contexts[:, :n].clone()}
    return Carried(tokens, tensors, {"": writer(cfg)})


def record(
    cfg: MCConfig,
    cuts: segments.Segments,
    tokens: Tokens,
    c: Coefficients,
    start: State,
    done: Run,
) -> list[Trace]:
    """The Trace of each sequence of a run with `trace`."""
    seen = {name: getattr(done, name) for name in ("contexts", "online_contexts", "scores", "weights", "selected")}
    with torch.no_grad():
        reads = None if cfg.aggregator == "soup" else answers(cfg, cuts, tokens[0], done)
        return traces(cfg, cuts, tokens, c, start, **seen, reads=reads, states=done.states, output=done.output)


def answers(
    cfg: MCConfig, cuts: segments.Segments, q: Float[Tensor, "B T H K"], done: Run
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
