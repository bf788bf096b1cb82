"""What the page is answered, without a browser."""

import json

import pytest

from mcviz import link
from mcviz.site import player
from mcviz.stepper.payload import unpack


def answer(parameters, **changes):
    said, payload = player.answer(json.dumps({"parameters": parameters, "changes": changes}))
    return json.loads(said), payload


def control(said, name):
    return next((each for each in said["controls"] if each["name"] == name), None)


def test_a_change_is_taken_and_the_address_holds_it():
    said, payload = answer({"run": "needle"}, aggregator="ssc")
    assert said["parameters"] == {"v": "1", "run": "needle", "aggregator": "ssc"}
    assert control(said, "top_k")["value"] == 2
    assert control(said, "aggregator")["value"] == "ssc"
    assert unpack(payload)[0]["runs"][0]["title"] == said["title"] == "needle, untrained"


def test_a_trained_model_has_no_choice_of_its_rule_and_an_example_has():
    trained, _ = answer({"run": "topics-grm"})
    example, _ = answer({"run": "recall"})
    assert control(trained, "memory") is None
    assert control(trained, "weights")["value"] == "trained"
    assert control(example, "memory")["value"] == "linear"
    assert control(example, "weights") is None


def test_another_run_starts_as_it_was_made_and_keeps_what_fits_any():
    said, _ = answer({"run": "needle", "aggregator": "soup", "segment_length": "3", "seed": "4"}, run="topics-ssc")
    assert said["parameters"] == {"v": "1", "run": "topics-ssc", "seed": "4"}


def test_lengths_of_ones_own_begin_with_those_there_are():
    said, _ = answer({"run": "recall", "segment_length": "50"}, segmentation="explicit")
    assert sum(map(int, said["parameters"]["lengths"].split(","))) == said_tokens(said)


def said_tokens(said):
    from mcviz.examples import TASKS

    return TASKS[said["parameters"].get("run", "recall")].length


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"segment_length": "0"}, "segment_length: expected a whole number, at least 1, got 0"),
        ({"segment_length": ""}, None),
        ({"run": "../secret"}, None),
        ({"seed": "1e9"}, None),
    ],
)
def test_what_cannot_be_is_said_and_the_rest_stays(changes, says):
    said, payload = answer({"run": "needle", "aggregator": "ssc"}, **changes)
    assert control(said, "aggregator")["value"] == "ssc"
    if says:
        assert says in said["refused"]
        assert not payload
    else:
        assert said["problems"]
        assert payload


def test_a_saved_run_comes_back_and_anything_else_is_refused(tmp_path):
    trace = player.run(link.defaults("needle"))
    trace.save(tmp_path / "run.npz")
    said, payload = player.taken((tmp_path / "run.npz").read_bytes())
    assert json.loads(said)["title"] == trace.title
    assert payload
    said, payload = player.taken(b"nothing of ours")
    assert json.loads(said)["refused"]
    assert not payload


def test_a_word_written_over_is_in_the_address_and_in_the_run():
    parameters = {"run": "topics-grm"}
    asked = {"parameters": parameters, "changes": {}, "request": {"number": 1, "edit": {"change": "3=fox"}}}
    said, payload = player.answer(json.dumps(asked))
    said = json.loads(said)
    assert (said["answered"], said["problem"]) == (1, "")
    assert said["parameters"]["changes"] == "3=fox"
    assert unpack(payload)[0]["runs"][0]["tokens"][3] == "fox"
    assert said["offers"]["edit"]["changes"]
    refused = {**asked, "request": {"number": 2, "edit": {"change": "9999=fox"}}}
    said = json.loads(player.answer(json.dumps(refused))[0])
    assert said["answered"] == 2
    assert said["problem"]
    assert "changes" not in said["parameters"]
