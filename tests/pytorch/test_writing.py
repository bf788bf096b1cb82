"""Writing on: what streams say is what the full pass says, and every token is chosen as is written."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from mcviz import MCConfig, zoo
from mcviz.config import AGGREGATORS
from mcviz.pytorch import ModelConfig, SequenceModel, write
from mcviz.pytorch.threads import limited
from mcviz.tasks.characters import Written
from tests.reference.test_writing import BAD

READERS = [name for name in zoo.names() if isinstance(zoo.load(name).card.task, Written)]
PROMPT = "The hat is red. Then came the rat. "
GOES_ON = 6


def under(name, aggregator, dtype):
    """A text model with another aggregator, whose gates nobody trained where it had none."""
    trained = zoo.load(name)
    model = SequenceModel(replace(trained.config, mixer=replace(trained.config.mixer, aggregator=aggregator, top_k=1)))
    model.load_state_dict(trained.state_dict(), strict=False)
    return model.to(dtype).eval()


def small(**mixer):
    return SequenceModel(ModelConfig(7, MCConfig(**mixer), layers=2, heads=2, key=4, value=4, width=8)).double()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("name", READERS)
def test_writing_is_the_full_pass_on_prompt_and_continuation(name, aggregator, dtype):
    model, prompt = under(name, aggregator, dtype), zoo.load(name).card.task.encode(PROMPT)
    with limited(1), torch.no_grad():
        written = list(islice(write(model, prompt, temperature=0.8, seed=3), GOES_ON))
        whole = model(torch.tensor([[*prompt, *(step.token for step in written)]]))[0, len(prompt) - 1 : -1]
    size = 1 + float(whole.abs().max())
    off = np.abs(np.stack([step.logits for step in written]) - whole.numpy()).max()
    assert off <= size * {torch.float32: 1e-6, torch.float64: 1e-10}[dtype]
    assert [step.t for step in written] == list(range(len(prompt), len(prompt) + GOES_ON))
    likely = whole.double().softmax(-1)
    for step, row in zip(written, likely, strict=True):
        assert step.probability == pytest.approx(float(row[step.token]), rel=1e-4)
        assert step.top_probabilities == pytest.approx(row.topk(5).values.tolist(), rel=1e-4)


@pytest.mark.parametrize("segmentation", ["logarithmic", (6, 3, 2)])
def test_segments_that_follow_from_the_length_stop_with_it(segmentation):
    model = small(segmentation=segmentation)
    written = list(write(model, [1, 2, 3], length=11))
    assert [step.t for step in written] == list(range(3, 11))
    whole = model(torch.tensor([[1, 2, 3, *(step.token for step in written)]]))[0, 2:-1]
    torch.testing.assert_close(
        torch.from_numpy(np.stack([step.logits for step in written])), whole.detach(), rtol=1e-10, atol=1e-10
    )
    with pytest.raises(ValueError, match="length"):
        write(model, [1, 2, 3])


def test_attention_writes_on_as_well():
    model = SequenceModel(ModelConfig(7, None, width=8)).double()
    written = list(islice(write(model, [1, 2, 3]), 5))
    whole = model(torch.tensor([[1, 2, 3, *(step.token for step in written)]]))[0, 2:-1]
    assert [step.token for step in written] == whole.argmax(-1).tolist()


def test_at_temperature_zero_the_likeliest_token_is_written():
    for step in islice(write(small(), [1, 2, 3]), 20):
        assert step.token == step.logits.argmax() == int(step.label)
        assert step.top[0] == step.label
        assert step.top_probabilities[0] == step.probability


def test_a_seed_writes_one_text_and_another_seed_another():
    def text(seed, n=30):
        return [step.token for step in islice(write(small(), [1, 2, 3], temperature=1.0, seed=seed), n)]

    assert text(0) == text(0)
    assert text(0, 12) == text(0)[:12]
    assert text(0) != text(1)


@pytest.mark.parametrize(("given", "named"), BAD)
def test_bad_arguments_are_named(given, named):
    given = {"prompt": [1, 2, 3], **given}
    with pytest.raises(ValueError, match=named):
        next(write(small(), **given))
