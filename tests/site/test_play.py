"""The explorer as one page, in a real browser."""

import json
import os
import re
import shutil
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mcviz import link, wanted, watch, writing
from mcviz.rules import AGGREGATORS, SHEETS
from mcviz.site import play, player
from mcviz.site.python import PLACE
from mcviz.stepper.payload import pack, unpack
from tests.site.conftest import Visit, live, python
from tests.stepper.hosts import drawn, expect, saved, until

pytestmark = pytest.mark.browser
RELATIVE = 1e-12
"""Between two machines that count in float64: their libraries round the last bits of a sum otherwise."""

LINK = {"v": "1", "run": "needle", "aggregator": "ssc", "segment_length": "12", "seed": "3", "step": "40"}

GRID = """
import json
import numpy as np
from mcviz import MCConfig
from mcviz.reference import memory_caching
from mcviz.rules import AGGREGATORS, SHEETS

def runs():
    rng = np.random.default_rng(5)
    q, k, u = rng.standard_normal((3, 22, 2, 4)) / 2
    v = rng.standard_normal((22, 2, 3))
    for memory in SHEETS:
        for aggregator in AGGREGATORS:
            trace = memory_caching(q, k, v, u, MCConfig(memory=memory, aggregator=aggregator, segment_length=5))
            yield memory, aggregator, trace.output.tolist(), trace.weights.tolist(), trace.selected.tolist()

json.dumps(list(runs()))
"""


def close(here, there, relative=RELATIVE):
    """Whether numbers agree, relative to the largest of them."""
    here, there = np.asarray(here, float), np.asarray(there, float)
    np.testing.assert_allclose(there, here, rtol=relative, atol=relative * np.abs(here).max())


def without_hashes(header):
    """What a payload says, but for hashes, which are of the last bits too, and where things lie behind them."""
    runs = [{**run, "hash": ""} for run in header["runs"]]
    arrays = {name: {**spec, "at": 0} for name, spec in header["arrays"].items()}
    return {**header, "id": "", "runs": runs, "arrays": arrays}


def test_every_rule_and_aggregator_gives_the_numbers_of_this_machine(playing):
    there = json.loads(python(playing, GRID))
    space: dict = {}
    exec(GRID, space)
    here = json.loads(json.dumps(list(space["runs"]())))
    assert len(here) == len(SHEETS) * len(AGGREGATORS)
    for ours, theirs in zip(here, there, strict=True):
        assert ours[:2] == theirs[:2]
        assert ours[4] == theirs[4], ours[:2]
        close(ours[2], theirs[2])
        close(ours[3], theirs[3])


@pytest.mark.parametrize("name", ["topics-ssc", "mqar-grm", "topics-dla-soup"])
def test_whole_models_give_the_numbers_of_this_machine(playing, name):
    asked = f"import json\nfrom mcviz import watch\nt = watch.run(watch.Sitting({name!r}), 'numpy')\n"
    output, selected = json.loads(python(playing, f"{asked}json.dumps([t.output.tolist(), t.selected.tolist()])"))
    trace = watch.run(watch.Sitting(name), "numpy")
    close(trace.output, output, relative=1e-5)  # weights, and so all that comes of them, are float32
    assert trace.selected.tolist() == selected


def test_a_link_opens_here_as_in_the_app(playing):
    pytest.importorskip("streamlit")
    from tests.app import test_pages as app

    shown = app.opened("explore", **LINK)
    assert app.place(shown).replace(" ", "").find('"step":40') > 0
    message = json.dumps({"parameters": LINK, "changes": {}})
    payload = bytes(python(playing, f"player.answer({message!r})[1].hex()").encode())
    ours, theirs = app.numbers(shown), unpack(bytes.fromhex(payload.decode()))
    assert without_hashes(ours[0]) == without_hashes(theirs[0])
    for name, array in ours[1].items():
        np.testing.assert_allclose(theirs[1][name], array, rtol=1e-6, atol=1e-7 * max(1, np.nanmax(np.abs(array))))


def test_controls_are_live_and_the_address_follows(playing):
    playing.get_by_label("Model or sequence", exact=True).select_option("needle")
    expect(playing.locator("#title")).to_have_text("needle, untrained")
    live(playing)
    playing.get_by_label("Aggregator", exact=True).select_option("soup")
    playing.wait_for_url(re.compile("aggregator=soup"))
    live(playing)
    length = playing.get_by_label("Tokens in a segment", exact=True)
    expect(length).to_have_attribute("min", "1")
    length.fill("0")
    length.press("Enter")
    playing.get_by_text("segment_length: expected a whole number, at least 1, got 0").wait_for()
    expect(playing.get_by_label("Aggregator", exact=True)).to_have_value("soup")
    expect(playing.locator("#stepper .views")).to_have_count(1)
    length.fill("20")
    length.press("Enter")
    playing.wait_for_url(re.compile("segment_length=20"))
    playing.wait_for_selector("#problems", state="hidden")
    live(playing)
    here = int(playing.locator("#stepper").get_attribute("data-step"))
    playing.get_by_label("Aggregator", exact=True).evaluate(GO_ON_AND_CHOOSE, "grm")
    expect(playing.locator("#stepper .about")).to_contain_text("GRM")
    playing.wait_for_url(re.compile(rf"[?&]step={here + 2}\b"))
    expect(playing.locator("#stepper")).to_have_attribute("data-step", str(here + 2))


GO_ON_AND_CHOOSE = """(choice, value) => {
  const [stepper, to] = [document.querySelector("#stepper"), { key: "ArrowRight", bubbles: true }];
  stepper.dispatchEvent(new KeyboardEvent("keydown", to));
  choice.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
  choice.value = value;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  stepper.dispatchEvent(new KeyboardEvent("keydown", to));
}"""
"""A token on, a choice before that is a rest, and another token while Python computes."""


def test_a_text_is_only_ever_text(playing):
    playing.get_by_label("Model or sequence", exact=True).select_option("text")
    playing.get_by_label("Text", exact=True).fill("<img src=x onerror=alert(1)> [a](javascript:1) " * 3)
    playing.wait_for_selector("#stepper .tokens >> text=img >> nth=0")
    expect(playing.locator("#title")).to_have_text("your text, untrained")
    expect(playing.locator("#untrained")).to_have_text("Its weights are random: it has learned nothing.")
    expect(playing.locator("#stepper .story")).to_contain_text("nobody taught the network to find")
    assert playing.locator("#stepper :is(img, a), #controls :is(img, a)").count() == 0


def test_a_saved_run_is_taken_in_and_a_false_one_refused(playing, tmp_path):
    """A figure of it names its Trace, as it does elsewhere. It stays where a text that was written before is left."""
    screen = link.defaults("recall") | {"aggregator": "soup"}
    trace = replace(wanted.trace(screen.__getitem__, "numpy"), title="a run of one's own")
    trace.save(tmp_path / "run.npz")
    playing.set_input_files("#brought", tmp_path / "run.npz")
    expect(playing.locator("#title")).to_have_text("a run of one's own")
    assert f"Numbers of the Trace {trace.hash[:12]}, drawn by" in saved(playing, tmp_path / "a.svg", "SVG")[1].decode()
    (tmp_path / "false.npz").write_bytes(b"PK\x03\x04 nothing of ours")
    playing.set_input_files("#brought", tmp_path / "false.npz")
    playing.wait_for_selector("#refused:text-matches('This cannot be shown')")
    expect(playing.locator("#title")).to_have_text("a run of one's own")


def test_a_word_is_written_over_in_the_picture(playing):
    playing.get_by_label("Model or sequence", exact=True).select_option("topics-ssc")
    playing.wait_for_selector("#title:text('topics-ssc, trained')")
    live(playing)
    playing.locator("#stepper").focus()
    playing.keyboard.press("w")
    playing.get_by_role("combobox", name="Filter the vocabulary").fill("fox")
    playing.keyboard.press("Enter")
    playing.wait_for_url(re.compile(r"changes=\d+%3Dfox"))
    playing.get_by_text("1 edit:").wait_for()


def test_a_checkpoint_is_clicked_away_and_that_is_undone(playing):
    playing.get_by_label("Model or sequence", exact=True).select_option("mqar-grm")
    playing.wait_for_selector("#title:text('mqar-grm, trained')")
    live(playing)
    button = playing.get_by_role("button", name=re.compile(r"^Switch checkpoint \d+ off$")).first
    said = f"Checkpoint {re.search(r'[0-9]+', button.get_attribute('aria-label'))[0]} is switched off"
    button.click()
    playing.wait_for_url(re.compile("edits=off"))
    playing.locator(".operations", has_text=said).wait_for()
    playing.locator(".view:last-child .which", has_text="after surgery").wait_for()
    playing.get_by_role("button", name=f"Undo: {said}").click()
    playing.wait_for_url(lambda url: "edits" not in url)
    playing.locator(".operations").wait_for(state="hidden")
    expect(playing.locator("#stepper .view")).to_have_count(1)


def test_a_model_of_text_writes_on_after_the_readers_own(playing):
    playing.get_by_label("Model or sequence", exact=True).select_option("text-rnn")
    playing.wait_for_selector("#title:text('text-rnn, trained')")
    live(playing)
    playing.get_by_label("Your text", exact=True).fill("Oh dear! ")
    playing.wait_for_selector("#stepper[data-step='8']")
    length = playing.get_by_label("Characters that it writes on", exact=True)
    length.fill("3")
    length.press("Enter")
    playing.wait_for_url(re.compile("written=3"))
    playing.wait_for_selector("#stepper[data-step='11']")
    wrote = writing.continuation(writing.Draft("text-rnn", "Oh dear! ", 3, 0.7, 3), "numpy")
    playing.locator("#stepper .chip.now", has_text=wrote[-1].replace(" ", "␣")).wait_for()


COUNTED = """
const post = Worker.prototype.postMessage;
globalThis.asked = [];
Worker.prototype.postMessage = function (message, ...rest) {
  if (message.said) asked.push(Object.keys(message.said).join());
  return post.call(this, message, ...rest);
};
"""


def test_states_that_come_later_are_asked_for_once_and_overtake_no_choice(opened):
    """The states of a large run come where the reader rests; a rest while something is computed asks for none."""
    words = " ".join(f"word{i}" for i in range(320))
    page = opened(
        f"play/?v=1&run=text&memory=titans&text={words}&step=200", prepare=lambda page: page.add_init_script(COUNTED)
    )

    def online():
        return page.evaluate("asked.filter((kind) => kind === 'online').length")

    live(page)
    until(page, lambda: online() == 1)
    page.locator("#stepper .details figure canvas").first.wait_for()
    begun = time.monotonic()
    until(page, lambda: time.monotonic() > begun + 1.5)
    assert online() == 1
    page.locator("#stepper").focus()
    page.get_by_label("Aggregator", exact=True).select_option("soup")
    page.locator("#stepper").press("Home")  # far from the states that came
    expect(page.locator("#stepper .about")).to_contain_text("soup")
    until(page, lambda: online() == 2)


SLOW = {"offline": False, "latency": 100, "downloadThroughput": 2_000_000, "uploadThroughput": 2_000_000}
"""Milliseconds, and bytes a second."""


def test_over_a_slow_network_the_picture_is_there_before_python_which_can_be_asked_for_again(opened, site):
    """Whatever of Python is lost on the way, or comes by half. What was stored is not computed again, and can be
    edited."""
    half = next((site / "python").rglob("*.wasm.gz")).read_bytes()[:1_000_000]
    losses = {
        "**/*.wasm.gz": lambda route: route.abort(),
        "**/*.wasm.*": lambda route: route.fulfill(body=half),
        "**/pyodide.asm.mjs": lambda route: route.abort(),
        "**/numpy-*": lambda route: route.abort(),
    }
    first = next(iter(losses))

    def slow(page):
        page.add_init_script(COUNTED)
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
        page.route(first, losses[first])

    # what else was on its way is let go, and Pyodide complains of what it lost
    page = opened(prepare=slow, expected=("ERR_FAILED", "ERR_ABORTED", "Failed to fetch"))
    page.wait_for_selector("#stepper[data-step='129']")
    came = page.evaluate("performance.getEntriesByType('resource').map((each) => [each.name, each.encodedBodySize])")
    assert not any("/python/" in name for name, _ in came)
    assert sum(size for _, size in came) < 1_000_000  # 20 seconds of what browsers call slow 3G
    page.get_by_text("Python did not come").wait_for()
    expect(page.locator("#controls select").first).to_be_disabled()
    for before, name in pairwise(losses):
        page.unroute(before)
        page.route(name, losses[name])
        page.get_by_role("button", name="Try again").click()
        page.get_by_text("Python is on its way").wait_for()
        page.get_by_text("Python did not come").wait_for()
    page.unroute(name)
    page.get_by_role("button", name="Try again").click()
    live(page)
    expect(page.locator("#controls select").first).to_be_enabled()
    expect(page.locator("#title")).to_have_text("topics-grm, trained, in NumPy")
    assert page.evaluate("asked") == []
    page.get_by_role("button", name=re.compile(r"^Switch checkpoint \d+ off$")).first.click()
    page.wait_for_url(re.compile("edits=off"))
    page.locator(".view:last-child .which", has_text="after surgery").wait_for()


def worker(answers):
    """A worker in the place of Python's, which is there at once; what it does then is `answers`, a script."""
    script = f"""addEventListener("message", ({{ data: {{ id, parts, shown, said }} }}) => {{
      if (parts) postMessage({{ kind: "live" }});
      else if (!shown) {answers};
    }});"""
    return lambda route: route.fulfill(body=script, content_type="text/javascript")


def test_a_worker_that_ends_ends_its_question_and_the_next_one_is_answered(opened):
    where, ends = "**/play/worker.js", "throw new Error('it is over')"
    answers = "postMessage({ kind: 'answer', id, said: { refused: said.changes.aggregator }, payload: null })"
    page = opened(
        "play/?v=1&run=needle", prepare=lambda page: page.route(where, worker(ends)), expected=("it is over",)
    )
    aggregator = live(page).get_by_label("Aggregator", exact=True)
    for chosen in ("soup", "ssc"):
        aggregator.select_option(chosen)
        page.get_by_text("Python has ended, so the settings stay as they are").wait_for()
        expect(page.locator("#refused")).to_contain_text("it is over")
        expect(aggregator).to_be_disabled()
        expect(aggregator).to_have_value("grm")
        if chosen == "ssc":
            page.unroute(where)
            page.route(where, worker(answers))
        page.get_by_role("button", name="Try again").click()
        live(page)
        expect(page.locator("#refused")).to_be_hidden()
    aggregator.select_option("soup")
    expect(page.locator("#refused")).to_have_text("This cannot be shown. soup")


FATAL = """
import ctypes
from mcviz.site import player
player.answer = lambda said: ctypes.CFUNCTYPE(None)(10**8)()
"""
"""The next answer is a fault of Python itself."""


def test_after_one_visit_it_opens_and_computes_without_the_server(chromium, site):
    """And where Python meets a fault of its own, it is started again."""
    complaints = ("ERR_CONNECTION", "fatal error", "WebAssembly.Table")
    visit = Visit(chromium, site, "play/?v=1&run=needle", service_workers="allow", expected=complaints)
    live(visit.page)
    visit.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
    visit.stop_serving()
    visit.page.goto(f"{visit.home}play/?v=1&run=needle&aggregator=soup")
    expect(live(visit.page).locator("#title")).to_have_text("needle, untrained")
    visit.page.wait_for_selector("#stepper[data-step]")
    python(visit.page, FATAL)
    aggregator = visit.page.get_by_label("Aggregator", exact=True)
    aggregator.select_option("ssc")
    visit.page.get_by_text("Python has ended").wait_for()
    expect(aggregator).to_have_value("soup")
    visit.page.get_by_role("button", name="Try again").click()
    live(visit.page)
    aggregator.select_option("ssc")
    visit.page.wait_for_url(re.compile("aggregator=ssc"))
    visit.context.close()
    assert not visit.complaints


def test_another_build_in_its_place_is_had_wholly(chromium, site, tmp_path):
    """Files of a year ago, which a browser takes for lasting; then those of another build, and then no server.

    While the other's page has come and its scripts do not, those of before are not run in it.
    """
    folder = Path(shutil.copytree(site, tmp_path / "site"))
    for path in folder.rglob("*.*"):
        os.utime(path, (0, time.time() - 365 * 24 * 3600))
    visit = Visit(chromium, folder, "play/?v=1&run=needle", service_workers="allow", expected=("ERR_", "404"))
    page = visit.page
    live(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => {})")
    until(page, lambda: page.evaluate("Boolean(navigator.serviceWorker.controller)"))

    archive = next((folder / "python").rglob("mcviz-*.zip.gz"))
    was, now = archive.name.removesuffix(".gz"), "mcviz-another.zip"
    archive.rename(archive.with_name(f"{now}.gz"))
    place = play.place().rstrip("/")
    scripts = (folder / place).rename(tmp_path / "scripts")
    for path, before, after in (
        (folder / "play/index.html", was, now),
        (folder / "play/index.html", place, "play/scripts/another"),
        (folder / "kept.js", was, now),
        (folder / "kept.js", place, "play/scripts/another"),
        (scripts / play.MAIN, "Live: this browser", "Live: another browser"),
        (
            scripts / "play/worker.js",
            "globalThis.python = python",
            "globalThis.python = python, globalThis.another = true",
        ),
    ):
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    def is_the_other():
        page.get_by_text("Live: another browser computes").wait_for()
        assert now in page.locator("#site").text_content()
        return page.workers[0].evaluate("globalThis.another")

    page.reload()
    assert page.evaluate("performance.getEntriesByType('resource').some(({ name }) => name.endsWith('main.js'))")
    expect(page.locator("#status")).to_have_text("The stored picture is on its way.")
    scripts.rename(folder / "play/scripts/another")
    page.reload()
    assert is_the_other()
    until(page, lambda: page.evaluate(f"caches.match('../{PLACE}{now}').then(Boolean)"))
    visit.stop_serving()
    page.reload()
    assert is_the_other()
    visit.context.close()
    assert not visit.complaints


def test_nothing_is_asked_for_beside_the_picture(opened):
    held = []

    def hold(page):
        page.route("**/first/*.z", lambda route: held.append(route))
        page.route("**/python/**", lambda route: None)

    page = opened(prepare=hold)
    until(page, lambda: len(held) == 1)
    drawn(page)
    assert not page.workers
    held[0].continue_()
    page.wait_for_selector("#stepper[data-step='129']")
    until(page, lambda: len(page.workers) == 1)


def test_a_picture_that_does_not_come_is_said_and_can_be_asked_for_again(opened):
    routes = ("**/first/*.z", "**/numpy-*")

    def cut(page):
        for each in routes:
            page.route(each, lambda route: route.abort())

    page = opened(prepare=cut, expected=("ERR_FAILED",))
    page.get_by_text("Neither the stored picture nor Python came.").wait_for()
    page.unroute(routes[0])
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("#stepper[data-step='129']")
    page.get_by_text("the stored picture can be stepped through").wait_for()


def test_a_browser_that_is_too_old_is_told_so(opened):
    page = opened(prepare=lambda page: page.add_init_script("delete globalThis.DecompressionStream"))
    page.get_by_text("too old to run Python (it lacks DecompressionStream)").wait_for()


def test_a_telephone_has_room_and_keys_reach_everything(opened):
    without = {"prepare": lambda page: page.route("**/python/**", lambda route: None)}
    page = opened(viewport={"width": 390, "height": 844}, **without)
    page.wait_for_selector("#stepper[data-step]")
    until(page, lambda: page.evaluate("document.documentElement.scrollWidth <= 390"))
    page.locator("#settings > summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#controls select:visible")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        until(page, lambda: page.evaluate("document.documentElement.scrollWidth <= 390"), scheme)


def test_the_stored_picture_is_that_of_the_run():
    screen = link.defaults("needle")
    trace = wanted.trace(screen.__getitem__, "numpy")
    about, payload = player.picture(screen, trace)
    assert payload == pack(trace)
    assert about["title"] == trace.title
