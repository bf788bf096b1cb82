"""The first notebook in JupyterLab, in a real browser: a prediction is made and revealed, and the stepper steps.

Its figures are read in the dark theme, too.
"""

import re
import sys
from pathlib import Path

import pytest

from mcviz import MCConfig, examples
from tests.stepper.hosts import complaints, expect, shown, until
from tests.test_palette import contrast

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "notebooks"))
build = pytest.importorskip("build", reason="the notebooks extra is not installed")

HARMLESS = ("favicon", "WebSocket", "webgl")


@pytest.fixture
def page(lab_page):
    lab_page.set_viewport_size({"width": 1300, "height": 1400})
    return lab_page


@pytest.mark.browser
def test_predict_reveal_and_step(page, lab):
    source = build.sources(["00"])[0]
    cells = [cell.source for cell in build.student(source).cells if cell.cell_type == "code"]
    trace = examples.run("topics", MCConfig(aggregator="grm", segment_length=16))
    wrong = complaints(page)
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    lab(page, *cells)

    # pick the memory that is read most, and reveal
    best = int(trace.weights[119, 0].argmax())
    picks = page.locator(".widget-toggle-button", has_text=str(best))
    picks.first.wait_for()
    picks.first.click()
    page.get_by_role("button", name="Reveal").first.click()
    page.get_by_text("You had the one that counts most. Score 100%").wait_for()
    page.get_by_text(f"{trace.weights[119, 0, best]:.3f}", exact=True).first.wait_for()

    # step back by one token
    root = shown(page, 119)
    root.focus()
    page.keyboard.press("ArrowLeft")
    shown(page, 118)

    page.locator(".js-plotly-plot .xtick").first.wait_for()
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    until(page, lambda: contrast(*map(in_hex, page.evaluate(COLOURS))) >= 4.5)
    assert not [text for text in wrong if not any(word in text for word in HARMLESS)]


@pytest.mark.browser
def test_a_wrong_answer_opens_the_stepper_where_it_goes_wrong(page, lab):
    wrong = complaints(page)
    lab(
        page,
        "import numpy as np\nfrom mcviz import exercises",
        "verdict = exercises.grm.check(lambda q, k, v, u, cuts: np.tril(q @ k.T) @ v)\nverdict",
        "exercises.write.check(lambda M, k, v: ...)",
    )
    page.get_by_text("All memories count in full here").wait_for()
    root = shown(page, 1)  # the smallest case has two tokens, and the second is the first that can go wrong
    expect(root.locator(".chip:visible")).to_have_count(2 * 2)  # of the student's run and of the right one
    page.get_by_text("is yours to solve").wait_for()
    assert page.get_by_text("Traceback").count() == 0
    assert not wrong


COLOURS = """() => [
  getComputedStyle(document.querySelector(".js-plotly-plot .xtick text")).fill,
  getComputedStyle(document.querySelector(".js-plotly-plot .main-svg")).backgroundColor,
]"""
"""Of a figure's ink and ground."""


def in_hex(colour):
    """`rgb(1, 2, 3)` as `#010203`."""
    red, green, blue = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour).groups()
    return f"#{int(red):02x}{int(green):02x}{int(blue):02x}"
