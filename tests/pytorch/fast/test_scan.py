"""Whole sequences at once: the same numbers as the loop over tokens, and gradients, at a cost that stays in bounds."""

import weakref
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from mcviz import MCConfig, reference, segments
from mcviz.config import AGGREGATORS, GATES, POOLINGS, STARTS
from mcviz.initial import initial_state
from mcviz.pytorch import loop
from mcviz.pytorch.fast import cached, chunks, dispatch, gate, scan
from tests.pairs import pairs
from tests.runs import VARIANTS, coefficients, label, tokens

H, K, V = 2, 4, 3


def inputs(cfg, T, B=2, seed=0, dtype=torch.float64):
    """Random q, k, v, u [B, T, H, ·], coefficients [B, T, H] and `M_0` [B, H, ...] of B sequences."""
    random = np.random.default_rng([seed, 2])
    start = initial_state(cfg, H, K, V)
    start = {name: array + 0.3 * np.abs(random.standard_normal((B, *array.shape))) for name, array in start.items()}
    rows = zip(*(tokens(T, H, K, V, seed=10 * seed + b) for b in range(B)), strict=True)
    q, k, v, u = (torch.tensor(np.stack(row), dtype=dtype) for row in rows)
    scalars = [coefficients(cfg, T, H, K, seed=10 * seed + b) for b in range(B)]
    c = {name: torch.tensor(np.stack([one[name] for one in scalars]), dtype=dtype) for name in scalars[0]}
    return (q, k, v, u), c, {name: torch.tensor(array, dtype=dtype) for name, array in start.items()}


def run(cfg, arguments, **options):
    """`scan.run` on the segments that the configuration asks for."""
    (q, k, v, u), c, start = arguments
    cuts = segments.cut(q.shape[1], cfg.segmentation, cfg.segment_length)
    return scan.run(q, k, v, u, c, start, cfg, cuts, **options)


@st.composite
def runs(draw):
    """A configuration, and a number of tokens that its segmentation fits."""
    T = draw(st.integers(1, 24))
    lengths = st.lists(st.integers(1, T), min_size=1, max_size=6).map(lambda found: compose(T, found))
    cfg = replace(
        draw(st.sampled_from(VARIANTS)),
        aggregator=draw(st.sampled_from(AGGREGATORS)),
        segmentation=draw(st.one_of(st.sampled_from(["constant", "constant", "logarithmic"]), lengths)),
        segment_length=draw(st.integers(1, T)),
        start=draw(st.sampled_from(STARTS)),
        gate=draw(st.sampled_from(GATES)),
        pooling=draw(st.sampled_from(POOLINGS)),
        top_k=draw(st.integers(1, 10)),
    )
    return cfg, T


def compose(T, lengths):
    """Segment lengths that sum to T, out of any."""
    found = []
    while sum(found) < T:
        found.append(min(lengths[len(found) % len(lengths)], T - sum(found)))
    return tuple(found)


THRESHOLDS = {
    (gate, "FEW"): 2,
    (gate, "BLOCK"): 100,
    (cached, "TILE"): 60,
    (dispatch, "BUSY"): 2,
    (dispatch, "LARGE"): 100,
    (chunks, "CHUNK"): 5,
}


@contextmanager
def thresholds(small):
    """Thresholds as they are, or so small that even short sequences cross them."""
    with ExitStack() as stack:
        for (module, name), value in THRESHOLDS.items() if small else ():
            stack.enter_context(patch.object(module, name, value))
        yield


@settings(max_examples=100)
@given(runs(), st.booleans())
def test_every_field_is_that_of_the_reference(drawn, small):
    """In float64, to 1e-9, whichever form the thresholds choose."""
    cfg, T = drawn
    arguments = (q, k, v, u), c, start = inputs(cfg, T, seed=T)
    with thresholds(small):
        found = run(cfg, arguments, trace=True)
        assert torch.equal(found.output, run(cfg, arguments).output)
    for b in range(len(q)):
        one = [x[b].numpy() for x in (q, k, v, u)]
        scalars, first = ({name: x[b].numpy() for name, x in group.items()} for group in (c, start))
        trace = reference.memory_caching(*one, cfg, scalars, first)
        expected = {
            "output": trace.output,
            "online_contexts": trace.online_contexts,
            "contexts": trace.checkpoint_contexts,
            "scores": trace.scores,
            "weights": trace.weights,
            "selected": trace.selected,
        }
        if trace.reads is not None:
            expected["online_reads"] = trace.reads[np.arange(T), :, trace.segment_of]
        for name, array in expected.items():
            np.testing.assert_allclose(getattr(found, name)[b].numpy(), array, rtol=1e-9, atol=1e-9, err_msg=name)
        for name, tensor in found.states.items():
            states = np.stack([state[name] for state in trace.checkpoints])
            np.testing.assert_allclose(tensor[b].numpy(), states, rtol=1e-9, atol=1e-9, err_msg=name)


def gradients(function, arguments, cfg):
    """What flows into each argument of a run from a fixed mixture of its outputs."""
    (q, k, v, u), c, start = arguments
    named = {"q": q, "k": k, "v": v, "u": u, **c, **{f"initial.{name}": x for name, x in start.items()}}
    leaves = {name: x.clone().requires_grad_() for name, x in named.items()}
    output = function(
        *(leaves[name] for name in "qkvu"),
        {name: leaves[name] for name in c},
        {name: leaves[f"initial.{name}"] for name in start},
    )
    mixture = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    found = torch.autograd.grad((output * mixture).sum(), list(leaves.values()), allow_unused=True)
    return {name: torch.zeros_like(x) if g is None else g for (name, x), g in zip(leaves.items(), found, strict=True)}


@pytest.mark.parametrize("chunk", [2, 64])
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_memories_that_begin_with_zeros(variant, chunk):
    """Numbers, what segments leave, and what flows into each argument, the zeros among them, are those of the loop."""
    cfg = replace(variant, aggregator="grm", segmentation=(3, 1, 4, 1))
    tokens, c, start = inputs(cfg, T=9)
    arguments = tokens, c, {name: torch.zeros_like(x) for name, x in start.items()}
    cuts = segments.cut(9, cfg.segmentation, 1)
    with patch.object(chunks, "CHUNK", chunk):
        found = run(cfg, arguments)
        fast = gradients(lambda *a: scan.run(*a, cfg, cuts).output, arguments, cfg)
    expected, traces = loop.memory_caching(*tokens, cfg, c, arguments[2], trace=True)
    torch.testing.assert_close(found.output, expected, rtol=1e-9, atol=1e-9)
    for name, states in found.states.items():
        kept = np.stack([[one[name] for one in trace.checkpoints] for trace in traces])
        torch.testing.assert_close(states, torch.tensor(kept), rtol=1e-9, atol=1e-9)
    slow = gradients(lambda *a: loop.memory_caching(*a[:4], cfg, *a[4:]), arguments, cfg)
    for name, gradient in slow.items():
        torch.testing.assert_close(fast[name], gradient, rtol=1e-8, atol=1e-8, msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize(
    ("variant", "aggregator", "start", "detach"), pairs(VARIANTS, AGGREGATORS, STARTS, [False, True])
)
def test_gradients_are_those_of_the_loop(variant, aggregator, start, detach):
    cfg = replace(variant, aggregator=aggregator, start=start, segmentation=(3, 1, 4, 1), top_k=2)
    arguments = inputs(cfg, T=9)
    cuts = segments.cut(9, cfg.segmentation, 1)
    slow = gradients(lambda *a: loop.memory_caching(*a[:4], cfg, *a[4:], detach=detach), arguments, cfg)
    with thresholds(small=True):
        fast = gradients(lambda *a: scan.run(*a, cfg, cuts, detach=detach).output, arguments, cfg)
    for name, expected in slow.items():
        torch.testing.assert_close(fast[name], expected, rtol=1e-8, atol=1e-9, msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_gradcheck(aggregator):
    """Against finite differences, with a decay of exactly 0 and one of 1."""
    cfg = MCConfig(memory="swla", aggregator=aggregator, segment_length=3, top_k=1)
    (q, k, v, u), c, start = inputs(cfg, T=7, B=1)
    c["alpha"][:, 1], c["alpha"][:, 4] = 0.0, 1.0
    cuts = segments.constant(7, 3)
    leaves = [x.requires_grad_() for x in (q, k, v, u, *c.values(), *start.values())]

    def function(q, k, v, u, *rest):
        scalars, first = dict(zip(c, rest[: len(c)], strict=True)), dict(zip(start, rest[len(c) :], strict=True))
        return scan.run(q, k, v, u, scalars, first, cfg, cuts).output

    assert torch.autograd.gradcheck(function, leaves, fast_mode=True)


@pytest.mark.parametrize("k", [1, 2, 3, 9, 12])
def test_equal_scores_go_to_the_oldest(k):
    """Nothing tells the segments apart, and the router takes the lowest indices."""
    cfg = MCConfig(aggregator="ssc", segment_length=1, top_k=k)
    (q, keys, v, u), c, start = inputs(cfg, T=20)
    found = run(cfg, ((q, keys, v, torch.zeros_like(u)), c, start), trace=True)
    t, i = torch.arange(20)[:, None], torch.arange(20)
    assert torch.equal(found.selected, ((i < t) & (i < k))[None, :, None].expand_as(found.selected))


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_half_precision_is_finite_and_near(variant, aggregator):
    cfg = replace(variant, aggregator=aggregator, segment_length=16)
    exact, half = (run(cfg, inputs(cfg, T=100, dtype=dtype)).output for dtype in (torch.float64, torch.bfloat16))
    assert half.dtype == torch.bfloat16
    assert torch.isfinite(half).all()
    if aggregator != "ssc":  # whose near-ties go either way
        assert (half.double() - exact).abs().mean() < 0.03 * exact.abs().mean()


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_single_precision_stays_near_double(variant, aggregator):
    cfg = replace(variant, aggregator=aggregator, segment_length=16)
    exact, single = (run(cfg, inputs(cfg, T=200, dtype=dtype)).output for dtype in (torch.float64, torch.float32))
    assert (single.double() - exact).abs().max() < 2e-5 * exact.abs().max()


class Largest(TorchDispatchMode):
    """Notes the largest tensor that any operation makes."""

    def __init__(self):
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                self.numel = max(self.numel, tensor.numel())
        return result


class Saved:
    """A tensor that autograd keeps for the backward pass, and lets go of with the graph that it belongs to."""

    def __init__(self, x):
        self.x = x


def footprint(cfg, T):
    """The largest tensor of a run and its backward pass, and the bytes that are kept between the two."""
    arguments = inputs(cfg, T, B=1, dtype=torch.float32)
    for x in arguments[0]:
        x.requires_grad_()
    saved = weakref.WeakSet()

    def pack(x):
        saved.add(kept := Saved(x))
        return kept

    with Largest() as largest, torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.x):
        output = run(cfg, arguments).output
        storages = {kept.x.untyped_storage().data_ptr(): kept.x.untyped_storage().nbytes() for kept in saved}
        output.sum().backward()
    return largest.numel, sum(storages.values())


@pytest.mark.parametrize("aggregator", ["none", "residual", "ssc"])
def test_memory_is_linear_in_tokens(aggregator):
    """Twice the tokens, and so twice the checkpoints: twice the numbers, not four times."""
    cfg = MCConfig(aggregator=aggregator, segment_length=16)
    with patch.object(gate, "BLOCK", 2**12):
        short, long = footprint(cfg, 4096), footprint(cfg, 8192)
    assert long[0] <= 2.1 * short[0]
    assert long[1] <= 2.1 * short[1]


def test_a_weight_for_every_pair_is_not_linear():
    """The measure above does see what grows with T N."""
    cfg = MCConfig(aggregator="grm", segment_length=16)
    with patch.object(cached, "TILE", 2**12):
        short, long = footprint(cfg, 1024), footprint(cfg, 2048)
    assert long[0] > 3.5 * short[0]
    assert long[1] > 3 * short[1]


def test_chunks_hold_every_token_once():
    for cuts in (segments.constant(300, 70), segments.logarithmic(37), segments.explicit(9, (1, 5, 3))):
        T = cuts[-1][1]
        laid = chunks.Chunks.of(cuts, torch.device("cpu"))
        x = torch.arange(1.0, T + 1)[None, None, :, None]
        places = laid.split(x)
        assert sorted(places.flatten().tolist())[-T:] == list(range(1, T + 1))
        assert torch.equal(laid.join(places), x)
        assert laid.opens.tolist() == [start + n for start, stop in cuts for n in range(0, stop - start, laid.length)]


@pytest.mark.parametrize("variant", [cfg for cfg in VARIANTS if cfg.memory in scan.Matrices.rules], ids=label)
def test_a_plain_layer_pays_for_no_segments(variant):
    """Nobody reads what its segments end with: the same bits, and one state, whatever they are."""
    one, many = (replace(variant, aggregator="none", start="checkpoint", segment_length=n) for n in (90, 4))
    arguments = inputs(one, T=90)
    whole, cut = run(one, arguments), run(many, arguments)
    assert torch.equal(cut.output, whole.output)
    for name, states in whole.states.items():
        assert states.shape[1] == 1
        assert torch.equal(cut.states[name], states)


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_what_is_for_display_is_laid_out_on_request(aggregator):
    cfg = MCConfig(aggregator=aggregator, segment_length=4)
    plain, traced = run(cfg, inputs(cfg, T=9)), run(cfg, inputs(cfg, T=9), trace=True)
    for name in ("online_contexts", "scores", "weights", "selected"):
        assert getattr(plain, name) is None
        assert getattr(traced, name) is not None
