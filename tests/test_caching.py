"""Caching after training: the same weights, read in another way."""

import pytest
import torch

from mcviz import zoo
from mcviz.training import caching

pytestmark = pytest.mark.skipif("needle-rnn" not in zoo.names(), reason="no trained model is here")


@pytest.fixture(scope="module")
def model():
    return zoo.load("needle-rnn")


@pytest.mark.parametrize("way", caching.WAYS)
def test_at_the_training_length_nothing_is_cached(model, way):
    task = model.card.task
    tokens = torch.from_numpy(task.sample(0, 2).tokens)
    assert tokens.shape[1] == task.length
    with torch.no_grad():
        torch.testing.assert_close(caching.cached(model, task.length, way)(tokens), model(tokens), rtol=0, atol=1e-5)


@pytest.mark.parametrize("factor", caching.FACTORS)
def test_longer_sequences_are_as_long_as_is_said(model, factor):
    task = caching.longer(model.card.task, factor)
    questions = task.sample(0, 1).mask.sum()
    plain = model.card.task
    assert (task.length - questions) == pytest.approx(factor * (plain.length - questions), rel=0.05)


def test_a_cache_changes_what_longer_sequences_read(model):
    task = caching.longer(model.card.task, 2)
    tokens = torch.from_numpy(task.sample(0, 2).tokens)
    length = model.card.task.length
    with torch.no_grad():
        plain = caching.cached(model, length, caching.PLAIN)(tokens)
        torch.testing.assert_close(plain, model(tokens), rtol=0, atol=1e-5)
        summed = caching.cached(model, length, "residual, going on")(tokens)
    torch.testing.assert_close(summed[:, :length], plain[:, :length], rtol=0, atol=1e-5)
    assert not torch.allclose(summed[:, length:], plain[:, length:], atol=1e-3)
