"""A server at its first minute, and one that was started again."""

import re
import subprocess
import sys

import pytest

from app import runs
from app.playing import NOTHING
from mcviz.tradeoff.game import ROUNDS, word
from tests.app import load
from tests.conftest import APP, ROOT, await_health, free_port, start, stop
from tests.stepper.hosts import expect, shown, until

visitor = pytest.importorskip("tests.visitor")


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """`serve(folder=…, port=…, base=…)` starts a server of its own, and gives its URL once it answers.

    One that has the port already is stopped: it starts again.
    """
    running = {}

    def started(port=None, **how):
        port = port or free_port()
        log = tmp_path_factory.mktemp("server") / "log.txt"
        if port in running:
            stop(running.pop(port))
        running[port], url = start(APP, log, port=port, **how)
        await_health(running[port], url, log)
        return url

    yield started
    stop(*running.values())


BELOW = {"port": free_port(), "base": "class/mcviz"}


@pytest.fixture(scope="module")
def below(serve):
    """The address of a server below another path, as behind a proxy: `--server.baseUrlPath`."""
    return serve(**BELOW)


@pytest.fixture(scope="module")
def page(chromium):
    """A page for what is below: one that has loaded the app before loads it in a third of the time."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def test_eight_readers_open_mixed_pages_of_a_fresh_server_at_once(serve, tmp_path):
    """The server starts where a package lies that has the name of ours, and first on the path."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("", encoding="utf-8")
    seen = visitor.finish(load.crowd(serve(folder=tmp_path), readers=8))
    assert not seen.failed
    assert len(seen.opened) == 8


LATE = """
import sys
from app import loaded
from app.views import claims, glossary
from streamlit.testing.v1 import AppTest

def opens(name):
    page = f"from app import screen\\nfrom app.views import {name}\\nscreen.begin()\\n{name}.page()"
    assert not AppTest.from_string(page).run(timeout=180).exception
    return {*sys.modules}

first = opens("glossary")
print(*(name for name in opens("claims") - first if not name.startswith("plotly.")))
"""


def test_the_heaviest_page_loads_no_library_once_readers_come():
    """But for what Streamlit itself takes for a first page, and classes of Plotly's, which are files of their own."""
    late = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not late.stdout.split()


def first_of_a_new_session(url, page, press):
    """What comes of the first message to a server that has not seen this browser before: `press(run)` is the change.

    Gives what the browser saw before, and what it sees then.
    """

    async def session():
        async with visitor.visit(url) as socket:
            before = await visitor.run(socket, page, "v=1")
        async with visitor.visit(url) as socket:
            return before, await visitor.run(socket, page, before.address or "v=1", press(before))

    return visitor.finish(session())


def test_the_first_page_is_found_by_its_name_too(streamlit_server):
    async def session(page):
        async with visitor.visit(streamlit_server()) as socket:
            return await visitor.run(socket, page, "v=1&run=needle")

    first, named, other = (visitor.finish(session(page)) for page in ("", "explore", "compare"))
    assert named.found
    assert named.elements == first.elements != other.elements
    assert not named.errors


def test_the_first_change_after_a_restart_counts(streamlit_server):
    def press(run):
        return (
            visitor.WidgetState(id=run.numbers["Seed"].id, double_value=0),
            visitor.WidgetState(id=run.numbers[load.LABEL].id, double_value=23),
        )

    before, after = first_of_a_new_session(streamlit_server(), "explore", press)
    assert before.numbers[load.LABEL].value != 23
    assert after.numbers[load.LABEL].value == 23
    assert "segment_length=23" in after.address
    assert not after.errors


@pytest.mark.parametrize(
    ("page", "label", "said"),
    [
        ("explore", "Take the five-minute tour", "tour=1"),
        ("cost", "No stored run reaches it", f"game={NOTHING}"),
        ("surgery", "Switch 3 off", "edits=off."),
    ],
)
def test_the_first_press_after_a_restart_counts(streamlit_server, page, label, said):
    def press(run):
        return (visitor.WidgetState(id=run.buttons[label], trigger_value=True),)

    before, after = first_of_a_new_session(streamlit_server(), page, press)
    assert said not in (before.address or "")
    assert said in after.address
    assert not after.errors


SETTLED = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@pytest.mark.browser
def test_below_another_path_pages_the_link_back_and_frames_lead_to_where_they_should(page, below):
    """Frames of another page, too: `?embed=true`."""

    def at(path, heading):
        page.wait_for_url(re.compile(re.escape(f"{below}/{path}") + r"\?.*run=needle"))
        page.get_by_role("heading", name=heading, level=1).wait_for()
        shown(page)
        page.wait_for_selector(SETTLED)
        expect(page.locator("[data-testid=stException]")).to_have_count(0)

    page.goto(f"{below}/?v=1&run=needle")
    at("", "Explore")
    page.get_by_role("link", name="Compare").first.click()
    at("compare", "Compare")
    page.go_back()
    at("", "Explore")
    page.go_forward()
    at("compare", "Compare")
    page.goto(f"{below}/explore?v=1&run=needle")
    at("explore", "Explore")
    shown(page).focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile("step="))
    page.get_by_role("button", name="Link for a class").click()
    # with the token at which the reader rests
    expect(page.locator("[data-testid=stPopoverBody] code")).to_have_text(page.url)
    page.goto(f"{below}/compare?embed=true&v=1&run=needle")
    page.get_by_role("heading", name="Compare", level=1).wait_for()
    shown(page)
    page.wait_for_url("**embed=true**run=needle**")


@pytest.mark.browser
def test_a_browser_goes_on_where_it_was_when_the_server_starts_again(page, below, serve):
    best = word(max(runs.plays(), key=ROUNDS[0].recall))
    asked = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(socket)))
    page.goto(f"{below}/?v=1&run=needle&game={best}")
    length = page.get_by_label(load.LABEL, exact=True)
    page.wait_for_selector(".mcviz[data-step]")
    page.wait_for_selector(SETTLED)
    first = asked[-1]
    serve(**BELOW)
    # by itself, for no server answers for a part of a page that it never drew
    until(page, lambda: asked[-1] is not first)
    page.wait_for_selector(SETTLED)
    length.fill("12")
    length.press("Enter")
    page.wait_for_url(re.compile("segment_length=12"))
    page.get_by_text("segments of 12 ").first.wait_for()
    page.wait_for_selector(SETTLED)
    expect(length).to_have_value("12")
    page.get_by_role("link", name="Cost").first.click()
    page.get_by_text(f"Round 1 of {len(ROUNDS)}").wait_for()
    page.get_by_text("more than the budget").or_(page.get_by_text("within the budget")).first.wait_for()
    page.wait_for_url(f"**game={best}**")
    page.wait_for_selector(SETTLED)
    assert page.locator("[data-testid=stException]").count() == 0
