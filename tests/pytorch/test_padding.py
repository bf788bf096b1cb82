"""Sequences of different lengths in one batch: each as if it were alone, and nothing beyond its end."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mcviz import MCConfig
from mcviz.config import AGGREGATORS
from mcviz.pytorch import MemoryCaching, ModelConfig, SequenceModel, memory_caching
from tests.runs import VARIANTS, coefficients, label, tokens

T, LENGTHS = 11, [4, 11, 7]


def batch(cfg):
    """Three sequences and their coefficients, with whatever is left in memory beyond their ends."""
    x = [torch.tensor(np.stack([tokens(T, seed=b)[i] for b in range(3)])) for i in range(4)]
    c = {n: torch.tensor(np.stack([coefficients(cfg, T, seed=b)[n] for b in range(3)])) for n in coefficients(cfg, T)}
    for each in (*x, *c.values()):
        for b, n in enumerate(LENGTHS):
            each[b, n:] = torch.nan
    return x, c


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_each_sequence_is_alone(variant, aggregator):
    cfg = replace(variant, aggregator=aggregator, segment_length=3, top_k=1)
    x, c = batch(cfg)
    given = [each.requires_grad_() for each in (*x, *c.values())]
    y = memory_caching(*x, cfg, c, lengths=torch.tensor(LENGTHS))
    found = torch.autograd.grad(y.square().sum(), given, allow_unused=True)
    for b, n in enumerate(LENGTHS):
        one = memory_caching(
            *(each[b : b + 1, :n] for each in x), cfg, {m: each[b : b + 1, :n] for m, each in c.items()}
        )
        torch.testing.assert_close(y[b, :n], one[0], rtol=1e-10, atol=1e-11)
        assert not y[b, n:].any()
        alone = torch.autograd.grad(one.square().sum(), given, allow_unused=True)
        for here, there in zip(found, alone, strict=True):
            if here is not None:
                assert not here[b, n:].any()
                expected = torch.zeros_like(here[b, :n]) if there is None else there[b, :n]
                torch.testing.assert_close(here[b, :n], expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("mixer", [None, MCConfig(segment_length=3), MCConfig(memory="titans", segment_length=3)])
def test_models_and_layers(mixer):
    model = SequenceModel(ModelConfig(9, mixer, width=8, layers=2, key=4, value=3, mlp=2)).double()
    x = torch.randint(0, 9, (3, T), generator=torch.Generator().manual_seed(0))
    for lengths in (LENGTHS, np.array(LENGTHS), torch.tensor(LENGTHS, dtype=torch.int32)):
        logits = model(x, lengths=lengths)
    beyond = torch.arange(T) >= torch.tensor(LENGTHS)[:, None]
    for filler in (-100, 9):
        assert torch.equal(model(x.masked_fill(beyond, filler), lengths=LENGTHS), logits)
    layer = model.blocks[0].mixer
    features = torch.randn(3, T, 8, dtype=torch.float64)
    y = layer(features, lengths=LENGTHS)
    for b, n in enumerate(LENGTHS):
        torch.testing.assert_close(logits[b, :n], model(x[b : b + 1, :n])[0], rtol=1e-10, atol=1e-11)
        torch.testing.assert_close(y[b, :n], layer(features[b : b + 1, :n])[0], rtol=1e-10, atol=1e-11)
        assert not logits[b, n:].any()
        assert not y[b, n:].any()


def test_an_empty_sequence_says_nothing():
    x = torch.ones(2, 3, 1, 2)
    assert not memory_caching(x, x, x, x, MCConfig(segment_length=2), lengths=[0, 3])[0].any()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("lengths", "match"),
    [
        ([3], r"^lengths: expected 2 whole numbers, got torch.int64 of shape \(1,\)"),
        ([3, 1.5], "^lengths: expected 2 whole numbers, got 1.5"),
        (3, "^lengths: expected 2 whole numbers, got 3"),
        (torch.ones(2), "^lengths: expected 2 whole numbers, got torch.float32"),
        ([3, 4], r"^lengths: expected numbers from 0 to 3, got \[3, 4\]"),
        ([-1, 3], r"^lengths: expected numbers from 0 to 3, got \[-1, 3\]"),
    ],
)
def test_lengths_that_do_not_fit(lengths, match):
    x = torch.ones(2, 3, 1, 2)
    layer = MemoryCaching(2, 1, MCConfig())
    for call in (
        lambda: memory_caching(x, x, x, x, MCConfig(), lengths=lengths),
        lambda: memory_caching(x, x, x, x, MCConfig(), lengths=lengths, check=False),
        lambda: layer(x[:, :, 0], lengths=lengths),  # which looks at no values
    ):
        with pytest.raises(ValueError, match=match):
            call()


@pytest.mark.usefixtures("unchecked")
def test_a_list_of_lengths_is_looked_at_whatever_the_default_device():
    layer, x = MemoryCaching(2, 1, MCConfig()), torch.ones(2, 3, 2)
    with torch.device("meta"), pytest.raises(ValueError, match=r"^lengths: expected numbers from 0 to 3"):
        layer(x, lengths=[3, 4])


@pytest.mark.usefixtures("unchecked")
def test_logarithmic_cuts_are_those_of_one_length():
    x = torch.ones(2, 3, 1, 2)
    with pytest.raises(ValueError, match="lengths: expected constant or explicit"):
        memory_caching(x, x, x, x, MCConfig(segmentation="logarithmic"), lengths=[2, 3])
