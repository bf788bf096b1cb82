import base64
import json
import re
import struct
import subprocess
import sys
import zlib
from dataclasses import replace

import ipywidgets
import numpy as np
import pytest

from mcviz import MCConfig, stand_in, watch, writing
from mcviz.film import Film
from mcviz.probes import surgery
from mcviz.stepper import pack_film
from mcviz.stepper.payload import pack, unpack
from mcviz.widgets import Stepper, still
from tests.stepper import reading
from tests.stepper.examples import library, noise
from tests.stepper.films import film
from tests.stepper.hosts import complaints, expect, shown


def test_the_widget_carries_the_payload_and_its_place():
    trace = noise(MCConfig(segment_length=4), 12)
    stepper = Stepper(trace, step=5, head=1, segment=0)
    state = stepper.get_state()
    assert state["payload"] == pack(trace)
    assert (state["step"], state["head"], state["segment"]) == (5, 1, 0)


def test_traits_are_heard_linked_and_driven():
    stepper = Stepper(noise(MCConfig(segment_length=4), 12))
    heard = []
    stepper.observe(lambda change: heard.append(change["new"]), "step")
    slider = ipywidgets.IntSlider(max=11)
    ipywidgets.link((slider, "value"), (stepper, "step"))
    slider.value = 7
    assert (stepper.step, heard) == (7, [7])
    driven = ipywidgets.interactive(stepper.go, step=(0, 11), head=(0, 1))
    driven.children[0].value = 3
    assert (stepper.step, slider.value) == (3, 3)


@pytest.mark.parametrize("trait", ["step", "head", "segment"])
def test_places_that_the_run_does_not_have_are_refused(trait):
    trace = noise(MCConfig(segment_length=4), 12)
    stepper = Stepper(trace)
    with pytest.raises(ValueError, match=f"{trait}: expected a whole number from"):
        setattr(stepper, trait, 12)
    with pytest.raises(ValueError, match=f"{trait}: expected a whole number from"):
        Stepper(trace, **{trait: 99})


def test_another_run_takes_the_place_of_the_first(tmp_path):
    first, second = noise(MCConfig(segment_length=4), 12), noise(MCConfig(segment_length=4), 6)
    stepper = Stepper(first, step=11)
    stepper.show(second, second)
    assert stepper.step == 0
    assert stepper.payload == pack(second, second)
    with pytest.raises(ValueError, match="from 0 to 5"):
        stepper.step = 11
    stepper.go(step=4, head=1, segment=0)
    stepper.to_html(tmp_path / "run.html")
    first = re.search(r'<script id="first"[^>]*>(.*?)</script>', (tmp_path / "run.html").read_text())[1]
    assert json.loads(first) == {"step": 4, "head": 1, "segment": 0, "veiled": False}


def test_before_the_widget_stands_a_picture_of_its_gates(monkeypatch):
    trace, shown = noise(MCConfig(segment_length=4), 12), []
    monkeypatch.setattr(stand_in, "display", lambda data, raw: shown.append(data))
    stepper = Stepper(trace, step=7, head=1)
    stepper._ipython_display_()
    picture, view = shown
    assert view["application/vnd.jupyter.widget-view+json"]["model_id"] == stepper.model_id
    assert f"mcviz-{stepper.model_id}" in stepper.get_state()["_dom_classes"], "by which a page knows that it lives"
    assert stand_in.picture_in(picture["text/html"]) == (stepper.model_id, still(trace, 7, 1))
    assert stand_in.picture_in(still(trace, 7, 1)) is None
    assert "stands at token 7" in picture["text/html"]
    file = base64.b64decode(re.search(r"base64,(.*?)\"", picture["text/html"])[1])
    wide, tall = struct.unpack(">II", file[16:24])
    assert (wide, tall) == (14 * 12, 14 * 3)
    lines = np.frombuffer(zlib.decompress(file[file.index(b"IDAT") + 4 : -16]), np.uint8)
    opacity = lines.reshape(tall, 1 + 4 * wide)[:, 1:].reshape(tall, wide, 4)[7::14, 7::14, 3].T
    others = np.arange(12) != 7  # the column of the present token is marked
    wanted = np.where(trace.readable, 20 + 235 * trace.weights[:, 1], 0).astype(int)
    np.testing.assert_array_equal(opacity[others], wanted[others])


@pytest.mark.parametrize(("saved", "shown"), [(True, "widget-view"), (False, "it appears where the cell is run")])
def test_nbclient_saves_the_numbers_unless_told_not_to_and_nbconvert_shows_the_picture(saved, shown):
    """What the docstring says of saving."""
    nbclient, nbconvert = pytest.importorskip("nbclient"), pytest.importorskip("nbconvert")
    nbformat = pytest.importorskip("nbformat")
    source = "from mcviz import MCConfig, examples\nfrom mcviz.widgets import Stepper\n"
    source += "Stepper(examples.run('needle', MCConfig()), step=20)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, store_widget_state=saved, kernel_name="python3", startup_timeout=180).execute()
    assert ("widgets" in notebook.metadata) == saved
    if saved:
        assert len(nbformat.writes(notebook)) > 100_000
    page = nbconvert.HTMLExporter().from_notebook_node(notebook)[0]
    assert shown in page


def test_the_stepper_needs_neither_torch_nor_plotly():
    probe = "import mcviz.widgets, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "plotly", "streamlit"} & set(loaded)


@pytest.fixture
def page(lab_page):
    lab_page.set_viewport_size({"width": 1440, "height": 1000})
    return lab_page


@pytest.mark.browser
def test_online_states_are_fetched_and_a_notebook_opened_again_shows_a_picture(page, lab):
    trace = noise(MCConfig(segment_length=8), 40)
    lab(page, "Stepper(noise(MCConfig(segment_length=8), 40), budget=1000)")
    root = shown(page, 0)
    reading.check_online_state(page, trace, 0, 0)
    root.focus()
    page.keyboard.press("End")
    reading.check_online_state(page, trace, 39, 0)
    picture, rest = page.get_by_text("it appears where the cell is run"), page.get_by_text("model not found")
    expect(picture).to_be_hidden()
    page.evaluate(_AGAIN)
    rest.wait_for(state="attached")
    expect(picture).to_be_visible()
    expect(rest).to_be_hidden()


_AGAIN = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.save();
  await panel.sessionContext.shutdown();
  panel.dispose();
  await jupyterapp.commands.execute("docmanager:open", {path: "notebook.ipynb", kernel: null});
}"""
"""The notebook is saved and closed, its kernel ended, and it is opened again."""


def young() -> Film:
    """A film of which two frames are recorded."""
    return replace(film(), frames=film().frames[:2])


def test_a_film_is_followed_along_both_axes(tmp_path):
    stepper = Stepper(film(), step=5, frame=-1)
    assert (stepper.frame, stepper.payload) == (3, pack_film(film()))
    assert stepper.trace.hash == film().frames[3].trace.hash
    stepper.go(frame=1, step=7)
    assert (stepper.step, stepper.trace.hash) == (7, film().frames[1].trace.hash)
    with pytest.raises(ValueError, match="frame: expected a whole number from 0 to 3, got 4"):
        stepper.frame = 4
    with pytest.raises(ValueError, match="frame: expected a frame from 0 to 3, got 9"):
        Stepper(film(), frame=9)
    stepper.to_html(tmp_path / "film.html")
    assert '"frame": 1' in (tmp_path / "film.html").read_text(encoding="utf-8")


def test_a_film_that_grows_takes_along_who_looks_at_its_newest_frame():
    stepper = Stepper(young(), step=5, frame=-1)
    stepper.show(film())
    assert (stepper.frame, stepper.step) == (3, 5)
    stepper.show(young())
    stepper.frame = 0
    stepper.show(film())
    assert (stepper.frame, stepper.step, stepper.trace.hash) == (0, 5, film().frames[0].trace.hash)
    stepper.show(film("topics-rnn", 2))
    assert (stepper.frame, stepper.step) == (1, 0)
    stepper.show(library())
    with pytest.raises(ValueError, match="frame: expected a whole number from 0 to 0"):
        stepper.frame = 1


def test_of_a_film_that_grows_only_the_new_frames_are_sent():
    stepper, sent = Stepper(young()), []
    stepper.send = lambda content, buffers: sent.append((content, unpack(buffers[0])[0]["film"]["first"]))
    stepper.show(film())
    assert sent == [({"film": 4}, 2)]
    assert stepper.payload == pack_film(young()), "it was sent once"
    assert stepper.get_state()["payload"] == pack_film(film()), "who asks for all gets all"
    stepper.show(film())
    assert len(sent) == 1
    assert stepper.payload == pack_film(film()), "in the end all of it is there, to be saved"
    stepper.show(young())
    assert (stepper.payload, len(sent)) == (pack_film(young()), 1)


@pytest.mark.browser
def test_a_film_grows_and_is_scrubbed_in_jupyterlab(page, lab):
    lab(
        page,
        "from tests.stepper.films import film\n"
        "from tests.test_widgets import young\n"
        "stepper = Stepper(young(), step=129, frame=-1)\n"
        "heard = ipywidgets.Label()\n"
        "stepper.observe(lambda change: setattr(heard, 'value', f'at {stepper.trace.title}'), 'frame')\n"
        "button = ipywidgets.Button(description='grow')\n"
        "button.on_click(lambda _: stepper.show(film()))\n"
        "display(ipywidgets.HBox([button, heard]), stepper)",
    )
    root = page.locator(".mcviz").first
    for n, press in ((1, None), (3, "grow"), (2, "j")):
        if press == "grow":
            page.get_by_role("button", name="grow", exact=True).click()
        elif press:
            root.focus()
            page.keyboard.press(press)
        page.locator(f".mcviz[data-frame='{n}'][data-step='129']").wait_for()
        reading.check_cards(page, film().frames[n].trace, 129, 0)
    page.get_by_text(f"at {film().frames[2].trace.title}", exact=True).wait_for()
    page.keyboard.press("t")
    page.locator(".mcviz[data-frame='3'][data-step='129']").wait_for()
    page.get_by_text(f"at {film().frames[3].trace.title}", exact=True).wait_for()


@pytest.mark.browser
def test_in_jupyterlab(page, lab):
    """Keys step in the browser, a linked slider follows, and Python hears of it and moves the view."""
    trace = library()
    wrong = complaints(page)
    lab(
        page,
        "stepper = Stepper(library(), step=135)\n"
        "slider = ipywidgets.IntSlider(max=143, value=135)\n"
        "link = ipywidgets.jslink((stepper, 'step'), (slider, 'value'))\n"
        "heard = ipywidgets.Label()\n"
        "stepper.observe(lambda change: setattr(heard, 'value', f'heard {change.new}'), 'step')\n"
        "button = ipywidgets.Button(description='to 20')\n"
        "button.on_click(lambda _: stepper.go(step=20, head=1))\n"
        "display(ipywidgets.HBox([slider, button, heard]), stepper)",
    )
    root = shown(page, 135)
    reading.check_cards(page, trace, 135, 0)
    expect(root).to_have_attribute("data-theme", "light")
    root.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    shown(page, 138)
    page.get_by_text("heard 138", exact=True).wait_for()
    expect(page.locator(".widget-readout")).to_have_text("138")
    page.keyboard.press("b")  # a shortcut of the notebook, were it to get there
    page.get_by_role("button", name="to 20", exact=True).click()
    reading.check_cards(page, trace, 20, 1)
    reading.check_online_state(page, trace, 20, 1)
    assert not wrong


@pytest.mark.browser
def test_in_jupyterlab_a_reader_edits_and_operates_and_a_model_writes_on(page, lab):
    if not {"topics-ssc", "text-grm"} <= set(watch.names()):
        pytest.skip("no trained model is here")
    words = watch.words(watch.Sitting("topics-ssc"))
    other = next(word for word in ("green", "pink") if word != words[129])
    draft = writing.Draft("text-grm", "Alice was not a bit ", 3)
    lab(
        page,
        "shelved = Stepper(model='topics-ssc', step=129)\n"
        f"reader = Stepper(model='text-grm', tokens={draft.text!r}, step=19)\n"
        "heard = ipywidgets.Label()\n"
        "shelved.observe(lambda change: setattr(heard, 'value', f'token 129 is {change.new[129]}'), 'tokens')\n"
        "button = ipywidgets.Button(description='go on')\n"
        f"button.on_click(lambda _: reader.write({draft.characters}))\n"
        "display(ipywidgets.HBox([button, heard]), shelved, reader)",
    )
    root, second = page.locator(".mcviz").first, page.locator(".mcviz").last
    page.locator(".mcviz >> nth=1").and_(page.locator("[data-step='19']")).wait_for()
    chip = root.locator(".view").last.locator(".chip.now")

    # by mouse: the word under the reader is another
    root.locator(".write-here:visible").click()
    root.locator(".editor").get_by_role("option", name=other, exact=True).click()
    root.locator(".changes", has_text=f"1 edit: Token 129 is “{other}”.").wait_for()
    page.get_by_text(f"token 129 is {other}", exact=True).wait_for()
    chip.filter(has_text=other).wait_for()
    assert root.locator(".view").count() == 2
    # by keyboard: as it was
    root.focus()
    page.keyboard.press("u")
    page.get_by_text(f"token 129 is {words[129]}", exact=True).wait_for()
    root.locator(".changes").wait_for(state="hidden")
    chip.filter(has_text=words[129]).wait_for()

    # by mouse: a checkpoint is clicked away; by keyboard: it is back
    card = root.locator(".card.source").first
    home = card.get_attribute("data-segment")
    card.get_by_role("button", name="off").click()
    root.locator(".operations", has_text=f"Checkpoint {home} is switched off").wait_for()
    root.locator(f".view:last-child .card.off[data-segment='{home}']").wait_for()
    root.locator(f".card[data-segment='{home}'] .name").first.click()
    page.keyboard.press("x")
    root.locator(".operations").wait_for(state="hidden")
    page.wait_for_function("document.querySelectorAll('.mcviz')[0].querySelectorAll('.view').length === 1")

    page.get_by_role("button", name="go on", exact=True).click()
    page.locator(".mcviz >> nth=1").and_(page.locator("[data-step='22']")).wait_for()
    wrote = writing.continuation(draft).replace(" ", "␣")
    second.locator(".chip.now", has_text=wrote[-1]).wait_for()


@pytest.fixture
def shelved():
    watch = pytest.importorskip("mcviz.watch")
    if "topics-ssc" not in watch.names():
        pytest.skip("no trained model is here")
    return Stepper(model="topics-ssc", tokens=FACT.split())


FACT = "fox fox red axe so fox red"


def test_a_reader_edits_and_code_hears_of_it(shelved):
    heard = []
    shelved.step = 6
    shelved.observe(lambda change: heard.append((change["new"], shelved.latest.predictions.tokens[6][0])), "tokens")
    first = shelved.trace
    shelved.on_request("edit", {"change": "3=bag"})
    assert heard == [(tuple(FACT.replace("axe", "bag").split()), "bag")]
    assert (shelved.trace.hash, shelved.step) == (first.hash, 6)
    assert shelved.payload == pack(first, shelved.latest)
    assert shelved.offers["edit"]["changes"] == ["Token 3 is “bag”"]
    shelved.on_request("edit", {"keep": 0})
    assert shelved.latest.hash == first.hash
    assert shelved.other is None


def test_code_writes_tokens_by_label_or_number(shelved):
    shelved.step = 6
    shelved.tokens = ["fox", 32, "axe"]
    assert shelved.tokens == shelved.latest.tokens == ("fox", "red", "axe")
    assert shelved.step == 2
    with pytest.raises(ValueError, match="got 'unicorn' at place 0"):
        shelved.tokens = ["unicorn"]
    assert shelved.tokens == shelved.latest.tokens == ("fox", "red", "axe")


def test_what_cannot_be_edited_stays(shelved, monkeypatch):
    sent = []
    monkeypatch.setattr(shelved, "send", lambda content, buffers=None: sent.append(content))
    shelved._handle_custom_msg({"request": {"number": 1, "edit": {"change": "99=fox"}}}, [])
    assert sent == [{"answered": 1, "problem": "at: expected a token from 0 to 6, got 99"}]
    assert " ".join(shelved.tokens) == FACT


def test_a_run_has_no_tokens_to_write():
    trace = noise(MCConfig(segment_length=4), 12)
    assert Stepper(trace).offers == {}
    for given in ({"tokens": ("fox",)}, {"model": "topics-ssc"}):
        with pytest.raises(ValueError, match=r"tokens: expected a trained model|trace: expected a run"):
            Stepper(trace, **given)
    with pytest.raises(ValueError, match="trace: expected a run"):
        Stepper()


def test_of_what_was_on_screen_nothing_stays_with_another_run_or_film(shelved):
    """Whatever is shown last stands as in a stepper of its own."""

    def about(stepper):
        places = {name: getattr(stepper, name) for name in ("step", "head", "segment", "frame", "offers", "tokens")}
        return places, stepper.sitting, stepper.film, stepper.latest.hash

    run, reel, sitting = library(), film("topics-rnn", 2), watch.Sitting("topics-ssc")
    for show, given, at in (
        (shelved.show, run, {}),
        (shelved.show, reel, {"frame": -1}),
        (shelved.show, run, {}),
        (shelved.show, reel, {"frame": -1}),
        (shelved.sit, sitting, {}),
        (shelved.show, reel, {"frame": -1}),
    ):
        show(given)
        if given is not sitting:
            shelved.on_request("edit", {"change": "3=bag"})  # by a page that has not heard of it yet
        assert about(shelved) == about(Stepper(given, **at))


def test_where_a_run_is_shorter_the_reader_stands_within_it(shelved):
    shelved.sit(watch.Sitting("stories-grm"))
    shelved.go(step=shelved.trace.T - 1, head=1, segment=shelved.trace.N - 1)
    shelved.sit(watch.Sitting("topics-ssc", tokens=tuple(FACT.split() * 3)))
    assert (shelved.step, shelved.head, shelved.segment) == (20, 0, 1)


@pytest.fixture
def reader():
    return Stepper(model="text-grm", tokens="Alice was not a bit ")


def test_a_model_of_text_writes_on_and_code_hears_of_it(reader):
    heard = []
    reader.observe(lambda change: heard.append("".join(change["new"])), "tokens")
    wrote = reader.write(9, temperature=0.7, seed=2)
    assert wrote == writing.continuation(writing.Draft("text-grm", "Alice was not a bit ", 9, 0.7, 2))
    assert heard == [("Alice was not a bit " + wrote).replace(" ", "␣")]
    assert reader.step == reader.trace.T - 1 == 28
    more = reader.write(1)
    assert len(heard) == 2
    assert heard[1].endswith(more.replace(" ", "␣"))


def test_a_checkpoint_is_switched_off_and_restored(monkeypatch):
    sent, shelved = [], Stepper(model="topics-ssc")
    monkeypatch.setattr(shelved, "send", lambda content, buffers=None: sent.append(content))
    before = watch.run(shelved.sitting, "numpy")
    i = shelved.offers["surgery"]["read"][0]
    for number, words in enumerate((f"off.{i}", f"off.{i} scale.{i}.2.0", "", "off.99")):
        shelved._handle_custom_msg({"request": {"number": number, "surgery": {"edits": words}}}, [])
        if number == 1:
            made = [surgery.SwitchOff(i), surgery.Scale(i, 2.0)]
            assert shelved.latest.hash == watch.answered(shelved.sitting, surgery.operate(before, made)).hash
            assert [one["word"] for one in shelved.offers["surgery"]["edits"]] == words.split()
    assert [bool(one["problem"]) for one in sent] == [False, False, False, True]
    assert shelved.latest.hash == before.hash
    assert shelved.other is None


def test_a_run_neither_writes_nor_is_operated_on():
    stepper = Stepper(library())
    with pytest.raises(ValueError, match="write: expected a trained model that reads text"):
        stepper.write()
    with pytest.raises(ValueError, match="operate: expected a trained model"):
        stepper.operate([])
    with pytest.raises(ValueError, match="name: expected a model that reads text"):
        Stepper(model="topics-ssc").write()
