"""The reader's text before a trained model: what it reads, what it writes, and what is refused."""

from dataclasses import replace
from importlib import import_module
from itertools import islice
from threading import Thread

import numpy as np
import pytest

from mcviz import MCConfig, watch, writing
from mcviz.tasks.characters import Written
from mcviz.writing import MOST, Draft

NAME = "text-grm"
TEXT = "Alice was not a bit hurt, and she "
DRAFT = Draft(NAME, TEXT, 12, temperature=0.7, seed=3)


def test_the_models_that_read_text_are_those_that_learned_it():
    assert set(writing.names()) == {name for name in watch.names() if isinstance(watch.learned(name), Written)}
    assert {"text-grm", "text-rnn", "stories-grm"} <= set(writing.names())


def test_the_run_is_that_of_the_text_and_what_was_written():
    trace, task = writing.run(DRAFT), watch.learned(NAME)
    wrote = writing.continuation(DRAFT)
    assert len(wrote) == 12
    assert trace.tokens == tuple(task.labels[token] for token in task.encode(TEXT + wrote))
    assert trace.predictions.targets == (*trace.tokens[1:], "")
    said = trace.predictions
    for step in writing.steps(DRAFT):
        assert said.tokens[step.t - 1] == step.top
        np.testing.assert_allclose(said.probabilities[step.t - 1], step.top_probabilities, rtol=1e-4)


@pytest.mark.parametrize("backend", watch.there())
def test_what_is_written_is_what_the_library_writes(backend):
    task, library = watch.learned(NAME), import_module({"numpy": "mcviz.reference"}.get(backend, f"mcviz.{backend}"))
    steps = library.write(watch.model(watch.Sitting(NAME), backend), task.encode(TEXT), temperature=0.7, seed=3)
    assert writing.continuation(DRAFT, backend) == task.decode([step.token for step in islice(steps, 12)])


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("name", writing.names())
def test_one_seed_writes_one_text_in_both_backends(name, temperature):
    if len(watch.there()) < 2:
        pytest.skip("one backend is there")
    draft = Draft(name, TEXT.replace(",", "."), 40, temperature, seed=3)
    ours, theirs = (writing.steps(draft, backend) for backend in watch.there())
    assert [step.token for step in ours] == [step.token for step in theirs]
    np.testing.assert_allclose([s.probability for s in ours], [s.probability for s in theirs], rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(len(watch.there()) < 2, reason="one backend is there")
def test_numpy_gives_the_same_run():
    ours, theirs = writing.run(DRAFT, "numpy"), writing.run(DRAFT)
    np.testing.assert_allclose(ours.output, theirs.output, rtol=1e-4, atol=1e-5)
    assert ours.predictions.targets == theirs.predictions.targets


def test_one_character_more_leaves_those_before():
    assert writing.continuation(replace(DRAFT, characters=20))[:12] == writing.continuation(DRAFT)
    assert writing.continuation(replace(DRAFT, characters=5)) == writing.continuation(DRAFT)[:5]
    assert writing.continuation(replace(DRAFT, characters=0)) == ""
    assert writing.continuation(replace(DRAFT, seed=4)) != writing.continuation(DRAFT)


def test_readers_at_the_same_moment_get_one_text():
    draft, got = replace(DRAFT, text="She said to the ", characters=15), []
    threads = [Thread(target=lambda: got.append(writing.continuation(draft))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert set(got) == {writing.continuation(draft)}


def test_a_draft_is_what_a_sitting_reads():
    seat = writing.seated(DRAFT)
    assert writing.drafted(seat).text == TEXT + writing.continuation(DRAFT)
    assert writing.drafted(watch.Sitting(NAME, tokens=tuple("Oh dear!\n")), seed=2) == Draft(NAME, "Oh dear!\n", seed=2)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"text": ""}, "text: expected 1 to 1,024 characters, got 0"),
        ({"text": "a" * 100_000}, "text: expected 1 to 1,024 characters, got 100,000"),
        ({"text": "é Ψ\t"}, "text: expected characters that text-grm has learned, .*; got éΨ and the tabulator"),
        ({"name": "topics-grm"}, "name: expected a model that reads text, one of .*; got 'topics-grm'"),
        ({"name": "nobody"}, "name: .*'nobody'"),
        ({"characters": -1}, "characters"),
        ({"characters": MOST}, "characters: expected a text and what is written after it of at most 1,024 together"),
        ({"temperature": "hot"}, "temperature: expected a number from 0 to 4, got 'hot'"),
        ({"temperature": 9.0}, "temperature: expected a number from 0 to 4, got 9.0"),
        ({"seed": -1}, "seed"),
        ({"cfg": MCConfig(segmentation="logarithmic")}, "segmentation: expected segments of one length to write on"),
        ({"cfg": MCConfig(memory="delta")}, "memory: expected linear"),
        ({"weights": "new"}, "weights"),
    ],
)
def test_what_cannot_be_is_one_clear_sentence(changed, named):
    with pytest.raises(ValueError, match=named):
        writing.run(replace(DRAFT, **changed))


def test_what_a_model_does_not_know_can_be_left_out():
    assert writing.without(NAME, "Ψ is a é letter") == " is a  letter"
