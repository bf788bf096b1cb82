"""The notebooks as pages: what their steppers show is computed, and takes the place of a picture when it is seen."""

import re
import zlib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mcviz import MCConfig, examples
from mcviz.site import build, learn, play, steppers
from mcviz.site.steppers import CALL
from mcviz.stepper.payload import unpack
from tests.site.conftest import Visit
from tests.stepper.hosts import expect

ROOT = Path(__file__).parents[2]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FOLD = f"<details><summary>Open this.</summary><img alt='a figure' src='data:image/png;base64,{PNG}'></details>"


def written(path):
    """A small notebook, as a student gets it: a stepper in the open, one in a fold, and what follows, which fails."""

    def cell(source, **data):
        return new_code_cell(source, outputs=[new_output("display_data", data)] if data else [])

    cells = [
        new_markdown_cell("# Two steppers"),
        cell("from mcviz import MCConfig, examples, widgets\n\n\ndef stub():\n    return ..."),
        cell("trace = examples.run('needle', MCConfig(segment_length=8))\nprint(trace.T)"),
        cell("widgets.Stepper(trace, step=7, head=1)", **{"image/png": PNG, "text/plain": "a stepper"}),
        new_markdown_cell("\n\n".join(["Much to read."] * 200)),
        cell("widgets.Stepper(trace, step=9)", **{"text/html": FOLD, "text/plain": "(behind a fold)"}),
        cell("raise ValueError('nothing is shown after this')"),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The notebook, and its steppers."""
    path = written(tmp_path_factory.mktemp("notebooks") / "00_small.ipynb")
    return path, steppers.run(path)


def test_a_stepper_shows_the_run_of_its_cell_and_stands_where_the_cell_says(found):
    _, shown = found
    assert {number: one.place for number, one in shown.items()} == {
        3: {"step": 7, "head": 1, "segment": -1},
        5: {"step": 9, "head": 0, "segment": -1},
    }
    (run,) = unpack(zlib.decompress(shown[3].packed))[0]["runs"]
    assert run["hash"] == examples.run("needle", MCConfig(segment_length=8)).hash


def test_a_notebook_of_the_course_runs_for_its_stepper():
    path = ROOT / "notebooks" / "00_start_here.ipynb"
    (one,) = steppers.stored([path])[path.stem].values()
    header, arrays = unpack(zlib.decompress(one.packed))
    assert header["runs"][0]["hash"] == examples.run("topics", MCConfig(aggregator="grm", segment_length=16)).hash
    assert "0.states.M" in arrays
    assert one.place["step"] == 119


@pytest.mark.parametrize("path", learn.sources(ROOT), ids=lambda path: path.stem)
def test_each_stepper_of_the_course_has_room_on_its_page(path):
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "code" and CALL in cell.source:
            for output in cell.outputs:
                learn.make_room(output.data, learn.address(path.stem, number), {"step": 3})
            shown = "".join(output.data["text/html"] for output in cell.outputs)
            assert re.findall(r'<figure class="stepper" data-run="([^"]+)"', shown) == [
                learn.address(path.stem, number)
            ]
            assert shown.count('<img alt="The stepper at token 3" src="data:image/png') == 1


def test_without_pytorch_a_notebook_that_trains_keeps_its_pictures(monkeypatch):
    monkeypatch.setattr(steppers.backends, "available", lambda name: False)
    assert steppers.stored([ROOT / "notebooks" / f"{stem}.ipynb" for stem in steppers.TORCH]) == {}


@pytest.fixture
def page(chromium, found, tmp_path):
    """`page(**options)` opens the notebook; nothing may leave the host, or complain but for what is expected."""
    path, shown = found
    build.front(tmp_path)
    for name, content in {**play.scripts(), **learn.files([path], {path.stem: shown})}.items():
        build.put(tmp_path / name, content)
    visits = []

    def visit(**options):
        visits.append(Visit(chromium, tmp_path, f"learn/{path.stem}.html", **options))
        return visits[-1].page

    yield visit
    for each in visits:
        each.close()


@pytest.mark.browser
def test_a_stepper_comes_when_it_is_seen_and_in_a_fold_when_that_opens(page):
    shown = page()
    first, folded = (shown.locator("figure.stepper").nth(i) for i in (0, 1))
    stepper = first.locator(".mcviz[data-step='7'][data-head='1']")
    stepper.wait_for()
    expect(first.locator("img")).to_have_count(0)
    expect(folded.locator("img")).to_have_count(1)
    stepper.focus()
    shown.keyboard.press("ArrowRight")
    first.locator(".mcviz[data-step='8']").wait_for()
    shown.get_by_text("Open this.").click()
    folded.locator(".mcviz[data-step='9']").wait_for()
    expect(first.locator(".mcviz")).to_have_attribute("data-step", "8")


@pytest.mark.browser
def test_where_it_does_not_come_the_picture_stays_and_it_can_be_asked_for_again(page):
    cut = {"prepare": lambda page: page.route("**/*.z", lambda route: route.abort()), "expected": ("ERR_FAILED",)}
    shown = page(**cut)
    figure = shown.locator("figure.stepper").first
    figure.get_by_text("This did not come to your browser").wait_for()
    expect(figure.locator("img")).to_be_visible()
    shown.unroute("**/*.z")
    figure.get_by_role("button", name="Try again").click()
    figure.locator(".mcviz[data-step='7']").wait_for()
    expect(figure.locator(".missing")).to_have_count(0)


@pytest.mark.browser
def test_without_a_script_there_are_pictures(page):
    shown = page(java_script_enabled=False)
    expect(shown.locator("figure.stepper img").first).to_be_visible()
    expect(shown.locator(".mcviz")).to_have_count(0)
