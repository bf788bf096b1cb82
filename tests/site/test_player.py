"""What the page is answered, without a browser."""

import json

import pytest

from mcviz import link, writing
from mcviz.probes import edits
from mcviz.site import player
from mcviz.stepper.payload import unpack


def answer(parameters, **changes):
    said, payload = player.answer(json.dumps({"parameters": parameters, "changes": changes}))
    return json.loads(said), payload


def hashes(payload):
    """The hashes of a picture's runs, which come after it."""
    header, told = unpack(payload)[0], json.loads(player.hashes())
    assert told["name"] == header["id"]
    assert not any("hash" in run for run in header["runs"])
    return told["hashes"]


def control(said, name):
    return next((each for each in said["controls"] if each["name"] == name), None)


def test_a_change_is_taken_and_the_address_holds_it():
    said, payload = answer({"run": "needle"}, aggregator="ssc")
    assert said["parameters"] == {"v": "1", "run": "needle", "aggregator": "ssc"}
    assert control(said, "top_k")["value"] == 2
    assert control(said, "aggregator")["value"] == "ssc"
    assert unpack(payload)[0]["runs"][0]["title"] == said["title"] == "needle, untrained"


def test_a_text_that_is_too_long_for_a_link_stays_where_something_else_is_chosen():
    text = "word " * (link.LONGEST // 5 + 1)
    said, _ = answer({"run": "text", "memory": "vector", "aggregator": "none"}, text=text)
    said, _ = answer(said["parameters"], aggregator="average")
    assert control(said, "text")["value"] == text
    assert "text" not in link.write(link.read(said["parameters"])[0])


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


def test_choices_that_come_together_are_made_in_their_order():
    """As where the reader chooses faster than the browser computes: a model, and then how it reads."""
    said, _ = answer({"run": "needle"}, run="topics-ssc", aggregator="residual")
    assert said["parameters"] == {"v": "1", "run": "topics-ssc", "aggregator": "residual"}
    said, _ = answer({"run": "needle"}, aggregator="residual", run="topics-ssc")
    assert said["parameters"] == {"v": "1", "run": "topics-ssc"}


def test_edits_stay_where_another_model_reads_the_same_sequence_and_else_it_is_said_that_they_go():
    edited = {"run": "topics-ssc", "changes": "3=fox"}
    said, payload = answer(edited, run="topics-rnn")
    assert (said["parameters"]["changes"], said["parameters"]["run"]) == ("3=fox", "topics-rnn")
    assert unpack(payload)[0]["runs"][-1]["tokens"][3] == "fox"
    assert "Your edits are not kept" not in said["remark"]
    said, _ = answer(edited, run="mqar-ssc")
    assert "changes" not in said["parameters"]
    assert "Your edits are not kept, as topics-ssc reads another sequence than mqar-ssc." in said["remark"]
    said, _ = answer(edited, seed="5")
    assert "changes" not in said["parameters"]
    assert "Your edits are not kept, as another seed draws another sequence." in said["remark"]


def test_lengths_of_ones_own_begin_with_those_there_are():
    said, _ = answer({"run": "recall", "segment_length": "50"}, segmentation="explicit")
    assert sum(map(int, said["parameters"]["lengths"].split(","))) == said_tokens(said)


def said_tokens(said):
    from mcviz.examples import TASKS

    return TASKS[said["parameters"].get("run", "recall")].length


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"segmentation": "explicit", "lengths": "3, 4"}, "sum to T = 96"),
        ({"segment_length": "0"}, None),
        ({"segment_length": ""}, None),
        ({"run": "../secret"}, None),
        ({"seed": "1.5"}, None),
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
    assert hashes(payload) == [trace.hash]
    said, nothing = player.taken(b"nothing of ours")
    assert json.loads(said)["refused"]
    assert not nothing
    assert hashes(payload) == [trace.hash], "what is refused is not shown"
    again = player.taken((tmp_path / "run.npz").read_bytes())[1]
    assert unpack(again)[0]["id"] != unpack(payload)[0]["id"], "what comes behind one picture is not the other's"


def test_a_word_written_over_is_in_the_address_and_in_the_run():
    parameters = {"run": "topics-grm"}
    asked = {"parameters": parameters, "changes": {}, "request": {"number": 1, "edit": {"change": "3=fox"}}}
    said, payload = player.answer(json.dumps(asked))
    said = json.loads(said)
    assert (said["answered"], said["problem"]) == (1, "")
    assert said["parameters"]["changes"] == "3=fox"
    before, after = unpack(payload)[0]["runs"]
    assert (before["tokens"][3] == "fox", after["tokens"][3]) == (False, "fox")
    assert said["offers"]["edit"]["changes"]
    refused = {**asked, "request": {"number": 2, "edit": {"change": "9999=fox"}}}
    said = json.loads(player.answer(json.dumps(refused))[0])
    assert said["answered"] == 2
    assert said["problem"]
    assert "changes" not in said["parameters"]


@pytest.mark.parametrize("run", ["topics-grm", "needle"])
def test_surgery_is_done_undone_and_in_the_address(run):
    def asked(words, **parameters):
        request = {"number": 1, "surgery": {"edits": words}}
        said, payload = player.answer(
            json.dumps({"parameters": {"run": run, **parameters}, "changes": {}, "request": request})
        )
        return json.loads(said), hashes(payload)

    said, (before, after) = asked("off.1 scale.2.2.0")
    assert said["parameters"]["edits"] == "off.1 scale.2.2.0"
    assert [one["says"] for one in said["offers"]["surgery"]["edits"]] == [
        "Checkpoint 1 is switched off",
        "Checkpoint 2 is multiplied by 2",
    ]
    trace = player.run(link.defaults(run))
    made = edits.parse("off.1 scale.2.2.0")
    assert before == trace.hash
    assert after == player.operated(link.defaults(run) | {"edits": "off.1 scale.2.2.0"}, trace, made).hash
    said, (alone,) = asked("", edits="off.1")
    assert "edits" not in said["parameters"]
    assert alone == trace.hash
    said, runs = asked("off.99", edits="off.1")
    assert "99" in said["problem"]
    assert len(runs) == 2
    assert said["parameters"]["edits"] == "off.1"


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("edits", "off.99", "got"),
        ("edits", "nonsense", "edits: expected words like"),
        ("changes", "900=fox", "got 900"),
        ("changes", "3=unicorn", "unicorn"),
        ("changes", "3=fox " * 101, "101"),
    ],
)
def test_edits_of_a_link_that_cannot_be_made_are_said_and_the_rest_is_shown(field, text, says):
    said, payload = answer({"run": "topics-grm", "seed": "4", field: text})
    assert len(said["problems"]) == 1
    assert says in said["problems"][0]
    assert said["parameters"] == {"v": "1", "run": "topics-grm", "seed": "4"} or said["parameters"] == {
        "v": "1",
        "seed": "4",
    }
    assert len(unpack(payload)[0]["runs"]) == 1


def test_a_model_of_text_reads_the_readers_own_and_writes_on():
    plain, _ = answer({"run": "text-rnn"})
    assert [control(plain, name)["value"] for name in ("written", "heat")] == [0, 70]
    assert control(answer({"run": "topics-grm"})[0], "draft") is None
    said, payload = answer({"run": "text-rnn", "draft": "Oh dear! ", "seed": "3"}, written="5")
    (run,) = unpack(payload)[0]["runs"]
    draft = writing.Draft("text-rnn", "Oh dear! ", 5, 0.7, 3)
    assert "".join(run["tokens"]) == ("Oh dear! " + writing.continuation(draft, "numpy")).replace(" ", "␣")
    assert hashes(payload) == [writing.run(draft, "numpy").hash]
    assert (said["parameters"]["written"], said["step"]) == ("5", 13)
    assert list(said["offers"]) == ["surgery"]
    said, payload = answer(said["parameters"], draft="Oh dear Ψ")
    assert "got Ψ" in said["refused"]
    assert said["parameters"]["draft"] == "Oh dear Ψ"
    assert not payload


def test_what_is_prepared_is_shown_to_nobody_and_there_when_it_is_asked_for(monkeypatch):
    player._kept.clear()
    answer({"run": "topics-grm"})
    before, kept = player.hashes(), [*player._kept]
    player._kept.clear()
    player.prepare(json.dumps({"run": "topics-grm"}))
    assert player.hashes() == before
    assert [*player._kept] == kept
    monkeypatch.setattr(player.watch, "run", None)  # nothing is left to be run
    assert answer({"run": "topics-grm"})[1]
    player.prepare(json.dumps({"run": "topics-grm", "changes": "nothing"}))  # nor is it asked for: no error
