import json

import pytest
import torch

from mcviz import training, zoo
from mcviz.pytorch import SequenceModel
from mcviz.training.models import MODELS
from mcviz.zoo.store import SHIPPED

FRESH_SEED = 2**20
"""No model was measured with it."""


@pytest.fixture(scope="module")
def shipped():
    return {name: zoo.load(name) for name in zoo.names()}


def accuracy(model):
    return model.card.measured["accuracy"]


def test_every_planned_model_ships():
    assert zoo.names() == sorted(MODELS)


def test_the_zoo_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 5_000_000


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_card_tells_how_its_model_was_made(shipped, name):
    card = shipped[name].card
    task, aggregator, about, settings = MODELS[name]
    planned = training.plan(task, aggregator, **settings)
    assert (card.task, card.model, card.training) == (planned.task, planned.model_config, planned.training)
    assert (card.name, card.about, card.command) == (name, about, f"mcviz train --zoo {name}")
    assert card.parameters == sum(weights.numel() for weights in shipped[name].parameters())
    assert card.steps <= card.training["steps"]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_cards_figures_are_measured_again_on_fresh_sequences(shipped, name):
    model = shipped[name]
    card = model.card
    fresh = training.evaluate(model, card.task, FRESH_SEED, card.sequences)
    assert fresh.keys() == card.measured.keys()
    outside = {
        what: (measure.value, tuple(card.measured[what]))
        for what, measure in fresh.items()
        if not card.measured[what].low <= measure.value <= card.measured[what].high
    }
    assert not outside


def test_memories_close_the_gap_to_attention(shipped):
    plain, attention = accuracy(shipped["mqar-rnn"]), accuracy(shipped["mqar-attention"])
    assert plain.high < 0.5
    assert attention.low > 0.95
    for name in ("mqar-grm", "mqar-ssc", "mqar-soup"):
        assert accuracy(shipped[name]).low > plain.high + 0.7 * (attention.low - plain.high)
    for task in ("needle", "topics"):
        for aggregator in ("grm", "ssc"):
            assert accuracy(shipped[f"{task}-{aggregator}"]).low > accuracy(shipped[f"{task}-rnn"]).high + 0.15


def test_gates_find_the_segment_that_holds_the_answer(shipped):
    for name, model in shipped.items():
        measured = model.card.measured
        if name.split("-")[0] in ("mqar", "needle", "topics") and "largest" in measured:
            assert measured["largest"].low > 4 * measured["chance"].high


def test_soup_and_grm_part_for_deep_memories_only(shipped):
    tokens = torch.from_numpy(shipped["mqar-grm"].card.task.sample(0, 2).tokens)
    other = read_as(shipped["mqar-grm"], "soup")
    torch.testing.assert_close(other(tokens), shipped["mqar-grm"](tokens), rtol=1e-4, atol=1e-4)
    deep = next(name for name in zoo.names() if name.endswith("-dla-grm"))
    tokens = torch.from_numpy(shipped[deep].card.task.sample(0, 2).tokens)
    assert (read_as(shipped[deep], "soup")(tokens) - shipped[deep](tokens)).abs().max() > 0.1


def read_as(model, aggregator):
    from dataclasses import replace

    config = model.card.model
    other = SequenceModel(replace(config, mixer=replace(config.mixer, aggregator=aggregator)))
    other.load_state_dict(model.state_dict())
    return other.eval()


def test_a_model_is_loaded_ready_to_run(shipped):
    model = zoo.load("topics-grm")
    assert isinstance(model, SequenceModel)
    assert not model.training
    batch = model.card.task.sample(7, 4)
    with torch.no_grad():
        said = model(torch.from_numpy(batch.tokens)).argmax(-1).numpy()
    assert (said == batch.targets)[batch.mask].mean() > 0.9
    assert set(zoo.names()) == set(shipped)


def test_a_card_survives_json(shipped):
    for model in shipped.values():
        assert zoo.Card.from_json(model.card.to_json()) == model.card


# ---- a folder of one's own


@pytest.fixture
def folder(tmp_path, shipped):
    zoo.save(shipped["topics-grm"], shipped["topics-grm"].card, tmp_path)
    return tmp_path


def test_what_is_saved_is_loaded(folder, shipped):
    assert zoo.names(folder) == ["topics-grm"]
    again, model = zoo.load("topics-grm", folder), shipped["topics-grm"]
    assert again.card == model.card
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))
    assert sorted(path.name for path in folder.iterdir()) == ["topics-grm.json", "topics-grm.safetensors"]


@pytest.mark.parametrize("name", ["mqar-gmr", "", "../models/mqar-grm", "topics-grm.json"])
def test_an_unknown_name_is_named(name):
    with pytest.raises(ValueError, match=r"name: expected one of .*topics-grm.*; got"):
        zoo.load(name)


def test_an_empty_folder_has_no_models(tmp_path):
    assert zoo.names(tmp_path) == zoo.names(tmp_path / "nowhere") == []
    with pytest.raises(ValueError, match="no model is there"):
        zoo.load("mqar-grm", tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "topics-grm.safetensors").write_bytes(b"not tensors"),
        lambda folder: (folder / "topics-grm.json").write_text("{"),
        lambda folder: (folder / "topics-grm.json").write_text("[]"),
        lambda folder: edit(folder, lambda card: card.pop("model")),
        lambda folder: edit(folder, lambda card: card["model"].update(width=32)),
        lambda folder: edit(folder, lambda card: card["model"].update(layers=2)),
        lambda folder: edit(folder, lambda card: card["task"].update(documents=-1)),
        lambda folder: edit(folder, lambda card: card.update(extra=1)),
    ],
)
def test_damaged_files_are_named(folder, damage):
    damage(folder)
    with pytest.raises(ValueError, match="topics-grm: expected a model and its card"):
        zoo.load("topics-grm", folder)


def edit(folder, change):
    path = folder / "topics-grm.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))
