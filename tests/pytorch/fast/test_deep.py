"""MLP memories over whole segments, against the loop over tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcviz import MCConfig, reference, segments
from mcviz.initial import COEFFICIENTS, constants, initial_state
from mcviz.pytorch import memory, memory_caching
from mcviz.pytorch.fast import chunkwise, deep, sweeps

EXACT = 1e-12
"""Relative difference in float64: what is left is rounding."""

SINGLE = 2e-6
"""Relative difference in float32."""


@st.composite
def runs(draw):
    """A configuration, and the sizes and the seed of a run."""
    T, B, H, K, V = (draw(st.integers(1, most)) for most in (80, 2, 2, 6, 6))
    lengths = draw(st.sampled_from(["logarithmic", "constant", "explicit"]))
    if lengths == "explicit":
        stops = sorted({T, *draw(st.sets(st.integers(1, T), max_size=5))})
        lengths = tuple(b - a for a, b in zip([0, *stops], stops, strict=False))
    cfg = MCConfig(
        memory=draw(st.sampled_from(["dla", "titans"])),
        aggregator=draw(st.sampled_from(["grm", "soup"])),
        segmentation=lengths,
        segment_length=draw(st.integers(1, T)),
        start=draw(st.sampled_from(["independent", "checkpoint"])),
        options={
            "depth": draw(st.sampled_from([1, 2])),
            "expansion": draw(st.integers(1, 4)),
            "residual": draw(st.booleans()),
            "norm": draw(st.booleans()),
        },
    )
    return cfg, (B, T, H, K, V), draw(st.integers(0, 2**16))


def inputs(cfg, sizes, seed, eta=1.0, dtype=torch.float64):
    """Queries, keys, values, coefficients (zeros among them), a start, and the segments."""
    B, T, H, K, V = sizes
    random = np.random.default_rng(seed)
    q, k, v = (random.standard_normal((B, T, H, n)) for n in (K, K, V))
    most = {"alpha": 1.0, "beta": 0.8, "eta": 2 * eta * constants(cfg, K)["eta"]}
    c = {name: most[name] * random.uniform(0.5, 1, size=(B, T, H)) for name in COEFFICIENTS[cfg.memory]}
    for scalar in c.values():
        scalar[random.uniform(size=scalar.shape) < 0.03] = 0
    start = initial_state(cfg, H, K, V)
    start = {name: array + 0.02 * random.standard_normal((B, *array.shape)) for name, array in start.items()}
    cuts = segments.cut(T, cfg.segmentation, cfg.segment_length)
    tensors = [torch.tensor(x, dtype=dtype) for x in (q, k, v)]
    named = ({name: torch.tensor(x, dtype=dtype) for name, x in group.items()} for group in (c, start))
    return *tensors, *named, cfg, cuts


def gates(sizes, cuts, dtype=torch.float64):
    """Weights [B, T, H, N] that sum to 1 over what each token can reach."""
    B, T, H, *_ = sizes
    segment = np.repeat(np.arange(len(cuts)), [stop - begin for begin, stop in cuts])
    scores = np.random.default_rng(1).standard_normal((B, T, H, len(cuts)))
    scores = np.where((np.arange(len(cuts)) > segment[:, None])[:, None], -np.inf, scores)
    return torch.softmax(torch.tensor(scores, dtype=dtype), -1)


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
                past = {name: torch.cat([x[None][:0], *(end[name][None] for end in ends)]) for name, x in start.items()}
                asked = memory.mix(past, state, weights[:, t, :, : s + 1].movedim(-1, 0), names)
            reads.append(rule.read(asked, q[:, t]))
        ends.append(state)
    return torch.stack(reads, 1), {name: torch.stack([state[name] for state in ends], 1) for name in start}


def gap(got, expected):
    """The largest difference, relative to the largest number, or to 1: the inputs are of that size."""
    return float((got.double() - expected.double()).abs().max() / expected.abs().max().clamp_min(1))


@given(runs())
@settings(max_examples=40)
def test_reads_and_states_are_those_of_the_reference(run):
    cfg, _, _ = run
    q, k, v, c, start, cfg, cuts = arguments = inputs(*run)
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
        got, states = deep.soup(*arguments, torch.tensor(np.stack([trace.weights for trace in traces])))
        expected = np.stack([trace.output for trace in traces])
    else:
        got, states = deep.online(*arguments)
        expected = np.stack([trace.reads[np.arange(trace.T), :, trace.segment_of] for trace in traces])
    assert gap(got, torch.tensor(expected)) < EXACT
    for name in start:
        ends = np.stack([np.stack([state[name] for state in trace.checkpoints]) for trace in traces])
        assert states[name].shape == (len(q), len(cuts), *start[name].shape[1:])
        assert gap(states[name], torch.tensor(ends)) < EXACT


def gradients(run, arguments, extra=()):
    """Of all inputs, for random weights on reads and states: by name."""
    q, k, v, c, start, cfg, cuts = arguments
    named = {"q": q, "k": k, "v": v, **c, **start, **({"weights": extra[0]} if extra else {})}
    leaves = {name: x.clone().requires_grad_() for name, x in named.items()}
    y, states = run(
        *(leaves[name] for name in "qkv"),
        {name: leaves[name] for name in c},
        {name: leaves[name] for name in start},
        cfg,
        cuts,
        *(leaves["weights"] for _ in extra),
    )
    generator = torch.Generator().manual_seed(0)
    parts = [y, *(states[name] for name in sorted(states))]
    total = sum((x * torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x.dtype)).sum() for x in parts)
    return dict(zip(leaves, torch.autograd.grad(total, list(leaves.values())), strict=True))


@given(runs())
@settings(max_examples=25)
def test_gradients_are_those_of_the_loop(run):
    cfg, sizes, _ = run
    arguments = inputs(*run)
    extra = (gates(sizes, arguments[-1]),) if cfg.aggregator == "soup" else ()
    expected = gradients(loop, arguments, extra)
    got = gradients(deep.soup if extra else deep.online, arguments, extra)
    for name, gradient in got.items():
        assert gap(gradient, expected[name]) < 1e-9, name


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_gradcheck(rule, depth):
    cfg = MCConfig(memory=rule, segmentation=(3, 4), start="checkpoint", options={"depth": depth, "expansion": 2})
    q, k, v, c, start, _, cuts = inputs(cfg, (1, 7, 1, 2, 3), seed=0, eta=4)
    names = [*c, *start]

    def run(q, k, v, weights, *rest):
        named = dict(zip(names, rest, strict=True))
        c_now, start_now = {n: named[n] for n in c}, {n: named[n] for n in start}
        reads, states = deep.online(q, k, v, c_now, start_now, cfg, cuts, chunk=3)
        mixed, _ = deep.soup(q, k, v, c_now, start_now, cfg, cuts, weights, chunk=4)
        return reads, mixed, *states.values()

    tensors = [q, k, v, gates((1, 7, 1), cuts), *c.values(), *start.values()]
    assert torch.autograd.gradcheck(run, [x.requires_grad_() for x in tensors], fast_mode=True)


@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_the_length_of_a_chunk_changes_nothing(rule):
    arguments = inputs(MCConfig(memory=rule, segmentation=(50, 30, 50)), (1, 130, 2, 8, 8), seed=0)
    weights = gates((1, 130, 2), arguments[-1])
    for run, extra in ((deep.online, ()), (deep.soup, (weights,))):
        whole, states = run(*arguments, *extra, chunk=50)
        for chunk in (1, 7, 16):
            y, ends = run(*arguments, *extra, chunk=chunk)
            assert gap(y, whole) < EXACT
            assert max(gap(ends[name], states[name]) for name in states) < EXACT


@pytest.mark.parametrize("K", [4, 16, 64])
@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_a_few_sweeps_settle_a_chunk(rule, K, monkeypatch):
    """At the rule's constants, and at four times its learning rate."""
    counts = []
    settle = sweeps.settle

    def counted(f, z):
        counts.append(0)

        def once(z):
            counts[-1] += 1
            return f(z)

        return settle(once, z)

    monkeypatch.setattr(sweeps, "settle", counted)
    cfg = MCConfig(memory=rule)
    q, k, v, c, start, _, cuts = inputs(cfg, (1, 256, 1, K, K), seed=0, dtype=torch.float32)
    for factor, most in ((1, 10), (4, 20)):
        c = {name: torch.full_like(x, constants(cfg, K)[name]) for name, x in c.items()}
        c["eta"] *= factor
        counts.clear()
        y, _ = deep.online(q, k, v, c, start, cfg, cuts)
        assert torch.isfinite(y).all()
        assert max(counts) <= most


@pytest.mark.parametrize("soup", [False, True])
def test_no_bit_depends_on_a_later_token(soup):
    """Though it takes more sweeps of the chunk to settle what a later token does."""
    sizes = (1, 50, 2, 8, 8)
    cfg = MCConfig(memory="titans", segment_length=50)
    arguments = inputs(cfg, sizes, 0, dtype=torch.float32)
    for name, x in arguments[3].items():
        x[:] = constants(cfg, 8)[name]
    run, extra = (deep.soup, (gates(sizes, arguments[-1], torch.float32),)) if soup else (deep.online, ())
    before, _ = run(*arguments, *extra)
    for t in range(3, 50, 4):
        q, k, v, *rest = (x.clone() if isinstance(x, torch.Tensor) else x for x in arguments)
        v[:, t] *= 25
        after, _ = run(q, k, v, *rest, *extra)
        assert torch.equal(after[:, :t], before[:, :t])
        assert not torch.equal(after[:, t], before[:, t])


@pytest.mark.parametrize("soup", [False, True])
@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_single_precision(rule, soup):
    cfg = MCConfig(memory=rule, segment_length=100)
    sizes = (1, 500, 2, 16, 16)
    double, single = (inputs(cfg, sizes, 0, dtype=dtype) for dtype in (torch.float64, torch.float32))
    run = deep.soup if soup else deep.online
    extra = [(gates(sizes, double[-1], dtype),) if soup else () for dtype in (torch.float64, torch.float32)]
    (y, states), (expected, ends) = run(*single, *extra[1]), run(*double, *extra[0])
    assert y.dtype == states["W1"].dtype == torch.float32
    assert gap(y, expected) < SINGLE
    assert max(gap(states[name], ends[name]) for name in states) < SINGLE
    got, wanted = gradients(run, single, extra[1]), gradients(run, double, extra[0])
    assert max(gap(got[name], wanted[name]) for name in got) < 10 * SINGLE


@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_half_precision_is_computed_in_single(rule):
    cfg, sizes = MCConfig(memory=rule), (2, 100, 2, 8, 8)
    half = inputs(cfg, sizes, 0, dtype=torch.bfloat16)
    weights = gates(sizes, half[-1], torch.bfloat16)
    for run, extra in ((deep.online, ()), (deep.soup, (weights,)), (chunkwise.memory_reads, ())):
        y, states = run(*half, *extra)
        assert y.dtype == states["W1"].dtype == torch.bfloat16
        assert torch.isfinite(y).all()
        assert all(torch.isfinite(gradient).all() for gradient in gradients(run, half, extra).values())
    same = [x.float() if isinstance(x, torch.Tensor) else x for x in half]
    same[3:5] = [{name: x.float() for name, x in group.items()} for group in half[3:5]]
    assert gap(deep.online(*half)[0], deep.online(*same)[0]) < 2**-8


@pytest.mark.parametrize("depth", [1, 2])
def test_cached_reads(depth):
    cfg = MCConfig(memory="titans", options={"depth": depth})
    q, _, _, _, start, *_ = inputs(cfg, (2, 9, 3, 4, 5), 0)
    rule = memory.rule(cfg)
    expected = torch.stack([rule.read(start, q[:, t]) for t in range(9)], 2)
    queries = q.transpose(1, 2)
    x, skip = rule.inputs(queries), rule.skip(queries, expected.shape[-1])
    assert gap(deep.read(start, x) + skip, expected) < EXACT
    one = {name: x[:1, None] for name, x in start.items()}
    assert gap(deep.read(one, x[:1, None])[:, 0] + skip[:1], expected[:1]) < EXACT


@pytest.mark.parametrize("soup", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("depth", [1, 2])
def test_what_diverges_spoils_neither_what_was_before_nor_other_heads(depth, dtype, soup):
    cfg = MCConfig(memory="titans", segmentation=(40, 40), options={"depth": depth})
    sizes = (1, 80, 3, 8, 8)
    arguments = inputs(cfg, sizes, 0, dtype=dtype)
    arguments[3]["beta"][:], arguments[3]["alpha"][:] = 0.9, 1
    arguments[3]["eta"][:] = constants(cfg, 8)["eta"]
    arguments[3]["eta"][:, 50:, 1] = 1e20
    extra = (gates(sizes, arguments[-1], dtype),) if soup else ()
    y, states = (deep.soup if soup else deep.online)(*arguments, *extra)
    expected, ends = loop(*arguments, *extra)
    there, wanted = (torch.isfinite(x).all(-1)[0] for x in (y, expected))
    first = int((~wanted[:, 1]).nonzero()[0])
    # Where numbers are squared, they overflow a few tokens before they do themselves.
    assert 50 <= int((~there[:, 1]).nonzero()[0]) <= first < 70
    assert not there[first:, 1].any()
    assert there[:50].all()
    assert there[:, [0, 2]].all()
    bound = EXACT if dtype == torch.float64 else 10 * SINGLE
    assert gap(y[:, :50], expected[:, :50]) < bound
    assert gap(y[:, :, [0, 2]], expected[:, :, [0, 2]]) < bound
    for name, state in states.items():
        finite = torch.isfinite(state).flatten(3).all(-1)[0]
        assert finite.tolist() == [[True, True, True], [True, False, True]]
        assert gap(state[:, 0], ends[name][:, 0]) < bound


def test_only_networks_have_a_dual_form():
    arguments = inputs(MCConfig(memory="dla"), (1, 3, 1, 2, 2), 0)
    with pytest.raises(ValueError, match="memory: expected dla or titans, got 'linear'"):
        deep.online(*arguments[:5], MCConfig(memory="linear"), arguments[-1])


@given(runs())
@settings(max_examples=20)
def test_chunks_of_one_token_are_the_rule_itself(run):
    arguments = inputs(*run)
    y, states = chunkwise.memory_reads(*arguments, chunk=1)
    expected, ends = deep.online(*arguments)
    assert gap(y, expected) < EXACT
    assert max(gap(states[name], ends[name]) for name in states) < EXACT


@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_the_longer_the_chunks_the_larger_the_difference(rule):
    cfg = MCConfig(memory=rule, segment_length=128)
    arguments = inputs(cfg, (1, 512, 2, 16, 16), 0)
    for name, x in arguments[3].items():
        x[:] = constants(cfg, 16)[name]
    exact, _ = deep.online(*arguments)
    gaps = [gap(chunkwise.memory_reads(*arguments, chunk=chunk)[0], exact) for chunk in (2, 8, 32)]
    assert 1e-5 < gaps[0] < gaps[1] < gaps[2]


def test_strong_momentum_diverges_chunk_by_chunk_and_not_by_the_rule():
    cfg = MCConfig(memory="titans", segment_length=256)
    arguments = inputs(cfg, (1, 256, 2, 16, 16), 0)
    arguments[3].update(alpha=torch.ones(1, 256, 2).double(), beta=torch.full((1, 256, 2), 0.9).double())
    arguments[3]["eta"][:] = 0.5 * constants(cfg, 16)["eta"]
    exact, _ = deep.online(*arguments)
    assert exact.abs().max() < 20
    other, _ = chunkwise.memory_reads(*arguments, chunk=64)
    assert not torch.isfinite(other).all() or other.abs().max() > 1e6


@pytest.mark.parametrize("aggregator", ["none", "residual", "grm", "soup", "ssc", "average"])
@pytest.mark.parametrize("rule", ["dla", "titans"])
def test_chunk_by_chunk_under_every_aggregator(rule, aggregator):
    cfg = MCConfig(memory=rule, aggregator=aggregator, segment_length=6)
    q, k, v, c, start, *_ = inputs(cfg, (2, 20, 2, 4, 3), 0)
    expected = memory_caching(q, k, v, q.roll(1, 1), cfg, c, start)
    assert gap(chunkwise.memory_caching(q, k, v, q.roll(1, 1), cfg, c, start, chunk=1), expected) < EXACT
    assert gap(chunkwise.memory_caching(q, k, v, q.roll(1, 1), cfg, c, start, chunk=6), expected) > 1e-6


def test_chunk_by_chunk_needs_a_network_and_a_chunk():
    q, k, v, *_ = inputs(MCConfig(memory="dla"), (1, 3, 1, 2, 2), 0)
    with pytest.raises(ValueError, match="memory: expected dla or titans, got 'linear'"):
        chunkwise.memory_caching(q, k, v, q, MCConfig(memory="linear"))
    for chunk in (0, True):
        with pytest.raises(ValueError, match=f"chunk: expected a whole number of tokens, at least 1, got {chunk!r}"):
            chunkwise.memory_caching(q, k, v, q, MCConfig(memory="dla"), chunk=chunk)
