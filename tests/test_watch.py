"""Trained models as the pages see them: the same numbers as the model itself, also under other configurations."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from mcviz import MCConfig, backends, tasks, watch, zoo  # noqa: E402
from mcviz.changes import Delete, Insert, Move, Replace  # noqa: E402
from mcviz.pytorch import ModelConfig, SequenceModel, capture  # noqa: E402
from mcviz.watch import Sitting  # noqa: E402

TASK = tasks.topics(documents=3, facts=2, document=8, questions=4)
CFG = MCConfig(segment_length=8)
DEEP = MCConfig(memory="dla", options={"expansion": 10**12})
MODELS = {"books": CFG, "attentive": None, "deep": MCConfig(memory="dla")}


@pytest.fixture(autouse=True)
def small_zoo(tmp_path, monkeypatch):
    """Two models whose weights differ from those that a fresh model starts with."""
    for name, mixer in MODELS.items():
        config = ModelConfig(TASK.vocabulary, mixer, width=16, key=6, value=4, heads=2, layers=2)
        model = SequenceModel(config)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(1.5)
        card = zoo.Card(name, "A shelf.", TASK, config, {}, "", 0, 0.0, 0, 0, {}, {})
        zoo.save(model, card, tmp_path)
    load, read = zoo.load, zoo.read
    monkeypatch.setattr(zoo, "names", lambda: sorted(MODELS))
    monkeypatch.setattr(zoo, "load", lambda name: load(name, tmp_path))
    monkeypatch.setattr(zoo, "read", lambda name: read(name, tmp_path))
    watch.names.cache_clear()
    watch.models.read.cache_clear()
    yield
    watch.names.cache_clear()
    watch.models.read.cache_clear()


def test_only_models_that_cache_memories_are_watched():
    assert watch.names() == ("books", "deep")
    assert watch.config("books") == CFG
    assert watch.task("books") == "topics"
    assert watch.about("books") == "A shelf."


def test_a_run_is_what_the_model_itself_computes():
    batch = TASK.sample(5, batch=1)
    model = zoo.load("books")
    trace = watch.run(Sitting("books", seed=5))
    assert trace.tokens == batch.words()
    assert trace.sources == tuple(batch.sources[0])
    assert trace.predictions.targets == batch.answers()
    with torch.no_grad():
        logits = model(torch.tensor(batch.tokens))[0]
    said = tuple(batch.labels[i] for i in logits.argmax(-1))
    assert tuple(row[0] for row in trace.predictions.tokens) == said
    assert "trained" in trace.title
    assert not trace.untrained


def test_untrained_weights_are_those_that_training_began_with():
    trace = watch.run(Sitting("books", weights="untrained"))
    fresh = capture(SequenceModel(zoo.load("books").card.model), TASK.sample(0, batch=1).tokens[0])
    np.testing.assert_array_equal(trace.output, fresh.output)
    assert trace.untrained


def test_the_same_weights_under_another_configuration():
    cfg = replace(CFG, aggregator="ssc", top_k=1)
    trace = watch.run(Sitting("books", cfg))
    assert trace.config == cfg
    assert trace.selected.sum(-1).max() == 1
    assert "another configuration" in trace.title


def test_the_reference_in_place_of_the_layer_predicts_the_same():
    theirs, ours = (watch.run(Sitting("books"), backend=backend) for backend in watch.BACKENDS)
    np.testing.assert_allclose(ours.output, theirs.output, atol=1e-5)
    np.testing.assert_allclose(ours.predictions.probabilities, theirs.predictions.probabilities, atol=1e-5)


@pytest.mark.parametrize("aggregator", ["grm", "ssc", "soup"])
def test_both_backends_hear_the_same_words_from_each_memory(aggregator):
    sitting = Sitting("books", replace(CFG, aggregator=aggregator, top_k=1))
    theirs, ours = (watch.run(sitting, backend=backend) for backend in watch.BACKENDS)
    np.testing.assert_allclose(ours.alone.probabilities, theirs.alone.probabilities, atol=1e-5)
    assert np.array_equal(ours.alone.said >= 0, theirs.readable)
    words = [np.array(trace.alone.words)[trace.alone.said] for trace in (ours, theirs)]
    assert np.mean(words[0] == words[1]) > 0.99  # but where two are equally likely


def test_the_fact_that_a_question_asks_for_ends_with_its_answer():
    trace = watch.run(Sitting("books"))
    asked = [t for t, source in enumerate(trace.sources) if source >= 0]
    assert asked
    for t in asked:
        source = trace.sources[t]
        *key, answer = trace.tokens[source - trace.fact + 1 : source + 1]
        assert answer == trace.predictions.targets[t]
        assert key == list(trace.tokens[t - 1 : t + 1])


def test_predictions_follow_from_what_the_layer_reads():
    sitting = Sitting("books")
    trace = watch.run(sitting)
    same = watch.answered(sitting, trace)
    np.testing.assert_allclose(same.alone.probabilities, trace.alone.probabilities, atol=1e-6)
    np.testing.assert_allclose(same.predictions.probabilities, trace.predictions.probabilities, atol=1e-6)
    silent = watch.answered(sitting, replace(trace, output=np.zeros_like(trace.output)))
    assert not np.allclose(silent.predictions.probabilities, trace.predictions.probabilities, atol=1e-3)


def test_only_what_comes_after_a_change_is_predicted_anew():
    sitting = Sitting("books")
    trace = watch.run(sitting)
    output = trace.output.copy()
    output[20:] += 1
    changed = watch.answered(sitting, replace(trace, output=output)).predictions.probabilities
    np.testing.assert_allclose(changed[:20], trace.predictions.probabilities[:20], atol=1e-6)
    assert (np.abs(changed[20:] - trace.predictions.probabilities[20:]).max(1) > 1e-4).all()


@pytest.mark.parametrize(
    ("sitting", "said"),
    [
        (Sitting("none"), "name: expected one of"),
        (Sitting("books", seed=-1), "seed: expected"),
        (Sitting("books", weights="borrowed"), "weights: expected one of trained, untrained"),
        (Sitting("books", replace(CFG, memory="delta")), "memory: expected linear, which books was trained with"),
        (Sitting("books", replace(CFG, segmentation=(3, 4))), "sum to T = 32"),
        (Sitting("deep", DEEP, weights="untrained"), "options: expected a memory so small"),
    ],
)
def test_what_cannot_be_run(sitting, said):
    with pytest.raises(ValueError, match=said):
        watch.run(sitting)


def test_the_backends_are_two():
    with pytest.raises(ValueError, match="backend: expected one of pytorch, numpy"):
        watch.run(Sitting("books"), backend="fortran")


def test_without_pytorch_a_run_is_numpys(monkeypatch):
    ours = watch.run(Sitting("books"), backend="numpy")
    monkeypatch.setattr(backends, "find_spec", lambda package: None)
    assert watch.names() == ("books", "deep")
    assert watch.run(Sitting("books")).hash == ours.hash
    with pytest.raises(ValueError, match=r"^backend: expected numpy, as PyTorch, .* is not installed; got 'pyt"):
        watch.run(Sitting("books"), backend="pytorch")


def test_a_plain_layer_of_the_same_weights_needs_no_connector_and_a_gate_cannot_be_made_up(tmp_path):
    plain = watch.run(Sitting("books", replace(CFG, aggregator="none")))
    first = slice(*plain.segments[0])  # later the layer before has read other memories
    np.testing.assert_array_equal(plain.k[first], watch.run(Sitting("books")).k[first])
    shared = zoo.load("books")
    config = replace(shared.card.model, mixer=replace(CFG, aggregator="none"))
    model = SequenceModel(config)
    zoo.save(model, replace(shared.card, model=config), tmp_path)
    watch.models.read.cache_clear()
    with pytest.raises(ValueError, match=r"needs .*W_u"):
        watch.run(Sitting("books", CFG))


def test_edited_is_the_same_run_as_the_same_tokens_afresh():
    sitting = Sitting("books", seed=5).edited(Replace(3, "wolf"), Insert(0, "and"), Delete(9), Move(2, 6))
    for backend in watch.BACKENDS:
        edited = watch.run(sitting, backend)
        afresh = watch.run(Sitting("books", seed=8, tokens=watch.words(sitting)), backend)
        assert edited.hash == afresh.hash
        assert edited.tokens == watch.words(sitting)


@given(data=st.data())
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_changes_are_answered_by_the_task_and_undone_one_by_one(data):
    sitting = Sitting("books", seed=data.draw(st.integers(0, 99)))
    at, label = st.integers(0, TASK.length - 6), st.sampled_from(TASK.labels)
    change = st.one_of(
        st.builds(Replace, at, label), st.builds(Insert, at, label), st.builds(Delete, at), st.builds(Move, at, at)
    )
    first, changes = watch.run(sitting), data.draw(st.lists(change, min_size=1, max_size=3))
    edited = sitting.edited(*changes)
    run, parsed = watch.run(edited), TASK.parse(watch.words(edited))
    assert run.predictions.targets == parsed.batch.answers()
    assert run.sources == tuple(parsed.batch.sources[0].tolist())
    assert watch.remarks(edited) == parsed.remarks
    assert run.hash == watch.run(Sitting("books", tokens=watch.words(edited))).hash
    origin = watch.origin(edited)
    new = watch.touched(edited)
    assert all(run.tokens[t] == first.tokens[o] for t, o in enumerate(origin) if t not in new)
    for _ in changes:
        edited = edited.undone()
    assert edited == sitting
    assert watch.run(edited).hash == first.hash


def test_numpy_gives_the_same_run_of_the_readers_tokens():
    sitting = Sitting("books", tokens=("ant", "ant", "red", "axe", "and", "bat", "bat", "red", "bag", "ant", "red"))
    fast, ours = watch.run(sitting), watch.run(sitting, "numpy")
    np.testing.assert_allclose(ours.output, fast.output, atol=1e-5)
    assert fast.predictions.targets[-1] == ours.predictions.targets[-1] == "axe"
    assert fast.sources[-1] == ours.sources[-1] == 3


@pytest.mark.parametrize(
    ("sitting", "message"),
    [
        (Sitting("books", changes=(Replace(400, "ant"),)), "at: expected a token from 0 to 31, got 400"),
        (Sitting("books", changes=(Delete(31), Delete(31))), "at: expected a token from 0 to 30, got 31"),
        (Sitting("books", changes=(Replace(0, "unicorn"),)), "tokens: expected the 80 tokens .* got 'unicorn'"),
        (Sitting("books", tokens=("ant",) * 100_000), "stay below 131,072, got 100,000 tokens in 12,500 segments"),
        (Sitting("books", tokens=("a" * 100_000,)), "tokens: expected the 80 tokens"),
        (Sitting("books", tokens=()), "tokens: expected at least one, got none|T: expected"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_sentence(sitting, message):
    for ask in (watch.run, watch.remarks, watch.words):
        with pytest.raises(ValueError, match=message) as refused:
            ask(sitting)
        assert len(str(refused.value)) < 300
