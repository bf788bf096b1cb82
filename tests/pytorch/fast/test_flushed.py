"""Sharp gates and quick decays: factors whose products would be denormal are 0, and nobody sees it in the numbers."""

import pytest
import torch
from torch.autograd import forward_ad

from mcviz import MCConfig, rules
from mcviz.pytorch import loop, memory_caching
from mcviz.pytorch.fast import flushed, forms, unrolled

T, H, K = 256, 2, 8


def tokens(memory, alpha, sharpness=1.0):
    made = torch.Generator().manual_seed(0)
    q, k, v, u = (torch.randn(1, T, H, K, generator=made) for _ in range(4))
    values = {"alpha": alpha, "eta": 0.01, "beta": 0.3, "lam": 0.7}
    named = [c.name for c in rules.sheet(memory).coefficients]
    return (q, k / K**0.5, v, sharpness * u), {name: torch.full((1, T, H), values[name]) for name in named}


@pytest.mark.parametrize("memory", [name for name in rules.SHEETS if name != "vector"])
@pytest.mark.parametrize("aggregator", ["grm", "ssc", "none"])
def test_the_numbers_are_those_of_the_loop_in_twice_the_precision(memory, aggregator):
    (q, k, v, u), c = tokens(memory, alpha=0.3, sharpness=30.0)
    cfg = MCConfig(memory=memory, aggregator=aggregator, segment_length=64, top_k=2)
    exact = loop.memory_caching(*(x.double() for x in (q, k, v, u)), cfg, {n: x.double() for n, x in c.items()})
    # float32 to within what a sum of T products loses
    atol = T * torch.finfo(torch.float32).eps * float(exact.abs().max())
    torch.testing.assert_close(memory_caching(q, k, v, u, cfg, c).double(), exact, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_product_of_two_factors_is_denormal(dtype):
    alpha = torch.full((3, 900), 0.3, dtype=dtype)
    given, _ = tokens("linear", 1.0, sharpness=1000.0)
    _, (seen,) = memory_caching(*(x.to(dtype) for x in given), MCConfig(segment_length=16), trace=True)
    weights = torch.tensor(seen.weights)
    for factors in (forms.products(alpha), unrolled.products(alpha), weights):
        assert (factors == 0).any()
        assert (factors <= 1).all()
        left = factors[factors != 0]
        assert (left.abs().min() ** 2) >= torch.finfo(dtype).tiny


def test_it_is_a_rounding_through_which_gradients_pass():
    x = torch.tensor([1.0, -1e-18, 1e-20, 0.0], requires_grad=True)
    y = flushed.flushed(x)
    y.sum().backward()
    assert y.tolist() == [*x.tolist()[:2], 0.0, 0.0]
    assert x.grad.tolist() == [1.0, 1.0, 1.0, 1.0]
    with forward_ad.dual_level():
        there = flushed.flushed(forward_ad.make_dual(x.detach(), torch.ones(4)))
        assert forward_ad.unpack_dual(there).tangent.tolist() == [1.0, 1.0, 1.0, 1.0]
    assert torch.func.jvp(flushed.flushed, (x.detach(),), (torch.ones(4),))[1].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert flushed.flushed(x.detach()).tolist() == y.tolist()
    half = torch.tensor([1e-7], dtype=torch.float16)
    assert flushed.flushed(half) is half
