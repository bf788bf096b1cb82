"""What pip installs: one package, with its pages, and deaf to what lies in the folder where it is started."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mcviz
from tests.conftest import await_health, free_port, stop

ROOT = Path(__file__).parents[1]
COMMAND = "import sys\nfrom mcviz.cli import main\nsys.exit(main())\n"
"""What the script `mcviz` does that pip writes."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder into which the project's wheel was unpacked."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel, and is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    build = f"from hatchling.build import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_one_package_and_says_that_it_is_typed(installed):
    names = {path.name for path in installed.iterdir()}
    assert names == {"mcviz", f"mcviz_explorer-{mcviz.__version__}.dist-info"}
    assert (installed / "mcviz" / "py.typed").is_file()


def test_the_wheel_holds_every_file_of_the_package_and_of_the_pages(installed):
    for source, target in (("mcviz", "mcviz"), ("app", "mcviz/_pages/app")):
        here = {path.relative_to(ROOT / source) for path in (ROOT / source).rglob("*") if path.is_file()}
        there = {path.relative_to(installed / target) for path in (installed / target).rglob("*") if path.is_file()}
        assert {path for path in here if path.suffix != ".pyc"} <= there


HOSTILE = ("app", "random", "queue", "numpy", "typing", "streamlit", "plotly", "joblib", "link", "screen", "words")
"""Names of files that a reader may have beside their notebooks."""
SETTINGS = "[server]\nmaxMessageSize = 0\n[runner]\nenforceSerializableSessionState = true\n"
"""Those of another app, under which no page opens."""


@pytest.fixture
def started(request, installed, tmp_path):
    """`started(*words)`: the command, where a reader keeps files that have the names of libraries, and settings.

    They lie where it starts, and the settings at home as well. Its parameters: how it starts, and what PYTHONPATH names
    besides. When the test ends, none was read.
    """
    start, besides = request.param
    folder = tmp_path / "readers"
    folder.mkdir()
    # what is asked for by its name, Python itself takes from here with -m or PYTHONPATH=.
    for name in (*HOSTILE, *(["mcviz"] if start == "mcviz" and not besides else [])):
        (folder / f"{name}.py").write_text(f"open({str(folder / name)!r}, 'w')", encoding="utf-8")
    for place in (folder, tmp_path):
        (place / ".streamlit").mkdir()
        (place / ".streamlit" / "config.toml").write_text(SETTINGS, encoding="utf-8")
    command = tmp_path / "mcviz"
    command.write_text(COMMAND, encoding="utf-8")
    home = dict.fromkeys(("HOME", "USERPROFILE"), str(tmp_path))
    environment = {**os.environ, **home, "PYTHONPATH": os.pathsep.join([*besides, str(installed)])}
    program = ["-m", "mcviz"] if start == "-m mcviz" else [str(command)]

    def run(*words):
        return {"args": [sys.executable, *program, *words], "cwd": folder, "env": environment}

    yield run
    assert [path.name for path in folder.iterdir() if path.is_file() and not path.suffix] == []


@pytest.mark.parametrize("started", [("-m mcviz", ["."]), ("mcviz", [])], indirect=True, ids=str)
def test_the_explorer_opens_a_page_whatever_lies_where_it_is_started(started, tmp_path):
    visitor = pytest.importorskip("tests.visitor")
    pytest.importorskip("plotly")
    port = free_port()
    log = tmp_path / "log.txt"
    how = started("explore", "--no-browser", "--address", "127.0.0.1", "--port", str(port))
    with log.open("w") as output:
        server = subprocess.Popen(**how, stdout=output, stderr=subprocess.STDOUT)

    async def opened():
        async with visitor.visit(f"http://127.0.0.1:{port}") as socket:
            return await visitor.run(socket)

    try:
        await_health(server, f"http://127.0.0.1:{port}", log)
        run = visitor.finish(opened())
    finally:
        stop(server)
    assert "bidi_component" in run.elements, log.read_text()
    assert not run.errors


@pytest.mark.parametrize("started", [("mcviz", ["."])], indirect=True, ids=str)
def test_workers_import_nothing_from_where_they_are_started(started):
    pytest.importorskip("joblib")
    pytest.importorskip("torch")
    how = started("claims", "I1", "--run", "--seeds", "2", "--jobs", "2", "--quiet")
    done = subprocess.run(**how, capture_output=True, text=True)
    assert "1 claim: 1 holds" in done.stdout, done.stderr
