"""Kernels that take a block of tokens compute what plain products do: on a GPU, or by Triton's interpreter."""

import importlib
from dataclasses import replace

import pytest
import torch

from mcviz import MCConfig
from mcviz.pytorch import memory_caching
from mcviz.pytorch.fast import blocks

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
HALF = torch.bfloat16 if DEVICE.type == "cuda" else torch.float16
"""The interpreter multiplies the bits of bfloat16 as whole numbers."""


@pytest.fixture(autouse=True)
def served(monkeypatch):
    """Runs that the kernels were made for; in the last place how many there were."""
    pytest.importorskip("triton")
    steps = importlib.import_module("mcviz.pytorch.fast.block_steps")
    runs = []
    compute = blocks.run
    monkeypatch.setattr(blocks, "run", lambda *given: (runs.append(1), compute(*given))[1])
    monkeypatch.setattr(blocks, "on_a_gpu", lambda x: True)
    monkeypatch.setattr(blocks, "DTYPES", (HALF, torch.float32))
    monkeypatch.setattr(steps, "SPAN", 48)
    monkeypatch.setattr(steps, "SCORED", 16)
    return runs


def problem(cfg, T=44, K=5, V=3, dtype=torch.float32, B=1, H=2):
    """q, k, v, u and M_0."""
    made = torch.Generator().manual_seed(T)
    q, k, u = torch.randn(3, B, T, H, K, generator=made) / K**0.25
    v, M = torch.randn(B, T, H, V, generator=made), torch.randn(B, H, V, K, generator=made)
    return [x.to(DEVICE, dtype).requires_grad_() for x in (q, k, v, u, M)]


def run(given, cfg, dtype, **more):
    """Output, what is left, and the gradients of a sum of all of it, with `given` in this precision."""
    *tokens, M = given = [x.detach().to(dtype).requires_grad_() for x in given]
    y, state = memory_caching(*tokens, cfg, initial={"M": M}, return_state=True, **more)
    left = [x for name, x in sorted(state.tensors.items()) if not name.startswith("start")]
    loss = sum((x.double().square() * (n + 1)).sum() for n, x in enumerate([y, *left]))
    gradients = torch.autograd.grad(loss, given, allow_unused=True)
    return [y, *left, *(torch.zeros((), device=DEVICE) if x is None else x for x in gradients)]


def near(ours, exact, eps):
    """Within so many roundings of the largest number."""
    for a, b in zip(ours, exact, strict=True):
        assert a.shape == b.shape
        assert not a.numel() or (a.double() - b).abs().max() <= eps * b.abs().max().clamp(min=1)


VARIANTS = [
    MCConfig(aggregator="none", start="independent"),
    MCConfig(aggregator="none", start="checkpoint"),
    MCConfig(aggregator="residual", start="independent"),
    MCConfig(aggregator="residual", start="checkpoint"),
    MCConfig(aggregator="grm", start="independent", pooling="sum"),
    MCConfig(aggregator="grm", start="checkpoint", gate="shared"),
    MCConfig(aggregator="soup", start="checkpoint"),
    MCConfig(aggregator="ssc", start="independent", top_k=1),
    MCConfig(aggregator="ssc", start="checkpoint", gate="shared", top_k=2, pooling="sum"),
    MCConfig(aggregator="ssc", start="checkpoint", top_k=9),
]


@pytest.mark.parametrize("cfg", VARIANTS, ids=lambda c: f"{c.aggregator}-{c.start}-{c.gate}-{c.pooling}-{c.top_k}")
def test_numbers_and_gradients_are_those_of_plain_products(served, cfg):
    """Segments of two blocks, the last one cut short; products in twice the precision are not served."""
    cfg = replace(cfg, segment_length=32)
    given = problem(cfg, T=140 if cfg.aggregator == "ssc" else 76)
    ours = run(given, cfg, torch.float32)
    assert len(served) == 1
    near(ours, run(given, cfg, torch.float64), 1e-5)
    assert len(served) == 1


def test_more_checkpoints_than_are_scored_at_once():
    """Their gradients, too, are summed up by several programs."""
    cfg = MCConfig(segment_length=16)
    given = problem(cfg, T=18 * 16 + 5, K=3, V=2, H=1)
    near(run(given, cfg, torch.float32), run(given, cfg, torch.float64), 1e-5)


@pytest.mark.parametrize("aggregator", ["residual", "grm"])
def test_half_precision(served, aggregator):
    cfg = MCConfig(aggregator=aggregator, segment_length=16)
    given = problem(cfg, dtype=HALF)
    near(run(given, cfg, HALF), run(given, cfg, torch.float64), 16 * torch.finfo(HALF).eps)
    assert len(served) == 1


def test_short_and_wide(served):
    """One segment, shorter than a block; matrices with sides that are no powers of two, and as wide as they may be."""
    cfg = MCConfig(segment_length=16)
    assert blocks.WIDEST == 128
    for T, K, V in ((3, 17, 1), (18, 1, 33), (34, 128, 128)):
        given = problem(cfg, T, K, V)
        near(run(given, cfg, torch.float32), run(given, cfg, torch.float64), 1e-5)
    assert len(served) == 3


def test_checkpoints_come_without_gradients_where_they_are_detached():
    for aggregator in ("residual", "grm"):
        cfg = MCConfig(aggregator=aggregator, segment_length=16)
        given = problem(cfg)
        near(run(given, cfg, torch.float32, detach=True), run(given, cfg, torch.float64, detach=True), 1e-5)


def test_no_token_sees_a_later_one():
    """Whatever stands there, also within its block."""
    for aggregator in ("residual", "grm", "ssc"):
        cfg = MCConfig(aggregator=aggregator, segment_length=16, top_k=1)
        *tokens, _ = problem(cfg)
        whole = memory_caching(*tokens, cfg)
        later = [torch.cat([x[:, :21], torch.full_like(x[:, 21:], 1e30)], 1) for x in tokens]
        assert torch.equal(memory_caching(*later, cfg)[:, :21], whole[:, :21])


def test_among_equals_the_router_takes_the_lowest():
    """Segments of the same keys have equal contexts: values tell which was read."""
    cfg = MCConfig(aggregator="ssc", segment_length=16, top_k=1, start="independent")
    q, k, v, u, _ = problem(cfg, T=64)
    k = k[:, :16].repeat(1, 4, 1, 1)
    given = [q, k, v, u]
    near([memory_caching(*given, cfg)], [memory_caching(*(x.double() for x in given), cfg)], 1e-5)


@pytest.mark.parametrize("gate", ["context", "shared"])
@pytest.mark.parametrize("aggregator", ["residual", "ssc"])
def test_gradients_of_gradients(aggregator, gate):
    """Where the kernels' inputs were computed from each other, that is not counted twice."""
    cfg = MCConfig(aggregator=aggregator, gate=gate, segment_length=16, top_k=1)
    *tokens, _ = problem(cfg, T=36, K=2, V=2)

    def penalty(dtype):
        x = [each.detach().to(dtype).requires_grad_() for each in tokens]
        y = memory_caching(*x, cfg).square().sum()
        first = torch.autograd.grad(y, x, create_graph=True, materialize_grads=True)
        return torch.autograd.grad(sum(g.square().sum() for g in first), x, materialize_grads=True)

    near(penalty(torch.float32), penalty(torch.float64), 1e-4)


def test_what_is_served(monkeypatch, served):
    """Everything else goes the way of plain products."""
    usual = MCConfig(segment_length=16)
    *tokens, _ = problem(usual)

    def serves(cfg=usual, x=tokens, **more):
        memory_caching(*x, cfg, **more)
        return bool(served) and not served.clear()

    assert serves()
    assert serves(replace(usual, aggregator="none"))
    assert not serves(replace(usual, gate="token"))
    assert not serves(replace(usual, aggregator="average"))
    assert not serves(replace(usual, segment_length=8))
    assert not serves(replace(usual, segmentation="logarithmic"))
    assert not serves(MCConfig(memory="linear", options={"feature_map": "elu"}, segment_length=16))
    assert not serves(MCConfig(memory="vector", segment_length=16), [*tokens[:2], tokens[1], tokens[3]])
    assert not serves(trace=True)
    assert not serves(x=[x.double() for x in tokens])
    assert not serves(x=problem(usual, V=129)[:4])
    _, state = memory_caching(*tokens, usual, return_state=True)
    served.clear()
    assert not serves(state=state)
    for transform in (
        lambda f: torch.func.jvp(f, (tokens[0],), (tokens[0],)),
        lambda f: torch.func.jacrev(f)(tokens[0]),
    ):
        transform(lambda q: memory_caching(q, *tokens[1:], usual)[:, -1])
        assert not served
    monkeypatch.undo()
    assert torch.float32 not in blocks.DTYPES
    assert blocks.on_a_gpu(tokens[0]) == (DEVICE.type == "cuda")
