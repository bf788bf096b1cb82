"""Bad input is refused by name, before anything is computed."""

import numpy as np
import pytest
import torch

from mcviz import MCConfig, pytorch
from mcviz.pytorch import loop

B, T, H, K, V = 2, 6, 2, 4, 3
PATHS = {"segments": pytorch.memory_caching, "loop": loop.memory_caching}

pytestmark = [pytest.mark.parametrize("path", PATHS), pytest.mark.usefixtures("unchecked")]


def arguments(**changes):
    """A run that is fine, but for `changes`."""
    random = torch.Generator().manual_seed(0)
    q, k, u = (torch.randn(B, T, H, K, generator=random) for _ in range(3))
    v = torch.randn(B, T, H, V, generator=random)
    return {"q": q, "k": k, "v": v, "u": u, "cfg": MCConfig(segment_length=4), **changes}


def refuse(path, monkeypatch, match, **changes):
    """The run is refused, and no memory was written."""

    def fail(*_, **__):
        pytest.fail("something was computed before the input was refused")

    monkeypatch.setattr("mcviz.pytorch.fast.scan.run", fail)
    monkeypatch.setattr("mcviz.pytorch.loop.Stream", fail)
    with pytest.raises(ValueError, match=match):
        PATHS[path](**arguments(**changes))


@pytest.mark.parametrize("name", ["q", "k", "v", "u"])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_numbers_that_are_not_finite(path, monkeypatch, name, bad):
    tensor = arguments()[name].clone()
    tensor[1, 2, 0, 1] = bad
    refuse(path, monkeypatch, rf"^{name}: expected finite numbers, got {bad} at \[1, 2, 0, 1\]", **{name: tensor})


def test_infinities_that_cancel(path, monkeypatch):
    tensor = arguments()["q"].clone()
    tensor[0, 0, 0, 0], tensor[0, 0, 0, 1] = torch.inf, -torch.inf
    refuse(path, monkeypatch, "^q: expected finite numbers", q=tensor)


def test_large_numbers_are_no_infinities(path):
    given = arguments(cfg=MCConfig(aggregator="none"))
    given["v"] = torch.full_like(given["v"], 3e38)
    given["k"] = given["q"] = torch.zeros_like(given["k"])
    assert not PATHS[path](**given).any()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("q", (T, H, K)),
        ("q", (0, T, H, K)),
        ("q", (B, 0, H, K)),
        ("k", (B, T, H, V)),
        ("k", (1, T, H, K)),
        ("v", (B, T + 1, H, V)),
        ("v", (B, T, V)),
        ("v", (B, T, H, 0)),
        ("u", (B, T, 1, K)),
    ],
)
def test_shapes_that_do_not_fit(path, monkeypatch, name, shape):
    refuse(path, monkeypatch, rf"^{name}: expected .*shape", **{name: torch.zeros(shape)})


@pytest.mark.parametrize("name", ["k", "v", "u"])
def test_types_that_differ(path, monkeypatch, name):
    changed = {name: arguments()[name].double()}
    refuse(path, monkeypatch, f"^{name}: expected torch.float32 on cpu, as q is, got torch.float64", **changed)


@pytest.mark.parametrize("name", ["k", "v", "u"])
def test_devices_that_differ(path, monkeypatch, name):
    changed = {name: arguments()[name].to("meta")}
    refuse(path, monkeypatch, f"^{name}: expected torch.float32 on cpu, as q is, got torch.float32 on meta", **changed)


@pytest.mark.parametrize("bad", [None, 1.0, np.zeros((B, T, H, K)), torch.zeros(B, T, H, K, dtype=torch.int64)])
def test_anything_but_tensors_of_floats(path, monkeypatch, bad):
    refuse(path, monkeypatch, "^k: expected a tensor of floating-point numbers, got", k=bad)


def test_no_configuration(path, monkeypatch):
    refuse(path, monkeypatch, "^cfg: expected an MCConfig, got str", cfg="grm")


def test_lengths_that_do_not_sum_up(path, monkeypatch):
    refuse(path, monkeypatch, "^segmentation: expected lengths that sum to T = 6", cfg=MCConfig(segmentation=(3, 2)))


@pytest.mark.parametrize(
    ("coefficients", "match"),
    [
        ({"alpha": 0.5}, "^coefficients: delta takes eta; got alpha"),
        ({"eta": torch.zeros(T)}, r"^coefficients.eta: expected a scalar, shape \(6, 2\) or \(2, 6, 2\), got \(6,\)"),
        ({"eta": torch.zeros(B, T, H).double()}, "^coefficients.eta: expected torch.float32"),
        ({"eta": torch.full((T, H), torch.nan)}, "^coefficients.eta: expected finite numbers"),
        ({"eta": float("nan")}, "^coefficients.eta: expected finite numbers"),
        ({"eta": "fast"}, "^coefficients.eta: expected a tensor of floating-point numbers, got str"),
        ([0.5], "^coefficients: expected a mapping"),
    ],
)
def test_coefficients(path, monkeypatch, coefficients, match):
    refuse(path, monkeypatch, match, cfg=MCConfig(memory="delta", segment_length=4), coefficients=coefficients)


@pytest.mark.parametrize("memory", ["decay", "gated_delta"])
@pytest.mark.parametrize(
    ("alpha", "match"),
    [
        (1.5, "^coefficients.alpha: expected numbers from 0 to 1, got 1.5"),
        (torch.full((T, H), -0.25), "^coefficients.alpha: expected numbers from 0 to 1, got -0.25"),
        (torch.zeros(T), r"^coefficients.alpha: expected a scalar, shape \(6, 2\)"),
        (float("nan"), "^coefficients.alpha: expected finite numbers"),
    ],
)
def test_a_decay_that_is_none(path, monkeypatch, memory, alpha, match):
    cfg = MCConfig(memory=memory, segment_length=4)
    refuse(path, monkeypatch, match, cfg=cfg, coefficients={"alpha": alpha})


@pytest.mark.parametrize(
    ("initial", "match"),
    [
        (torch.zeros(H, K, V), r"^initial.M: expected shape \(2, 3, 4\), got \(2, 4, 3\)"),
        (torch.zeros(B + 1, H, V, K), "^initial.M: expected 2 sequences, as in q, got 3"),
        ({"W1": torch.zeros(H, V, K)}, "^initial: linear has M; unknown"),
        (torch.full((H, V, K), torch.inf), "^initial.M: expected finite numbers"),
        (torch.zeros(H, V, K).double(), "^initial.M: expected torch.float32"),
        (np.zeros((H, V, K)), "^initial.M: expected a tensor"),
        ({}, "^initial: linear has M; unknown .* missing"),
    ],
)
def test_initial_states(path, monkeypatch, initial, match):
    refuse(path, monkeypatch, match, initial=initial)
