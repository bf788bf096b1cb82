"""The kernels of Triton compute what plain products do: on a GPU where there is one, or by Triton's interpreter."""

import importlib
from dataclasses import replace

import pytest
import torch

from mcviz import MCConfig
from mcviz.pytorch import memory_caching
from mcviz.pytorch.fast import cached
from tests.runs import VARIANTS, coefficients, label, tokens

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
HALF = torch.bfloat16 if DEVICE.type == "cuda" else torch.float16
"""The interpreter multiplies the bits of bfloat16 as whole numbers."""


@pytest.fixture
def fused(monkeypatch):
    pytest.importorskip("triton")
    module = importlib.import_module("mcviz.pytorch.fast.fused")
    monkeypatch.setattr(module, "TOKENS", 16)
    monkeypatch.setattr(module, "SPAN", 48)
    return module


def problem(G, T, N, K, V, dtype):
    """w, q, M as gates and memories hand them over: tokens of a memory side by side, matrices transposed."""
    made = torch.Generator().manual_seed(T)
    stops = torch.tensor([min(T, (i + 1) * T // N) for i in range(N)])
    reached = torch.arange(T)[:, None] >= stops
    w = torch.rand(G, N, T, generator=made).mT * reached
    q, M = torch.randn(G, T, K, generator=made), torch.randn(G, N, K, V, generator=made) / K**0.5
    return *(x.to(DEVICE, dtype) for x in (w, q, M.mT)), stops.to(DEVICE), reached.to(DEVICE)


def near(ours, exact, size, dtype):
    """Each number rounded a few times, and so each sum off by so much of the size of what it adds up."""
    assert ((ours.double() - exact).abs() <= 8 * torch.finfo(dtype).eps * size).all()


@pytest.mark.parametrize("dtype", [torch.float32, HALF], ids=str)
@pytest.mark.parametrize("shape", [(2, 70, 5, 4, 3), (1, 64, 1, 16, 16), (1, 80, 9, 5, 65), (1, 33, 33, 1, 2)], ids=str)
def test_reads_and_gradients_are_those_of_plain_products(fused, shape, dtype):
    *given, stops, reached = problem(*shape, dtype)
    given = [x.requires_grad_() for x in given]
    y = fused.weighted(*given, stops)
    dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(DEVICE, dtype)
    found = (y, *torch.autograd.grad(y, given, dy))

    def products(change):
        x = [change(each.detach().double()).requires_grad_() for each in given]
        y = torch.einsum("gtn,gtk,gnvk->gtv", *x)
        dw, *others = torch.autograd.grad(y, x, change(dy.double()))
        # a weight that is 0 because its memory is not complete yet moves nothing
        return y, dw * reached, *others

    for ours, exact, size in zip(found, products(lambda x: x), products(torch.abs), strict=True):
        near(ours, exact, size, dtype)


def test_what_comes_later_may_be_infinite(fused):
    """No token sees a memory that is not complete, whatever stands in it, also in the middle of a block."""
    w, q, M, stops, _ = problem(1, 40, 4, 3, 3, torch.float32)
    M = M.clone()
    M[:, 2:] = torch.inf
    y = fused.weighted(w, q, M, stops)
    before = int(stops[2])
    assert torch.isfinite(y[:, :before]).all()
    assert not torch.isfinite(y[:, before:]).any()


def test_gradients_of_gradients(fused):
    """Also where weights were computed from queries, as a shared gate does: no path counts twice."""
    w, *given, stops, reached = problem(1, 6, 2, 2, 2, torch.float32)
    given = [x.requires_grad_() for x in (w, *given)]

    def penalty(read):
        w, q, M = given
        y = read(w * q.square().sum(-1, keepdim=True), q, M)
        first = torch.autograd.grad(y.square().sum(), given, create_graph=True)
        return torch.autograd.grad(sum(x.square().sum() for x in first), given)

    ours = penalty(lambda w, q, M: fused.weighted(w, q, M, stops))
    right = penalty(lambda w, q, M: torch.einsum("gtn,gtk,gnvk->gtv", w * reached, q, M))
    for name, a, b in zip("wqM", ours, right, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4, msg=lambda m, name=name: f"{name}: {m}")


MATRICES = [cfg for cfg in VARIANTS if cfg.memory not in ("dla", "titans")]


@pytest.mark.parametrize("aggregator", ["grm", "soup"])
@pytest.mark.parametrize("variant", MATRICES, ids=label)
def test_a_layer_computes_the_same_with_them(fused, variant, aggregator, monkeypatch):
    cfg, T = replace(variant, aggregator=aggregator, segment_length=11), 30
    given = [*tokens(T), *coefficients(cfg, T).values()]

    def run(use):
        monkeypatch.setattr(cached, "is_fused", lambda q, M: use)
        x = [torch.tensor(each[None], dtype=torch.float32, device=DEVICE, requires_grad=True) for each in given]
        y = memory_caching(*x[:4], cfg, dict(zip(coefficients(cfg, T), x[4:], strict=True)))
        used = torch.autograd.grad(y.square().sum(), x, allow_unused=True)
        return [y, *(torch.zeros(()) if each is None else each for each in used)]

    for ours, plain in zip(run(True), run(False), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-4)


def test_they_are_used_on_a_gpu_alone():
    x = torch.ones(1, 1, 4, 4)
    assert not cached.is_fused(x, x)
    if DEVICE.type == "cuda":
        assert cached.is_fused(x.cuda(), x.cuda())
        assert not cached.is_fused(x.cuda().double(), x.cuda())
        assert memory_caching(*[x.cuda().expand(1, 4, 4, 4)] * 4, MCConfig(segment_length=2)).is_cuda
