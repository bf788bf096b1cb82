"""The sequence model: its configuration, its weights, and what may be done with it."""

import json
import pickle
from dataclasses import replace

import pytest
import torch

from mcviz import MCConfig, pytorch
from mcviz.pytorch import Attention, ModelConfig, SequenceModel
from tests.runs import VARIANTS, label

MIXERS = [None, *(replace(variant, segment_length=4) for variant in VARIANTS)]
SMALL = ModelConfig(20, MCConfig(segment_length=4), width=12, layers=2, heads=2, key=4, value=3, mlp=2, seed=1)


def name(mixer):
    return "attention" if mixer is None else label(mixer)


def tokens(B=2, T=11, seed=0):
    return torch.randint(0, SMALL.vocabulary, (B, T), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("mixer", MIXERS, ids=name)
def test_configurations_go_through_json(mixer):
    config = replace(SMALL, mixer=mixer)
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("mlp", [0, 2])
@pytest.mark.parametrize("convolution", [1, 2])
@pytest.mark.parametrize("mixer", MIXERS, ids=name)
def test_the_shapes_of_weights_are_known_before_there_are_any(mixer, convolution, mlp):
    config = replace(SMALL, mixer=mixer, convolution=convolution, mlp=mlp)
    weights = SequenceModel(config).state_dict()
    assert config.shapes() == {name: tuple(tensor.shape) for name, tensor in weights.items()}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("asked", [torch.ones(2, 11, dtype=torch.int64), torch.ones(2, 10, dtype=torch.bool)])
def test_what_is_asked_is_a_mask_or_a_pair(asked):
    """A mask of whole numbers, as tokenizers give, would be taken for rows."""
    model, x = SequenceModel(SMALL), tokens()
    mask = x > 9
    assert torch.equal(model(x, mask), model(x)[mask])
    assert torch.equal(model(x, mask), model(x, mask.nonzero(as_tuple=True)))
    with pytest.raises(ValueError, match=r"^asked: expected truth values \(2, 11\), got torch"):
        model(x, asked)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"vocabulary": 0}, "^vocabulary: expected a whole number, at least 1, got 0"),
        ({"mixer": "grm"}, "^mixer: expected an MCConfig, or None for attention, got str"),
        ({"layers": 1.5}, "^layers: expected a whole number"),
        ({"mlp": -1}, "^mlp: expected a whole number, at least 0, got -1"),
        ({"seed": True}, "^seed: expected a whole number"),
    ],
)
def test_configurations_that_make_no_model(changes, match):
    with pytest.raises(ValueError, match=match):
        replace(SMALL, **changes)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("values", [None, [], {}, {"vocabulary": 3}, {"vocabulary": 3, "mixer": None, "dropout": 1}])
def test_mappings_that_are_no_configuration(values):
    with pytest.raises(ValueError, match=r"^model: expected a mapping with vocabulary, mixer"):
        ModelConfig.from_dict(values)


@pytest.mark.parametrize("mixer", MIXERS, ids=name)
def test_logits_look_back_only(mixer):
    model = SequenceModel(replace(SMALL, mixer=mixer)).double()
    one = tokens()
    other = one.clone()
    other[:, 6] = (one[:, 6] + 1) % SMALL.vocabulary
    before, after = model(one), model(other)
    assert before.shape == (2, 11, SMALL.vocabulary)
    torch.testing.assert_close(before[:, :6], after[:, :6], rtol=0, atol=1e-13)
    assert not torch.allclose(before[:, 6:], after[:, 6:])


def test_weights_come_from_the_seed_alone():
    torch.manual_seed(0)
    one = SequenceModel(SMALL)
    untouched = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(untouched, torch.rand(3)), "torch's random state was moved"
    same, other = SequenceModel(SMALL), SequenceModel(replace(SMALL, seed=2))
    assert torch.equal(one(tokens()), same(tokens()))
    assert not torch.equal(one(tokens()), other(tokens()))
    first, second = one.blocks
    assert not torch.equal(first.mixer.W_q, second.mixer.W_q)


@pytest.mark.parametrize("mixer", MIXERS, ids=name)
def test_weights_go_through_a_file(mixer, tmp_path):
    model = SequenceModel(replace(SMALL, mixer=mixer))
    with torch.no_grad():
        for weights in model.parameters():
            weights += 0.1
    torch.save(model.state_dict(), tmp_path / "model.pt")
    again = SequenceModel(replace(SMALL, mixer=mixer, seed=7))
    again.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert torch.equal(again(tokens()), model(tokens()))


def test_one_set_of_weights_serves_every_aggregator_that_gates():
    model = SequenceModel(SMALL)
    for aggregator in ("soup", "ssc"):
        again = SequenceModel(replace(SMALL, mixer=replace(SMALL.mixer, aggregator=aggregator)))
        again.load_state_dict(model.state_dict())


@pytest.mark.parametrize("mixer", MIXERS, ids=name)
def test_models_learn(mixer):
    """A few steps on repeated pairs lower the loss, and every weight that is read has a gradient."""
    model = SequenceModel(replace(SMALL, mixer=mixer, layers=1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    x = tokens(4, 6).repeat(1, 2)
    losses = []
    for _ in range(15):
        loss = torch.nn.functional.cross_entropy(model(x)[:, :-1].flatten(0, 1), x[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    unread = {"W_q", "F_q"} if mixer is not None and mixer.memory == "vector" else set()
    silent = {n.rpartition(".")[2] for n, weights in model.named_parameters() if weights.grad is None}
    assert silent == unread


def test_attention_has_the_same_projections():
    mixer = Attention(12, 2, d_key=4, d_value=3).double()
    x = torch.randn(2, 7, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    q, k, v = mixer.projections(x)[:3]
    scores = torch.einsum("bthk,bshk->bhts", q, k) / 2
    weights = scores.masked_fill(torch.ones(7, 7).triu(1).bool(), -torch.inf).softmax(-1)
    torch.testing.assert_close(mixer(x), mixer.merge(torch.einsum("bhts,bshv->bthv", weights, v)))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ([1, 2], r"expected a tensor of whole numbers \[B, T\]"),
        (torch.zeros(2, 3), "expected a tensor of whole numbers .* got torch.float32"),
        (torch.zeros(3, dtype=torch.int64), r"expected shape \[B, T\] with at least one token, got \(3,\)"),
        (torch.zeros(2, 0, dtype=torch.int64), r"expected shape \[B, T\] with at least one token, got \(2, 0\)"),
        (torch.tensor([[0, 20]]), "expected ids from 0 to 19, got 0 to 20"),
        (torch.tensor([[-1, 3]]), "expected ids from 0 to 19, got -1 to 3"),
    ],
)
def test_tokens_that_it_does_not_know(bad, match):
    with pytest.raises(ValueError, match=f"^tokens: {match}"):
        SequenceModel(SMALL)(bad)


@pytest.mark.parametrize("name", ["Attention", "KVCache", "MemoryCaching", "memory_caching"])
def test_pickles_find_what_once_stood_beside_the_mixer(name):
    assert pickle.loads(f"cmcviz.pytorch.mixer\n{name}\n.".encode()) is getattr(pytorch, name)


def test_the_mixer_has_no_other_name():
    with pytest.raises(AttributeError, match=r"module 'mcviz.pytorch.mixer' has no attribute 'Transformer'"):
        pytorch.mixer.Transformer  # noqa: B018
