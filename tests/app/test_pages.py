"""The pages as Streamlit runs them, without a browser."""

import ast
import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import mcviz
from app import tour
from app.dressing import LINE
from app.screen import SHARE
from mcviz import MCConfig, examples, link, watch
from mcviz.probes import edits, interference, surgery
from mcviz.stepper.payload import pack, unpack

MAIN = Path(__file__).parents[2] / "app" / "main.py"
MODELS = watch.names()
needs_models = pytest.mark.skipif(not MODELS, reason="no trained model is here")


def opened(view="explore", **parameters):
    """A page of the app, as a link with these parameters opens it."""
    page = AppTest.from_string(
        "import streamlit as st\n"
        "from app import screen\n"
        f"from app.views import {view}\n"
        "screen.begin()\n"
        f"{view}.page()\n"
        "screen.end()\n",
        default_timeout=180,
    )
    for name, value in parameters.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def in_link(page, name):
    """The parameter as the address holds it: AppTest gives a list once the app has written it."""
    value = page.query_params[name]
    return value[-1] if isinstance(value, list) else value


def numbers(page):
    """What the page sends to the stepper: the header and the arrays, or None where there is no stepper."""
    sent = [component.proto.bytes for component in page.get("bidi_component") if component.proto.bytes]
    return unpack(sent[0]) if sent else None


def place(page):
    """Where the page tells the stepper to stand."""
    return next(part.proto.json for part in page.get("bidi_component") if '"step"' in part.proto.json)


def titles(page):
    """The titles of the figures, each of which is one line on a phone."""
    said = [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in page.get("plotly_chart")]
    assert said
    assert max(map(len, said)) <= LINE
    return said


def sharing(page):
    """The page once the link for a class was opened."""
    page.session_state[SHARE] = True
    return page.run()


def words(page):
    """All text on the page, without the backslashes that keep it from being Markdown."""
    parts = [*page.markdown, *page.error, *page.warning, *page.caption]
    return " ".join(part.value for part in parts).replace("\\", "")


def press(page, label):
    """Press the first button whose label begins so."""
    next(button for button in page.button if button.label.startswith(label)).click().run()
    assert not page.exception


def test_the_entry_opens_on_a_filled_in_picture_without_a_click():
    page = AppTest.from_file(str(MAIN), default_timeout=180)
    page.query_params["v"] = "1"
    page.run()
    assert not page.exception
    header, arrays = numbers(page)
    assert arrays["0.weights"].size
    trained = bool(MODELS)
    assert (", trained" in words(page)) == trained
    assert (", untrained: it has learned nothing" in words(page)) == (not trained)
    assert bool(header["runs"][0]["predictions"]) == trained


def test_the_entry_has_no_text_that_stands_alone():
    """Streamlit writes it on every page."""
    _, *lines = ast.parse(MAIN.read_text(encoding="utf-8")).body
    assert not [line for line in lines if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)]


def test_equations_and_figures_are_filled_in_when_they_are_opened():
    page = opened(run="topics", step="100", head="1")
    assert not page.latex
    page.session_state["equations"] = page.session_state["figures"] = True
    page.run()
    assert not page.exception
    trace = examples.run("topics", MCConfig())
    assert [line.value.strip("$ \n") for line in page.latex] == [
        text for line in mcviz.words.equations(trace, 100, 1) for text in (line.symbols, line.numbers)
    ]
    assert len(page.get("plotly_chart")) == 5


@pytest.mark.parametrize("name", examples.TASKS)
def test_the_picture_is_made_of_what_the_run_computed(name):
    page = opened(run=name, aggregator="ssc", segment_length="12")
    trace = examples.run(name, MCConfig(aggregator="ssc", segment_length=12))
    expected, _ = unpack(pack(trace))
    header, arrays = numbers(page)
    assert header["id"] == expected["id"]
    np.testing.assert_array_equal(arrays["0.output"], trace.output.astype(np.float32))
    assert "untrained" in words(page)


@needs_models
def test_a_model_is_shown_as_it_runs_itself():
    page = opened(run=MODELS[0], seed="3")
    trace = watch.run(watch.Sitting(MODELS[0], seed=3))
    header, _ = numbers(page)
    assert header["id"].startswith(trace.hash)


@pytest.mark.parametrize("view", ["explore", "compare", "surgery"])
def test_what_was_changed_is_taken_back_at_once(view):
    changed = opened(view, run="needle", seed="3", aggregator="ssc", b_aggregator="soup", edits="off.0", step="9")
    press(changed, "Reset")
    first = opened(view, run="needle")
    for page in changed, first:
        assert not [button for button in page.button if button.label == "Reset"]
    assert link.read({name: in_link(changed, name) for name in changed.query_params})[0] == link.defaults("needle") | {
        "step": 9
    }
    assert numbers(changed)[0]["id"] == numbers(first)[0]["id"]


def test_a_class_that_sees_no_controls_has_nothing_to_reset():
    page = opened(run="needle", seed="3", hide="controls")
    assert not [button for button in page.button if button.label == "Reset"]


def test_a_choice_changes_the_run_and_the_link():
    page = opened(run="topics")
    before = numbers(page)[0]["id"]
    page.selectbox(key="choice:aggregator").set_value("ssc").run()
    page.number_input(key="typed:top_k").set_value(1).run()
    assert not page.exception
    assert in_link(page, "aggregator") == "ssc"
    assert in_link(page, "top_k") == "1"
    assert numbers(page)[0]["id"] != before


@needs_models
def test_a_model_brings_the_configuration_that_it_was_trained_with():
    page = opened(run="needle", aggregator="soup", segment_length="5")
    page.selectbox(key="choice:run").set_value(MODELS[-1]).run()
    assert not page.exception
    assert not page.error
    assert page.selectbox(key="choice:aggregator").value == watch.config(MODELS[-1]).aggregator
    assert "another configuration" not in words(page)


def test_the_stepper_starts_at_a_question_or_where_the_link_says():
    trace = examples.run("topics", MCConfig())
    asked = [t for t, source in enumerate(trace.sources) if source >= 0]
    assert f'"step": {asked[0]}' in place(opened(run="topics")).replace('":', '": ').replace(":  ", ": ")
    assert '"step": 7' in place(opened(run="topics", step="7", head="1")).replace('":', '": ').replace(":  ", ": ")
    last = place(opened(run="topics", step="5000", head="9")).replace('":', '": ').replace(":  ", ": ")
    assert f'"step": {trace.T - 1}' in last
    assert f'"head": {trace.H - 1}' in last


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"segmentation": "explicit", "lengths": "3, 4"}, "sum to T = 120"),
        ({"segmentation": "explicit", "lengths": "three"}, "expected whole numbers with commas"),
        ({"normalizer": "1"}, "options.normalizer: expected"),
        ({"run": "text", "text": " "}, "text: expected 1 to"),
    ],
)
def test_what_cannot_be_run_is_said_and_the_settings_stay(changes, said):
    page = opened(**{"run": "topics", **changes})
    (error,) = page.error
    assert said in error.value.replace("\\", "")
    assert numbers(page) is None
    for name, value in changes.items():
        assert in_link(page, name) == value


@pytest.mark.parametrize("view", ["compare", "surgery", "interference"])
def test_every_page_says_what_cannot_be_run(view):
    page = opened(view, run="topics", segmentation="explicit", lengths="3, 4")
    assert "sum to T = 120" in page.error[0].value.replace("\\", "")
    assert in_link(page, "lengths") == "3, 4"
    assert page.title
    assert "Reset" in [button.label for button in page.button]


@pytest.mark.parametrize(
    ("name", "chosen", "bounds"),
    [
        ("seed", {}, (0, None)),
        ("segment_length", {}, (1, None)),
        ("top_k", {"aggregator": "ssc"}, (1, None)),
        ("window", {"memory": "swla"}, (1, None)),
        ("expansion", {"memory": "dla"}, (1, None)),
        ("depth", {"memory": "dla"}, (1, 2)),
    ],
)
def test_no_number_leaves_its_bounds(name, chosen, bounds):
    page = opened(run="topics", **chosen, **{name: str(bounds[0] - 1)})
    assert f"{name}: expected" in page.warning[0].value.replace("\\", "")
    first, (least, most) = link.fields()[name].default, bounds
    beyond = [] if most is None else [most + 1]
    for typed in (least - 1, *beyond, 1.5, None):
        page.number_input(key=f"typed:{name}").set_value(typed).run()
        assert page.number_input(key=f"typed:{name}").value == first
        assert name not in page.query_params
        said = page.sidebar.warning[0].value.replace("\\", "")
        assert re.search(rf": expected a whole number.*, got {'none' if typed is None else ''}.*It stays {first}", said)
    taken = most or 2
    page.number_input(key=f"typed:{name}").set_value(taken).run()
    assert taken == first or in_link(page, name) == str(taken)
    assert not page.sidebar.warning
    assert numbers(page)


def test_a_text_of_100000_characters_is_refused_and_kept():
    page = opened(run="text")
    page.text_area(key="choice:text").set_value("x" * 100_000).run()
    assert "got 100,000" in words(page)
    assert len(page.text_area(key="choice:text").value) == 100_000
    page.text_area(key="choice:text").set_value("to be or not to be").run()
    assert not page.error
    assert numbers(page)


def test_ten_megabytes_of_text_are_refused_too():
    page = opened(run="text")
    page.text_area(key="choice:text").set_value("word " * 2_000_000).run()
    assert "got 10,000,000" in words(page)


def test_a_mangled_link_says_so_and_shows_the_page():
    page = opened(v="0", memory="<script>", step="many", run="topics")
    assert len(page.warning) == 3
    assert numbers(page)


def test_a_teacher_can_hide_controls_and_answers():
    page = opened(run="topics", hide="both")
    assert not page.sidebar.selectbox
    assert not numbers(page)[0]["runs"][0]["sources"]
    assert numbers(opened(run="topics"))[0]["runs"][0]["sources"]


@needs_models
@pytest.mark.parametrize("view", ["explore", "compare", "surgery"])
def test_hidden_answers_do_not_reach_the_browser(view):
    for run in numbers(opened(view, run=MODELS[0], hide="answers"))[0]["runs"]:
        assert not run["sources"]
        assert run["predictions"] is None
        assert run["asking"]


def test_a_teacher_is_given_the_locked_link_without_being_locked_out():
    page = opened(run="topics", aggregator="ssc", step="100")
    sharing(page)
    lock = next(group for group in page.button_group if group.label == "What the link hides")
    lock.set_value("both").run()
    assert not page.exception
    address = page.code[0].value
    given = dict(parse_qsl(address.partition("?")[2]))
    screen, problems = link.read(given)
    assert not problems
    assert (screen["hide"], screen["run"], screen["aggregator"], screen["step"]) == ("both", "topics", "ssc", 100)
    assert page.sidebar.selectbox
    assert not any(group.label == "What the link hides" for group in sharing(opened(**given)).button_group)


def test_a_run_that_diverged_says_so(monkeypatch):
    trace = examples.run("recall", MCConfig(seed=77))
    output = trace.output.copy()
    output[30:] = np.inf
    monkeypatch.setattr(examples, "run", lambda *_, **__: replace(trace, output=output))
    page = opened(run="recall", seed="77")
    assert "from token 30 on" in page.warning[0].value
    assert numbers(page)


def test_one_token_is_enough():
    assert numbers(opened(run="text", text="alone"))


def test_two_runs_are_compared_in_step():
    page = opened("compare", run="topics", aggregator="ssc", b_aggregator="ssc", b_top_k="4")
    header, _ = numbers(page)
    assert len(header["runs"]) == 2
    assert "first differ at token" in words(page)
    assert "Checkpoints to select, k: 2, and 4." in words(page)
    same = opened("compare", run="topics", aggregator="grm", b_aggregator="grm", b_start="independent")
    assert "the same at every token" in words(same)


def test_a_comparison_opens_on_one_memory_that_goes_on():
    header, _ = numbers(opened("compare", run="topics"))
    first, second = (run["about"] for run in header["runs"])
    assert "GRM" in first
    assert "independent start" in first
    assert "no caching" in second
    assert "one memory for all" in second


@needs_models
def test_trained_and_untrained_numpy_and_pytorch():
    own = watch.config(MODELS[0])
    page = opened("compare", run=MODELS[0], b_weights="untrained", b_aggregator=own.aggregator, b_start=own.start)
    assert len(numbers(page)[0]["runs"]) == 2
    assert "second untrained: it has learned nothing" in words(page)
    backends = opened("compare", run=MODELS[0], b_backend="numpy", b_aggregator=own.aggregator, b_start=own.start)
    assert "in NumPy" in words(backends)
    assert "differs after 0 of" in words(backends)
    assert "learned nothing" not in words(backends)


@pytest.mark.parametrize(("view", "asks"), [("explore", True), ("surgery", False)])
def test_who_computes_is_asked_where_it_matters(view, asks):
    """Only the reference operates."""
    page = opened(view, run=MODELS[0], backend="pytorch")
    assert any(group.label == "Computed by" for group in page.button_group) == asks


def test_surgery_shows_the_run_before_and_after():
    page = opened("surgery", run="topics", edits="off.1 erase.20")
    trace = examples.run("topics", MCConfig())
    after = surgery.operate(trace, [surgery.SwitchOff(1), surgery.Erase(20)])
    header, arrays = numbers(page)
    assert header["id"].startswith(f"{trace.hash}-{after.hash}")
    np.testing.assert_array_equal(arrays["1.output"], after.output.astype(np.float32))
    assert "only changes what is read" in words(page)
    assert "propagates" in words(page)
    assert "switched off" not in words(page)  # as the stepper says so
    assert "Checkpoint 1 is switched off" in words(opened("surgery", run="topics", edits="off.1", hide="controls"))


def test_an_operation_is_added_and_undone():
    page = opened("surgery", run="topics")
    assert len(numbers(page)[0]["runs"]) == 1
    press(page, "Switch")
    assert re.fullmatch(r"off\.\d+", in_link(page, "edits"))
    assert len(numbers(page)[0]["runs"]) == 2
    press(page, "× 2")
    press(page, "Gate 0")
    press(page, "Gate 1")  # in its place
    assert [word.partition(".")[0] for word in in_link(page, "edits").split()] == ["scale", "freeze"]
    press(page, "Switch")  # nor is a gate held of what is not read
    assert [word.partition(".")[0] for word in in_link(page, "edits").split()] == ["scale", "off"]
    press(page, "Restore")
    assert [word.partition(".")[0] for word in in_link(page, "edits").split()] == ["scale"]
    press(page, "Reset")
    assert len(numbers(page)[0]["runs"]) == 1


def test_where_there_is_no_room_for_another_edit_it_cannot_be_pressed():
    """What takes the place of one that is in force can."""
    page = opened("surgery", run="topics")
    press(page, "× 2")
    factor = in_link(page, "edits")
    page = opened("surgery", run="topics", edits=" ".join([factor, *(f"erase.{t}" for t in range(edits.LONGEST - 1))]))
    shut = {button.label for button in page.button if button.disabled}
    assert {"Gate 0", "Add noise", "Erase it", "Force at every token"} < shut
    assert not any(label.startswith(("×", "Reset")) for label in shut)
    helps = {button.help for button in page.button if button.disabled}
    assert len(helps) == 1
    assert f"expected at most {edits.LONGEST}" in helps.pop().replace("\\", "")
    press(page, "× 0.5")
    assert len(in_link(page, "edits").split()) == edits.LONGEST
    page = opened("surgery", run="topics", edits=in_link(page, "edits").partition(" ")[2])
    press(page, "Gate 0")
    assert len(in_link(page, "edits").split()) == edits.LONGEST
    assert len(numbers(page)[0]["runs"]) == 2


def test_no_checkpoint_is_offered_that_nobody_reads():
    page = opened("surgery", run="topics")
    trace = examples.run("topics", MCConfig())
    assert page.button_group[0].options == [str(i) for i in range(trace.N - 1)]
    assert opened("surgery", run="topics", aggregator="none").info


@pytest.mark.parametrize("edits", ["off.99", "melt.3", "freeze.0.7", "<b>", "swap.1.1", "scale.1.1.0", "off.1 off.1"])
def test_edits_that_cannot_be_made_are_said(edits):
    page = opened("surgery", run="topics", edits=edits)
    assert len(page.error) == 1
    assert "expected" in words(page)
    assert in_link(page, "edits") == edits


@needs_models
def test_surgery_on_a_model_changes_what_it_predicts():
    name = "topics-grm" if "topics-grm" in MODELS else MODELS[0]
    sitting = watch.Sitting(name)
    before = watch.run(sitting, "numpy")
    t = next(t for t, source in enumerate(before.sources) if source >= 0)
    segment = int(before.segment_of[before.sources[t]])
    page = opened("surgery", run=name, edits=f"off.{segment}")
    after = watch.answered(sitting, surgery.operate(before, [surgery.SwitchOff(segment)]))
    header, _ = numbers(page)
    assert header["id"].startswith(f"{before.hash}-{after.hash}")
    assert after.predictions.tokens[t][0] != before.predictions.tokens[t][0]


def test_interference_says_what_the_microscope_measured():
    page = opened("interference", run="recall", head="1")
    trace = examples.run("recall", MCConfig())
    seen = interference.recall(trace, 1)
    own = int(seen.right[seen.home, np.arange(len(seen.home))].sum())
    assert f"{own} come back right from the checkpoint" in words(page)
    assert len(page.get("plotly_chart")) == 2


def test_your_own_text_and_the_way_to_models():
    page = opened("own", run="text", text="a b a")
    assert numbers(page)
    assert "your text, untrained: it has learned nothing" in words(page)
    assert {"Library", "Write"} <= {button.label for button in page.button}
    (field,) = page.main.text_area  # a telephone has the sidebar shut
    field.set_value("a b c a").run()
    assert in_link(page, "text") == "a b c a"
    assert not opened("own", run="text", hide="controls").text_area


def test_a_saved_run_is_shown_and_a_foreign_file_is_refused():
    page = opened("own", run="text")
    page.button_group[0].set_value("A saved run").run()
    assert not page.exception
    trace = examples.run("needle", MCConfig())
    file = BytesIO()
    trace.save(file)
    page.file_uploader[0].upload("run.npz", file.getvalue(), "application/octet-stream").run()
    assert numbers(page)[0]["id"].startswith(trace.hash)
    page.file_uploader[0].upload("evil.npz", b"PK\x03\x04 no", "application/octet-stream").run()
    assert "trace: expected a file written by Trace.save" in words(page)
    assert not page.exception


def test_a_small_file_that_unpacks_to_much_is_refused_in_words():
    page = opened("own", run="text")
    page.button_group[0].set_value("A saved run").run()
    for T, H, K, said in ((8, 1, 2100, "memories of at most 4,194,304 numbers"), (2, 40, 700, "are allowed")):
        file = BytesIO()
        zeros = np.zeros((4, T, H, K), np.float32)
        mcviz.reference.memory_caching(*zeros, MCConfig(aggregator="none", segment_length=60)).save(file)
        assert len(file.getvalue()) < 2**20
        page.file_uploader[0].upload("zeros.npz", file.getvalue(), "application/octet-stream").run()
        assert not page.exception
        assert said in words(page)
        assert not numbers(page)


def test_every_stop_names_real_choices():
    for stop in tour.STOPS:
        for name, value in stop.choices.items():
            assert link.parse(name, str(value)) == value


@needs_models
def test_the_second_run_of_a_comparison_is_a_network_that_was_trained_without_a_cache():
    page = opened("compare", run="topics-grm")
    _, second = numbers(page)[0]["runs"]
    assert "topics-rnn, trained" in second["title"]
    assert "the first run answers 16 right and the second 6" in words(page)
    bare = opened("compare", run="topics-grm", b_run="", b_aggregator="none", b_start="checkpoint")
    assert "no fair plain RNN" in words(bare)
    offered = page.selectbox(key="choice:b_run").options
    assert all("Topic library" in name for name in offered[1:])


@needs_models
def test_what_a_class_may_not_see_is_in_no_sentence_and_changes_no_measurement():
    hidden = opened("compare", run="topics-grm", hide="answers")
    assert "answers" not in words(hidden)
    open_, shut = (opened("interference", run="topics-grm", **lock) for lock in ({}, {"hide": "answers"}))
    assert words(open_) == words(shut)
    assert "160 in all" in words(open_)
    assert "16 pairs that this sequence asks for of the 40 facts" in words(open_)


@needs_models
def test_the_dial_says_what_a_setting_does():
    page = opened(run="mqar-grm", segment_length="16")
    said = words(page)
    found = mcviz.claims.trained("mqar", watch.config("mqar-grm"), watch.config("mqar-grm"), mcviz.claims.rows())
    assert found.seeds == 5
    assert "answers right in this sequence" in said
    assert "models trained so answer 80.8% right" in said
    assert "the shorter the segments, the more is recalled" in said
    for claim in mcviz.claims.board(names=["segments-length", "recall-order"]):
        assert f"{claim.claim.statement} " in said
        assert f"Our runs of models trained for each: {claim.verdict} (Claims)." in said
    learned = f"These weights learned with segments of {watch.config('mqar-grm').segment_length}."
    assert learned in said
    assert "These weights learned" not in words(opened(run="mqar-grm", segment_length="16", weights="untrained"))
    as_trained = words(opened(run="mqar-grm"))
    assert "These weights learned" not in as_trained
    assert f"{watch.measured('mqar-grm')[0]:.1%}" in as_trained


def test_lengths_of_the_readers_own_start_with_lengths_that_fit():
    page = opened(run="topics", segment_length="50")
    page.selectbox(key="choice:segmentation").set_value("explicit").run()
    assert not page.error
    assert in_link(page, "lengths") == "50, 50, 20"


def test_in_front_of_a_class_there_are_no_controls():
    page = opened(run="topics", present="1")
    assert not page.sidebar.selectbox
    assert not page.title
    assert numbers(page)


def test_every_word_of_the_glossary_is_on_its_page():
    page = opened("glossary")
    for term in mcviz.words.glossary.TERMS.values():
        assert term.says in words(page)
    page.text_input[0].set_value("router").run()
    assert "KV cache" not in words(page)
    assert "most relevant" in words(page)
    page.text_input[0].set_value("M₀").run()
    assert mcviz.words.glossary.about("initial memory") in words(page)


@needs_models
def test_a_checkpoint_that_is_clicked_away_takes_the_answer_with_it():
    trace = watch.run(watch.Sitting("topics-ssc"), "numpy")
    t = next(t for t, source in enumerate(trace.sources) if source >= 0)
    home = int(trace.segment_of[trace.sources[t]])
    page = opened(run="topics-ssc", step=str(t), edits=f"off.{home}")
    after = watch.answered(watch.Sitting("topics-ssc"), surgery.operate(trace, [surgery.SwitchOff(home)]))
    header, _ = numbers(page)
    assert len(header["runs"]) == 2
    assert header["id"].startswith(trace.hash)
    assert after.hash in header["id"]
    assert mcviz.words.compared(trace, after) in words(page)
    (right, asked), (again, _) = mcviz.words.accuracy(trace), mcviz.words.accuracy(after)
    assert f"**{right} of {asked}** answers right in this sequence, and **{again}** after surgery." in words(page)
    assert f'"word": "off.{home}"' in place(page)


@needs_models
def test_edits_that_cannot_be_made_lead_back_on_explore_too():
    page = opened(run="topics-ssc", edits="off.99")
    assert "99" in words(page)
    press(page, "Undo all")
    assert len(numbers(page)[0]["runs"]) == 1


@needs_models
def test_a_class_without_controls_is_offered_no_surgery():
    assert '"surgery"' in place(opened(run="topics-ssc"))
    assert '"surgery"' not in place(opened(run="topics-ssc", hide="controls"))
