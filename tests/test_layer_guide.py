"""The guide to the layer runs as it is written."""

import re
from pathlib import Path

import pytest
import torch

GUIDE = (Path(__file__).parents[1] / "docs" / "layer.md").read_text(encoding="utf-8")
BLOCK, GOING_ON, HUGGING_FACE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def said():
    """What the first example leaves, which the others go on from."""
    names = {}
    exec(BLOCK, names)
    return names


@pytest.mark.usefixtures("unchecked")
def test_a_block_learns(said):
    assert said["losses"][-1] < said["losses"][0]


def test_going_on_is_not_stopping(said):
    exec(GOING_ON, said)
    layer, x = said["layer"], said["x"]
    torch.testing.assert_close(said["rest"], layer(x)[:, 21:], rtol=1e-4, atol=1e-5)
    assert said["state"].tokens == 40
    assert not said["layer"](x, lengths=[40, 7, 23])[1, 7:].any()
    assert said["features"].shape == (3, 32)
    assert said["beams"].batch == 3


def test_a_causal_model_generates(said):
    pytest.importorskip("transformers")
    exec(HUGGING_FACE, said)
    assert said["llama"].model.layers[0].self_attn.mixer.W_u.grad.any()
    assert said["cached"].shape == (4, 21)
    assert torch.equal(said["cached"], said["again"]), "with states, and all over again for each token"
    llama, tokens = said["llama"], said["tokens"]
    afresh = llama.generate(tokens[:, :9], max_new_tokens=12, do_sample=False, num_beams=3, use_cache=False)
    assert torch.equal(said["beams"], afresh), "states follow their beams"
