"""What a Trace leaves out is written again, bit for bit as the run wrote it."""

import weakref
from itertools import pairwise

import numpy as np
import pytest

from mcviz import MCConfig, Trace
from mcviz.config import MEMORIES
from mcviz.reference import Stream, memory_caching, replay

T, H, K, V = 11, 2, 4, 3


def run(memory, start):
    q, k, u = np.random.default_rng(0).standard_normal((3, T, H, K))
    v = np.random.default_rng(1).standard_normal((T, H, V))
    return memory_caching(q, k, v, u, MCConfig(memory=memory, start=start, segment_length=4))


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("start", ["independent", "checkpoint"])
def test_every_state_is_the_one_that_the_run_wrote(memory, start):
    trace = run(memory, start)
    stream = Stream(trace.config, trace.segments, trace.initial)
    for t in range(T):
        c = {name: each[t] for name, each in trace.coefficients.items()}
        stream.step(trace.q[t], trace.k[t], trace.v[t], trace.u[t], c)
        assert equal(replay.state(trace, t), stream.online)
        assert equal(trace.states(t), stream.online)


@pytest.mark.parametrize("start", ["independent", "checkpoint"])
def test_a_segment_goes_from_where_it_begins_to_its_checkpoint(start):
    trace = run("delta", start)
    for s, (begin, end) in enumerate(trace.segments):
        states = replay.segment(trace, s)
        assert len(states) == 1 + end - begin
        assert equal(states[-1], trace.checkpoints[s])
        assert equal(states[0], trace.checkpoints[s - 1] if s and start == "checkpoint" else trace.initial)
        assert len(replay.segment(trace, s, begin + 1)) == 2


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("start", ["independent", "checkpoint"])
@pytest.mark.parametrize("room", [1, 10**6])
def test_segments_side_by_side_are_written_as_one_after_the_other(monkeypatch, memory, start, room):
    monkeypatch.setattr(replay, "ROOM", room)
    trace = run(memory, start)
    found = {}
    for tokens, before, after in replay.abreast(trace, 2, 10):
        for i, t in enumerate(tokens):
            assert t not in found
            found[t] = [{name: array[i] for name, array in state.items()} for state in (before, after)]
    assert sorted(found) == list(range(2, 10))
    for s, (begin, _) in enumerate(trace.segments):
        for t, each in enumerate(pairwise(replay.segment(trace, s)), start=begin):
            assert t not in found or all(map(equal, found[t], each))


def test_states_come_one_after_the_other(monkeypatch):
    """What has been asked for is written, and what was passed is forgotten."""
    trace = run("delta", "independent")
    delta, states = replay.rule(trace.config), []

    class Remembering:
        def write(self, *arguments):
            new = delta.write(*arguments)
            states.append(weakref.ref(new["M"]))
            return new

    monkeypatch.setattr(replay, "rule", lambda cfg: Remembering())
    one_by_one = replay.through(trace, 0)
    next(one_by_one), next(one_by_one)
    assert len(states) == 1
    next(one_by_one), next(one_by_one)
    assert [state() is not None for state in states] == [False, False, True]
    del states[:]
    last = replay.state(trace, 6)
    assert [state() is not None for state in states] == [False, False, True]
    assert last["M"] is states[-1]()


def test_a_trace_is_lent_what_replays_and_draws_it(monkeypatch, tmp_path):
    class Host:
        def state(self, trace, t):
            return {"M": np.full(1, float(t))}

        def page(self, trace, other, hide_answers):
            return f"{trace.title} {other} {hide_answers}"

    trace = run("linear", "independent")
    monkeypatch.setattr(Trace, "host", Host())
    assert trace.states(3) == {"M": [3.0]}
    trace.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == " None False"
