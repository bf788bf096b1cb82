"""The way of devices where each launch costs: the numbers of the loop, in as many launches for any length."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcviz import MCConfig, segments
from mcviz.bench.measure import Launches
from mcviz.config import AGGREGATORS, STARTS
from mcviz.pytorch import MemoryCaching, loop, memory_caching
from mcviz.pytorch.fast import affine, cached, chunks, launches, scan
from tests.pairs import pairs
from tests.pytorch.fast.test_scan import gradients, inputs, runs
from tests.runs import VARIANTS, label

MATRICES = [cfg for cfg in VARIANTS if cfg.memory not in ("dla", "titans")]
FORWARD = {16_384: 150, 65_536: 300}
"""Kernels of a forward pass at most, by tokens. Three times that with the backward pass."""


@pytest.fixture(autouse=True)
def _everywhere(monkeypatch):
    monkeypatch.setattr(launches, "EVERYWHERE", True)


@settings(max_examples=60)
@given(runs(), st.sampled_from([2, 5, 64]), st.booleans())
def test_numbers_and_gradients_are_those_of_the_loop(drawn, length, tight):
    cfg, T = drawn
    arguments = inputs(cfg, T, seed=T)
    cuts = segments.cut(T, cfg.segmentation, cfg.segment_length)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", length)
        patch.setattr(launches, "ROOM", 500 if tight else 2**29)
        (q, k, v, u), c, start = arguments
        y = scan.run(q, k, v, u, c, start, cfg, cuts).output
        torch.testing.assert_close(y, loop.memory_caching(q, k, v, u, cfg, c, start), rtol=1e-9, atol=1e-9)
        fast = gradients(lambda *a: scan.run(*a, cfg, cuts).output, arguments, cfg)
    slow = gradients(lambda *a: loop.memory_caching(*a[:4], cfg, *a[4:]), arguments, cfg)
    for name, expected in slow.items():
        torch.testing.assert_close(fast[name], expected, rtol=1e-8, atol=1e-8, msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize("opens", [None, torch.tensor([True, False, False, True, False, True, False])])
@pytest.mark.parametrize("k", [1, 3])
def test_gradcheck_of_the_scan(k, opens):
    made = torch.Generator().manual_seed(0)
    D, U = (torch.randn(7, 2, n, 3, generator=made, dtype=torch.float64).requires_grad_() for n in (3, 2))
    D = D if k == 3 else D[..., :1, :1].detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda D, U: affine.states(D[1:], U, opens), (D, U))
    assert torch.autograd.gradgradcheck(lambda D, U: affine.states(D[1:], U, opens), (D, U), fast_mode=True)


def test_what_diverges_stays_in_its_segment():
    """A reset is no product with 0, which would keep what is infinite."""
    U, D = torch.ones(6, 1, 1), torch.full((5, 1, 1), 1e30)
    U[1] = 1e30
    opens = torch.tensor([True, False, False, True, False, False])
    found = affine.states(D, U, opens)
    assert torch.isfinite(found[[0, 3]]).all()
    assert torch.isfinite(found[4:5]).all()
    assert not torch.isfinite(found[2])


def count(cfg, T, backward=False):
    """The launches of a run."""
    x = [torch.zeros(1, T, 4, 64, device="meta", requires_grad=backward) for _ in range(4)]
    with Launches() as launched:
        y = memory_caching(*x, cfg, check=False)
        if backward:
            y.sum().backward()
    return launched


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("variant", "aggregator", "start"), pairs(MATRICES, AGGREGATORS, STARTS))
def test_launches_do_not_grow_with_tokens(variant, aggregator, start):
    """From a quarter of the tokens on, only rounds of scans (two) and tiles are added, and nothing waits."""
    cfg = replace(variant, aggregator=aggregator, start=start, segment_length=256)
    few, some, many = (count(cfg, T) for T in (4096, *FORWARD))
    for found, (T, most) in zip((some, many), FORWARD.items(), strict=True):
        assert found.kernels <= most, T
        assert found.waits == 0, T
    assert some.kernels <= few.kernels + 2 * 5 + 16
    assert count(cfg, 16_384, backward=True).kernels <= 3 * FORWARD[16_384]


@pytest.mark.parametrize("aggregator", ["residual", "grm", "ssc"])
def test_where_no_tile_grows_nor_does_the_number_of_launches(aggregator):
    """Under independent start, four times the tokens take no launch more, if there is room."""
    cfg = MCConfig(memory="delta", aggregator=aggregator, segment_length=256)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launches, "ROOM", 2**40)
        assert count(cfg, 16_384).kernels == count(cfg, 65_536).kernels


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", MATRICES, ids=label)
def test_a_layer_waits_for_nothing(variant, aggregator):
    """A forward and a backward pass read nothing back and copy nothing to the device: they can be captured in a graph
    of launches."""
    layer = MemoryCaching(16, 2, replace(variant, aggregator=aggregator, segment_length=16, top_k=1)).to("meta")
    with Launches() as launched:
        y, state = layer(torch.zeros(2, 60, 16, device="meta"), return_state=True)
        layer(
            torch.zeros(2, 7, 16, device="meta"), state=state, lengths=torch.zeros(2, dtype=torch.int64, device="meta")
        )
        y.sum().backward()
    assert launched.waits == 0


def test_launches_and_waits_are_counted():
    x = torch.ones(3, 4)
    with Launches() as launched:
        x.mT.flatten()  # a view, and a copy
        (x + 1).sum()
    assert (launched.kernels, launched.waits) == (3, 0)
    with Launches() as launched:
        float(x.sum())
        torch.nonzero(x)
        torch.zeros(2).to("meta")
    assert launched.waits == 3


@pytest.mark.parametrize("T", [1024, 65_536])
def test_tiles_stay_in_their_room(T):
    """Each tile's numbers fit, unless a single group of 32 tokens does not; and each token is in one of them."""
    stops = [*range(256, T + 1, 256)]
    q = torch.empty(8, T, 64, device="meta")
    for most in (2**27, 2**22):
        seen = 0
        for g, t, n in cached.tiles(q, stops, most):
            size = (g.stop - g.start) * (t.stop - t.start) * n * 64
            assert size <= most or t.stop - t.start <= 32
            seen += (g.stop - g.start) * (t.stop - t.start)
        assert seen == 8 * (T - 256)
