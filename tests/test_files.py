"""Every writer is made to fail half-way and is killed half-way: the old file stays, and no litter does."""

import argparse
import os
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import torch

from mcviz import MCConfig, Trace, cli, files, rows, tasks, zoo
from mcviz.bench.contenders import Table
from mcviz.film import Film, Scene
from mcviz.model import ModelConfig
from mcviz.reference import memory_caching
from mcviz.training import sweeps
from mcviz.training.checkpoint import Checkpoint
from mcviz.widgets import Stepper
from tests import runs

sys.path.insert(0, str(Path(__file__).parents[1] / "notebooks"))
import build

bench = import_module("mcviz.bench.command")

TRACE = memory_caching(*runs.tokens(), MCConfig(segment_length=4))
FILM = Film(
    Scene.drawn(tasks.mqar(pairs=2, keys=4, values=4), ModelConfig(8, MCConfig(segment_length=4))),
    {"steps": 9, "seed": 0, "recipe": {}},
)


def trace(n: int) -> Trace:
    return replace(TRACE, title=f"run {n}")


def export(folder: Path, n: int) -> None:
    cli.export(argparse.Namespace(trace=folder.parent / f"{n}.npz", out=folder / "page.html", hide_answers=False))


def measured(folder: Path, n: int) -> None:
    bench.run = lambda *_: Table((), {}, {"run": n})
    bench.command(argparse.Namespace(out=folder, device="cpu", sizes=[1], quick=True, threads=1))


def model(folder: Path, n: int) -> None:
    shipped = zoo.load("mqar-rnn")
    with torch.no_grad():
        shipped.embedding.weight += n
    zoo.save(shipped, replace(shipped.card, about=f"the {n}th"), folder)


def slides(folder: Path, n: int) -> None:
    figure = {"data": [{"y": [n], "type": "scatter"}], "layout": {}}
    output = nbformat.v4.new_output("display_data", {build.PLOTLY: figure})
    cell = nbformat.v4.new_code_cell("# a slide", outputs=[output], metadata={"tags": ["slide"]})
    build.slides("00", nbformat.v4.new_notebook(cells=[cell]), folder)


def row(n: int) -> rows.Row:
    return {"settings": {"k": n}, "seed": n}


def sweep(folder: Path, n: int) -> None:
    """Goes on where fifty runs are done."""
    path = folder / "rows.jsonl"
    if not path.exists():
        path.write_text("".join(map(rows.line, map(row, range(50)))))
    new = row(100 + n)
    sweeps.spread(lambda settings, seed: new, [(new["settings"], new["seed"])], path, progress=False)


WRITERS = {
    "Trace.save": lambda folder, n: trace(n).save(folder / "run.npz"),
    "Trace.to_html": lambda folder, n: trace(n).to_html(folder / "run.html"),
    "Stepper.to_html": lambda folder, n: Stepper(trace(n)).to_html(folder / "run.html"),
    "mcviz trace": lambda folder, n: (
        cli.main(["trace", "--example", "text", "--text", f"a b a c {n}", "--out", str(folder / "run.npz")])
        and pytest.fail("no Trace")
    ),
    "mcviz export": export,
    "mcviz bench": measured,
    "zoo.save": model,
    "Film.save": lambda folder, n: replace(FILM, training={**FILM.training, "seed": n}).save(folder / "run.film"),
    "a checkpoint": lambda folder, n: Checkpoint({}, n, {"w": torch.full((99,), n)}, {}).save(folder / "checkpoint"),
    "a sweep": sweep,
    "a notebook": lambda folder, n: build.write(
        nbformat.v4.new_notebook(metadata={"n": n}, cells=[]), folder / "00.ipynb"
    ),
    "slides": slides,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "run", None)
    for n in (1, 2):
        trace(n).save(tmp_path / f"{n}.npz")
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def full_disk(room: int = 20):
    """No file may grow beyond `room` bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def interrupted():
    """Ctrl+C arrives when all is written and nothing is in place."""

    def interrupt(file):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "fsync", interrupt)
        yield


FAILURES = {
    "a full disk": (full_disk, (OSError, ValueError, pytest.fail.Exception)),
    "Ctrl+C": (interrupted, KeyboardInterrupt),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_fails_half_way_leaves_the_old_file(writer, failure, folder):
    write, (happens, error) = WRITERS[writer], FAILURES[failure]
    write(folder, 1)
    before = content(folder)
    with happens(), pytest.raises(error) as said:
        write(folder, 2)
    assert content(folder) == before
    if failure == "a full disk" and writer != "mcviz trace":  # which prints what it says
        assert str(folder) in str(said.value)
        assert ".tmp" not in str(said.value)
    write(folder, 2)
    assert content(folder).keys() == before.keys()
    assert content(folder) != before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can be killed half-way without fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_killed_half_way_leaves_the_old_file(writer, folder):
    write = WRITERS[writer]
    write(folder, 1)
    before = content(folder)
    process = os.fork()
    if not process:
        files.os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
        try:
            write(folder, 2)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    left = content(folder)
    assert {name: left.pop(name) for name in before} == before
    assert [name.endswith(f".{process}.{name.split('.')[-2]}.tmp") for name in left] == [True]
    write(folder, 2)
    assert content(folder).keys() == before.keys()
    assert content(folder) != before


# ---- one file


def test_a_page_that_cannot_be_made_leaves_the_old_one(tmp_path):
    page = tmp_path / "run.html"
    TRACE.to_html(page)
    before = page.read_bytes()
    shorter = memory_caching(*runs.tokens(T=5), MCConfig(segment_length=4))
    with pytest.raises(ValueError, match="other: expected a run of 11 tokens"):
        TRACE.to_html(page, shorter)
    assert content(tmp_path) == {"run.html": before}


def test_a_trace_that_cannot_be_made_leaves_a_file_object_as_it_was(monkeypatch, tmp_path):
    def halfway(file, **arrays):
        file.write(b"PK half")
        raise MemoryError

    monkeypatch.setattr(np, "savez_compressed", halfway)
    with (tmp_path / "run.npz").open("w+b") as file:
        with pytest.raises(MemoryError):
            TRACE.save(file)
        assert file.tell() == 0
    files.write(tmp_path / "run.npz", b"good")
    with pytest.raises(MemoryError):
        TRACE.save(tmp_path / "run.npz")
    assert content(tmp_path) == {"run.npz": b"good"}


def test_a_card_that_cannot_be_written_keeps_the_weights_beside_it(folder):
    model(folder, 1)
    before = content(folder)
    shipped = zoo.load("mqar-rnn")
    with pytest.raises(ValueError, match="surrogates not allowed"):
        zoo.save(shipped, replace(shipped.card, about="\ud800"), folder)
    assert content(folder) == before


def test_permissions_are_those_of_open(tmp_path):
    plain, ours = tmp_path / "plain", tmp_path / "ours"
    plain.write_text("")
    files.write(ours, "")
    assert stat.S_IMODE(ours.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    ours.chmod(0o640)
    files.write(ours, "again")
    assert stat.S_IMODE(ours.stat().st_mode) & 0o600 == 0o600
    if os.name != "nt":
        assert stat.S_IMODE(ours.stat().st_mode) == 0o640


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_is_write_protected_is_kept(tmp_path):
    path = tmp_path / "mine"
    path.write_text("mine")
    path.chmod(0o440)
    with pytest.raises(PermissionError, match="mine"):
        files.write(path, "yours")
    assert content(tmp_path) == {"mine": b"mine"}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_is_followed(tmp_path):
    (tmp_path / "away").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "away" / "file")
    files.write(link, "one")
    files.write(link, "two")
    assert link.is_symlink()
    assert content(tmp_path / "away") == {"file": b"two"}


def test_a_device_stays_one():
    files.write(os.devnull, "gone")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("where", ["no/such/folder", "folder"])
def test_a_place_that_cannot_be_written_to_is_named(tmp_path, where):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=rf"{where}'?$"):
        files.write(tmp_path / where, "")
    with pytest.raises(ValueError, match=rf"{where}.*: expected a place that can be written to"):
        files.put(tmp_path / "folder" if where == "folder" else Path(os.devnull) / where, "")
    assert content(tmp_path / "folder") == {}


def test_a_long_name_can_be_written(tmp_path):
    name = "é" * 120 + ".html"  # 245 bytes of 255
    files.write(tmp_path / name, "page")
    assert content(tmp_path) == {name: b"page"}


# ---- litter


def test_what_the_living_write_is_left_alone_until_they_are_dead(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    theirs = [f"run.npz.{other.pid}.tmp", f"run.npz.{other.pid}.3.tmp"]  # as they were called once, and are called
    unlike = ["run.npz.tmp", "run.npz.x.tmp", f"run.npz.{other.pid}.bak", f"another.npz.{other.pid}.tmp"]
    for name in (*theirs, *unlike):
        (tmp_path / name).write_text("half")
    try:
        files.write(tmp_path / "run.npz", "whole")
        assert content(tmp_path).keys() == {"run.npz", *theirs, *unlike}
    finally:
        other.communicate(b"\n")
    files.write(tmp_path / "run.npz", "whole")
    assert content(tmp_path).keys() == {"run.npz", *unlike}


def test_one_process_may_write_a_file_twice_at_a_time(tmp_path):
    stale = tmp_path / f"run.npz.{os.getpid()}.{10**9}.tmp"  # of a process with the same number that is no more
    stale.write_text("half")
    with files.replacing(tmp_path / "run.npz") as one, files.replacing(tmp_path / "run.npz") as two:
        one.write(b"one")
        two.write(b"two")
        assert not stale.exists()
    assert content(tmp_path) == {"run.npz": b"one"}


def test_windows_is_asked_again(tmp_path, monkeypatch):
    """Where somebody reads the old file, it cannot be replaced for a moment."""
    asked = []

    def busy(draft, target):
        asked.append(draft)
        if len(asked) < 3:
            raise PermissionError(13, "busy")

    monkeypatch.setattr(files, "os", SimpleNamespace(name="nt", replace=busy))
    files._put(tmp_path / "draft", tmp_path / "file")
    assert len(asked) == 3
    monkeypatch.setattr(files, "PATIENCE", 0.0)
    asked.clear()
    with pytest.raises(PermissionError):
        files._put(tmp_path / "draft", tmp_path / "file")


# ---- one at a time


def test_one_at_a_time_is_inside(tmp_path):
    path = tmp_path / "new" / "run"
    with files.alone(path):
        with files.alone(tmp_path / "new" / "other"):
            pass
        with pytest.raises(ValueError, match=r"run: expected to be alone there"), files.alone(path):
            pytest.fail("two were inside")
    with files.alone(path):
        assert content(tmp_path / "new") == {"run.lock": b""}
    with pytest.raises(ZeroDivisionError), files.alone(path):
        raise ZeroDivisionError
    assert content(tmp_path / "new") == {}


def test_who_was_killed_inside_keeps_nobody_out(tmp_path):
    script = (
        f"from mcviz import files\nwith files.alone({str(tmp_path / 'run')!r}):\n  print('in', flush=True); input()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    other = subprocess.Popen([sys.executable, "-c", script], **pipes)
    assert other.stdout.readline().strip() == b"in"
    with pytest.raises(ValueError, match="another process"), files.alone(tmp_path / "run"):
        pytest.fail("two were inside")
    other.kill()
    other.communicate()
    with files.alone(tmp_path / "run"):
        pass
    assert content(tmp_path) == {}


def test_a_place_where_nobody_can_be_alone_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with (
        pytest.raises(ValueError, match="run: expected a place that can be written to"),
        files.alone(tmp_path / "file" / "run"),
    ):
        pytest.fail("inside")


# ---- lines


@dataclass
class Short:
    """`os.write` that takes half of what it is given, and then does what `after` says."""

    after: object

    def __call__(self, file, data):
        written = WRITE(file, data[: len(data) // 2 or 1])
        if self.after is not None:
            raise self.after
        return written


WRITE = os.write


def test_a_line_is_written_in_as_many_pieces_as_it_takes(tmp_path, monkeypatch):
    path = tmp_path / "rows"
    path.write_text("one\n")
    monkeypatch.setattr(files.os, "write", Short(None))
    files.append_line(path, "two\n")
    assert path.read_text() == "one\ntwo\n"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_line_that_fails_half_way_is_not_there(tmp_path, monkeypatch, error):
    path = tmp_path / "rows"
    path.write_text("one\n")
    monkeypatch.setattr(files.os, "write", Short(error))
    with pytest.raises(type(error)) as said:
        files.append_line(path, "two\n")
    assert isinstance(said.value, KeyboardInterrupt) or str(path) in str(said.value)
    assert path.read_text() == "one\n"


def test_a_full_disk_takes_no_half_row(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("")
    rows.append(path, row(1))
    with full_disk(path.stat().st_size + 5), pytest.raises(OSError, match=r"rows\.jsonl"):
        rows.append(path, row(2))
    rows.append(path, row(3))
    assert rows.read(path) == [row(1), row(3)]


@pytest.mark.parametrize("whole", [0, 1, 2])
def test_nothing_joins_a_row_that_a_kill_cut_off(tmp_path, whole):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(map(rows.line, map(row, range(whole)))) + rows.line(row(9))[:7])
    rows.append(path, row(3))
    assert rows.read(path) == [*map(row, range(whole)), row(3)]
