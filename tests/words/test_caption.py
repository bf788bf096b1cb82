"""Captions say the Trace's numbers, and keep to themselves what is to be hidden."""

from dataclasses import replace
from functools import cache

import numpy as np

from mcviz import MCConfig, examples, interference, words


@cache
def run(**fields):
    return examples.run("needle", MCConfig(**{"segment_length": 12, **fields}), key_size=6, value_size=5)


def test_the_answer_is_named_unless_it_is_to_be_hidden():
    trace, t = run(), 95
    place = trace.sources[t]
    gate = trace.weights[t, 0, trace.segment_of[place]]
    assert f"stands at token {place}, in segment {trace.segment_of[place]}: gate {gate:.3f}." in words.caption(trace, t)
    assert "answer" not in words.caption(trace, t, answers=False)
    assert words.caption(trace, t).endswith(f"The weights are random: {words.UNTRAINED}.")
    assert words.UNTRAINED not in words.caption(replace(trace, title="needle-grm, trained"), t)


def test_of_two_runs_those_that_nobody_trained_are_named():
    drawn = run()
    learned = replace(drawn, title="needle-grm, trained")
    assert words.unlearned(drawn, drawn) == "both untrained: they have learned nothing"
    assert words.unlearned(drawn, learned) == f"first untrained: {words.UNTRAINED}"
    assert words.unlearned(learned, drawn) == f"second untrained: {words.UNTRAINED}"
    assert words.unlearned(learned, learned) == ""


def test_the_largest_gate_and_the_selection_are_the_runs():
    trace, t = run(aggregator="ssc", top_k=2), 95
    said = words.caption(trace, t, head=1)
    assert f"The largest gate, {trace.weights[t, 1].max():.3f}" in said
    assert "segments {} and {}".format(*np.flatnonzero(trace.selected[t, 1])) in said
    assert words.heaviest(trace, t, 1) == np.argmax(trace.weights[t, 1, :-1])
    assert words.heaviest(trace, 0) == 0


def test_recall_is_counted():
    trace = run()
    seen = interference.recall(trace)
    own = seen.right[seen.home, np.arange(len(seen.home))]
    said = words.recalled(trace, seen.home, seen.right, seen.strength, seen.crosstalk)
    assert f"Each token writes a pair, {trace.T} in all." in said
    assert f"Of these {len(seen.home)}, {own.sum()} come back right from the checkpoint of their own segment" in said
    assert f"and {seen.right[-1].sum()} from one memory that wrote all {trace.T} tokens, with the same weights." in said
    assert "what a network answers is another count" in said
    assert seen.kept == own.sum()


def test_of_two_runs_it_is_said_how_many_memories_each_reads():
    routed, gated, plain = (run(aggregator=name, top_k=2) for name in ("ssc", "grm", "none"))
    for one, other in ((routed, gated), (gated, plain)):
        counts = [int(each.read[-1, 0].sum()) for each in (one, other)]
        first, second = (f"{n} memor{'y' if n == 1 else 'ies'}" for n in counts)
        said = f"The last token reads {first} in the first run, {second} in the second."
        assert said in words.compared(one, other)
    assert "The last token reads" not in words.compared(gated, gated)
