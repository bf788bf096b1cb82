"""The course: every notebook runs solved and unsolved, its sentences are true, and its answers wait behind folds."""

import re
import sys
from itertools import chain
from pathlib import Path

import nbformat
import pytest

from tests.absent import environment
from tests.conftest import GRAMMARS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "notebooks"))
build = pytest.importorskip("build", reason="the notebooks extra is not installed")

SOURCES = build.sources([])
names = [source.stem for source in SOURCES]
EXERCISES = sum(
    "exercise" in cell.metadata.get("tags", []) for source in SOURCES for cell in build.student(source).cells
)


def errors(notebook):
    """Name and message of each error among the outputs."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [(output.ename, "\n".join(output.traceback)) for output in outputs if output.output_type == "error"]


TORCH = "07 08"
TOGETHER = ("00 01 02 03 04", "05 06 09 10", TORCH)
"""Notebooks that share a kernel, as starting one takes time. All but those with PyTorch run as where there is none."""

ONCE = """from functools import cache
from mcviz import film, watch
watch.run, film.load = cache(watch.run), cache(film.load)"""
"""What makes a kernel that runs each sitting once, though a notebook runs twice."""

AFRESH = "from mcviz.course import exercises\nexercises.record.clear()\n%reset -f"
"""What makes a kernel that of a student who begins: no names, and no answers that passed."""

TRAINS, BRIEFLY = "batches(plan.task, 250)", "batches(plan.task, 25)"
"""Notebook 07 trains in both of its runs: solved as it says, as its sentences are about that, and unsolved briefly."""


@pytest.mark.parametrize("together", TOGETHER)
def test_notebooks_run_to_their_end_solved_and_unsolved(together, tmp_path, monkeypatch):
    sources = build.sources(together.split())
    pairs = [(build.solved(build.whole(source)).cells, build.student(source).cells) for source in sources]
    for _, unsolved in pairs:
        for cell in unsolved:
            cell.source = cell.source.replace(TRAINS, BRIEFLY)
    cells = [nbformat.v4.new_code_cell(ONCE)]
    for given in chain(*pairs):
        cells += [*given, nbformat.v4.new_code_cell(AFRESH)]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    if together != TORCH:
        absent = environment(tmp_path, GRAMMARS, "torch", "safetensors")
        monkeypatch.setenv("PYTHONPATH", absent["PYTHONPATH"])
    notebook = build.whole(sources[0])
    notebook.cells = cells
    build.run(notebook)
    for solved, unsolved in pairs:
        assert_every_checker_is_content_and_every_picture_is_the_student_s(solved)
        assert_every_exercise_waits(unsolved)


def assert_every_checker_is_content_and_every_picture_is_the_student_s(solved):
    for cell in solved:
        if "check" in build.tags(cell):
            assert any("✓" in output.get("data", {}).get("text/plain", "") for output in cell.outputs), cell.source
    shown = [output for cell in solved for output in cell.get("outputs", [])]
    assert any(build.PLOTLY in output.get("data", {}) for output in shown)
    assert "the course's" not in "".join(output.get("text", "") for output in shown)  # pictures are made by answers


def assert_every_exercise_waits(unsolved):
    """After Run All, as a student may: each says that it is unsolved, and the cells after it ran with the course's."""
    for cell in unsolved:
        if cell.cell_type == "code":
            assert cell.execution_count, cell.source
        if "check" in build.tags(cell):
            assert any("yours to solve" in output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def test_every_notebook_runs():
    assert sorted(" ".join(TOGETHER).split()) == [name[:2] for name in names]
    assert [source.stem[:2] for source in SOURCES if TRAINS in source.read_text(encoding="utf-8")] == ["07"]


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_what_is_asserted_stands_in_the_text(source):
    notebook = build.whole(source)
    vouched, read = build.truths(notebook), build.prose(notebook)
    assert vouched
    for sentence in vouched:
        assert " ".join(sentence.split()) in read, sentence
    student = build.student(source)
    assert not any(build.TRUE in build.tags(cell) for cell in student.cells)


def test_an_assertion_without_a_sentence_is_refused(tmp_path):
    source = tmp_path / "00_test.py"
    source.write_text('# %% tags=["true"]\nassert 1 < 2\n', encoding="utf-8")
    with pytest.raises(ValueError, match="expected a sentence of the notebook; got assert 1 < 2"):
        build.truths(build.whole(source))


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_answers_to_predictions_are_behind_a_fold(source):
    """The first cell with an output after the word Predict is one to reveal, or the widget in which to predict."""
    asks = False
    for cell in build.student(source).cells:
        if cell.cell_type == "markdown":
            asks |= "**Predict" in cell.source or "## Predict" in cell.source
        elif asks and not {"exercise", "check"} & {*build.tags(cell)} and shows(cell.source):
            asks = False
            assert "reveal" in build.tags(cell), cell.source


def shows(source):
    """Whether a cell shows what was computed, not just a question or a control."""
    last = source.rstrip().splitlines()[-1]
    return (
        any(word in source for word in ("plot.", "figures.", "print(", "show("))
        and 'print("question' not in source
        and not last.startswith(("card", "dial", "exercises."))
        and not (source.startswith("def ") and last.startswith(" "))
    )


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_every_notebook_has_something_to_change_and_something_to_stretch_for(source):
    text = source.read_text(encoding="utf-8")
    assert "**Change this.**" in text
    assert "**Stretch.**" in text


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_the_committed_notebook_is_the_source_with_pictures(source):
    path = ROOT / "notebooks" / f"{source.stem}.ipynb"
    committed = nbformat.read(path, as_version=4)
    assert [cell.source for cell in committed.cells] == [cell.source for cell in build.student(source).cells]
    assert path.stat().st_size < 1_500_000
    assert "widgets" not in committed.metadata
    for cell in committed.cells:
        if "Stepper(" in cell.source and not {"check", "exercise"} & {*build.tags(cell)}:
            assert "image/png" in nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
        if "reveal" in build.tags(cell):
            assert all("<details>" in output.data["text/html"] for output in cell.outputs)
    outputs = [output for cell in committed.cells for output in cell.get("outputs", [])]
    assert not any(build.stand_in.picture_in(output.get("data", {}).get("text/html", "")) for output in outputs)
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert all(output.metadata["image/png"]["alt"] for output in pictures)
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "image/png" in nbformat.writes(committed)
    assert not {build.PLOTLY, build.WIDGET} & kinds
    assert not errors(committed)


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_no_solution_stands_in_a_student_s_notebook(source):
    given = build.student(source)
    stubs = [cell.source for cell in given.cells if "exercise" in cell.metadata.get("tags", [])]
    solved = [cell.source for cell in build.solved(given).cells]
    for stub in stubs:
        assert "..." in stub
        assert build.solution(stub) in solved
        assert build.solution(stub) not in nbformat.writes(given)


def test_every_exercise_has_its_place_in_the_course():
    places = "\n".join(source.read_text(encoding="utf-8") for source in SOURCES)
    for name in build.exercises.ALL:
        assert f"exercises.{name}.check({name})" in places
    assert len(build.exercises.ALL) + 5 == EXERCISES  # and the five cases of the detective lab


def test_students_versions_come_by_one_command(tmp_path, capsys):
    build.main(["00", "01", "--students", str(tmp_path)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00_start_here.ipynb", "01_an_rnn_forgets.ipynb"]
    assert "2 notebooks" in capsys.readouterr().out


def test_an_unknown_notebook_is_named():
    with pytest.raises(SystemExit, match="expected a notebook among 00_start_here"):
        build.sources(["77"])


def test_slides_are_pages_that_need_no_network(tmp_path):
    figure = {"data": [{"y": [1, 2], "type": "scatter"}], "layout": {"height": 300, "title": {"text": "</script>"}}}

    def cell():
        output = nbformat.v4.new_output("display_data", {build.PLOTLY: figure})
        return nbformat.v4.new_code_cell("# One & only figure\nfigure", outputs=[output], metadata={"tags": ["slide"]})

    build.slides("03_gates", nbformat.v4.new_notebook(cells=[cell(), cell(), cell()]), tmp_path)
    pages = build.slides("03_gates", nbformat.v4.new_notebook(cells=[cell(), cell()]), tmp_path)
    assert [page.name for page in pages] == ["03-01-one-only-figure.html", "03-02-one-only-figure.html"]
    assert sorted(tmp_path.glob("*.html")) == pages  # in the order of the course, and nothing of last time
    text = pages[0].read_text(encoding="utf-8")
    assert "One &amp; only figure" in text
    assert "http" not in text
    assert (tmp_path / "plotly.min.js").stat().st_size > 1_000_000
    cover = build.index(tmp_path).read_text(encoding="utf-8")
    assert 'href="03-01-one-only-figure.html"' in cover
    assert "plotly" not in cover  # a cover shows nothing of its slide


def test_the_guide_names_slides_that_there_are():
    guide = (ROOT / "docs" / "teaching" / "README.md").read_text(encoding="utf-8")
    named = re.findall("(?:slide|[Uu]ncover) “(.*?)”", guide) + re.findall(r"\| \d\d, \*(.*?)\* \|", guide)
    cells = [cell for source in SOURCES for cell in build.student(source).cells]
    assert len(named) > 15
    assert {*named} <= {build.named(cell) for cell in cells if "slide" in build.tags(cell)}


def test_the_map_has_every_word_and_every_identity():
    written = (ROOT / "notebooks" / "map.md").read_text(encoding="utf-8")
    assert written == build.chart()
    for term in build.glossary.TERMS:
        assert f"| {term} |" in written
    for number in range(1, 12):
        assert f"| I{number} |" in written
    for page in set(re.findall(r"\]\((.*?)\)", written)):
        assert (ROOT / "notebooks" / page).exists()
