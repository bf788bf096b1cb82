"""Gradients: against finite differences, between the paths, and where they are cut."""

from dataclasses import replace

import pytest
import torch

from mcviz import MCConfig, pytorch
from mcviz.config import AGGREGATORS, STARTS
from mcviz.initial import initial_state
from mcviz.pytorch import loop
from tests.pairs import pairs
from tests.runs import VARIANTS, coefficients, label, tokens

PATHS = {"segments": pytorch.memory_caching, "loop": loop.memory_caching}
T, H, K, V = 7, 1, 3, 2
NAMES = ("q", "k", "v", "u")


def leaves(cfg, seed=0):
    """Everything that a run takes in, by name: tokens, coefficients and M_0."""
    given = dict(zip(NAMES, tokens(T, H, K, V, seed), strict=True))
    given |= coefficients(cfg, T, H, K, seed)
    # off the zeros of M_0, so that every gradient is there to be seen; positive, as a normaliser has to stay
    given |= {f"M_0 {name}": abs(array) + 0.1 for name, array in initial_state(cfg, H, K, V).items()}
    return {name: torch.tensor(array[None], requires_grad=True) for name, array in given.items()}


def run(path, cfg, given, **options):
    """The output, given `leaves`."""
    q, k, v, u = (given[name] for name in NAMES)
    start = {name.removeprefix("M_0 "): tensor for name, tensor in given.items() if name.startswith("M_0 ")}
    c = {name: tensor for name, tensor in given.items() if name not in NAMES and not name.startswith("M_0 ")}
    return PATHS[path](q, k, v, u, cfg, c, start, **options)


def gradients(path, cfg, **options):
    """The gradient of a random sum of the outputs by everything that a run takes in."""
    given = leaves(cfg)
    output = run(path, cfg, given, **options)
    direction = torch.randn(output.shape, generator=torch.Generator().manual_seed(0), dtype=output.dtype)
    found = torch.autograd.grad((output * direction).sum(), list(given.values()), allow_unused=True)
    return {
        name: torch.zeros_like(leaf) if each is None else each
        for (name, leaf), each in zip(given.items(), found, strict=True)
    }


@pytest.mark.parametrize(("path", "variant", "aggregator"), pairs(PATHS, VARIANTS, ["grm", "soup", "ssc"]))
def test_gradients_are_those_of_finite_differences(path, variant, aggregator):
    cfg = replace(variant, aggregator=aggregator, start="checkpoint", segment_length=2, top_k=1)
    given = leaves(cfg)
    names = list(given)
    assert torch.autograd.gradcheck(
        lambda *values: run(path, cfg, dict(zip(names, values, strict=True))), tuple(given.values()), fast_mode=True
    )


@pytest.mark.parametrize("detach", [False, True])
@pytest.mark.parametrize(("variant", "aggregator", "start"), pairs(VARIANTS, AGGREGATORS, STARTS))
def test_both_paths_have_the_same_gradients(variant, aggregator, start, detach):
    cfg = replace(variant, aggregator=aggregator, start=start, segment_length=2, top_k=1)
    fast, slow = (gradients(path, cfg, detach=detach) for path in PATHS)
    torch.testing.assert_close(fast, slow, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("aggregator", ["grm", "soup", "ssc"])
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_both_paths_have_the_same_gradients_in_long_runs(variant, aggregator):
    cfg = replace(variant, aggregator=aggregator, segment_length=3, top_k=1)
    x = [torch.tensor(each[None]) for each in tokens(60, 2, K, V)]
    c = {name: torch.tensor(each[None]) for name, each in coefficients(cfg, 60, 2, K).items()}
    found = []
    for path in PATHS.values():
        given = [each.clone().requires_grad_() for each in (*x, *c.values())]
        output = path(*given[:4], cfg, dict(zip(c, given[4:], strict=True)))
        found.append(torch.autograd.grad(output.square().sum(), given, allow_unused=True))
    for name, fast, slow in zip([*NAMES, *c], *found, strict=True):
        if slow is None or fast is None:
            assert fast is slow or not (fast if slow is None else slow).any(), name
        else:
            torch.testing.assert_close(fast, slow, rtol=1e-8, atol=1e-9 * float(slow.abs().max()))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("aggregator", ["residual", "grm", "soup", "ssc", "average"])
def test_detach_cuts_what_is_read_from_checkpoints(path, aggregator):
    cfg = MCConfig(aggregator=aggregator, segment_length=3)

    def by_first_value(detach):
        """How the last output changes with the first token's value, which only a checkpoint holds."""
        given = leaves(cfg)
        last = run(path, cfg, given, detach=detach)[0, -1].sum()
        return torch.autograd.grad(last, given["v"])[0][0, 0]

    assert by_first_value(detach=False).abs().max() > 1e-6
    assert not by_first_value(detach=True).any()


@pytest.mark.parametrize("path", PATHS)
def test_detach_leaves_outputs_as_they_are(path):
    for variant in VARIANTS:
        cfg = replace(variant, aggregator="grm", start="checkpoint", segment_length=2)
        given = leaves(cfg)
        assert torch.equal(run(path, cfg, given), run(path, cfg, given, detach=True))


@pytest.mark.parametrize("path", PATHS)
def test_detach_keeps_what_a_segment_hands_on_and_contexts(path):
    cfg = MCConfig(aggregator="grm", start="checkpoint", segment_length=3)
    assert gradients(path, cfg, detach=True)["v"][0, 0].any(), "the carried state"
    cfg = MCConfig(aggregator="grm", segment_length=3)
    given = leaves(cfg)
    last = run(path, cfg, given, detach=True)[0, -1].sum()
    assert torch.autograd.grad(last, given["k"])[0][0, 0].any(), "a gate's context"
