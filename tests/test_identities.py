"""The identities of Memory Caching, each with the case where it must not hold.

They are derived on paper and computed here a second way, so a backend that satisfies them all computes what the
equations say.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mcviz.config import AGGREGATORS, GATED, GATES, MEMORIES, STARTS, MCConfig
from mcviz.initial import readable
from mcviz.rules import SHEETS
from mcviz.segments import cut
from tests.backends import BACKENDS, run, stream
from tests.pairs import pairs
from tests.runs import VARIANTS, coefficients, label, tokens

T, H, K, V = 13, 2, 4, 3
CUTS = ("constant", "logarithmic", (5, 1, 3, 4))
NONE = MCConfig(aggregator="none", segment_length=T)
MATRIX = [
    *[cfg for cfg in VARIANTS if SHEETS[cfg.memory].kind != "network" and "z" not in readable(cfg)],
    *[MCConfig(memory=name, options={"depth": 1}) for name, sheet in SHEETS.items() if sheet.kind == "network"],
]
"""The rules whose read is linear in what is mixed."""
TWO_LAYERS = [cfg for cfg in VARIANTS if cfg.rule_options.get("depth") == 2]
NORMED = [cfg for cfg in VARIANTS if cfg.rule_options.get("norm")]
"""The rules whose layer norm leaves nothing of a constant query: with q = 1 they say the same of every sequence."""

pytestmark = [pytest.mark.parametrize("backend", BACKENDS), pytest.mark.usefixtures("unchecked")]
q, k, v, u = tokens(T, H, K, V)


@cache
def known(cfg, backend):
    """The output of the random tokens under `cfg`, which many identities ask for."""
    output = run(backend, q, k, v, u, cfg, coefficients(cfg, T, H, K))
    output.flags.writeable = False
    return output


def of(cfg, backend="reference", **changes):
    """The output of the random tokens under `cfg`, with some arguments exchanged."""
    if not changes:
        return known(cfg, backend)
    arguments = {"q": q, "k": k, "v": v, "u": u, "coefficients": coefficients(cfg, T, H, K), **changes}
    return run(backend, cfg=cfg, **arguments)


def assert_same(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def assert_differ(one, other):
    assert np.abs(one - other).max() > 1e-3


def segment_of(cfg):
    cuts = cut(T, cfg.segmentation, cfg.segment_length)
    return np.repeat(np.arange(len(cuts)), [stop - start for start, stop in cuts])


def gates(cfg, k, u):
    """γ [T, H, N], computed from the definitions alone: mean keys, inner products, softmax."""
    s = segment_of(cfg)
    weights = np.zeros((T, H, s[-1] + 1))
    for t in range(T):
        contexts = np.stack([k[: t + 1][s[: t + 1] == i].mean(0) for i in range(s[t] + 1)])
        e = np.exp(np.einsum("hk,nhk->hn", u[t], contexts))
        weights[t, :, : s[t] + 1] = e / e.sum(-1, keepdims=True)
    return weights


def attention(u, k, values):
    """Causal softmax attention of `u` over `k`, one head beside the other."""
    e = np.exp(np.einsum("thk,jhk->thj", u, k)) * np.tri(T)[:, None, :]
    return np.einsum("thj,jhv->thv", e / e.sum(-1, keepdims=True), values)


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
@pytest.mark.parametrize("aggregator", AGGREGATORS)
class TestI1:
    """One segment: every aggregator is the plain recurrent layer."""

    def test_holds(self, backend, aggregator, cfg):
        plain = of(replace(cfg, aggregator="none", segment_length=T), backend)
        assert_same(of(replace(cfg, aggregator=aggregator, segment_length=T + 5), backend), plain)

    def test_not_for_more_segments(self, backend, aggregator, cfg):
        plain = of(replace(cfg, aggregator="none", segment_length=T), backend)
        start = "independent" if aggregator == "none" else "checkpoint"
        assert_differ(of(replace(cfg, aggregator=aggregator, segment_length=4, start=start), backend), plain)


class TestI2:
    """Linear memory, independent start, residual: plain linear attention over the whole sequence (Eq. 13)."""

    @pytest.mark.parametrize("cuts", CUTS)
    def test_holds(self, backend, cuts):
        whole = np.einsum("thk,jhk,jhv,tj->thv", q, k, v, np.tri(T))
        assert_same(of(MCConfig(aggregator="residual", segmentation=cuts, segment_length=4), backend), whole)

    @pytest.mark.parametrize("cuts", CUTS)
    def test_not_with_checkpoint_start(self, backend, cuts):
        """Old tokens count several times: once for each checkpoint that went on from them."""
        cfg = MCConfig(aggregator="residual", segmentation=cuts, segment_length=4, start="checkpoint")
        s = segment_of(cfg)
        times = np.tri(T) * (s[:, None] - s[None, :] + 1)
        assert_same(of(cfg, backend), np.einsum("thk,jhk,jhv,tj->thv", q, k, v, times))
        assert_differ(of(cfg, backend), of(NONE, backend))

    @pytest.mark.parametrize("rule", [name for name, sheet in SHEETS.items() if sheet.normed])
    def test_not_for_other_memories(self, backend, rule):
        residual = MCConfig(memory=rule, aggregator="residual", segment_length=4)
        assert_differ(of(residual, backend), of(replace(NONE, memory=rule), backend))


class TestI3:
    """Soup is GRM where a read is linear in the memory."""

    @pytest.mark.parametrize(("cfg", "gate", "start"), pairs(MATRIX, GATES, STARTS))
    def test_holds_for_matrices(self, backend, cfg, gate, start):
        cfg = replace(cfg, segment_length=4, gate=gate, start=start)
        assert_same(of(replace(cfg, aggregator="soup"), backend), of(replace(cfg, aggregator="grm"), backend))

    @pytest.mark.parametrize(("cfg", "gate", "start"), pairs(TWO_LAYERS, GATES, STARTS))
    def test_not_for_two_layers(self, backend, cfg, gate, start):
        cfg = replace(cfg, segment_length=4, gate=gate, start=start)
        c = coefficients(cfg, T, H, K)
        c["eta"] *= {"dla": 20, "titans": 4}[cfg.memory]  # so that memories differ by more than a straight line
        soup, grm = (of(replace(cfg, aggregator=name), backend, coefficients=c) for name in ("soup", "grm"))
        assert_differ(soup, grm)

    @pytest.mark.parametrize("gate", GATES)
    @pytest.mark.parametrize("start", STARTS)
    def test_not_for_normalised_reads(self, backend, gate, start):
        cfg = MCConfig(segment_length=4, gate=gate, start=start, options={"feature_map": "elu", "normalizer": True})
        assert_differ(of(replace(cfg, aggregator="soup"), backend), of(replace(cfg, aggregator="grm"), backend))


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
class TestI4:
    """SSC that selects all checkpoints is GRM."""

    def test_holds(self, backend, cfg, cuts):
        cfg = replace(cfg, segmentation=cuts, segment_length=3)
        checkpoints = segment_of(cfg)[-1]
        grm = of(replace(cfg, aggregator="grm"), backend)
        for top_k in (checkpoints, checkpoints + 100):
            assert_same(of(replace(cfg, aggregator="ssc", top_k=int(top_k)), backend), grm)

    def test_not_for_fewer(self, backend, cfg, cuts):
        cfg = replace(cfg, segmentation=cuts, segment_length=3)
        assert_differ(of(replace(cfg, aggregator="ssc", top_k=1), backend), of(replace(cfg, aggregator="grm"), backend))


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
class TestI5:
    """Equal gates turn GRM into the residual over the number of memories."""

    def test_holds(self, backend, cfg, cuts):
        cfg = replace(cfg, segmentation=cuts, segment_length=4)
        memories = 1 + segment_of(cfg)[:, None, None]
        residual = of(replace(cfg, aggregator="residual"), backend) / memories
        assert_same(of(replace(cfg, aggregator="grm"), backend, u=np.zeros_like(u)), residual)
        assert_same(of(replace(cfg, aggregator="average"), backend), residual)

    def test_not_for_unequal_gates(self, backend, cfg, cuts):
        cfg = replace(cfg, segmentation=cuts, segment_length=4)
        assert_differ(of(replace(cfg, aggregator="grm"), backend), of(replace(cfg, aggregator="average"), backend))


class TestI6:
    """Segments of one token and a value-less vector: GRM is gated softmax attention (Eq. 18-20)."""

    cfg = MCConfig(memory="vector", segment_length=1)

    @pytest.mark.parametrize("pooling", ["mean", "sum"])
    def test_holds(self, backend, pooling):
        assert_same(of(replace(self.cfg, pooling=pooling), backend), attention(u, k, v))
        assert_same(of(replace(self.cfg, pooling=pooling, gate="shared"), backend), attention(q, k, v))

    @pytest.mark.parametrize("change", [{"segment_length": 2}, {"start": "checkpoint"}, {"memory": "linear"}])
    def test_not_otherwise(self, backend, change):
        assert_differ(of(replace(self.cfg, **change), backend), attention(u, k, v))


class TestI7:
    """A compressor read with q = 1, then global attention, is checkpointed Memory Caching on segments of one token."""

    def both(self, backend, cfg, **changes):
        ones = np.ones_like(q)
        compressed = of(replace(cfg, aggregator="none", segment_length=T), backend, q=ones)
        cached = of(replace(cfg, **{"segment_length": 1, "start": "checkpoint", **changes}), backend, q=ones)
        return cached, attention(u, k, compressed)

    @pytest.mark.parametrize("cfg", VARIANTS, ids=label)
    def test_holds(self, backend, cfg):
        assert_same(*self.both(backend, cfg))

    @pytest.mark.parametrize("change", [{"segment_length": 2}, {"start": "independent"}])
    @pytest.mark.parametrize("cfg", [cfg for cfg in VARIANTS if cfg not in NORMED], ids=label)
    def test_not_otherwise(self, backend, cfg, change):
        assert_differ(*self.both(backend, cfg, **change))


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_i8_causality(backend, cfg, aggregator):
    """A token leaves every output before it as it was, bit for bit, and changes its own."""
    cfg = replace(cfg, aggregator=aggregator, segment_length=4, start="checkpoint")
    before = of(cfg, backend)
    for t in (0, 3, 4, T - 1):
        moved = [array.copy() for array in (q, k, v, u)]
        for array in moved:
            array[t] += 1
        after = run(backend, *moved, cfg, coefficients(cfg, T, H, K))
        assert np.array_equal(after[:t], before[:t])
        assert not np.array_equal(after[t], before[t])


class TestI9:
    """Linear Memory Caching is a gate-masked linear attention: `y_t = Σ_j γ_t^(seg j) (q_t·k_j) v_j`."""

    def masked(self, cfg, weights):
        of_token = weights[..., segment_of(cfg)] * np.tri(T)[:, None, :]
        return np.einsum("thj,thk,jhk,jhv->thv", of_token, q, k, v)

    @pytest.mark.parametrize("cuts", CUTS)
    @pytest.mark.parametrize("gate", ["context", "shared"])
    @pytest.mark.parametrize("aggregator", ["grm", "soup"])
    def test_holds(self, backend, aggregator, gate, cuts):
        cfg = MCConfig(aggregator=aggregator, gate=gate, segmentation=cuts, segment_length=4)
        weights = gates(cfg, k, q if gate == "shared" else u)
        assert_same(of(cfg, backend), self.masked(cfg, weights))

    @pytest.mark.parametrize("cuts", CUTS)
    @pytest.mark.parametrize("top_k", [1, 2, 9])
    def test_holds_for_ssc(self, backend, top_k, cuts):
        cfg = MCConfig(aggregator="ssc", top_k=top_k, segmentation=cuts, segment_length=3)
        weights = gates(cfg, k, u)
        for t, s in enumerate(segment_of(cfg)):
            for row in weights[t]:
                row[np.argsort(row[:s])[: max(0, s - top_k)]] = 0
        assert_same(of(cfg, backend), self.masked(cfg, weights / weights.sum(-1, keepdims=True)))

    def test_not_with_checkpoint_start(self, backend):
        cfg = MCConfig(segment_length=4)
        weights = gates(cfg, k, u)
        assert_differ(of(replace(cfg, start="checkpoint"), backend), self.masked(cfg, weights))


class TestI10:
    """Split anywhere, or streamed token by token: the outputs of one pass."""

    @pytest.mark.parametrize(("memory", "aggregator", "cuts", "start"), pairs(MEMORIES, AGGREGATORS, CUTS, STARTS))
    def test_holds(self, backend, memory, aggregator, cuts, start):
        cfg = MCConfig(memory, aggregator, cuts, segment_length=4, start=start)
        c = coefficients(cfg, T, H, K)
        whole = of(cfg, backend)
        assert_same(stream(backend, q, k, v, u, cfg, c), whole)
        assert_same(stream(backend, q, k, v, u, cfg, c, split=range(T)), whole)

    @pytest.mark.parametrize("memory", MEMORIES)
    @pytest.mark.parametrize("aggregator", [name for name in AGGREGATORS if name != "none"])
    def test_not_if_the_cache_is_lost(self, backend, memory, aggregator):
        """At a boundary and under independent start, what moves on is the cache, and nothing else."""
        cfg = MCConfig(memory, aggregator, (9, 4))
        c = {name: each[9:] for name, each in coefficients(cfg, T, H, K).items()}
        tail = run(backend, q[9:], k[9:], v[9:], u[9:], replace(cfg, segmentation=(4,)), c)
        assert_differ(tail, of(cfg, backend)[9:])


class TestI11:
    """Titans with a matrix memory, no decay and no momentum is the delta rule; its loss has no ½, so η counts twice."""

    cfg = MCConfig(memory="titans", segment_length=4, options={"depth": 1, "residual": False, "norm": False})
    eta = coefficients(MCConfig(memory="delta"), T, H, K)["eta"]

    def both(self, backend, start="independent", alpha=1.0, beta=0.0, times=0.5, **options):
        cfg = replace(self.cfg, start=start, options={**self.cfg.options, **options})
        titans = of(cfg, backend, coefficients={"alpha": alpha, "beta": beta, "eta": times * self.eta})
        return titans, of(MCConfig(memory="delta", segment_length=4, start=start), backend)

    @pytest.mark.parametrize("start", ["independent", "checkpoint"])
    def test_holds(self, backend, start):
        assert_same(*self.both(backend, start))

    @pytest.mark.parametrize(
        "change", [{"alpha": 0.9}, {"beta": 0.5}, {"times": 1.0}, {"norm": True}, {"residual": True}, {"depth": 2}]
    )
    def test_not_otherwise(self, backend, change):
        assert_differ(*self.both(backend, **change))


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("start", ["independent", "checkpoint"])
class TestRulesThatDecay:
    """Decay with α = λ = 1 is linear attention and is SWLA without its past; without decay, gated delta is delta."""

    def both(self, backend, aggregator, start, rule, given, plain, scalars):
        one, other = (MCConfig(name, aggregator, segment_length=4, start=start) for name in (rule, plain))
        return of(one, backend, coefficients=given), of(other, backend, coefficients=scalars)

    def cases(self):
        rates = coefficients(MCConfig(memory="gated_delta"), T, H, K)
        faded = coefficients(MCConfig(memory="decay"), T, H, K)
        return [
            ("decay", {"alpha": 1.0, "lam": 1.0}, {"alpha": 0.9, "lam": 1.0}, "linear", {}),
            ("decay", faded, {**faded, "lam": 1.0}, "swla", {**faded, "beta": 0.0}),
            ("gated_delta", {**rates, "alpha": 1.0}, rates, "delta", {"eta": rates["eta"]}),
        ]

    def test_holds(self, backend, aggregator, start):
        for rule, given, _, plain, scalars in self.cases():
            assert_same(*self.both(backend, aggregator, start, rule, given, plain, scalars))

    def test_not_otherwise(self, backend, aggregator, start):
        for rule, _, given, plain, scalars in self.cases():
            assert_differ(*self.both(backend, aggregator, start, rule, given, plain, scalars))


def test_the_gate_weighs_nothing_without_a_gated_aggregator(backend):
    for aggregator in AGGREGATORS:
        same = np.array_equal(
            of(MCConfig(aggregator=aggregator, segment_length=4), backend),
            of(MCConfig(aggregator=aggregator, segment_length=4), backend, u=-u),
        )
        assert same == (aggregator not in GATED)
