"""Launches that are replayed give the numbers of launches that are made anew."""

from functools import partial

import pytest
import torch

from mcviz.bench.measure import launches
from mcviz.pytorch import SequenceModel
from mcviz.training.loop import Run, train
from mcviz.training.plans import plan
from mcviz.training.replays import EAGER, MOST, Graph, Replays, captured

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pretended(function, kind, inputs):
    """A graph that a CPU can replay: it computes again, from where its inputs are kept to where its results are."""
    results = (torch.empty(()), torch.empty(()))

    def launch():
        for place, x in zip(results, function(kind, *inputs), strict=True):
            place.resize_as_(x).copy_(x)

    return Graph(launch, inputs, results)


def scaled(kind, x):
    return kind * x, x.sum()


def test_each_shape_and_kind_is_captured_once_it_recurs():
    captures = []

    def capture(function, kind, inputs):
        captures.append((kind, tuple(inputs[0].shape)))
        return pretended(function, kind, inputs)

    take = Replays(scaled, capture)
    for n in range(EAGER + 3):
        for kind, x in ((2, torch.full((3,), n)), (3, torch.full((3,), n)), (2, torch.full((4,), n))):
            product, total = take(kind, x)
            assert torch.equal(product, kind * x)
            assert int(total) == n * len(x)
        assert len(captures) == (0 if n < EAGER else 3)
    assert sorted(captures) == [(2, (3,)), (2, (4,)), (3, (3,))]


def test_results_are_the_callers():
    take = Replays(scaled, pretended)
    said = [take(2, torch.tensor([n]))[0] for n in range(EAGER + 3)]
    assert [int(x) for x in said] == [2 * n for n in range(EAGER + 3)]


def test_what_cannot_be_captured_runs_launch_by_launch():
    tried = []

    def capture(*given):
        tried.append(given)
        return refused(*given)

    take = Replays(scaled, capture)
    assert [int(take(2, torch.tensor([n]))[0]) for n in range(EAGER + 5)] == [2 * n for n in range(EAGER + 5)]
    assert len(tried) == 1


def test_graphs_are_few():
    take = Replays(scaled, pretended)
    for n in range(1, MOST + 4):
        for _ in range(EAGER + 1):
            assert torch.equal(take(2, torch.ones(n))[0], torch.full((n,), 2.0))
    assert len(take.graphs) == MOST


@pytest.mark.parametrize("aggregator", ["none", "grm", "ssc", "attention"])
def test_a_training_step_waits_for_nothing(aggregator, monkeypatch):
    """Where nothing is read back, and no shape hangs on a number, a step can be captured."""
    planned = plan("mqar", aggregator, pairs=12, steps=10)
    model = SequenceModel(planned.model_config).to("meta")
    run = Run(planned.task, model, planned.steps, planned.seed, planned.recipe, torch.device("meta"))
    monkeypatch.setattr(run.optimizer, "step", lambda: None)  # AdamW waits for nothing where it is `capturable`
    tokens = torch.zeros(2, 36, dtype=torch.int64, device="meta")
    rows = columns = targets = torch.zeros(24, dtype=torch.int64, device="meta")
    for dense in (True, False):
        _, waits = launches(partial(run.descend, dense, tokens, rows, columns, targets))
        assert waits == 0


@pytest.mark.parametrize("aggregator", ["none", "grm", "ssc", "attention"])
def test_a_replayed_training_ends_with_the_same_weights(aggregator, monkeypatch):
    """All shapes of the task's curriculum, with the router on and off. On a GPU, launched once and replayed once."""
    planned = plan("mqar", aggregator, pairs=12, steps=40, batch=4)

    def ended(capture):
        monkeypatch.setattr(Run, "__post_init__", with_capture(capture))
        run = train(**vars(planned), device=DEVICE, progress=False)
        return run.model.state_dict(), [graph is not None for graph in run.take.graphs.values()]

    with_capture = partial(captured_by, Run.__post_init__)
    (launched, none), (replayed, graphs) = ended(refused), ended(captured if DEVICE.type == "cuda" else pretended)
    assert not any(none)
    # three lengths, and the longest with the router on
    assert graphs == [True] * (4 if aggregator == "ssc" else len(graphs))
    torch.testing.assert_close(replayed, launched, rtol=0, atol=0)
    if DEVICE.type == "cpu":
        monkeypatch.undo()
        torch.testing.assert_close(replayed, train(**vars(planned), progress=False).model.state_dict(), rtol=0, atol=0)


def captured_by(post_init, capture):
    """`Run.__post_init__`, whose steps are replayed on any device."""

    def prepared(run):
        post_init(run)
        run.take = Replays(run.descend, capture)

    return prepared


def refused(function, kind, inputs):
    raise RuntimeError("operation not permitted when stream is capturing")
