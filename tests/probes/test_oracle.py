"""The oracle tries what the model itself would do, and no selection beats its best."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from mcviz import MCConfig
from mcviz.probes import oracle
from mcviz.pytorch import ModelConfig, SequenceModel, capture, substitute
from mcviz.reference import capture as ours
from mcviz.tasks import mqar

TASK = mqar(pairs=6, keys=12, values=8)
SSC = MCConfig(aggregator="ssc", segment_length=4, top_k=2)


def model(cfg=SSC, heads=1, layers=1, seed=3):
    return SequenceModel(
        ModelConfig(TASK.vocabulary, cfg, layers=layers, heads=heads, width=16, key=6, value=4, seed=seed)
    )


def sequence(seed=0):
    batch = TASK.sample(seed, 1)
    return batch.tokens[0].tolist(), np.where(batch.mask, batch.targets, -1)[0].tolist(), batch.sources[0].tolist()


def consult(one, k=None, head=0, seed=0):
    tokens, targets, sources = sequence(seed)
    return oracle.consult(one, tokens, targets, k, head, sources)


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_routers_selection_costs_what_the_model_says(k, heads):
    found = consult(model(heads=heads), k, heads - 1)
    said = found.trace.predictions.target_probabilities
    assert found.choices
    for one in found.choices:
        assert one.losses[one.router] == pytest.approx(-np.log2(said[one.t]), abs=1e-4)
        assert set(one.subsets[one.router]) == set(np.flatnonzero(found.trace.selected[one.t, heads - 1]))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("k", [1, 2])
def test_every_selection_costs_what_a_run_that_makes_it_says(k, layers):
    """A second way: force the selection by its gates in the Trace, and put the output through the model."""
    one = model(layers=layers)
    tokens, targets, _ = sequence()
    found = consult(one, k)
    grm = ours(oracle.as_read(oracle.readable(one), replace(SSC, aggregator="grm")), tokens)
    for choice in found.choices[:3]:
        s, t = int(grm.segment_of[choice.t]), choice.t
        assert [tuple(subset) for subset in choice.subsets] == list(combinations(range(s), min(k, s)))
        for subset, loss in zip(choice.subsets, choice.losses, strict=True):
            read = [*subset, s]
            gates = grm.weights[t, 0, read] / grm.weights[t, 0, read].sum()
            output = found.trace.output.copy()
            output[t, 0] = gates @ grm.reads[t, 0, read]
            said = substitute(one, tokens, output, targets=targets)
            assert loss == pytest.approx(-np.log2(said.target_probabilities[t]), abs=1e-4)


def test_all_and_none_are_grm_and_the_online_memory():
    one = model()
    found = consult(one)
    tokens, targets, _ = sequence()
    for aggregator, name in (("grm", "all"), ("none", "none")):
        other = model(replace(SSC, aggregator=aggregator))
        other.load_state_dict(one.state_dict(), strict=False)  # without gates there is no W_u
        said = capture(other, tokens, targets=targets).predictions
        for choice in found.choices:
            assert getattr(choice, name) == pytest.approx(-np.log2(said.target_probabilities[choice.t]), abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_no_selection_beats_the_best_and_regret_is_what_is_lost(seed):
    for choice in consult(model(seed=seed), seed=seed).choices:
        assert choice.losses[choice.best] == choice.losses.min()
        assert choice.regret == choice.losses[choice.router] - choice.losses.min() >= 0
        assert (choice.regret == 0) == (choice.rank == 0)
        assert choice.losses.min() <= choice.random <= choice.losses.max()
        assert choice.rank == sum(loss < choice.losses[choice.router] for loss in choice.losses)


def test_where_all_must_be_selected_nothing_can_be_regretted():
    for choice in consult(model(), k=99).choices:
        assert len(choice.losses) == 1
        assert choice.regret == choice.rank == 0
        assert choice.random == pytest.approx(choice.all, abs=1e-9)


def test_a_model_trained_as_grm_is_asked_as_ssc():
    grm, ssc = model(replace(SSC, aggregator="grm")), model()
    assert consult(grm, 2).mean == pytest.approx(consult(ssc, 2).mean)


def test_means_are_over_questions_of_all_sequences():
    one = model()
    measured = oracle.measure(one, TASK, 2, seed=5, sequences=3)
    batch = TASK.held_out.sample((5, 2), 3)
    wanted = np.where(batch.mask, batch.targets, -1)
    choices = [
        choice
        for row, targets in zip(batch.tokens, wanted, strict=True)
        for choice in oracle.consult(one, row.tolist(), targets.tolist(), 2).choices
    ]
    assert measured["router"] == pytest.approx(np.mean([choice.losses[choice.router] for choice in choices]))
    assert measured["regret"] == pytest.approx(measured["router"] - measured["best"])
    assert measured["agree"] == pytest.approx(np.mean([choice.rank == 0 for choice in choices]))


@pytest.mark.parametrize(
    ("cfg", "options", "said"),
    [
        (None, {}, "got attention"),
        (replace(SSC, aggregator="soup"), {}, "got soup"),
        (replace(SSC, aggregator="residual"), {}, "got residual"),
        (SSC, {"head": 1}, "head: expected a head from 0 to 0, got 1"),
        (SSC, {"k": 0}, "top_k: expected"),
        (replace(SSC, segment_length=99), {}, "targets: expected a question after the first segment"),
    ],
)
def test_what_cannot_be_asked_is_said(cfg, options, said):
    with pytest.raises(ValueError, match=said):
        consult(model(cfg), **options)


def test_too_many_selections_are_refused(monkeypatch):
    monkeypatch.setattr(oracle, "MOST", 3)
    with pytest.raises(ValueError, match="top_k: expected at most 3 selections for a question, got"):
        consult(model())


def test_selections_that_list_too_much_are_refused(monkeypatch):
    found = consult(model())
    listed = sum(choice.subsets.size for choice in found.choices)
    monkeypatch.setattr(oracle, "MOST_LISTED", listed - 1)
    with pytest.raises(ValueError, match=f"top_k: expected at most .* in all selections together, got {listed:,}"):
        consult(model())
    monkeypatch.setattr(oracle, "MOST_LISTED", listed)
    assert len(consult(model()).choices) == len(found.choices)


def test_only_the_last_layer_is_read_another_way():
    one = model(replace(SSC, aggregator="grm"), layers=2)
    tokens, targets, _ = sequence()
    found, read = consult(one, 2), oracle.readable(one)
    first, asked = (ours(each, tokens, layer=0) for each in (read, oracle.as_read(read, SSC)))
    assert replace(first, predictions=None).hash == replace(asked, predictions=None).hash
    assert not np.array_equal(first.predictions.probabilities, asked.predictions.probabilities)
    assert [block.config.mixer.aggregator for block in read.blocks] == ["grm", "grm"]
    said = capture(one, tokens, targets=targets).predictions.target_probabilities
    for choice in found.choices:
        assert choice.all == pytest.approx(-np.log2(said[choice.t]), abs=1e-4)


def test_another_kind_of_model_is_refused():
    with pytest.raises(ValueError, match=r"model: expected a SequenceModel, .* got Linear"):
        oracle.consult(torch.nn.Linear(2, 2), [0], [0])
