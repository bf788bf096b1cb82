"""Writing on in NumPy: what streams say is what the full pass says, for every text model and aggregator."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from mcviz import MCConfig, zoo
from mcviz.config import AGGREGATORS
from mcviz.model import ModelConfig, parameters
from mcviz.reference import SequenceModel, write
from mcviz.tasks.characters import Written

READERS = [name for name in zoo.names() if isinstance(zoo.read(name)[0].task, Written)]
PROMPT = "The hat is red. Then came the rat. "
GOES_ON = 6


def under(name, aggregator, dtype):
    """A text model with another aggregator, whose gates nobody trained where it had none."""
    card, trained = zoo.read(name)
    config = replace(card.model, mixer=replace(card.model.mixer, aggregator=aggregator, top_k=1))
    weights = {**parameters(config), **{name: trained[name] for name in config.shapes() if name in trained}}
    return SequenceModel(config, {name: array.astype(dtype) for name, array in weights.items()})


def small(**mixer):
    return SequenceModel(ModelConfig(7, MCConfig(**mixer), layers=2, heads=2, key=4, value=4, width=8))


def full(model, prompt, written):
    """The logits of every step by one pass over prompt and continuation."""
    return model(np.array([[*prompt, *(step.token for step in written)]]))[0, len(prompt) - 1 : -1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("name", READERS)
def test_writing_is_the_full_pass_on_prompt_and_continuation(name, aggregator, dtype):
    model, prompt = under(name, aggregator, dtype), zoo.read(name)[0].task.encode(PROMPT)
    written = list(islice(write(model, prompt, temperature=0.8, seed=3), GOES_ON))
    whole = full(model, prompt, written)
    off = np.abs(np.stack([step.logits for step in written]) - whole).max()
    assert off <= (1 + np.abs(whole).max()) * {np.float32: 1e-6, np.float64: 1e-10}[dtype]
    assert [step.t for step in written] == list(range(len(prompt), len(prompt) + GOES_ON))
    assert {step.logits.dtype for step in written} == {np.dtype(dtype)}


@pytest.mark.parametrize("segmentation", ["logarithmic", (6, 3, 2)])
def test_segments_that_follow_from_the_length_stop_with_it(segmentation):
    model = small(segmentation=segmentation)
    written = list(write(model, [1, 2, 3], length=11))
    assert [step.t for step in written] == list(range(3, 11))
    whole = full(model, [1, 2, 3], written)
    np.testing.assert_allclose(np.stack([step.logits for step in written]), whole, rtol=1e-10, atol=1e-10)
    with pytest.raises(ValueError, match="length"):
        write(model, [1, 2, 3])


def test_attention_writes_on_as_well():
    model = SequenceModel(ModelConfig(7, None, width=8))
    written = list(islice(write(model, [1, 2, 3]), 5))
    assert [step.token for step in written] == full(model, [1, 2, 3], written).argmax(-1).tolist()


BAD = [
    ({"prompt": []}, "prompt: expected token ids, at least one"),
    ({"prompt": ["a"]}, "prompt: expected token ids"),
    ({"prompt": [7]}, "tokens: expected ids from 0 to 6, got 7"),
    ({"temperature": -1.0}, "temperature: expected a number from 0 to 4, got -1.0"),
    ({"temperature": float("nan")}, "temperature: .*nan"),
    ({"seed": -1}, "seed"),
    ({"length": 3}, "length: .* at least 4"),
    ({"labels": ["a"]}, "labels: expected one for each"),
]
"""What neither backend takes, and what is said of it."""


@pytest.mark.parametrize(("given", "named"), BAD)
def test_bad_arguments_are_named(given, named):
    given = {"prompt": [1, 2, 3], **given}
    with pytest.raises(ValueError, match=named):
        next(write(small(), **given))
