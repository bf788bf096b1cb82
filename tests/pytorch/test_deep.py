"""MLP memories over whole segments, against the loop over tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcviz import MCConfig, reference, segments
from mcviz.initial import COEFFICIENTS, initial_state
from mcviz.pytorch import deep, memory

EXACT = 1e-12
"""Relative, float64: what is left is rounding."""


@st.composite
def runs(draw):
    """A configuration, and the inputs of a run: [B, T, H, ...]."""
    T, B, H, K, V = (draw(st.integers(1, most)) for most in (40, 2, 2, 6, 6))
    lengths = draw(st.sampled_from(["logarithmic", "constant", "explicit"]))
    if lengths == "explicit":
        stops = sorted({T, *draw(st.sets(st.integers(1, T), max_size=5))})
        lengths = tuple(b - a for a, b in zip([0, *stops], stops, strict=False))
    cfg = MCConfig(
        memory=draw(st.sampled_from(["dla", "titans"])),
        aggregator=draw(st.sampled_from(["grm", "soup"])),
        segmentation=lengths,
        segment_length=draw(st.integers(1, 40)),
        start=draw(st.sampled_from(["independent", "checkpoint"])),
        options={
            "depth": draw(st.sampled_from([1, 2])),
            "expansion": draw(st.integers(1, 4)),
            "residual": draw(st.booleans()),
            "norm": draw(st.booleans()),
        },
    )
    return cfg, *inputs(cfg, B, T, H, K, V, draw(st.integers(0, 2**16)))


def inputs(cfg, B, T, H, K, V, seed, eta=1.0):
    """Queries, keys, values, coefficients (zeros among them) and a start, float64."""
    rng = np.random.default_rng(seed)
    q, k, v = (rng.standard_normal((B, T, H, d)) for d in (K, K, V))
    width = cfg.rule_options["expansion"] if cfg.rule_options["depth"] == 2 else 1
    top = {"alpha": 1.0, "beta": 0.9, "eta": 0.5 * eta / (K * width)}
    c = {name: top[name] * rng.uniform(size=(B, T, H)) for name in COEFFICIENTS[cfg.memory]}
    for name in c:
        c[name][rng.uniform(size=(B, T, H)) < 0.1] = 0
    first = initial_state(cfg, H, K, V)
    start = {name: a + 0.2 * rng.standard_normal((B, *a.shape)) for name, a in first.items()}
    tensors = [torch.tensor(x) for x in (q, k, v)]
    return *tensors, {n: torch.tensor(x) for n, x in c.items()}, {n: torch.tensor(x) for n, x in start.items()}


def cuts_of(cfg, q):
    return segments.cut(q.shape[1], cfg.segmentation, cfg.segment_length)


def loop(q, k, v, c, start, cfg, cuts, weights=None):
    """Token by token, by the twin of the reference: reads (of mixed memories, with `weights`) and end states."""
    rule, state, reads, ends = memory.rule(cfg), start, [], []
    for s, (begin, stop) in enumerate(cuts):
        state = start if cfg.start == "independent" else state
        for t in range(begin, stop):
            state = rule.write(state, k[:, t], v[:, t], {name: x[:, t] for name, x in c.items()})
            asked = state
            if weights is not None:
                names = [name for name in state if name.startswith("W")]
                asked = memory.mix([*ends, state], weights[:, t, :, : s + 1].movedim(-1, 0), names)
            reads.append(rule.read(asked, q[:, t]))
        ends.append(state)
    return torch.stack(reads, 1), {name: torch.stack([state[name] for state in ends], 1) for name in start}


def gap(got, expected):
    """The largest difference, relative to the largest number."""
    size = expected.abs().max().clamp_min(torch.finfo(torch.float64).tiny)
    return float((got.double() - expected.double()).abs().max() / size)


@given(runs())
@settings(max_examples=60)
def test_reads_and_states_are_those_of_the_reference(run):
    cfg, q, k, v, c, start = run
    cuts = cuts_of(cfg, q)
    traces = [
        reference.memory_caching(
            *(x[b].numpy() for x in (q, k, v, q)),
            cfg,
            {name: x[b].numpy() for name, x in c.items()},
            {name: x[b].numpy() for name, x in start.items()},
        )
        for b in range(len(q))
    ]
    if cfg.aggregator == "soup":
        weights = torch.stack([torch.tensor(trace.weights) for trace in traces])
        got, states = deep.soup(q, k, v, c, start, cfg, cuts, weights)
        expected = torch.stack([torch.tensor(trace.output) for trace in traces])
    else:
        got, states = deep.online(q, k, v, c, start, cfg, cuts)
        own = [trace.reads[np.arange(trace.T), :, trace.segment_of] for trace in traces]
        expected = torch.stack([torch.tensor(reads) for reads in own])
    assert gap(got, expected) < EXACT
    for name in start:
        ends = [np.stack([state[name] for state in trace.checkpoints]) for trace in traces]
        assert gap(states[name], torch.tensor(np.stack(ends))) < EXACT
