"""What pip installs: one package, with its pages, and deaf to what lies in the folder where it is started."""

import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mcviz
from tests.conftest import await_health

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


HOSTILE = ("app", "random", "numpy", "typing", "streamlit", "plotly", "link", "screen", "words")
"""Names of files that a reader may have beside their notebooks."""


@pytest.mark.parametrize("start", ["-m mcviz", "mcviz"])
def test_the_explorer_opens_a_page_whatever_lies_where_it_is_started(installed, tmp_path, start):
    websockets = pytest.importorskip("websockets")
    pytest.importorskip("streamlit")
    pytest.importorskip("plotly")
    folder = tmp_path / "readers"
    folder.mkdir()
    # with -m, Python itself takes a file `mcviz.py` that lies here for what was asked for
    for name in (*HOSTILE, *(["mcviz"] if start == "mcviz" else [])):
        (folder / f"{name}.py").write_text(f"open({str(folder / name)!r}, 'w')", encoding="utf-8")
    command = tmp_path / "command.py"
    command.write_text(COMMAND, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, *(["-m", "mcviz"] if start == "-m mcviz" else [str(command)])]
    words += ["explore", "--no-browser", "--address", "127.0.0.1", "--port", str(port)]
    log = tmp_path / "log.txt"
    with log.open("w") as output:
        environment = {**os.environ, "PYTHONPATH": str(installed)}
        server = subprocess.Popen(words, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        await_health(server, f"http://127.0.0.1:{port}", log)
        said = opened(websockets, port)
    finally:
        server.terminate()
        server.wait(timeout=20)
    assert "bidi_component" in said, log.read_text()
    assert "exception {" not in said
    assert sorted(path.name for path in folder.iterdir() if not path.suffix) == []


def opened(websockets, port):
    """All that the first page sends to its reader, as text."""
    import asyncio

    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    async def visit():
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        async with websockets.connect(address, subprotocols=["streamlit"], max_size=None) as socket:
            first = BackMsg()
            first.rerun_script.query_string = ""
            await socket.send(first.SerializeToString())
            said = []
            while True:
                message = ForwardMsg.FromString(await socket.recv())
                said.append(str(message))
                if message.WhichOneof("type") == "script_finished":
                    return "".join(said)

    return asyncio.run(asyncio.wait_for(visit(), 120))
