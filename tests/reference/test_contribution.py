"""Shares of the output: those of all memories sum to 1, and each is what its memory adds along it."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz.config import AGGREGATORS, MCConfig
from mcviz.reference import memory, memory_caching, shares
from mcviz.reference.contribution import contributions, is_sum
from mcviz.reference.replay import segment
from tests.backends import BACKENDS
from tests.closeness import assert_sums_agree
from tests.runs import VARIANTS, coefficients, label, tokens

CONFIGS = [
    replace(cfg, aggregator=aggregator, segment_length=4, start=start, top_k=1)
    for cfg in VARIANTS
    for aggregator, start in zip(AGGREGATORS, ("independent", "checkpoint") * 3, strict=True)
]


def run(backend, cfg):
    """The Trace of a small random run."""
    arrays, c = tokens(), coefficients(cfg)
    if backend == "reference":
        return memory_caching(*arrays, cfg, c)
    import torch

    from mcviz.pytorch import memory_caching as torched

    given = [torch.tensor(array)[None] for array in arrays]
    return torched(*given, cfg, {name: torch.tensor(array) for name, array in c.items()}, trace=True)[1][0]


def added(trace, t, h):
    """What each memory adds to the output of one token and head, one after the other."""
    s = int(trace.segment_of[t])
    gates = trace.weights[t, h, : s + 1]
    if trace.reads is not None:
        return np.stack([gates[i] * trace.reads[t, h, i] for i in range(s + 1)])
    rule = memory.rule(trace.config)
    online = segment(trace, s)[t + 1 - trace.segments[s][0]]
    states = [{name: array[h] for name, array in state.items()} for state in (*trace.checkpoints[:s], online)]
    if "m" in states[0]:
        return np.stack([g * state["m"] for g, state in zip(gates, states, strict=True)])
    q = rule.phi(trace.q[t, h]) if isinstance(rule, memory.Linear) else trace.q[t, h]
    norm = sum(g * (state["z"] @ q) for g, state in zip(gates, states, strict=True)) if "z" in states[0] else 1
    return np.stack([g * (state["M"] @ q) / norm for g, state in zip(gates, states, strict=True)])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cfg", CONFIGS, ids=lambda cfg: f"{label(cfg)}-{cfg.aggregator}-{cfg.start}")
def test_shares_are_what_each_memory_adds_along_the_output(backend, cfg):
    trace = run(backend, cfg)
    found = shares(trace)
    assert (found is None) == (not is_sum(cfg))
    if found is None:
        return
    for t in range(trace.T):
        s = int(trace.segment_of[t])
        assert not found[t, :, s + 1 :].any()
        for h in range(trace.H):
            y, parts = trace.output[t, h], added(trace, t, h)
            wanted = parts @ y / (y @ y)
            terms = parts * y / (y @ y)
            # a recurrence's output and the reads of which it is the sum round each in its own order
            assert_sums_agree(found[t, h, : s + 1], wanted, terms, axis=1, steps=64)
            assert_sums_agree(found[t, h].sum(), np.float64(1), terms, steps=256)
    assert not found[~trace.read & ~np.isnan(found)].any()


@pytest.mark.parametrize("cfg", [cfg for cfg in VARIANTS if is_sum(replace(cfg, aggregator="soup"))], ids=label)
def test_contributions_sum_to_the_output(cfg):
    trace = run("reference", replace(cfg, aggregator="soup", segment_length=4))
    for s, (begin, end) in enumerate(trace.segments):
        parts = contributions(trace, s)
        assert_sums_agree(parts.sum(2), trace.output[begin:end], parts, axis=2, steps=64)


def test_a_soup_of_matrices_has_the_shares_of_its_gated_sum():
    """Identity I3: it is the same output."""
    cfg = MCConfig(memory="delta", segment_length=4)
    soup, grm = (shares(run("reference", replace(cfg, aggregator=name))) for name in ("soup", "grm"))
    np.testing.assert_allclose(soup, grm, rtol=1e-9, atol=1e-12)


def test_a_soup_of_networks_has_none():
    assert shares(run("reference", MCConfig(memory="dla", aggregator="soup", segment_length=4))) is None
    assert shares(run("reference", MCConfig(memory="dla", aggregator="grm", segment_length=4))) is not None


def test_one_memory_gives_all():
    alone = shares(run("reference", MCConfig(aggregator="none", segment_length=11)))
    np.testing.assert_allclose(alone, 1, rtol=1e-12)


def test_where_nothing_comes_out_there_is_no_share():
    q, k, v, u = tokens()
    v[:2] = 0
    found = shares(memory_caching(q, k, v, u, MCConfig(segment_length=4)))
    assert np.isnan(found[:2, :, 0]).all()
    assert np.isfinite(found[2:]).all()


@pytest.mark.parametrize("size", [1e-170, 1e170])
def test_shares_bear_outputs_of_any_size(size):
    q, k, v, u = tokens()
    plain, scaled = (shares(memory_caching(q, k, x * v, u, MCConfig(segment_length=4))) for x in (1, size))
    np.testing.assert_allclose(scaled, plain, rtol=1e-9)
