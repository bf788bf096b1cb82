"""Memory Caching over whole segments at once: what `loop.py` computes, without its loop over tokens."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.config import GATED, MCConfig
from mcviz.pytorch.aliases import State
from mcviz.pytorch.fast import blocks, gate
from mcviz.pytorch.fast.chunks import Chunks, swap
from mcviz.pytorch.fast.contexts import contexts
from mcviz.pytorch.fast.gate import Gates
from mcviz.pytorch.fast.matrices import Matrices
from mcviz.pytorch.fast.memories import Earlier, Given, Memories, Run
from mcviz.pytorch.fast.networks import Networks
from mcviz.segments import Segments

KINDS = (Matrices, Networks)
"""The kinds of memory there are."""


def kind(cfg: MCConfig) -> Callable[..., Memories]:
    """The kind of memory that serves the rule. Raises `ValueError` for a rule that none serves."""
    for each in KINDS:
        if cfg.memory in each.rules:
            return each
    served = ", ".join(sorted(rule for each in KINDS for rule in each.rules))
    raise ValueError(
        f"memory: expected a rule with a form over whole segments (CHUNK_FORMS, LOSSES), {served}; got {cfg.memory!r}"
    )


def run(
    q: Float[Tensor, "B T H K"],
    k: Float[Tensor, "B T H K"],
    v: Float[Tensor, "B T H V"],
    u: Float[Tensor, "B T H K"],
    c: Mapping[str, Float[Tensor, "B T H"]],
    start: State,
    cfg: MCConfig,
    cuts: Segments,
    *,
    earlier: Earlier | None = None,
    trace: bool = False,
    detach: bool = False,
    **inner: Any,
) -> Run:
    """Run Memory Caching over a batch of sequences, given what `prepare` checked.

    `c` are the rule's coefficients, `start` is `M_0` [B, H, ...], `cuts` are the segments, and `earlier` is what an
    earlier run left. With `trace`, what was computed is also laid out for display. `detach` cuts gradients where
    checkpoints are read. `inner` goes to `deep.online` or `deep.soup`.
    """
    given = Given(q, k, v, c, start, earlier)
    if not trace and not inner and blocks.is_served(given, u, cfg, cuts):
        return blocks.run(given, u, cfg, cuts, detach)
    if not ignores_segments(cfg) or len(cuts) == 1:
        return through(given, u, cfg, cuts, trace, detach, **inner)
    whole = through(given, u, cfg, [(0, cuts[-1][1])], False, detach, **inner)
    if not trace:
        return whole
    shown = through(given, u, cfg, cuts, trace, detach, **inner)
    return shown._replace(output=whole.output, online_reads=whole.online_reads)


def ignores_segments(cfg: MCConfig) -> bool:
    """Whether nobody reads what a segment ends with, so that chunks may be longer than segments."""
    return cfg.one_memory and cfg.memory in Matrices.rules


def through(
    given: Given, u: Float[Tensor, "B T H K"], cfg: MCConfig, cuts: Segments, trace: bool, detach: bool, **inner: Any
) -> Run:
    """`run`, chunk by chunk, none of which crosses a segment's end."""
    q, k, earlier = given.q, given.k, given.earlier
    chunks = Chunks.of(cuts, q.device, *(() if earlier is None else earlier[-2:]))
    pooled = gates = None
    if trace or cfg.aggregator in GATED:
        known = None if earlier is None or earlier.contexts is None else swap(earlier.contexts)
        keys = None if earlier is None or not earlier.opened else earlier.keys
        pooled = contexts(swap(k), cfg, chunks, keys, known)
        connector = swap(q if cfg.gate == "shared" else u)
        gates = gate.gates(connector, pooled.running, pooled.whole, chunks.segment_of, cfg, keep_scores=trace)

    memories = kind(cfg)(given, cfg, chunks, detach, **inner)
    output = swap(aggregate(memories, gates, cfg, chunks))
    reads = None if memories.reads is None else swap(memories.reads)
    left = (None, None) if pooled is None else (swap(pooled.whole), pooled.keys)
    if not trace or pooled is None or gates is None:
        return Run(output, memories.states, reads, *left)
    gates = gates.dense(len(cuts))
    assert gates.scores is not None
    assert gates.read is not None
    shown = (pooled.running, gates.scores, gates.everything(chunks.segment_of), gates.read)
    return Run(output, memories.states, reads, *left, *(swap(x) for x in shown))


def aggregate(memories: Memories, gates: Gates | None, cfg: MCConfig, chunks: Chunks) -> Float[Tensor, "B H T V"]:
    """Combine what the memories say (Eq. 6-9, 14-17). Without gates, all count alike."""
    reads = memories.reads
    if reads is not None and (cfg.aggregator == "none" or chunks.N == 1):
        return reads
    if cfg.aggregator == "soup" and gates is not None:
        return memories.soup(gates)
    assert reads is not None
    if cfg.aggregator in ("residual", "average") or gates is None:
        y = reads + memories.total()
        return y / (chunks.segment_of[:, None] + 1) if cfg.aggregator == "average" else y
    past = memories.weighted(gates.past) if gates.choices is None else memories.routed(gates.choices, gates.past)
    return torch.addcmul(past, gates.own[..., None], reads)
