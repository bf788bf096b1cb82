"""The pages as Streamlit runs them, without a browser."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mcviz import MCConfig, examples

MAIN = Path(__file__).parents[2] / "app" / "main.py"


def opened(**parameters):
    page = AppTest.from_file(str(MAIN), default_timeout=60)
    for name, value in parameters.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def in_link(page, name):
    """The parameter as the address holds it: AppTest gives a list once the app has written it."""
    value = page.query_params[name]
    return value[-1] if isinstance(value, list) else value


def charts(page):
    return page.get("plotly_chart")


def test_a_filled_in_picture_is_there_without_a_click():
    page = opened()
    assert len(charts(page)) == 5
    assert page.latex
    assert "untrained" in page.main.markdown[0].value


def test_the_picture_says_what_the_run_computed():
    page = opened(run="needle", aggregator="ssc", segment_length="12", step="95", head="1")
    trace = examples.run("needle", MCConfig(aggregator="ssc", segment_length=12))
    best = trace.weights[95, 1].max()
    assert any(f"{best:.3f}".replace(".", "\\.") in text.value for text in page.markdown)


def test_a_choice_changes_the_run_and_the_link():
    page = opened()
    page.selectbox(key="choice:aggregator").set_value("ssc").run()
    page.number_input(key="choice:top_k").set_value(1).run()
    assert not page.exception
    assert in_link(page, "aggregator") == "ssc"
    assert in_link(page, "top_k") == "1"
    assert any("router" in text.value for text in page.markdown)


def test_stepping_moves_the_picture():
    page = opened(step="40")
    before = charts(page)[0].proto.spec
    page.button(key="forward").click().run()
    assert page.slider(key="choice:step").value == 41
    assert charts(page)[0].proto.spec != before
    page.button(key="back").click().run()
    assert charts(page)[0].proto.spec == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"segment_length": "0"}, "segment_length: expected a whole number, at least 1, got 0"),
        ({"segmentation": "explicit", "lengths": "3, 4"}, "sum to T = 120"),
        ({"segmentation": "explicit", "lengths": "three"}, "expected whole numbers with commas"),
        ({"aggregator": "ssc", "top_k": "0"}, "top_k: expected"),
        ({"seed": "-1"}, "seed: expected"),
        ({"memory": "swla", "window": "0"}, "options.window: expected"),
        ({"memory": "dla", "depth": "3"}, "options.depth: expected 1 or 2"),
        ({"normalizer": "1"}, "options.normalizer: expected"),
        ({"run": "text", "text": " "}, "text: expected 1 to"),
    ],
)
def test_what_cannot_be_run_is_said_and_the_settings_stay(changes, said):
    page = opened(**changes)
    (error,) = page.error
    assert said in error.value.replace("\\", "")
    assert not charts(page)
    for name, value in changes.items():
        assert in_link(page, name) == value


def test_a_text_of_100000_characters_is_refused_and_kept():
    page = opened(run="text")
    page.text_area(key="choice:text").set_value("x" * 100_000).run()
    assert "got 100,000" in page.error[0].value.replace("\\", "")
    assert len(page.text_area(key="choice:text").value) == 100_000
    page.text_area(key="choice:text").set_value("to be or not to be").run()
    assert not page.error
    assert charts(page)


def test_a_mangled_link_says_so_and_shows_the_page():
    page = opened(v="0", memory="<script>", step="many")
    assert len(page.warning) == 3
    assert charts(page)


def test_a_teacher_can_hide_controls_and_answers():
    page = opened(hide="both")
    assert not page.sidebar.selectbox
    assert not any("answer" in text.value for text in page.markdown)
    assert any("answer" in text.value for text in opened().markdown)


def test_a_run_that_diverged_says_so(monkeypatch):
    trace = examples.run("recall", MCConfig(seed=77))
    output = trace.output.copy()
    output[30:] = np.inf
    monkeypatch.setattr(examples, "run", lambda *_, **__: replace(trace, output=output))
    page = opened(run="recall", seed="77")
    assert "from token 30 on" in page.warning[0].value
    assert charts(page)


def test_one_token_is_enough():
    assert charts(opened(run="text", text="alone"))
