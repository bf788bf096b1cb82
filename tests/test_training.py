import argparse
import json
import re
import shlex
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mcviz import MCConfig, tasks, training, zoo
from mcviz.pytorch import ModelConfig, SequenceModel
from mcviz.training import evaluation, loop
from mcviz.training.checkpoint import Checkpoint

ROOT = Path(__file__).parents[1]
TASK = tasks.mqar(pairs=3, keys=4, values=4)


def model(aggregator="grm", task=TASK, **shape):
    mixer = None if aggregator == "attention" else MCConfig(aggregator=aggregator, segment_length=2, top_k=1)
    return ModelConfig(task.vocabulary, mixer, **{"width": 8, "key": 4, "value": 4, **shape})


def train(steps=6, **options):
    return training.train(TASK, model(), steps, progress=False, **options)


def weights(run):
    return {name: tensor.clone() for name, tensor in run.model.state_dict().items()}


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_the_same_arguments_give_the_same_weights():
    assert same(weights(train()), weights(train()))
    assert not same(weights(train()), weights(train(seed=1)))
    assert not same(weights(train()), weights(train(7)))


def test_training_leaves_random_state_and_threads_alone():
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train()
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_training_learns():
    task = tasks.mqar(pairs=2, keys=4, values=4)
    untrained = training.evaluate(SequenceModel(model(width=16)), task)
    trained = training.evaluate(training.train(task, model(width=16), 300, progress=False).model, task)
    assert untrained["accuracy"].high < 0.5
    assert trained["accuracy"].low > 0.7
    assert trained["bits"].high < untrained["bits"].low


@pytest.mark.parametrize("aggregator", ["none", "residual", "soup", "ssc", "attention"])
def test_every_kind_of_model_trains(aggregator):
    before = SequenceModel(model(aggregator)).state_dict()
    after = training.train(TASK, model(aggregator), 3, progress=False).model.state_dict()
    assert not any(torch.equal(before[name], after[name]) for name in before)


def test_easy_sequences_come_first(monkeypatch):
    seen = []
    sample = tasks.Task.sample
    monkeypatch.setattr(tasks.Task, "sample", lambda self, *a: seen.append(self.length) or sample(self, *a))
    task = tasks.mqar(pairs=6, keys=8)
    training.train(task, model(task=task), 20, progress=False)
    assert seen == [3] * 4 + [9] * 3 + [18] * 13


def test_a_dense_router_is_grm():
    ssc = SequenceModel(model("ssc"))
    grm = SequenceModel(model("grm"))
    grm.load_state_dict(ssc.state_dict())
    tokens = torch.from_numpy(TASK.sample(0).tokens)
    torch.testing.assert_close(loop.dense(ssc)(tokens, None), grm(tokens), rtol=0, atol=0)
    assert (ssc(tokens) - grm(tokens)).abs().max() > 1e-3
    assert loop.dense(grm) is grm
    loop.dense(ssc)(tokens, None).sum().backward()
    assert all(w.grad is not None for w in ssc.parameters())


def test_ssc_trains_dense_and_then_sparse():
    def trained(**recipe):
        run = training.train(TASK, model("ssc"), 8, recipe=training.Recipe(**recipe), progress=False)
        return weights(run)

    grm = weights(training.train(TASK, model("grm"), 8, progress=False))
    assert same(trained(dense=1.0), grm)
    assert not same(trained(dense=0.75), grm)
    assert not same(trained(dense=0.75), trained(dense=0.0))


def test_early_stop_keeps_the_best_weights():
    recipe = training.Recipe(patience=2, validate_every=5, learning_rate=2.0)
    run = train(500, recipe=recipe)
    assert run.step < 500
    assert run.step % 5 == 0
    batch = TASK.validation.sample((0, loop.VALIDATION), loop.VALIDATION_SEQUENCES)
    with torch.no_grad():
        assert float(loop.answer_loss(run.model, batch, torch.device("cpu"))) == run.best


def test_a_diverging_loss_is_an_error():
    with pytest.raises(FloatingPointError, match="diverged"):
        train(20, recipe=training.Recipe(learning_rate=1e38, clip=1e38))


# ---- interrupted runs


def test_a_run_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    """Also the best weights and the count of validations since then survive."""
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    recipe = training.Recipe(patience=3, validate_every=2)
    whole = train(12, recipe=recipe)
    advance = loop.Run.advance

    def interrupted(self):
        if self.step == 7:
            raise KeyboardInterrupt
        return advance(self)

    monkeypatch.setattr(loop.Run, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(12, recipe=recipe, checkpoint=tmp_path / "run")
    monkeypatch.setattr(loop.Run, "advance", advance)
    resumed = train(12, recipe=recipe, checkpoint=tmp_path / "run")
    assert same(weights(whole), weights(resumed))
    assert (resumed.step, resumed.best, resumed.stale) == (whole.step, whole.best, whole.stale)
    again = train(12, recipe=recipe, checkpoint=tmp_path / "run")  # it is done: nothing is left to do
    assert same(weights(whole), weights(again))


def test_a_killed_process_loses_nothing(tmp_path):
    checkpoint = tmp_path / "run.checkpoint"
    script = """
        import sys, time
        from mcviz import MCConfig, tasks, training
        from mcviz.pytorch import ModelConfig
        from mcviz.training import loop
        loop.SAVE_SECONDS, save = 0.0, loop.Run.save
        loop.Run.save = lambda run, path: [save(run, path), time.sleep(0.1)]  # time for whoever kills it
        task = tasks.mqar(pairs=3, keys=4, values=4)
        mixer = MCConfig(aggregator="grm", segment_length=2, top_k=1)
        shape = ModelConfig(task.vocabulary, mixer, width=8, key=4, value=4)
        training.train(task, shape, 120, checkpoint=sys.argv[1], progress=False)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(checkpoint)], cwd=ROOT)
    run = loop.Run(TASK, SequenceModel(model()), 120, 0, training.Recipe(), torch.device("cpu"))
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up and process.poll() is None:
        if checkpoint.exists() and Checkpoint.load(checkpoint, run.description()).step >= 3:
            break
        time.sleep(0.01)
    process.kill()
    assert process.wait() != 0, "the run ended before it was killed"
    killed_at = Checkpoint.load(checkpoint, run.description()).step
    assert 3 <= killed_at < 120
    resumed = train(120, checkpoint=checkpoint)
    assert resumed.step == 120
    assert same(weights(resumed), weights(train(120)))


def test_the_next_training_clears_what_a_killed_one_left_beside_its_checkpoint(tmp_path):
    """Also where nothing is left to train, and so nothing to write."""
    train(3, checkpoint=tmp_path / "run")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f"run.{dead.pid}.tmp").write_text("half")
    (tmp_path / f"other.{dead.pid}.tmp").write_text("half")
    train(3, checkpoint=tmp_path / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"run", f"other.{dead.pid}.tmp"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: b"",
        lambda content: b"PK\x03\x04 something else",
    ],
)
def test_a_damaged_checkpoint_is_refused_and_kept(tmp_path, damage):
    path = tmp_path / "run"
    train(3, checkpoint=path)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="expected a checkpoint of a training run"):
        train(3, checkpoint=path)
    assert path.read_bytes() == damaged


def test_the_checkpoint_of_another_run_is_refused_and_kept(tmp_path):
    path = tmp_path / "run"
    train(3, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="expected a checkpoint of this run"):
        train(3, seed=1, checkpoint=path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_an_unwritable_place_is_named_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(loop.Run, "advance", lambda self: pytest.fail("it trained"))
    with pytest.raises(ValueError, match="expected a place that can be written to"):
        train(3, checkpoint=tmp_path / "file" / "run")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: train(0), "steps"),
        (lambda: train(device="abacus"), r"device: .*got 'abacus' \(.{,80}\)$"),
        (lambda: train(device="meta"), "device: .*got 'meta'"),
        (lambda: train(device="maia"), r"device: .*got 'maia' \(.{,80}\)$"),
        (lambda: training.train(tasks.mqar(), model(), progress=False), "vocabulary: expected at least the 192"),
        (lambda: training.Recipe(batch=0), "batch"),
        (lambda: training.Recipe(dense=1.5), "dense"),
        (lambda: training.Recipe(learning_rate=-1.0), "learning_rate"),
        (lambda: training.Recipe(learning_rate=float("nan")), "learning_rate"),
        (lambda: training.Recipe(learning_rate=float("inf")), "learning_rate"),
        (lambda: training.Recipe(learning_rate="fast"), "learning_rate: expected a number, at least 0, got 'fast'"),
        (lambda: training.Recipe(dense=True), "dense: expected a number from 0 to 1, got True"),
        (lambda: training.Recipe.from_dict({"lr": 1}), "recipe: expected settings among batch, .*; got lr"),
        (lambda: training.plan("mqra"), "task: expected one of mqar"),
        (lambda: training.plan("mqar", "gru"), "aggregator: expected one of none, .*, attention, fenwick; got 'gru'"),
        (lambda: training.plan("mqar", pears=3), "settings: expected names among steps, pairs, .*; got pears"),
        (lambda: training.plan("mqar", pairs=500), "pairs"),
        (lambda: training.plan("mqar", top_k=0), "top_k"),
        (lambda: training.evaluate(SequenceModel(model()), TASK, sequences=0), "batch"),
    ],
)
def test_bad_values_are_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()


def test_a_setting_has_one_owner():
    from dataclasses import fields

    owned = {"seed", "aggregator"}
    for task in tasks.TASKS.values():
        settings = [f.name for c in (task, MCConfig, ModelConfig, training.Recipe) for f in fields(c)]
        doubled = {name for name in settings if settings.count(name) > 1} - owned
        assert not doubled
    assert "steps" not in settings


def test_a_plan_sends_each_setting_to_its_owner():
    planned = training.plan("mqar", "ssc", 3, pairs=5, top_k=7, width=32, batch=9, steps=11)
    assert planned.task == tasks.mqar(pairs=5)
    assert planned.model_config.mixer == MCConfig(aggregator="ssc", segment_length=8, top_k=7, seed=3)
    assert (planned.model_config.width, planned.model_config.seed, planned.seed) == (32, 3, 3)
    assert (planned.recipe.batch, planned.steps) == (9, 11)
    for name, attention in (("attention", "softmax"), ("fenwick", "fenwick")):
        planned = training.plan("mqar", name)
        assert (planned.model_config.mixer, planned.model_config.attention) == (None, attention)


def test_the_plain_recurrent_layer_is_planned_without_restarts():
    assert training.plan("mqar", "none").model_config.mixer.start == "checkpoint"
    assert training.plan("mqar", "grm").model_config.mixer.start == "independent"
    assert training.plan("mqar", "none", start="independent").model_config.mixer.start == "independent"


# ---- evaluation


@pytest.mark.parametrize("at_once", [8, 3])
def test_accuracy_and_bits_are_those_of_the_answers(at_once, monkeypatch):
    """Also where sequences are too long to be run together."""
    network = SequenceModel(model())
    batch = TASK.sample((4, evaluation.EVALUATION), 8)
    monkeypatch.setattr(evaluation, "TOKENS", at_once * batch.tokens.shape[1])
    measured = training.evaluate(network, TASK, seed=4, sequences=8)
    logits = network(torch.from_numpy(batch.tokens)).detach().double()
    probabilities = torch.softmax(logits, -1).numpy()
    right, bits = [], []
    for b, t in zip(*np.nonzero(batch.mask), strict=True):
        right.append(probabilities[b, t].argmax() == batch.targets[b, t])
        bits.append(-np.log2(probabilities[b, t, batch.targets[b, t]]))
    assert measured["accuracy"].value == pytest.approx(np.mean(right), abs=1e-9)
    assert measured["bits"].value == pytest.approx(np.mean(bits), rel=1e-5)


def test_hit_rates_and_entropy_are_those_of_the_trace():
    network = SequenceModel(model("ssc", heads=2))
    measured = training.evaluate(network, TASK, sequences=8)
    batch = TASK.sample((0, evaluation.EVALUATION), 8)
    block = network.blocks[0]
    with torch.no_grad():
        _, traces = block.mixer(block.norm(network.embedding(torch.from_numpy(batch.tokens))), trace=True)
    heads = []
    for h in range(2):
        largest, read, chance, entropy = [], [], [], []
        for b, trace in enumerate(traces):
            for t in np.flatnonzero(batch.mask[b]):
                gates = trace.weights[t, h]
                holds = batch.sources[b, t] // 2
                largest.append(np.argmax(gates) == holds)
                read.append(gates[holds] > 0)
                chance.append(1 / (t // 2 + 1))
                entropy.append(-sum(g * np.log2(g) for g in gates if g > 0))
        heads.append([np.mean(values) for values in (largest, read, chance, entropy)])
    best = max(heads, key=lambda head: head[0])
    got = [measured[name].value for name in ("largest", "read", "chance", "entropy")]
    np.testing.assert_allclose(got, best, rtol=1e-6)
    assert measured["read"].value < 1


def test_only_gates_have_hit_rates():
    names = {
        kind: set(training.evaluate(SequenceModel(model(kind)), TASK, sequences=2)) for kind in ("none", "attention")
    }
    assert names["none"] == names["attention"] == {"accuracy", "bits"}
    text = tasks.text(length=8)
    assert set(training.evaluate(SequenceModel(model(task=text)), text, sequences=2)) == {"accuracy", "bits", "entropy"}


def test_text_is_measured_on_the_held_out_part(monkeypatch):
    seen = []
    sample = tasks.Task.sample
    monkeypatch.setattr(tasks.Task, "sample", lambda self, *a: seen.append(self) or sample(self, *a))
    text = tasks.text(length=8)
    training.evaluate(SequenceModel(model(task=text)), text, sequences=2)
    assert seen == [text.held_out]


@pytest.mark.parametrize(("p", "questions"), [(0.5, 1), (0.9, 1), (0.99, 1), (0.999, 1), (0.999, 16), (1.0, 4)])
def test_the_interval_holds_fresh_measurements(p, questions):
    rng = np.random.default_rng(0)
    first, second = rng.binomial(questions, p, (2, 1000, 256)) / questions
    inside = 0
    for one, two in zip(first, second, strict=True):
        _, low, high = evaluation.measure(one, (0.0, 1.0))
        inside += low <= evaluation.measure(two, (0.0, 1.0)).value <= high
        assert 0.01 < high - low < 0.3
    assert inside >= 990


def test_the_interval_of_bits_expects_a_surprise_that_was_not_seen():
    seen = np.full(1024, 0.01)
    surprised = np.array([0.01] * 1022 + [6.0, 6.0])
    _, low, high = evaluation.measure(seen, (6.0,))
    assert 0 <= low < surprised.mean() < high < 0.1


def test_the_interval_is_not_wider_than_it_must_be():
    rng = np.random.default_rng(0)
    first, second = rng.binomial(1, 0.8, (2, 1000, 256)).astype(float)
    inside_half = 0
    for one, two in zip(first, second, strict=True):
        value, low, high = evaluation.measure(one, (0.0, 1.0))
        inside_half += abs(two.mean() - value) < (high - low) / 4
    assert inside_half < 950


# ---- the shell


def shell(*words):
    parser = argparse.ArgumentParser()
    training.add_arguments(parser)
    return training.command(parser.parse_args([*words, "--quiet"]))


TINY = ("--steps", "3", "--set", "pairs=2", "keys=4", "values=4", "width=8", "start=checkpoint")


def test_the_shell_trains_a_model_with_a_card(tmp_path, capsys):
    assert shell("mqar", "--aggregator", "ssc", "--out", str(tmp_path), *TINY) == 0
    assert "accuracy" in capsys.readouterr().out
    trained = zoo.load("mqar-ssc", tmp_path)
    assert trained.card.model.mixer == MCConfig(aggregator="ssc", segment_length=8, start="checkpoint")
    assert trained.card.task == tasks.mqar(pairs=2, keys=4, values=4)
    assert trained.card.answers == zoo.answers(trained, trained.card.task)
    assert len(trained.card.weights) == 64
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["mqar-ssc.json", "mqar-ssc.safetensors"]


def test_a_cards_command_gives_its_numbers_again(tmp_path):
    shell("mqar", "--aggregator", "ssc", "--seed", "3", "--out", str(tmp_path / "a"), *TINY)
    first = zoo.load("mqar-ssc", tmp_path / "a")
    _, _, *words = shlex.split(first.card.command)
    assert shell(*words, "--out", str(tmp_path / "b")) == 0
    second = zoo.load("mqar-ssc", tmp_path / "b")
    assert same(first.state_dict(), second.state_dict())
    assert first.card.measured == second.card.measured
    assert first.card.command == second.card.command


def test_settings_may_be_given_one_by_one(tmp_path):
    one_by_one = [word for setting in TINY[3:] for word in ("--set", setting)]
    for folder, words in (("a", one_by_one), ("b", TINY[2:])):
        assert shell("mqar", "--steps", "3", "--out", str(tmp_path / folder), *words) == 0
    one, other = (zoo.load("mqar-grm", tmp_path / folder).card for folder in "ab")
    assert one.task == other.task == tasks.mqar(pairs=2, keys=4, values=4)
    assert (one.model, one.training, one.command) == (other.model, other.training, other.command)


def test_the_help_gives_an_option_of_a_rule_as_it_works(tmp_path):
    """The words that it quotes are taken."""
    parser = argparse.ArgumentParser()
    training.add_arguments(parser)
    quoted = re.search(r"\((--memory [^)]+)\)", parser.format_help().replace("\n", " "))
    words = shlex.split(quoted[1])
    assert shell("mqar", *words, "--out", str(tmp_path), *TINY) == 0
    (name,) = zoo.names(tmp_path)
    assert zoo.load(name, tmp_path).card.model.mixer.options == {"window": 3}


def test_a_model_that_is_there_needs_its_checkpoint_no_more(tmp_path):
    """A kill came when the model was saved, and before its checkpoint was removed."""
    shell("mqar", "--out", str(tmp_path), *TINY)
    files = {path.name for path in tmp_path.iterdir()}
    (tmp_path / "mqar-grm.checkpoint").write_text("old")
    assert shell("mqar", "--out", str(tmp_path), *TINY) == 0
    assert {path.name for path in tmp_path.iterdir()} == files


def test_the_shell_overwrites_nothing(tmp_path, capsys):
    shell("mqar", "--out", str(tmp_path), *TINY)
    before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}
    assert shell("mqar", "--out", str(tmp_path), *TINY) == 0
    assert "already" in capsys.readouterr().out
    assert shell("mqar", "--out", str(tmp_path), "--seed", "1", *TINY) == 2
    assert "choose another --name" in capsys.readouterr().err
    assert before == {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}


def test_the_shell_keeps_names_with_dots_apart(tmp_path):
    for name in ("lr-0.1", "lr-0.2"):
        assert shell("mqar", "--out", str(tmp_path), "--name", name, *TINY) == 0
    assert zoo.names(tmp_path) == ["lr-0.1", "lr-0.2"]


def test_a_name_that_nobody_chose_says_which_rule(tmp_path):
    for words in ((), ("--memory", "delta")):
        assert shell("mqar", *words, "--out", str(tmp_path), *TINY) == 0
    assert zoo.names(tmp_path) == ["mqar-delta-grm", "mqar-grm"]
    assert zoo.load("mqar-delta-grm", tmp_path).card.about == "grm of delta on mqar"


@pytest.mark.parametrize("name", ["../escape", "sub/x", ".", "", "{}/absolute"])
def test_the_shell_writes_nowhere_else(tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr(loop.Run, "advance", lambda self: pytest.fail("it trained"))
    assert shell("mqar", "--out", str(tmp_path / "models"), "--name", name.format(tmp_path), *TINY) == 2
    assert "name: expected one that a file may have" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_two_equal_trainings_at_once(tmp_path, monkeypatch, capsys):
    """The second is refused, in words, and takes nothing from the first, which ends as if it were alone."""
    others, advance = [], loop.Run.advance

    def advance_beside_another(self):
        if not others:
            others.append(None)
            others[0] = shell("mqar", "--out", str(tmp_path), *TINY)
        return advance(self)

    monkeypatch.setattr(loop.Run, "advance", advance_beside_another)
    assert shell("mqar", "--out", str(tmp_path), *TINY) == 0
    assert others == [2]
    said = capsys.readouterr()
    assert "mqar-grm.checkpoint: expected to be alone there, but another process" in said.err
    assert "accuracy" in said.out
    assert {path.name for path in tmp_path.iterdir()} == {"mqar-grm.json", "mqar-grm.safetensors"}
    monkeypatch.setattr(loop.Run, "advance", lambda self: pytest.fail("it trained"))
    assert shell("mqar", "--out", str(tmp_path), *TINY) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "task: expected one of mqar, "),
        (
            ("mqar", "--zoo", "mqar-grm"),
            "zoo: expected a name alone, as a model that ships has a task and settings; got",
        ),
        (("--zoo", "mqar-grm", "--steps", "2", "--seed", "0", "--set", "batch=4"), "; got --seed, --steps, --set too"),
        (("--zoo", "mqar-gmr"), "got 'mqar-gmr'"),
        (("mqar", "--set", "pairs"), "NAME=VALUE"),
        (("mqar", "--set", "pairs=1000"), "pairs"),
        (("mqar", "--set", "nothing=1"), "nothing"),
        (("mqar", "--set", "batch=4", "batch=16"), "set: expected batch once, got 4 and 16"),
        (("mqar", "--set", "batch=4", "--set", "batch=4"), "set: expected batch once, got 4 and 4"),
        (("mqar", "--steps", "2", "--set", "steps=7"), "set: expected steps once, got 2 and 7"),
        (("mqar", "--memory", "titans", "--set", "memory=delta"), "set: expected memory as --memory, got memory=delta"),
        (("mqar", "--memory", "delta", "--aggregator", "fenwick", *TINY), "memory: expected none for fenwick, "),
        (("mqar", "--set", "aggregator=ssc"), "set: expected aggregator as --aggregator"),
        (("mqar", "--set", "seed=4"), "set: expected seed as --seed, got seed=4"),
        (("mqar", "--set", "task=text"), "set: expected task as TASK"),
        (("mqar", "--set", "memory_size=1", "--steps", "0"), "memory_size"),
        (("mqar", "--set", "top_k=4"), "top_k: expected no value, as none matters to this run; got 4"),
        (("mqar", "--aggregator", "residual", "--set", "gate=token"), "gate: expected no value, as none matters"),
        (("mqar", "--set", "segmentation=logarithmic", "segment_length=4"), "segment_length: expected no value, as"),
        (("mqar", "--set", "dense=0.25"), "dense: expected no value, as none matters to this run; got 0.25"),
        (("mqar", "--aggregator", "attention", *TINY), "start: expected no value, as none matters to this run"),
    ],
)
def test_the_shell_says_what_is_wrong(tmp_path, capsys, words, said):
    assert shell(*words, "--out", str(tmp_path)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


def test_an_interrupted_command_goes_on(tmp_path, monkeypatch, capsys):
    advance = loop.Run.advance
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)

    def interrupted(self):
        if self.step == 2:
            raise KeyboardInterrupt
        return advance(self)

    monkeypatch.setattr(loop.Run, "advance", interrupted)
    assert shell("mqar", "--out", str(tmp_path), *TINY) == 130
    assert "goes on" in capsys.readouterr().err
    steps = []
    monkeypatch.setattr(loop.Run, "advance", lambda self: steps.append(self.step) or advance(self))
    assert shell("mqar", "--out", str(tmp_path), *TINY) == 0
    assert steps == [2]


def test_the_shell_names_an_unwritable_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert shell("mqar", "--out", str(tmp_path / "file"), *TINY) == 2
    assert "can be written to" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_checkpoint_is_json_and_tensors(tmp_path):
    train(3, checkpoint=tmp_path / "run")
    from safetensors import safe_open

    with safe_open(tmp_path / "run", "pt") as stored:
        header = json.loads(stored.metadata()["header"])
    assert header["step"] == 3
    assert header["run"]["task"] == TASK.to_dict()
