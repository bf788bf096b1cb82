import pytest
from streamlit.testing.v1 import AppTest

from mcviz import MCConfig
from mcviz.stepper.payload import carries_states
from tests.stepper import reading
from tests.stepper.examples import library, noise
from tests.stepper.hosts import AT_ONCE, PAGE, expect, shown


def sent(app: AppTest) -> list:
    """What the page sends to its components, in order: the numbers, then where to stand."""
    return [component.proto for component in app.get("bidi_component")]


def test_the_numbers_go_in_one_component_and_the_place_in_another():
    app = AppTest.from_file(str(PAGE)).run(timeout=180)
    assert not app.exception
    numbers, view = sent(app)
    assert numbers.bytes[:8] == b"mcviz/1\n"
    assert '"step": 135' in view.json or '"step":135' in view.json
    assert not view.bytes
    before = numbers.bytes
    app.session_state["main"] = {"selection": {"step": 7, "head": 1, "segment": 0}}
    app.run()
    assert sent(app)[0].bytes == before


@pytest.fixture
def visit(window, streamlit_server):
    def open_page(query="", **how):
        page = window(height=1000, **how)
        page.goto(streamlit_server(PAGE) + query)
        return page

    return open_page


@pytest.mark.browser
def test_the_reader_steps_and_the_server_hears_when_he_rests(visit):
    trace = library()
    page = visit()
    root = shown(page, 135)
    reading.check_cards(page, trace, 135, 0)
    root.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    reading.check_cards(page, trace, 139, 1)
    page.wait_for_url("**?step=139")
    page.get_by_role("button", name="go to 20").click()
    shown(page, 20)
    page.get_by_text("server: 20, 0, -1").wait_for()
    root.focus()
    page.keyboard.press("c")
    page.keyboard.press("ArrowLeft")
    shown(page, 19)
    page.wait_for_url("**?step=19")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.browser
def test_a_button_of_the_page_is_not_overtaken_by_the_step_before_it(visit):
    page = visit()
    shown(page, 135)
    go = page.get_by_role("button", name="go to 20")
    page.locator(".mcviz").evaluate(AT_ONCE, ["ArrowRight", go.element_handle()])
    page.get_by_text("server: 20, 0, -1 after 1").wait_for()
    page.wait_for_timeout(1000)  # what was on its way comes
    shown(page, 20)
    expect(page.get_by_text("server: 20, 0, -1 after 1")).to_have_count(1)


@pytest.mark.browser
def test_another_run_under_the_same_key_keeps_the_token(visit):
    page = visit()
    root = shown(page, 135)
    root.focus()
    page.keyboard.press("ArrowRight")
    shown(page, 136)
    page.wait_for_url("**?step=136")
    page.get_by_role("button", name="other run").click()
    page.get_by_text("linear memory · GRM").wait_for()
    reading.check_cards(page, library(MCConfig(aggregator="grm")), 136, 0)


@pytest.mark.browser
def test_a_long_run_in_the_dark(visit):
    page = visit("?tokens=512", scheme="dark")
    root = shown(page, 135)
    expect(root).to_have_attribute("data-theme", "dark")
    trace = noise(MCConfig(aggregator="ssc", top_k=4), 512, H=4, K=32, V=32)
    assert not carries_states(trace)
    root.focus()
    for key, t in (("ArrowRight", 136), ("End", 511)):
        page.keyboard.press(key)
        reading.check_online_state(page, trace, t, 0)
