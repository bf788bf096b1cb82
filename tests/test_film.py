"""A film leaves its training as it is, and shows what the models in the middle of it computed."""

import json
import os
import subprocess
import sys
import textwrap
import time
import zlib
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

import mcviz
from mcviz import MCConfig, cli, files, reference, tasks, training
from mcviz.film import FILMS, Curve, Film, Jump, codes, is_film, names, reel, stored
from mcviz.film.jumps import jumps
from mcviz.pytorch import ModelConfig, SequenceModel
from mcviz.stepper import film_page
from mcviz.training import Recipe, loop, recorder
from mcviz.zoo import Measure

film_module = import_module("mcviz.film.film")
shell_module = import_module("mcviz.training.shell")

ROOT = Path(__file__).parents[1]
TASK = tasks.mqar(pairs=3, keys=4, values=4)
STEPS = 24


@pytest.fixture(scope="module", autouse=True)
def many_frames():
    """As if the training were a long one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "STEPS", 5)
        yield


def model(aggregator="ssc", **settings):
    mixer = MCConfig(aggregator=aggregator, segment_length=2, top_k=1, **settings)
    return ModelConfig(TASK.vocabulary, mixer, width=8, key=4, value=4)


def train(path=None, steps=STEPS, aggregator="ssc", **options):
    how = {"recipe": Recipe(batch=4), **options}
    return training.train(TASK, model(aggregator), steps, film=path, progress=False, **how)


def same(one, two):
    one, two = one.model.state_dict(), two.model.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def plain():
    return train()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "run.film"
    return path, train(path)


@pytest.fixture
def film(recorded):
    return Film.load(recorded[0])


# ---- recording


def test_recording_leaves_the_weights_as_they_are(plain, recorded):
    assert same(plain, recorded[1])
    assert not same(plain, train(steps=STEPS - 1))


@pytest.mark.parametrize("aggregator", ["none", "grm"])
def test_recording_leaves_random_state_and_modes_alone(aggregator, tmp_path, monkeypatch):
    modes, advance = [], loop.Run.advance
    monkeypatch.setattr(loop.Run, "advance", lambda self: modes.append(self.model.training) or advance(self))
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train(tmp_path / "run.film", 5, aggregator)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert modes == [True] * 5


def test_frames_are_planned_closer_at_the_beginning(film):
    steps = [frame.step for frame in film.frames]
    assert set(recorder.planned(STEPS)) <= set(steps)
    assert (steps[0], steps[-1], film.ended) == (0, STEPS, True)
    planned = sorted(recorder.planned(1200))
    assert planned[0] == 0
    assert planned[-1] == 1200
    assert len(planned) == 1 + recorder.FRAMES
    assert np.all(np.diff(planned[1:], 2) >= -1)  # but for rounding


def test_there_are_more_frames_where_the_loss_moves(tmp_path, monkeypatch):
    losses = [4.0] * 50 + [1.0] * 50
    advance = loop.Run.advance
    monkeypatch.setattr(loop.Run, "advance", lambda self: torch.full_like(advance(self), losses[self.step - 1]))
    steps = {frame.step for frame in train(tmp_path / "run.film", 100, "grm").film.frames}
    extra = steps - recorder.planned(100)
    assert extra
    assert all(50 < step <= 55 for step in extra)


def test_a_frame_holds_the_models_weights_and_what_they_do(film, recorded):
    trained = recorded[1].model
    last = film.frames[-1]
    for name, weights in trained.state_dict().items():
        np.testing.assert_allclose(last.weights[name], weights, rtol=0, atol=codes.GRAIN / 2)
    untrained = reference.SequenceModel(film.model).weights
    for name, weights in film.frames[0].weights.items():
        np.testing.assert_allclose(weights, untrained[name], rtol=0, atol=codes.GRAIN / 2 * 1.001)
    held = SequenceModel(film.model, {name: array.copy() for name, array in last.weights.items()})
    assert training.evaluate(held, TASK, 0, recorder.SEQUENCES) == last.measured
    assert last.norms["head.weight"] == pytest.approx(float(held.head.weight.detach().norm()))
    assert film.frames[0].gradient is None
    assert last.gradient > 0


def test_a_frames_trace_is_a_run_of_its_weights(film):
    batch = film.scene.batch
    answers = np.where(batch.mask[0], batch.targets[0], -1).tolist()
    for frame in (film.frames[0], film.frames[-1]):
        about = {"labels": batch.labels, "targets": answers, "sources": batch.sources[0].tolist()}
        fresh = reference.capture(
            reference.SequenceModel(film.model, frame.weights), batch.tokens[0], **about, title=frame.trace.title
        )
        assert replace(fresh, fact=TASK.fact).hash == frame.trace.hash
        # and PyTorch says the same
        held = SequenceModel(film.model, {name: array.copy() for name, array in frame.weights.items()})
        twin = mcviz.capture(held, batch.tokens[0], **about)
        np.testing.assert_allclose(twin.output, frame.trace.output, rtol=1e-4, atol=1e-5)
        assert f"after {frame.step} steps" in frame.trace.title
    drawn = TASK.held_out.sample(import_module("mcviz.zoo.answers").SEED, 1)
    assert np.array_equal(drawn.tokens, batch.tokens)
    assert np.array_equal(drawn.sources, batch.sources)


def test_the_curve_is_the_loss_of_each_step(film, tmp_path, monkeypatch):
    losses, advance = [], loop.Run.advance
    monkeypatch.setattr(loop.Run, "advance", lambda self: losses.append(advance(self)) or losses[-1])
    train()
    assert film.curve.steps.tolist() == list(range(1, STEPS + 1))
    np.testing.assert_array_equal(film.curve.losses, np.float32(torch.stack(losses)))
    monkeypatch.setattr(recorder, "POINTS", 10)
    assert train(tmp_path / "run.film").film.curve.steps.tolist() == list(range(3, STEPS + 1, 3))


def test_a_model_that_attends_has_no_film(tmp_path, monkeypatch):
    monkeypatch.setattr(loop.Run, "advance", lambda self: pytest.fail("it trained"))
    with pytest.raises(ValueError, match="expected a model whose layers cache memories"):
        training.train(TASK, ModelConfig(TASK.vocabulary, None), 3, film=tmp_path / "run.film", progress=False)
    assert not list(tmp_path.iterdir())


def test_a_training_that_stops_early_ends_its_film(tmp_path):
    run = train(tmp_path / "run.film", 20, recipe=Recipe(patience=1, validate_every=1, learning_rate=0.0))
    assert run.step < 20
    assert (run.film.frames[-1].step, run.film.ended) == (run.step, True)


def test_a_training_without_clipping_has_a_film(tmp_path):
    run = train(tmp_path / "run.film", 3, recipe=Recipe(clip=float("inf")))
    assert Film.load(tmp_path / "run.film").hash == run.film.hash
    assert film_page(run.film)


def test_a_training_that_diverges_says_so(tmp_path):
    with pytest.raises(FloatingPointError):
        train(tmp_path / "run.film", recipe=Recipe(learning_rate=1e30, clip=1e30))
    assert Film.load(tmp_path / "run.film").frames[0].step == 0


# ---- interrupted


def stop(patch, at):
    """Ctrl+C arrives before the step after `at`."""
    advance = loop.Run.advance

    def interrupted(self):
        if self.step == at:
            raise KeyboardInterrupt
        return advance(self)

    patch.setattr(loop.Run, "advance", interrupted)


@pytest.mark.parametrize("at", [7, STEPS - 1])
def test_an_interrupted_training_goes_on_to_the_same_film(at, tmp_path, monkeypatch, recorded):
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    path, checkpoint = tmp_path / "run.film", tmp_path / "run.checkpoint"
    with monkeypatch.context() as patch:
        stop(patch, at)
        with pytest.raises(KeyboardInterrupt):
            train(path, checkpoint=checkpoint)
    half = Film.load(path)
    assert not half.ended
    assert half.curve.steps[-1] == at
    again = train(path, checkpoint=checkpoint)
    assert same(again, recorded[1])
    assert path.read_bytes() == recorded[0].read_bytes()
    train(path, checkpoint=checkpoint)  # it is done: nothing is left to do
    assert path.read_bytes() == recorded[0].read_bytes()


def test_frames_after_the_checkpoint_are_taken_again(tmp_path, monkeypatch, recorded):
    """The kill came long after the last checkpoint: the training goes on from there, and the film with it."""
    path, checkpoint = tmp_path / "run.film", tmp_path / "run.checkpoint"
    train(path, 9, checkpoint=tmp_path / "other")  # another number of steps is another training
    with pytest.raises(ValueError, match="of another"):
        train(path)
    path.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "SAVE_SECONDS", 1e9)
        stop(patch, at=20)
        with pytest.raises(KeyboardInterrupt):
            train(path, checkpoint=checkpoint)
    assert len(Film.load(path).frames) > 2
    train(path, checkpoint=checkpoint)
    assert path.read_bytes() == recorded[0].read_bytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can be killed in the middle of a write without fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_training_killed_in_the_middle_of_a_write_goes_on(tmp_path, recorded):
    path, checkpoint = tmp_path / "run.film", tmp_path / "run.checkpoint"
    script = """
        import os, signal, sys
        sys.path.insert(0, ".")
        from tests import test_film as here
        here.loop.SAVE_SECONDS, here.recorder.STEPS = 0.0, 5
        put, writes = here.files.os.fsync, []
        def killed(file):
            writes.append(file)
            if len(writes) == 21:
                os.kill(os.getpid(), signal.SIGKILL)
            put(file)
        here.files.os.fsync = killed
        here.train(sys.argv[1], checkpoint=sys.argv[2])
    """
    words = [sys.executable, "-c", textwrap.dedent(script), str(path), str(checkpoint)]
    process = subprocess.Popen(words, cwd=ROOT)
    while process.poll() is None:  # another process reads the film meanwhile, and always finds a whole one
        if path.exists():
            Film.load(path)
        time.sleep(0.01)
    assert process.returncode == -9
    assert len(list(tmp_path.glob("*.tmp"))) == 1
    assert Film.load(path).frames
    again = train(path, checkpoint=checkpoint)
    assert same(again, recorded[1])
    assert path.read_bytes() == recorded[0].read_bytes()
    assert {each.name for each in tmp_path.iterdir()} == {path.name, checkpoint.name}


def test_a_full_disk_is_said_and_the_last_good_state_kept(tmp_path, monkeypatch, recorded):
    path, checkpoint = tmp_path / "run.film", tmp_path / "run.checkpoint"
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    write = files.write

    def full(target, content):
        if Path(target) == path and len(content) > 2000:
            raise OSError(28, "No space left on device", str(target))
        write(target, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        with pytest.raises(ValueError, match=r"run\.film: expected a place that can be written to \(No space left"):
            train(path, checkpoint=checkpoint)
    assert Film.load(path).frames
    train(path, checkpoint=checkpoint)
    assert path.read_bytes() == recorded[0].read_bytes()


def test_the_film_of_another_training_is_refused_and_kept(tmp_path, monkeypatch):
    path = tmp_path / "run.film"
    train(path, 3)
    before = path.read_bytes()
    monkeypatch.setattr(loop.Run, "advance", lambda self: pytest.fail("it trained"))
    for options in ({"seed": 1}, {"recipe": Recipe(batch=5)}, {"aggregator": "grm"}):
        with pytest.raises(ValueError, match="expected a new file, or one of this training"):
            train(path, 3, **options)
    path.write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"expected a file written by Film\.save"):
        train(path, 3, checkpoint=tmp_path / "run")
    assert path.read_bytes() == b"mine"
    path.write_bytes(before)
    assert [each.name for each in tmp_path.iterdir()] == ["run.film"]


def test_two_trainings_write_two_films(tmp_path, monkeypatch):
    path, advance, said = tmp_path / "run.film", loop.Run.advance, []

    def beside(self):
        if not said:
            said.append("")
            with pytest.raises(ValueError, match="expected to be alone there, but another process") as error:
                train(path, 3)
            said.append(str(error.value))
        return advance(self)

    monkeypatch.setattr(loop.Run, "advance", beside)
    assert train(path, 3).film.ended
    assert len(said) == 2


# ---- the file


def test_a_film_comes_back_as_it_was(film, recorded, tmp_path):
    assert film.hash == recorded[1].film.hash
    film.save(tmp_path / "again.film")
    assert (tmp_path / "again.film").read_bytes() == recorded[0].read_bytes()
    with recorded[0].open("rb") as file:
        assert Film.load(file).hash == film.hash
    for one, two in zip(film.frames, recorded[1].film.frames, strict=True):
        np.testing.assert_array_equal(one.codes, two.codes)
        assert (one.measured, one.gradient) == (two.measured, two.gradient)
    assert is_film(recorded[0])
    assert not is_film(Path(__file__))
    assert film.until(10).hash != film.hash
    assert film.at(STEPS - 1) is film.frames[-2]
    with pytest.raises(ValueError, match="step: expected one from 0 on, got -1"):
        film.at(-1)


def test_nothing_in_a_film_can_be_changed(film):
    for array in (film.frames[0].codes, film.curve.steps, film.curve.losses):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_film_is_smaller_than_its_weights(film):
    assert sum(len(frame.packed) for frame in film.frames) < 4 * film.scene.parameters * len(film.frames) / 2


@pytest.mark.parametrize("seed", range(3))
def test_codes_come_back_as_they_were(seed):
    rng = np.random.default_rng(seed)
    one, two = (rng.integers(-codes.LARGEST, codes.LARGEST + 1, 99).astype(np.int32) for _ in range(2))
    two[:2] = codes.LARGEST, -codes.LARGEST
    np.testing.assert_array_equal(codes.unpacked(codes.packed(one, None), None, 99), one)
    np.testing.assert_array_equal(codes.unpacked(codes.packed(two, one), one, 99), two)
    with pytest.raises(ValueError, match="expected 400 after they are unpacked"):
        codes.unpacked(codes.packed(one, None), None, 100)


def test_weights_that_are_no_numbers_are_no_frame(film):
    weights = {name: array.copy() for name, array in film.frames[0].weights.items()}
    assert codes.coded(weights, film.model).tolist() == film.frames[0].codes.tolist()
    for bad in (np.nan, np.inf, 1e9):
        weights["norm.weight"][0] = bad
        with pytest.raises(FloatingPointError):
            codes.coded(weights, film.model)


def rewritten(path, change):
    """A film whose facts somebody changed who also wrote a hash that fits."""
    facts, parts = stored.opened(path.read_bytes())
    return stored.content(change(facts) or facts, parts)


HOSTILE = {
    "empty": lambda path: b"",
    "a Trace": lambda path: b"PK\x03\x04 something else",
    "cut off": lambda path: path.read_bytes()[:-1],
    "cut in its facts": lambda path: path.read_bytes()[:200],
    "longer": lambda path: path.read_bytes() + b"!",
    "no JSON": lambda path: stored.MAGIC + b"{" * 9 + b"\n",
    "deep JSON": lambda path: stored.MAGIC + b"[" * 100_000 + b"\n",
    "a list": lambda path: stored.MAGIC + b"[]\n",
    "no end": lambda path: stored.MAGIC + b" " * 9_000_000,
    "a number edited": lambda path: path.read_bytes().replace(b'"seed": 0', b'"seed": 1'),
    "the last byte edited": lambda path: path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]),
    "another task": lambda path: rewritten(path, lambda facts: facts["task"].update(name="mcar")),
    "a huge task": lambda path: rewritten(path, lambda facts: facts["task"].update(pairs=10**9, keys=10**9)),
    "a huge model": lambda path: rewritten(path, lambda facts: facts["model"].update(width=10**7)),
    "a model that attends": lambda path: rewritten(path, lambda facts: facts["model"].update(mixer=None)),
    "a token too far": lambda path: rewritten(path, lambda facts: facts["tokens"].append(99)),
    "no token": lambda path: rewritten(path, lambda facts: facts["tokens"].clear()),
    "too many tokens": lambda path: rewritten(path, lambda facts: facts.update(tokens=facts["tokens"] * 10**5)),
    "a frame more": lambda path: rewritten(path, lambda facts: facts["frames"].append(facts["frames"][-1])),
    "steps that fall": lambda path: rewritten(path, lambda facts: facts["frames"][1].update(step=0)),
    "a step too far": lambda path: rewritten(path, lambda facts: facts["frames"][-1].update(step=STEPS + 1)),
    "half a step": lambda path: rewritten(path, lambda facts: facts["frames"][1].update(step=0.5)),
    "nothing measured": lambda path: rewritten(path, lambda facts: facts["frames"][0].update(measured={})),
    "text measured": lambda path: rewritten(
        path, lambda facts: facts["frames"][0]["measured"].update(bits=["<b>", 0, 1])
    ),
    "more measured": lambda path: rewritten(path, lambda facts: facts["frames"][0]["measured"].update(luck=[1, 1, 1])),
    "a long curve": lambda path: rewritten(path, lambda facts: facts["curve"].update(count=10**12)),
    "a curve of nothing": lambda path: rewritten(path, lambda facts: facts["curve"].update(count=-1)),
    "more facts": lambda path: rewritten(path, lambda facts: facts.update(more=1)),
    "fewer facts": lambda path: rewritten(path, lambda facts: facts.pop("ended") and None),
    "text in the recipe": lambda path: rewritten(path, lambda facts: facts["training"]["recipe"].update(batch="<b>")),
    "no steps": lambda path: rewritten(path, lambda facts: facts["training"].pop("steps") and None),
    "a bomb": lambda path: stored.content(
        stored.opened(path.read_bytes())[0],
        [zlib.compress(bytes(10**6)) for _ in stored.opened(path.read_bytes())[1]],
    ),
}


@pytest.mark.parametrize("damage", HOSTILE)
def test_a_damaged_or_foreign_file_is_refused_in_a_sentence(damage, recorded, tmp_path):
    path = tmp_path / "run.film"
    path.write_bytes(HOSTILE[damage](recorded[0]))
    with pytest.raises(ValueError, match=r"^film: expected a file written by Film\.save, got another or a damaged one"):
        Film.load(path)


def test_a_film_that_would_fill_the_machine_is_refused_before_it_does(recorded, monkeypatch):
    monkeypatch.setattr(film_module, "MAX_NUMBERS", 1000)
    monkeypatch.setattr(film_module, "unpacked", lambda *given: pytest.fail("it was unpacked"))
    with pytest.raises(ValueError, match="weights, and 1,000 are allowed"):
        Film.load(recorded[0])


def test_the_facts_of_a_film_are_json(recorded):
    magic, facts, _ = recorded[0].read_bytes().split(b"\n", 2)
    assert magic == b"mcviz film 1"
    assert json.loads(facts)["training"]["steps"] == STEPS


# ---- what jumps


def frames(film, values):
    measured = [{"accuracy": Measure(value, value, value), "bits": Measure(1, 1, 1)} for value in values]
    return [replace(film.frames[0], step=i, measured=each) for i, each in enumerate(measured)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.1, 0.9, 0.9], [(1, 2, 0.1, 0.9)]),
        ([0.1, 0.2, 0.3, 0.4], [(0, 3, 0.1, 0.4)]),
        ([0.1, 0.9, 0.1], [(0, 1, 0.1, 0.9), (1, 2, 0.9, 0.1)]),
        ([0.5, 0.4, 0.8, 0.7], [(1, 2, 0.4, 0.8)]),
        ([0.1, 0.2, 0.15, 0.25], []),  # it is small
        ([0.1], []),
        ([], []),
    ],
)
def test_jumps(film, values, expected):
    assert jumps(frames(film, values)) == tuple(Jump("accuracy", *each) for each in expected)


def test_a_curve_has_losses_at_rising_steps():
    curve = Curve(np.array([1, 3, 4]), np.array([2.0, 1.0, 0.5]))
    assert curve.until(3).steps.tolist() == [1, 3]
    assert curve.recent(3, 2) == 1.5
    assert curve.recent(2, 2) is None
    for steps, losses in (([2, 2], [1, 1]), ([0], [1]), ([1], [np.nan]), ([1, 2], [1])):
        with pytest.raises(ValueError, match="curve: expected"):
            Curve(np.array(steps), np.array(losses))


# ---- films that ship


def test_films_that_ship_are_whole_and_small():
    assert sum(path.stat().st_size for path in reel.FOLDER.iterdir()) < 1_300_000
    assert {path.stem for path in reel.FOLDER.iterdir()} == set(names())
    for name in names():
        film = reel.load(name)
        assert film.ended, name
        assert (film.frames[0].step, film.frames[-1].step) == (0, film.steps), name
        assert film.frames[-1].trace.tokens, name
    with pytest.raises(ValueError, match="name: expected one of topics-ssc-cold"):
        reel.load("topics")


@pytest.mark.parametrize("name", names())
def test_its_command_makes_a_film_that_ships(name, monkeypatch):
    planned = []
    monkeypatch.setattr(shell_module, "make", lambda name, about, plan, remake, args: planned.append(plan))
    assert shell(*FILMS[name].words.split()) == 0
    film = reel.load(name)
    assert (planned[0].task, planned[0].model_config) == (film.task, film.model)
    assert planned[0].training == film.training


def test_films_that_ship_show_what_is_said_of_them():
    cold, dense, grm, rnn = map(reel.load, names())
    assert cold.training["recipe"] == {**dense.training["recipe"], "dense": 0}
    assert cold.frames[-1].accuracy < 0.6 < 0.85 < dense.frames[-1].accuracy
    # it reads its own choice alone at last, and finds half of the documents
    assert cold.frames[-1].read_rate < 0.6
    assert grm.frames[0].hit_rate < 0.2
    assert grm.frames[-1].hit_rate > 0.7
    assert rnn.frames[-1].hit_rate is None
    assert rnn.frames[-1].accuracy < 0.5
    assert any(jump.name == "largest" for jump in grm.jumps)


# ---- doors


def shell(*words):
    parser = import_module("argparse").ArgumentParser()
    training.add_arguments(parser)
    return training.command(parser.parse_args([*words, "--quiet"]))


TINY = ("--steps", "3", "--set", "pairs=2", "keys=4", "values=4", "width=8")


def test_the_shell_records_a_film(tmp_path, capsys):
    out, path = ("--out", str(tmp_path)), tmp_path / "run.film"
    assert shell("mqar", *out, "--film", str(path), *TINY) == 0
    film = Film.load(path)
    assert f"a film of {len(film.frames)} frames, {path.stat().st_size:,} bytes" in capsys.readouterr().out
    assert film.ended
    assert shell("mqar", *out, "--film", str(tmp_path / "new.film"), *TINY) == 2
    assert "film: expected a model to train, and mqar-grm is trained" in capsys.readouterr().err
    assert shell("--zoo", "all", *out, "--film", str(path)) == 2
    assert "film: expected one model" in capsys.readouterr().err


def test_the_shell_exports_a_film_as_a_page(recorded, tmp_path, capsys):
    path = tmp_path / "run.film"
    path.write_bytes(recorded[0].read_bytes())
    assert cli.main(["export", str(path)]) == 0
    page = tmp_path / "run.html"
    assert f"{page}: {page.stat().st_size:,} bytes" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8") == film_page(Film.load(path))
    assert cli.main(["export", str(tmp_path / "none.film")]) == 2


def test_a_watched_training_shows_each_frame_and_survives_an_interrupt(monkeypatch):
    shown = []
    monkeypatch.setattr(mcviz.widgets, "display", shown.append)
    stop(monkeypatch, at=9)
    run = train(watch=True)
    assert len(shown) == 1
    assert shown[0].film.hash == run.film.hash
    assert shown[0].trace.hash == run.film.frames[-1].trace.hash
    assert (run.step, run.film.ended, run.film.curve.steps[-1]) == (9, False, 9)
    assert not run.model.training
