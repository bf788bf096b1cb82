"""The course: every notebook runs with its exercises solved, and unsolved stops only there, with a friendly message."""

import sys
from pathlib import Path

import nbformat
import pytest

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


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_it_runs_with_its_exercises_solved_and_every_checker_is_content(source):
    notebook = build.run(build.solved(build.student(source)))
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", [])]
    for cell in checks:
        assert any("✓" in output.get("data", {}).get("text/plain", "") for output in cell.outputs), cell.source
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any(build.PLOTLY in output.get("data", {}) for output in shown)


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_unsolved_it_stops_only_at_exercises(source):
    """The student's version, with every cell run even after an error: the only errors are unsolved exercises."""
    notebook = build.student(source)
    wanted = sum("check" in cell.metadata.get("tags", []) for cell in notebook.cells)
    found = errors(build.run(notebook, allow_errors=True))
    assert [name for name, _ in found] == ["Unsolved"] * wanted
    assert all("yours to solve" in message and "Traceback" not in message for _, message in found)


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_the_committed_notebook_is_the_source_with_pictures(source):
    path = ROOT / "notebooks" / f"{source.stem}.ipynb"
    committed = nbformat.read(path, as_version=4)
    assert [cell.source for cell in committed.cells] == [cell.source for cell in build.student(source).cells]
    assert path.stat().st_size < 400_000
    outputs = [output for cell in committed.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "image/png" in kinds
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
    output = nbformat.v4.new_output("display_data", {build.PLOTLY: figure})
    cell = nbformat.v4.new_code_cell("# One & only figure\nfigure", outputs=[output], metadata={"tags": ["slide"]})
    pages = build.slides("03_gates", nbformat.v4.new_notebook(cells=[cell]), tmp_path)
    assert [page.name for page in pages] == ["03-one-only-figure.html"]
    text = pages[0].read_text(encoding="utf-8")
    assert "One &amp; only figure" in text
    assert "http" not in text
    assert (tmp_path / "plotly.min.js").stat().st_size > 1_000_000
