"""One set of weights runs in both backends: projections, and whole layers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mcviz import MCConfig, initial, reference
from mcviz.config import GATES
from mcviz.pytorch import MemoryCaching
from mcviz.pytorch import projections as twin
from mcviz.reference import projections
from mcviz.rules import SHEETS
from tests.runs import VARIANTS, label

T, D, H, K, V = 11, 6, 2, 4, 3


def layer(cfg, **options):
    """A layer in float64 whose weights have all moved from where they start."""
    made = MemoryCaching(D, H, cfg, d_key=K, d_value=V, **options).double()
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weights in made.parameters():
            weights += 0.1 * torch.randn(weights.shape, generator=random)
    return made


def features(seed=0):
    return np.random.default_rng(seed).standard_normal((T, D))


def arrays(module):
    """A module's weights as NumPy arrays, by the names in its `state_dict`."""
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("convolution", [1, 2, 4])
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_a_layer_computes_the_same_in_both_backends(variant, convolution):
    made, x = layer(replace(variant, segment_length=4), convolution=convolution), features()
    weights = arrays(made)
    q, k, v, u, c, start = projections.project(x, weights, made.config)
    trace = reference.memory_caching(q, k, v, u, made.config, c, start)
    expected = projections.merge(trace.output, weights)
    output, (recorded,) = made(torch.tensor(x)[None], trace=True)
    np.testing.assert_allclose(output[0].detach(), expected, rtol=1e-9, atol=1e-10)
    for name in ("q", "k", "v", "u", "weights", "output"):
        np.testing.assert_allclose(getattr(recorded, name), getattr(trace, name), rtol=1e-9, atol=1e-10, err_msg=name)
    for name, array in trace.coefficients.items():
        np.testing.assert_allclose(recorded.coefficients[name], array, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_a_layer_has_the_weights_that_the_reference_names(variant):
    made = MemoryCaching(D, H, variant, d_key=K, d_value=V, seed=3).double()
    named = initial.parameters(variant, D, H, K, V, seed=3)
    assert {name: array.shape for name, array in arrays(made).items()} == {n: a.shape for n, a in named.items()}


def test_weights_start_from_the_seed_alone():
    cfg = MCConfig(memory="dla")
    torch.manual_seed(0)
    one = MemoryCaching(D, H, cfg, seed=3)
    untouched = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(untouched, torch.rand(3)), "torch's random state was moved"
    torch.manual_seed(1)
    same, other = MemoryCaching(D, H, cfg, seed=3), MemoryCaching(D, H, cfg, seed=4)
    for name, weights in one.state_dict().items():
        assert torch.equal(weights, same.state_dict()[name])
    assert not torch.equal(one.W_q, other.W_q)


@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_coefficients_start_at_the_constants_and_stay_in_range(variant):
    constants, most = initial.constants(variant, K), initial.ceilings(variant, K)
    weights = initial.parameters(variant, D, H, K, V)
    found = projections.project(features(), weights, variant).coefficients
    assert found.keys() == constants.keys()
    for name, value in constants.items():
        np.testing.assert_allclose(found[name], min(value, 0.999 * most[name]), rtol=1e-6)
    moved = projections.project(features(), {n: a + 10 * (n == f"W_{n[2:]}") for n, a in weights.items()}, variant)
    for name, array in moved.coefficients.items():
        assert (array >= 0).all()
        assert (array <= most[name]).all()


@pytest.mark.parametrize("memory", [name for name, sheet in SHEETS.items() if sheet.normed])
def test_rules_that_step_along_keys_know_how_long_they_are(memory):
    cfg = MCConfig(memory=memory)
    q, k, *_ = projections.project(features(), initial.parameters(cfg, D, H, K, V), cfg)
    for each in (q, k):
        np.testing.assert_allclose((each**2).sum(-1), K, rtol=1e-2)


def test_a_convolution_of_two_by_hand():
    x = np.array([1.0, 10, 100])[:, None, None]
    assert projections.convolve(x, np.array([[[2.0, 3.0]]]))[:, 0, 0].tolist() == [2, 23, 230]
    both = twin.convolve(torch.tensor(x)[None], torch.tensor([[[2.0, 3.0]]]).double())
    assert both[0, :, 0, 0].tolist() == [2, 23, 230]


@pytest.mark.parametrize("gate", GATES)
def test_connectors_have_weights_only_where_a_gate_asks(gate):
    names = initial.parameters(MCConfig(gate=gate), D, H, K, V)
    assert ("W_u" in names) == (gate != "shared")
    assert "W_u" not in initial.parameters(MCConfig(aggregator="residual", gate=gate), D, H, K, V)
    made = layer(MCConfig(gate=gate, segment_length=4))
    _, (trace,) = made(torch.tensor(features())[None], trace=True)
    assert np.array_equal(trace.u, trace.q) == (gate == "shared")


def test_a_layer_learns_its_first_state():
    made = layer(MCConfig(memory="titans", segment_length=4))
    made(torch.tensor(features())[None]).square().sum().backward()
    assert all(weights.grad is not None and weights.grad.any() for weights in made.parameters())
    assert {name for name in made.state_dict() if name.startswith("initial.")} == {"initial.W1", "initial.W2"}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((6, 4, MCConfig()), "^d_model: expected a multiple of the 4 heads, or d_key and d_value, got 6"),
        ((0, 1, MCConfig()), "^d_model: expected a whole number, at least 1, got 0"),
        ((6, True, MCConfig()), "^n_heads: expected a whole number"),
        ((6, 2, "grm"), "^cfg: expected an MCConfig, got str"),
        ((6, 2, MCConfig(), 0), "^d_key: expected a whole number, at least 1, got 0"),
        ((6, 2, MCConfig(), 4, 2.5), "^d_value: expected a whole number"),
        ((6, 2, MCConfig(), 4, 4, 0), "^convolution: expected a whole number, at least 1, got 0"),
    ],
)
def test_sizes_that_make_no_layer(arguments, match):
    with pytest.raises(ValueError, match=match):
        MemoryCaching(*arguments)


def test_a_layer_cuts_gradients_at_checkpoints_if_asked():
    def by_first_token(detach):
        """How the last output changes with the first token, which is in a finished segment."""
        made = MemoryCaching(D, H, MCConfig(aggregator="residual", segment_length=4), detach=detach).double()
        x = torch.tensor(features())[None].requires_grad_()
        return torch.autograd.grad(made(x)[0, -1].sum(), x)[0][0, 0]

    assert by_first_token(detach=False).any()
    assert not by_first_token(detach=True).any()
