"""Edits as words: there and back, and nothing else gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import MCConfig, examples
from mcviz.probes import edits
from mcviz.probes.surgery import Erase, Force, Freeze, Noise, Scale, Swap, SwitchOff

segments = st.integers(0, 99)
any_edit = st.one_of(
    st.builds(SwitchOff, segments),
    st.builds(Swap, segments, segments),
    st.builds(Force, st.lists(segments, max_size=3).map(tuple), st.none() | segments),
    st.builds(Freeze, segments, st.floats(0, 1)),
    st.builds(Scale, segments, st.floats(0, 9)),
    st.builds(Noise, segments, st.floats(0, 9), segments),
    st.builds(Erase, segments),
)


@given(st.lists(any_edit, max_size=edits.LONGEST, unique_by=edits.word))
def test_round_trip(changes):
    assert edits.parse(edits.write(changes)) == changes


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (SwitchOff(2), "Checkpoint 2 is switched off"),
        (
            Swap(0, 3),
            "Checkpoints 0 and 3 exchange relevances: each keeps its memory, and is weighed as the other would be",
        ),
        (Force((1, 2), 9), "Checkpoints 1, 2 are read at token 9, and no others"),
        (Force((3,)), "Checkpoint 3 is read, and no other"),
        (Force(()), "No checkpoint is read"),
        (Freeze(1, 0.25), "The gate on segment 1 is held at 0.25"),
        (Scale(4, 2.0), "Checkpoint 4 is multiplied by 2"),
        (Noise(4, 0.5), "Checkpoint 4 has noise of 0.5 times its spread"),
        (Erase(7), "The key and value of token 7 become zero"),
    ],
)
def test_each_can_be_said(edit, said):
    assert edits.says(edit) == said


@given(st.text(max_size=30).filter(lambda text: not all(map(edits.KNOWN.match, text.split()))))
def test_any_other_text_is_one_clear_error(text):
    with pytest.raises(ValueError, match="edits: expected"):
        edits.parse(text)


def test_there_is_a_limit():
    with pytest.raises(ValueError, match="at most 12, got 13"):
        edits.parse("off.1 " * 13)


def test_an_edit_is_made_once():
    with pytest.raises(ValueError, match=r"expected each once, got off\.1 twice"):
        edits.parse("off.1 off.2 off.1")


def test_edits_without_end_are_refused():
    with pytest.raises(ValueError, match="edits: expected at most 16,384 characters, got 20,000"):
        edits.parse("force." + "1-" * 9_997)


def run():
    return examples.run("topics", MCConfig(aggregator="ssc", segment_length=16))


def test_what_is_offered_is_what_can_be_asked_for():
    trace = run()
    made = [SwitchOff(2), Scale(1, 2.0)]
    offer = edits.offer(trace, made)
    assert offer["read"] == edits.read(trace) != []
    assert offer["gated"]
    assert [one["says"] for one in offer["edits"]] == list(map(edits.says, made))
    assert edits.asked(trace, {"edits": " ".join(one["word"] for one in offer["edits"])}) == made
    assert edits.asked(trace, {"edits": ""}) == []


def test_of_edits_that_contradict_each_other_the_last_is_in_force():
    words = "off.1 scale.1.2.0 swap.0.1 freeze.1.0.5 scale.1.0.5 freeze.2.0.5 swap.0.2 freeze.1.1.0 off.2"
    assert edits.write(edits.asked(run(), {"edits": words})) == "swap.0.1 scale.1.0.5 swap.0.2 freeze.1.1.0 off.2"
    assert edits.settled([Scale(1, 2.0), Scale(1, 2.0)]) == [Scale(1, 2.0)]


def test_a_checkpoint_that_no_token_reads_is_not_offered():
    trace = examples.run("topics", MCConfig(aggregator="none"))
    assert edits.offer(trace, []) == {"read": [], "gated": False, "edits": []}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({}, "edits: expected words, got 'None'"),
        ({"edits": 3}, "edits: expected words, got '3'"),
        ({"edits": "off.99"}, "99"),
        ({"edits": "fly.2"}, "edits: expected words like off.2"),
        ({"edits": " ".join(f"scale.0.{n}.0" for n in range(13))}, "edits: expected at most 12, got 13"),
    ],
)
def test_nothing_else_can_be_asked_for(value, named):
    with pytest.raises(ValueError, match=named):
        edits.asked(run(), value)
