from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcviz.stepper import film_page, pack, pack_film
from mcviz.stepper.film import identity, says
from mcviz.stepper.payload import unpack
from tests.stepper import reading
from tests.stepper.films import TOTAL, film
from tests.stepper.hosts import PATIENCE, drawn, shown

QUESTION = 129
"""A token at which something is asked."""
PLAY = """(root) => {
  root.dispatchEvent(new KeyboardEvent("keydown", {key: "t", bubbles: true}));
  return [stepper.film.time.playing, stepper.state.frame, root.querySelector(".film .play").ariaLabel];
}"""
"""Press a key, and see what it does before the clock goes on."""

PRESS_ELSEWHERE = """(slider, key) => {
  const frame = () => Number(new URLSearchParams(location.hash).get("frame"));
  slider.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  const before = frame();
  document.body.dispatchEvent(new PointerEvent("pointerdown", {bubbles: true}));
  return [before, frame()];
}"""
"""Press a key and then the page beside the stepper: the frame that the address has in between, and after."""


def test_a_film_holds_the_runs_of_its_frames():
    header, arrays = unpack(pack_film(film()))
    assert header["film"]["steps"] == [0, 267, 533, 800]
    for i, frame in enumerate(film().frames):
        alone, own = unpack(pack(frame.trace))
        whole = {**header["runs"][0], **header["runs"][i]}
        assert {key: whole[key] for key in ("hash", "title", "predictions", "T")} == {
            key: alone["runs"][0][key] for key in ("hash", "title", "predictions", "T")
        }
        for name in ("weights", "scores", "probabilities", "shares"):
            np.testing.assert_array_equal(arrays[f"{i}.{name}"], own[f"0.{name}"])


def test_frames_say_only_where_they_differ():
    header, arrays = unpack(pack_film(film()))
    assert {"tokens", "segments", "equations"} <= set(header["runs"][0])
    assert not {"tokens", "segments", "equations"} & set(header["runs"][1])
    assert header["arrays"]["0.events.boundary"]["at"] == header["arrays"]["3.events.boundary"]["at"]
    assert len(pack_film(film())) < 4 * 150_000
    assert arrays["0.q"].shape == arrays["3.q"].shape


def test_curves_are_what_was_measured():
    header, _ = unpack(pack_film(film()))
    curves = {curve["name"]: curve["values"] for curve in header["film"]["curves"]}
    frames = film().frames
    assert curves == {
        "loss": [frame.loss for frame in frames],
        "accuracy": [frame.accuracy for frame in frames],
        "entropy": [frame.gate_entropy for frame in frames],
    }
    plain, _ = unpack(pack_film(film("topics-rnn", 2)))
    assert [curve["name"] for curve in plain["film"]["curves"]] == ["loss", "accuracy"]


def test_jumps_stand_at_the_frame_after_them():
    header, _ = unpack(pack_film(film()))
    assert header["film"]["jumps"] == [{"frame": jump.last, "says": says(jump)} for jump in film().jumps]
    assert header["film"]["jumps"][0]["says"] == "accuracy goes from 5 % to 95 %"


def test_a_part_of_a_film_names_its_frames():
    header, arrays = unpack(pack_film(film(), 2, 3))
    assert (header["film"]["first"], header["film"]["steps"]) == (2, [0, 267, 533])
    assert len(header["runs"]) == 1
    np.testing.assert_array_equal(arrays["0.weights"], unpack(pack_film(film()))[1]["2.weights"])


def test_a_film_keeps_its_name_as_it_grows_and_no_other_has_it():
    grown, young = film(), replace(film(), frames=film().frames[:2])
    assert identity(young) == identity(grown)
    other = replace(film(), training={**film().training, "seed": 1})
    assert identity(other) != identity(grown)


def test_what_is_no_film_to_show_is_refused():
    with pytest.raises(ValueError, match="film: expected at least one frame, got none"):
        pack_film(replace(film(), frames=()))
    with pytest.raises(ValueError, match="first: expected a frame from 0 to 3"):
        pack_film(film(), 4)


@pytest.fixture
def visit(window, tmp_path):
    """`visit(film)` opens the file of a film, with the network off. Any complaint of the console fails the test."""

    def open_page(shown_film, at="", **options):
        path = tmp_path / "film.html"
        path.write_text(film_page(shown_film, step=QUESTION, **options), encoding="utf-8")
        page = window(offline=True)
        page.goto(path.as_uri() + at)
        shown(page)
        return page

    return open_page


def at_frame(page, n: int, t: int = QUESTION) -> None:
    """Wait until frame `n` is on screen at token `t`."""
    page.locator(f'.mcviz[data-frame="{n}"][data-step="{t}"]').wait_for(timeout=PATIENCE)


@pytest.mark.browser
def test_the_numbers_are_those_of_the_frame_on_screen(visit):
    page = visit(film())
    for n, frame in enumerate(film().frames):
        at_frame(page, n)
        reading.check_cards(page, frame.trace, QUESTION, 0)
        first = page.locator(".answers li").first
        assert first.locator(".label").text_content() == frame.trace.predictions.tokens[QUESTION][0]
        assert page.locator(".film .clock").text_content() == f"step of training {frame.step} of {TOTAL}"
        assert reading.agrees(page.locator(".film [data-number=loss]").text_content(), frame.loss)
        page.keyboard.press("k")
    page.keyboard.press("ArrowRight")
    at_frame(page, 3, QUESTION + 1)
    reading.check_cards(page, film().frames[3].trace, QUESTION + 1, 0)


@pytest.mark.browser
def test_the_sentence_says_what_changed_since_the_frame_before(visit):
    page = visit(film(), "#frame=1")
    at_frame(page, 1)
    before, now = (film().frames[n].trace for n in (0, 1))
    away = np.abs(now.weights[QUESTION, 0] - before.weights[QUESTION, 0])
    most = int(np.argmax(away))
    for name, trace in (("gate-was", before), ("gate-now", now)):
        text = page.locator(f".film [data-number={name}]").text_content()
        assert reading.agrees(text, trace.weights[QUESTION, 0, most])
    said = [trace.predictions.tokens[QUESTION][0] for trace in (before, now)]
    sentence = page.locator(".film .changed").text_content()
    assert (f"it said {said[0]}, and now {said[1]}" if said[0] != said[1] else f"it still says {said[0]}") in sentence


@pytest.mark.browser
def test_the_curves_are_a_slider_for_mouse_and_keyboard(visit):
    page = visit(film())
    slider = page.get_by_role("slider", name="Step of training")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 20)
    at_frame(page, 2)
    page.wait_for_url("**&frame=2**")
    # what is pressed elsewhere counts on it, in the same moment
    assert slider.evaluate(PRESS_ELSEWHERE, "ArrowRight") == [2, 3]
    assert slider.evaluate(PRESS_ELSEWHERE, "Home") == [3, 0]
    slider.press("k")
    at_frame(page, 1)
    for part in (pack_film(film(), 0, 2), pack_film(film(), 2)):  # it loses frames, and grows again
        page.evaluate("bytes => stepper.open(new Uint8Array(bytes))", list(part))
        at_frame(page, 1)
    slider.focus()
    page.keyboard.press("End")
    at_frame(page, 3)
    page.keyboard.press("ArrowLeft")
    at_frame(page, 2)
    assert slider.get_attribute("aria-valuetext").startswith("step 533 of 800: loss ")
    page.locator(".mcviz").focus()
    page.keyboard.press("J")
    page.get_by_text("no earlier jump of training").wait_for(timeout=PATIENCE)
    page.keyboard.press("K")
    at_frame(page, 3)
    assert "accuracy goes from 5 % to 95 %" in page.locator(".film .changed").text_content()
    assert page.locator(".mcviz").evaluate(PLAY) == [True, 0, "Pause the training"]
    at_frame(page, 3)
    page.get_by_role("button", name="Play the training").wait_for(timeout=PATIENCE)


@pytest.mark.browser
def test_a_low_window_has_room_for_the_strip_and_all_parts_of_the_run(visit):
    page = visit(film(), "#frame=3")
    at_frame(page, 3)
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.locator(".mcviz:not(.low)").wait_for(timeout=PATIENCE)
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator(".mcviz.low").wait_for(timeout=PATIENCE)
    drawn(page)
    strip, output = (page.locator(part).bounding_box() for part in (".mcviz .film", ".mcviz .output"))
    assert output["y"] + output["height"] - strip["y"] < 768


@pytest.mark.browser
def test_answers_stay_hidden_until_they_are_asked_for(visit):
    page = visit(film(), hide_answers=True)
    for n in (0, 1):
        at_frame(page, n)
        assert "its answer is hidden" in page.locator(".film .changed").text_content() or n == 0
        assert page.locator(".answers").is_hidden()
        page.keyboard.press("k")


@pytest.mark.browser
def test_in_streamlit_a_film_grows_and_who_looks_at_its_newest_frame_goes_along(window, streamlit_server):
    frames = film(frames=20).frames
    page = window(height=1000)
    page.goto(streamlit_server(Path(__file__).parent / "film_page.py"))
    at_frame(page, 1)
    page.locator(".mcviz").evaluate("root => { root.dataset.first = 'yes'; }")
    page.get_by_role("button", name="grow").click()
    at_frame(page, 9)
    assert page.locator(".mcviz").get_attribute("data-first") == "yes", "more parts of a film made another stepper"
    reading.check_cards(page, frames[9].trace, QUESTION, 0)
    page.locator(".mcviz").focus()
    page.keyboard.press("j")
    at_frame(page, 8)
    page.wait_for_url("**frame=8**")
    page.get_by_role("button", name="grow").click()
    page.locator('.film .slider[aria-valuemax="17"]').wait_for(timeout=PATIENCE)
    at_frame(page, 8)
    reading.check_cards(page, frames[8].trace, QUESTION, 0)
    page.locator(".mcviz").focus()
    for n in range(9, 12):
        page.keyboard.press("k")
        at_frame(page, n)
    reading.check_cards(page, frames[11].trace, QUESTION, 0)
    page.locator(".film").get_by_label("Frames per second").select_option("60")
    page.locator(".mcviz").focus()
    page.keyboard.press("t")
    at_frame(page, 17)
    page.wait_for_url("**frame=17**")


@pytest.mark.browser
def test_a_run_without_a_film_has_no_second_axis(window, tmp_path):
    film().frames[0].trace.to_html(tmp_path / "run.html")
    page = window()
    page.goto((tmp_path / "run.html").as_uri())
    shown(page)
    assert not page.locator(".film").count()
    assert page.evaluate("'frame' in stepper.state") is False
    page.locator(".mcviz").focus()
    page.keyboard.press("k")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for(timeout=PATIENCE)
    assert "frame of training" not in page.get_by_role("dialog", name="Keyboard").text_content()
