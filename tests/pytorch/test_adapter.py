"""Agreement with the package memory-caching 0.1.0, written by others, where its definitions are ours.

They are for linear memories and sliding windows with constant coefficients, contexts that are sums of keys, and all
aggregators. Its deep memories start from zeros, of which only the last bias ever learns: they are others.
"""

import numpy as np
import pytest
import torch
from torch import nn

from mcviz import MCConfig, capture
from mcviz.pytorch import memory_caching

package = pytest.importorskip("memory_caching")

D, H, T = 12, 3, 29
STARTS = {"restart": "independent", "checkpoint": "checkpoint"}


class Adapter(nn.Module):
    """A layer of the package as `mcviz.capture` asks for it: `config`, `projections`, and `merge`."""

    def __init__(self, layer, **changes):
        super().__init__()
        self.layer = layer
        theirs = layer.config
        self.constants = {}
        if theirs.backend == "swla":
            self.constants = {"alpha": theirs.swla.alpha, "beta": theirs.swla.beta, "lam": theirs.swla.lam}
        ours = {
            "memory": theirs.backend,
            "aggregator": theirs.aggregation,
            "segmentation": theirs.segmentation,
            "segment_length": theirs.segment_size,
            "start": STARTS[theirs.state_init_mode],
            "gate": "shared" if theirs.use_q_as_u else "context",
            "pooling": "sum",
            "top_k": theirs.ssc_top_k,
        }
        self.config = MCConfig(**{**ours, **changes})

    def forward(self, x):
        return self.layer(x)

    def projections(self, x):
        maps = (self.layer.q_proj, self.layer.k_proj, self.layer.v_proj, self.layer.u_proj)
        return *(each(x).unflatten(-1, (H, -1)) for each in maps), self.constants, None

    def merge(self, y):
        return self.layer.o_proj(y.flatten(-2))


def theirs(backend="linear", **options):
    """A layer of the package with random weights."""
    torch.manual_seed(0)
    config = package.MCConfig(d_model=D, num_heads=H, backend=backend, segment_size=4, **options)
    memory = package.SWLABackend(config.swla) if backend == "swla" else package.LinearMemoryBackend()
    return package.MemoryCachingLayer(config=config, backend=memory).double()


def features(B=2):
    return torch.randn(B, T, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def assert_agrees(adapter):
    x, both = features(), []
    q, k, v, u, c, _ = adapter.projections(x)
    ours = adapter.merge(memory_caching(q, k, v, u, adapter.config, c))
    torch.testing.assert_close(ours, adapter(x), rtol=1e-10, atol=1e-10)
    for output in (ours, adapter(x)):
        both.append(torch.autograd.grad(output.square().sum(), list(adapter.parameters()), allow_unused=True))
    for mine, other in zip(*both, strict=True):
        # the router's own weights have no gradient in residual runs, on either side
        assert (mine is None) == (other is None)
        if mine is not None:
            torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("segmentation", ["constant", "logarithmic"])
@pytest.mark.parametrize("aggregator", ["residual", "grm", "soup", "ssc"])
def test_linear_memories_agree(aggregator, segmentation, start):
    assert_agrees(Adapter(theirs(aggregation=aggregator, segmentation=segmentation, state_init_mode=start)))


@pytest.mark.parametrize("aggregator", ["residual", "grm", "soup", "ssc"])
def test_sliding_windows_agree(aggregator):
    windows = package.SWLAConfig(alpha=0.9, beta=0.4, lam=0.7)
    assert_agrees(Adapter(theirs("swla", aggregation=aggregator, swla=windows, state_init_mode="restart")))


def test_shared_queries_agree():
    # its connector is then computed and not looked at
    adapter = Adapter(theirs(use_q_as_u=True, state_init_mode="restart"))
    x = features()
    q, k, v, u, c, _ = adapter.projections(x)
    ours = adapter.merge(memory_caching(q, k, v, u, adapter.config, c))
    torch.testing.assert_close(ours, adapter(x), rtol=1e-10, atol=1e-10)


def test_its_layer_can_be_captured():
    adapter = Adapter(theirs(aggregation="ssc", state_init_mode="restart"))
    x = features(1)
    trace = capture(adapter, x)
    torch.testing.assert_close(adapter.merge(torch.tensor(trace.output)[None]), adapter(x), rtol=1e-10, atol=1e-10)
    # what the package shows of its router is the mean over heads: ours has the same
    _, shown = adapter.layer.inspect(x)
    for t, row in enumerate(shown):
        n = len(row["router_weights"])
        np.testing.assert_allclose(trace.weights[t, :, :n].mean(0), row["router_weights"], rtol=1e-6)
        assert not trace.weights[t, :, n:].any()


def test_means_in_place_of_its_sums_are_noticed():
    adapter = Adapter(theirs(state_init_mode="restart"), pooling="mean")
    with pytest.raises(ValueError, match=r"^model: expected Adapter to return what Memory Caching"):
        capture(adapter, features(1))
