import json
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

import mcviz
from mcviz import MCConfig, training, zoo
from mcviz.pytorch import ModelConfig, SequenceModel
from mcviz.training.models import MODELS
from mcviz.zoo.store import SHIPPED
from mcviz.zoo.weights import MAX_HEADER, agree, header, numbers, sha256

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


ROUNDING = 1e-4
"""A probability in float32 is within 2e-6 of the same in float64, for every model that ships."""


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_still_answers_what_its_card_says(shipped, name):
    card = shipped[name].card
    again = zoo.answers(shipped[name], card.task, card.answers.seed)
    assert again.sequence == card.answers.sequence
    assert again.tokens == card.answers.tokens
    np.testing.assert_allclose(again.probabilities, card.answers.probabilities, rtol=0, atol=ROUNDING)


def test_a_model_whose_gate_leans_a_little_more_answers_otherwise():
    model = zoo.load("mqar-grm")
    with torch.no_grad():
        model.blocks[0].mixer.W_u.mul_(1.01)
    again = zoo.answers(model, model.card.task)
    assert again.sequence == model.card.answers.sequence
    assert np.abs(np.subtract(again.probabilities, model.card.answers.probabilities)).max() > 10 * ROUNDING


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_card_names_its_file_of_weights(shipped, name):
    assert shipped[name].card.weights == sha256((SHIPPED / f"{name}.safetensors").read_bytes())


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
    with pytest.raises(ValueError, match=rf"name: expected a model in {re.escape(str(tmp_path))}, where none is; got"):
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
    card = json.loads(path.read_text(encoding="utf-8"))
    change(card)
    path.write_text(json.dumps(card), encoding="utf-8")


def test_a_card_of_before_digests_is_loaded(folder):
    edit(folder, lambda card: (card.pop("weights"), card.pop("answers")))
    assert zoo.load("topics-grm", folder).card.answers is None


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_one_flipped_bit_is_seen(folder, place):
    path = folder / "topics-grm.safetensors"
    content = bytearray(path.read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    content[round(begin + place * (len(content) - 1 - begin))] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"topics-grm: .*weights: expected SHA-256"):
        zoo.load("topics-grm", folder)


# ---- what a stranger may send: refused in one sentence, and before it costs anything

LITTLE = 2**23
"""Bytes."""


def refused(folder, says, name="topics-grm"):
    """`zoo.load` says so, and takes little memory for it."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"^{name}: expected a model and its card .*{re.escape(says)}"):
            zoo.load(name, folder)
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"vocabulary": 10**7}, "embedding.weight: expected shape (10000000, 64), as the card says, got (80, 64)"),
        ({"vocabulary": 10**12}, "embedding.weight: expected shape (1000000000000, 64)"),
        ({"vocabulary": 79}, "vocabulary: expected at least the 80 tokens of topics, got 79"),
        ({"heads": 10**9}, "mixer.W_q: expected shape (1000000000, 16, 64)"),
        ({"layers": 10**12}, "layers: expected weights of 1,000,000,000,000, as the card says, got 1"),
        ({"width": 10**9}, "embedding.weight: expected shape (80, 1000000000)"),
        ({"key": 10**9}, "mixer.W_q: expected shape (1, 1000000000, 64)"),
        ({"value": 10**9}, "mixer.W_v: expected shape (1, 1000000000, 64)"),
        ({"convolution": 10**9}, "mixer.F_q: expected shape (1, 16, 1000000000)"),
        ({"convolution": 1}, "mixer.F_k in one of the two only"),
        ({"mlp": 10**9}, "mlp.0.weight in one of the two only"),
        ({"mixer": {"memory": "dla", "options": {"expansion": 10**12}}}, "options.expansion: expected at most 131,072"),
    ],
)
def test_a_card_is_not_believed_before_the_weights_are_seen(folder, changes, says):
    edit(folder, lambda card: card["model"].update(changes))
    refused(folder, says)


def test_a_model_is_not_larger_than_a_machine_may_hold(folder):
    card = zoo.load("topics-grm", folder).card
    large = replace(card, model=replace(card.model, vocabulary=10**7))
    with pytest.raises(ValueError, match="model: expected at most 268,435,456 weights, got 1,280,004,392"):
        agree(large.model.shapes(), large)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ({"name": "mqar", "pairs": 1, "keys": 10**12, "values": 1}, "task.keys: expected at most 131,072"),
        ({"name": "mqar", "pairs": 1, "keys": 81, "values": 1}, "vocabulary: expected at least the 82 tokens of mqar"),
        ({"name": "needle", "haystack": 10**12}, "task.haystack: expected at most 131,072, got 1,000,000,000,000"),
        ({"name": "topics", "document": 10**5}, "sequences of at most 131,072 tokens, got 800,032"),
    ],
)
def test_a_task_is_not_larger_than_a_run_of_it_may_be(folder, task, says):
    edit(folder, lambda card: card.update(task=task))
    refused(folder, says)


def test_a_window_is_not_larger_than_a_run_of_it_may_be(folder):
    card = zoo.load("topics-grm", folder).card
    config = ModelConfig(80, MCConfig(memory="swla", options={"window": 10**9}), width=8, key=2, value=2)
    zoo.save(SequenceModel(config), replace(card, name="wide", model=config), folder)
    refused(folder, "options.window: expected at most 131,072, got 1,000,000,000", "wide")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 10**5, "recursion"),
        (" " * 2**20 + "{}", "card: expected at most 1,048,576 bytes, got more"),
        ("\udcff", "utf-8"),
    ],
)
def test_a_text_that_is_no_card_costs_nothing(folder, text, says):
    (folder / "topics-grm.json").write_bytes(text.encode(errors="surrogateescape"))
    refused(folder, says)


def file(header, content=b""):
    """A file of weights with this header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", ""),
        (b"\x01", ""),
        (b"\xff" * 8, "a header of at most 1,048,576 bytes, got 18,4"),
        (file(b" " * (MAX_HEADER + 1)), "a header of at most 1,048,576 bytes, got 1,048,577"),
        ((100).to_bytes(8, "little") + b"{", ""),
        (file(b"[" * 10**5), ""),
        (file({"x": {"dtype": "F32", "shape": [2**60], "data_offsets": [0, 2**62]}}), ""),
        (file({"x": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}, b"1234"), ""),
        (file({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"1234"), "layers: expected weights of 1"),
        (file({"blocks.0": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"1234"), "in one of the two only"),
        (file({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"1234" * 2), ""),
    ],
)
def test_a_file_that_holds_other_weights_is_not_read(folder, content, says):
    (folder / "topics-grm.safetensors").write_bytes(content)
    refused(folder, says)


# ---- names


def saved(shipped, name, folder):
    zoo.save(shipped["topics-grm"], replace(shipped["topics-grm"].card, name=name), folder)


def test_names_that_differ_after_a_dot_are_two_models(tmp_path, shipped):
    names = ["lr-0.1", "lr-0.2", "a.json", "my model (2)", "modèle", "x" * 100]
    for name in names:
        saved(shipped, name, tmp_path)
    assert zoo.names(tmp_path) == sorted(names)
    for name in names:
        assert zoo.load(name, tmp_path).card.name == name
    assert len(list(tmp_path.iterdir())) == 2 * len(names)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../escape", "sub/x", "{}/x", "C:\\x", "a\\b", "c:x", ".hidden", "-x", "x.", "x ", " x"),
        *("x\n", "x\0y", "\udcff", "nul", "COM1.old", "x" * 201, "é" * 101, "a*", 'a"b', "a<b"),
    ],
)
def test_what_is_no_name_of_a_file_is_no_name_of_a_model(tmp_path, shipped, name):
    folder, name = tmp_path / "models", name.replace("{}", str(tmp_path))
    with pytest.raises(ValueError, match=r"^name: expected one that a file may have everywhere"):
        saved(shipped, name, folder)
    with pytest.raises(ValueError, match=r"^name: expected a model in"):
        zoo.load(name, folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", [None, 3, b"x"])
def test_a_name_is_a_text(tmp_path, name):
    with pytest.raises(ValueError, match=r"^name: expected one that a file may have everywhere"):
        zoo.check_name(name, tmp_path)


def test_letters_alone_do_not_tell_names_apart(folder, shipped):
    """On some systems one file would be written over the other."""
    with pytest.raises(
        ValueError, match=r"^name: expected one that is not 'topics-grm' in other letters.* 'Topics-GRM'"
    ):
        saved(shipped, "Topics-GRM", folder)
    saved(shipped, "topics-grm", folder)
    assert zoo.names(folder) == ["topics-grm"]


def test_a_model_of_an_older_name_is_loaded(folder):
    for path in list(folder.iterdir()):
        path.rename(path.with_name(f".my: old one?{path.suffix}"))
    assert zoo.names(folder) == [".my: old one?"]
    assert zoo.load(".my: old one?", folder).card.name == "topics-grm"


# ---- the reader of files


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_the_reader_reads_what_the_library_wrote(tmp_path, dtype):
    draw = torch.Generator().manual_seed(0)
    tensors = {"a": torch.randn(3, 4, generator=draw).to(dtype), "b.c": torch.randn((), generator=draw).to(dtype)}
    path = tmp_path / "some.safetensors"
    safetensors.torch.save_file(tensors | {"none": torch.zeros(0, 2, dtype=dtype)}, path, {"format": "pt"})
    there, content = header(path), path.read_bytes()
    assert there["none"].shape == (0, 2)
    for name, tensor in tensors.items():
        read = numbers(content, there[name])
        assert read.dtype == (np.float64 if dtype == torch.float64 else np.float32)
        np.testing.assert_array_equal(read, tensor.double().numpy())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (file({"x": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}, b"12345678"), "I64"),
        (file({"x": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}}), "expected whole numbers"),
        (file({"x": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}, b"1234"), "expected whole numbers"),
        (file({"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"12345678"), "one after the other"),
        (
            file({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234"),
            "77 bytes, as the header says, got 73",
        ),
        (file({"x": {"dtype": "F32", "shape": [1]}}, b"1234"), "data_offsets"),
        (file([1]), "a header that measures each tensor"),
    ],
)
def test_a_header_that_does_not_measure_its_file_is_refused(tmp_path, content, says):
    path = tmp_path / "some.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^weights: expected .*{says}"):
        header(path)


def test_models_that_need_no_pytorch_are_loaded_with_their_cards():
    model = zoo.load("topics-grm", backend="numpy")
    assert isinstance(model, mcviz.reference.SequenceModel)
    assert model.card == zoo.load("topics-grm").card
    batch = model.card.task.sample(7, 1)
    assert model(batch.tokens).shape == (*batch.tokens.shape, model.card.model.vocabulary)
    with pytest.raises(ValueError, match=r"^backend: expected one of pytorch, numpy; got 'jax'"):
        zoo.load("topics-grm", backend="jax")


def test_how_long_all_models_took_is_said():
    minutes = sum(zoo.read(name)[0].wall_seconds for name in zoo.names()) / 60
    said = SHIPPED.with_name("README.md").read_text(encoding="utf-8")
    assert "which takes about 25 minutes on one core" in said
    assert 22 < minutes < 28
