"""A training that is watched in a real browser, on the server that `mcviz explore` starts."""

import re

import pytest

from app.desk import FRAMES
from mcviz import watch
from tests.app.load import explorer
from tests.app.test_browser import whole
from tests.conftest import await_health, stop
from tests.stepper.hosts import AT_ONCE, expect, shown, until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not watch.available("pytorch"), reason="training needs PyTorch"),
]


@pytest.fixture
def server(tmp_path):
    """The address of a fresh server."""
    log = tmp_path / "log.txt"
    running, url = explorer(log)
    await_health(running, url, log)
    yield url
    stop(running)


def test_pictures_follow_a_training_that_is_paused_scrubbed_goes_on_and_is_stopped(chromium, server):
    page = chromium.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.goto(f"{server}/train?v=1&train_steps=3000")

    shown(page)
    whole(page)

    def press(name):
        page.get_by_role("button", name=name, exact=True).press("Enter")

    def step():
        return int(page.locator(".film .clock b").inner_text().replace(",", ""))

    press("Train")
    shown(page)
    pictures = set()

    def another():
        pictures.add(page.locator(".mcviz .views").inner_text())
        return len(pictures) > 2

    with page.expect_response(lambda answer: f"/{FRAMES}/" in answer.url and answer.ok):
        until(page, another, "no other picture came")
    whole(page, ((1366, 768),))
    press("Pause")
    page.get_by_text("Paused.").wait_for()
    slider = page.get_by_role("slider", name="Step of training")
    go_on = page.get_by_role("button", name="Go on", exact=True)
    slider.evaluate(AT_ONCE, ["Home", go_on.element_handle()])
    with page.expect_response(lambda answer: f"/{FRAMES}/" in answer.url and answer.ok):
        page.get_by_text("Training.", exact=True).wait_for()
    for _ in range(2):  # who looks elsewhere is left there
        with page.expect_response(lambda answer: f"/{FRAMES}/" in answer.url and answer.ok):
            expect(page.locator(".film .clock b")).to_have_text("0")
    slider.press("End")
    steps = set()

    def further():
        steps.add(step())
        return len(steps) > 2  # where it was paused, and beyond

    until(page, further, "it did not go on")
    press("Stop")
    page.get_by_text("Stopped.").wait_for()
    page.get_by_role("button", name="Train another").wait_for()
    assert re.search(r"[?&]training=", page.url)
    page.context.close()
