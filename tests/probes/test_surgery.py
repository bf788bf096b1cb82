"""Surgery: without edits nothing changes; each edit does what it says, and nothing else."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcviz import MCConfig, examples
from mcviz.config import AGGREGATORS, GATED, GATES, MEMORIES
from mcviz.probes import surgery
from mcviz.probes.surgery import Erase, Force, Freeze, Noise, Scale, Swap, SwitchOff, operate
from mcviz.reference import memory_caching

LAST = 95


@cache
def run(**fields):
    return examples.run("needle", MCConfig(**{"segment_length": 16, **fields}), key_size=5, value_size=4)


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("start", ["independent", "checkpoint"])
def test_without_edits_the_run_is_the_same_bit_for_bit(memory, aggregator, start):
    trace = run(memory=memory, aggregator=aggregator, start=start, segment_length=32)
    assert operate(trace, []).hash == trace.hash


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("aggregator", GATED)
def test_without_edits_the_run_is_the_same_over_many_segments(aggregator, gate):
    """A sum over so many gates depends on the order in which it is taken."""
    trace = run(aggregator=aggregator, gate=gate, segment_length=8)
    assert operate(trace, []).hash == trace.hash


def test_a_run_that_diverged_is_the_same_without_edits():
    rng = np.random.default_rng(0)
    q, k, v, u = 1e200 * rng.standard_normal((4, 12, 2, 3))
    with np.errstate(all="ignore"):
        trace = memory_caching(q, k, v, u, MCConfig(aggregator="ssc", segment_length=2, top_k=1))
        assert trace.diverged_at is not None
        assert operate(trace, []).hash == trace.hash


def test_the_scores_are_those_that_the_run_recorded():
    """Another backend rounds in another way, and near ties its router may take another checkpoint."""
    trace = run(aggregator="ssc", top_k=1)
    other = int(np.argmin(trace.scores[LAST, 0, :5]))
    scores = trace.scores.copy()
    scores[LAST, 0, other] = scores[LAST, 0].max() + 1
    edited = operate(replace(trace, scores=scores), [])
    np.testing.assert_array_equal(edited.scores, scores)
    assert np.flatnonzero(edited.selected[LAST, 0]).tolist() == [other]


@pytest.mark.parametrize("aggregator", [name for name in AGGREGATORS if name != "none"])
def test_a_checkpoint_that_is_switched_off_is_not_read_and_not_weighed(aggregator):
    trace = run(aggregator=aggregator, top_k=5)
    edited = operate(trace, [SwitchOff(1)])
    assert not edited.read[32:, :, 1].any()
    assert (edited.weights[32:, :, 1] == 0).all()
    assert not np.allclose(edited.output[32:], trace.output[32:])
    np.testing.assert_array_equal(edited.output[:32], trace.output[:32])
    if aggregator in GATED:
        np.testing.assert_allclose(edited.weights.sum(2), 1)


@pytest.mark.parametrize("aggregator", [name for name in AGGREGATORS if name != "none"])
def test_a_run_after_surgery_counts_what_it_reads(aggregator):
    trace = run(aggregator=aggregator, top_k=5)
    edited = operate(trace, [SwitchOff(0), SwitchOff(1), Force((2, 3), 90)])
    memory = trace.checkpoints[0]["M"][0].nbytes
    fewer = (trace.read.sum(2) - edited.read.sum(2)).sum(1)
    assert fewer[LAST] == 2 * trace.H
    saved = {name: trace.counts[name] - edited.counts[name] for name in trace.counts}
    np.testing.assert_array_equal(saved["bytes"], fewer * memory)
    np.testing.assert_array_equal(saved["reads"], 0 if aggregator == "soup" else fewer)
    each = 2 * trace.K * trace.V if aggregator == "soup" else 2 * trace.K * trace.V + 2 * trace.V
    np.testing.assert_array_equal(saved["flops"], fewer * each)
    assert not saved["cached"].any()  # what is not read is kept all the same


def test_the_router_takes_the_next_best_for_one_that_is_switched_off():
    trace = run(aggregator="ssc", top_k=1)
    best = int(np.argmax(trace.scores[LAST, 0, :5]))
    edited = operate(trace, [SwitchOff(best)])
    rest = np.where(np.arange(6) == best, -np.inf, trace.scores[LAST, 0])[:5]
    assert np.flatnonzero(edited.selected[LAST, 0]).tolist() == [int(np.argmax(rest))]


def test_all_off_is_the_plain_recurrent_layer():
    trace, plain = run(aggregator="grm"), run(aggregator="none")
    edited = operate(trace, [SwitchOff(i) for i in range(trace.N)])
    np.testing.assert_allclose(edited.output, plain.output)


def test_swapped_checkpoints_take_each_others_weight():
    trace = run(aggregator="grm")
    edited = operate(trace, [Swap(0, 3)])
    np.testing.assert_array_equal(edited.output[:64], trace.output[:64])
    np.testing.assert_allclose(edited.weights[64:, :, [0, 3]], trace.weights[64:, :, [3, 0]])
    again = operate(edited, [Swap(0, 3)])
    np.testing.assert_allclose(again.output, trace.output)
    assert (edited.exchanged, again.exchanged) == (((0, 3),), ((0, 3), (0, 3)))
    assert operate(edited, [Erase(5)]).exchanged == ()  # a run of its own scores


def test_swapping_where_all_weigh_alike_changes_nothing():
    trace = run(aggregator="residual")
    np.testing.assert_array_equal(operate(trace, [Swap(0, 3)]).output, trace.output)


@pytest.mark.parametrize("aggregator", ["grm", "ssc", "residual"])
def test_a_forced_selection_is_what_is_read_and_only_at_its_token(aggregator):
    trace = run(aggregator=aggregator, top_k=1)
    edited = operate(trace, [Force((0, 2), token=LAST)])
    assert np.flatnonzero(edited.selected[LAST, 0]).tolist() == [0, 2]
    np.testing.assert_array_equal(edited.output[:LAST], trace.output[:LAST])
    assert not np.allclose(edited.output[LAST], trace.output[LAST])


def test_forcing_what_the_router_took_changes_nothing():
    trace = run(aggregator="ssc", top_k=2)
    taken = tuple(int(i) for i in np.flatnonzero(trace.selected[LAST, 0]))
    edited = operate(trace, [Force(taken, token=LAST)])
    np.testing.assert_array_equal(edited.output[LAST, 0], trace.output[LAST, 0])


@settings(max_examples=20)
@given(st.floats(0, 1), st.integers(0, 5), st.sampled_from(["grm", "soup", "ssc"]))
def test_a_frozen_gate_stands_and_the_others_keep_their_proportions(gate, segment, aggregator):
    trace = TRACES[aggregator]
    edited = operate(trace, [Freeze(segment, gate)])
    begin = max(16, trace.segments[segment][0])
    np.testing.assert_allclose(edited.weights[begin:, :, segment], gate)
    np.testing.assert_allclose(edited.weights[begin:].sum(2), 1)
    others = [i for i in range(6) if i != segment]
    before = trace.weights[LAST][:, others]
    after = edited.weights[LAST][:, others]
    np.testing.assert_allclose(after * before.sum(1, keepdims=True), before * (1 - gate), atol=1e-12)


TRACES = {name: run(aggregator=name) for name in GATED}


def test_noise_stays_in_its_checkpoint_under_independent_start():
    trace, edit = run(memory="delta"), Noise(1, 0.5)
    edited = operate(trace, [edit])
    assert not surgery.propagates(trace, edit)
    for i, (before, after) in enumerate(zip(trace.checkpoints, edited.checkpoints, strict=True)):
        assert np.array_equal(before["M"], after["M"]) == (i != 1)
    np.testing.assert_array_equal(edited.output[:32], trace.output[:32])


def test_noise_goes_on_under_checkpoint_start():
    trace, edit = run(memory="delta", start="checkpoint"), Noise(1, 0.5)
    edited = operate(trace, [edit])
    assert surgery.propagates(trace, edit)
    changed = [not np.array_equal(a["M"], b["M"]) for a, b in zip(trace.checkpoints, edited.checkpoints, strict=True)]
    assert changed == [False, True, True, True, True, True]
    np.testing.assert_allclose(edited.states(40)["M"], replayed(edited, 40))


def replayed(trace, t):
    """The online memory by what it answers: the token's own read, solved for its memory, is consistent with states."""
    state = trace.states(t)["M"]
    np.testing.assert_allclose(np.einsum("hvk,hk->hv", state, trace.q[t]), trace.reads[t][:, trace.segment_of[t]])
    return state


def test_noise_of_scale_0_changes_nothing_and_a_seed_repeats():
    trace = run()
    np.testing.assert_array_equal(operate(trace, [Noise(1, 0.0)]).output, trace.output)
    first, again, other = (operate(trace, [Noise(1, 1.0, seed)]).hash for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("memory", ["linear", "delta"])
def test_an_erased_token_leaves_the_memory_as_it_was_before_it(memory):
    trace, edit = run(memory=memory), Erase(20)
    edited = operate(trace, [edit])
    assert surgery.propagates(trace, edit)
    np.testing.assert_array_equal(edited.states(20)["M"], trace.states(19)["M"])
    np.testing.assert_array_equal(edited.output[:20], trace.output[:20])
    assert not np.allclose(edited.output[40:], trace.output[40:])
    for i in (0, 2, 3):
        np.testing.assert_array_equal(edited.checkpoints[i]["M"], trace.checkpoints[i]["M"])


def test_reading_edits_leave_every_memory_as_it_was():
    trace = run(aggregator="ssc")
    for edit in (SwitchOff(0), Swap(0, 1), Force((1,)), Freeze(0, 0.5)):
        assert not surgery.propagates(trace, edit)
        edited = operate(trace, [edit])
        assert edited.tokens == trace.tokens
        assert edited.predictions is None
        for before, after in zip(trace.checkpoints, edited.checkpoints, strict=True):
            np.testing.assert_array_equal(after["M"], before["M"])


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (SwitchOff(6), "segment: expected a segment from 0 to 5, got 6"),
        (Swap(0, -1), "other: expected a segment"),
        (Force((0, 9)), "segments: expected a segment"),
        (Force((0,), token=96), "token: expected a token from 0 to 95, got 96"),
        (Erase(-1), "token: expected"),
        (Freeze(0, 1.5), "gate: expected a number from 0 to 1, got 1.5"),
        (Freeze(0, float("nan")), "gate: expected a number from 0 to 1, got nan"),
        (Freeze(0, "1"), "gate: expected a number from 0 to 1, got '1'"),
        (Scale(0, "2"), "factor: expected a finite number other than 1, got '2'"),
        (Noise(0, "1"), "scale: expected a number, at least 0, got '1'"),
        (Noise(0, -1.0), "scale: expected"),
        (Noise(0, float("inf")), "scale: expected"),
        (Noise(0, 1.0, -1), "seed: expected"),
    ],
)
def test_edits_that_cannot_be_made(edit, said):
    with pytest.raises(ValueError, match=said):
        operate(run(), [edit])


def test_there_is_no_gate_to_freeze_where_none_is_used():
    with pytest.raises(ValueError, match="gate: expected an aggregator with gates"):
        operate(run(aggregator="residual"), [Freeze(0, 0.5)])
