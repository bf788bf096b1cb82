"""The command `mcviz`: what it writes, and what it says when it cannot."""

import os
import socket
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest

from mcviz import MCConfig, Trace, __version__, cli, examples


def test_trace_writes_the_run_of_the_example(tmp_path, capsys):
    out = tmp_path / "run.npz"
    words = ["trace", "--example", "recall", "--out", str(out), "--aggregator", "ssc", "--segment-length", "8"]
    assert cli.main([*words, "--seed", "3"]) == 0
    expected = examples.run("recall", MCConfig(aggregator="ssc", segment_length=8, seed=3))
    assert Trace.load(out).hash == expected.hash
    assert expected.hash[:12] in capsys.readouterr().out


def test_trace_takes_lengths_and_text(tmp_path):
    out = tmp_path / "own.npz"
    assert (
        cli.main(["trace", "--example", "text", "--text", "a b a c", "--segmentation", "3,1", "--out", str(out)]) == 0
    )
    trace = Trace.load(out)
    assert trace.tokens == ("a", "b", "a", "c")
    assert trace.segments == [(0, 3), (3, 4)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--segment-length", "0"], "segment_length: expected a whole number, at least 1, got 0"),
        (["--segmentation", "3,4"], "sum to T = 96"),
        (["--segmentation", "fibonacci"], "got 'fibonacci'"),
        (["--example", "text"], "text: expected a text for the example 'text'; give --text"),
        (["--example", "text", "--text", " "], "text: expected 1 to"),
        (["--text", "a b a c"], "text: expected --example text"),
        (["--split", "character"], "split: expected --example text with it, got needle"),
        (["--out", "no/such/folder/run.npz"], "No such file"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["trace", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_text_may_name_a_command(tmp_path):
    """The words of another command are not asked for, nor what it needs loaded."""
    code = "import sys; sys.modules['torch'] = None; from mcviz import cli; sys.exit(cli.main(sys.argv[1:]))"
    words = ["trace", "--example", "text", "--text", "train", "--out", str(tmp_path / "run.npz")]
    assert subprocess.run([sys.executable, "-c", code, *words], check=False).returncode == 0


@pytest.mark.parametrize("port", ["0", "99999", "http"])
def test_what_is_no_port_is_said(port, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["explore", "--no-browser", "--port", port])
    assert stopped.value.code == 2
    assert f"invalid port value: '{port}'" in capsys.readouterr().err


def test_export_writes_one_page_that_holds_the_run(tmp_path):
    run, page = tmp_path / "run.npz", tmp_path / "page.html"
    assert cli.main(["trace", "--out", str(run)]) == 0
    assert cli.main(["export", str(run), "--out", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "<html" in text.lower()
    assert 'src="http' not in text
    assert '"veiled": false' in text
    assert cli.main(["export", str(run), "--out", str(page), "--hide-answers"]) == 0
    assert '"veiled": true' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["lr-0.1.npz", "lr-0.1"])
def test_a_page_lies_beside_its_run_and_is_called_as_it(name, tmp_path):
    assert cli.main(["trace", "--out", str(tmp_path / name)]) == 0
    assert cli.main(["export", str(tmp_path / name)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {name, "lr-0.1.html"}


@pytest.mark.parametrize("link", [None, os.link])
def test_a_page_is_not_written_over_the_run_that_it_shows(link, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run, out = tmp_path / "run.npz", tmp_path / "page.html"
    assert cli.main(["trace", "--out", str(run)]) == 0
    before = run.read_bytes()
    if link:
        link(run, out)
    assert cli.main(["export", str(run), "--out", "page.html" if link else "run.npz"]) == 2
    assert "out: expected another file than the one that is read" in capsys.readouterr().err
    assert run.read_bytes() == before


def test_export_refuses_a_foreign_file(tmp_path, capsys):
    foreign = tmp_path / "foreign.npz"
    np.savez(foreign, x=np.ones(3))
    assert cli.main(["export", str(foreign)]) == 2
    assert "trace: expected a file written by Trace.save" in capsys.readouterr().err


def test_memory_that_ends_is_said_in_words(monkeypatch, capsys, tmp_path):
    def none_left(*_, **__):
        raise MemoryError("Unable to allocate 31.6 GiB")

    monkeypatch.setattr("mcviz.examples.run", none_left)
    assert cli.main(["trace", "--out", str(tmp_path / "run.npz")]) == 2
    assert capsys.readouterr().err == "mcviz: expected a machine with more memory than is free here now\n"


@pytest.mark.parametrize(("package", "extra"), [("streamlit", "app"), ("torch", "torch")])
def test_a_missing_extra_is_named_with_the_way_to_install_it(package, extra, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith("mcviz.training")]:
        monkeypatch.delitem(sys.modules, name)
    command = {"streamlit": ["explore", "--no-browser"], "torch": ["train", "--help"]}[package]
    assert cli.main(command) == 2
    assert f'pip install -e ".[{extra}]"' in capsys.readouterr().err


def test_explore_starts_streamlit_quietly(monkeypatch, tmp_path):
    streamlit = pytest.importorskip("streamlit.web.cli")
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["elsewhere", *sys.path])
    monkeypatch.setattr(streamlit, "main", lambda words, standalone_mode: started.append((words, Path.cwd())))
    assert cli.main(["explore", "--no-browser", "--port", "8599"]) == 0
    ((command, folder),) = started
    assert command[0] == "run"
    assert Path(command[1]).is_file()
    assert Path(sys.path[0]) == Path(command[1]).parents[1]
    assert folder == Path(sys.path[0])  # the settings that lie where it was called are another app's
    assert Path.cwd() == tmp_path
    assert "app.loaded" in sys.modules
    assert "--browser.gatherUsageStats=false" in command
    assert "--server.showEmailPrompt=false" in command
    assert {"--server.headless=true", "--server.port=8599"} <= set(command)


@pytest.mark.parametrize("address", ["192.0.2.1", "a..b", "x" * 70])
def test_what_is_no_address_of_this_machine_is_said(address, monkeypatch, capsys):
    """As a server finds out, which binds it."""
    streamlit = pytest.importorskip("streamlit.web.cli")

    def bind(words, standalone_mode):
        with socket.socket() as door:
            door.bind((address, 0))

    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(streamlit, "main", bind)
    assert cli.main(["explore", "--no-browser", "--address", address]) == 2
    said = f"mcviz: address: expected one of this machine, such as localhost or 0.0.0.0; got {address!r}\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(("word", "said"), [("--help", "usage: mcviz"), ("--version", f"mcviz {__version__}\n")])
def test_help_and_version_load_nothing_heavy(word, said):
    probe = f"import sys\nfrom mcviz import cli\ntry: cli.main([{word!r}])\nexcept SystemExit: print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert printed.startswith(said)
    modules = printed.split()
    assert "mcviz.cli" in modules
    assert not {"torch", "streamlit", "plotly"} & set(modules)


def test_an_option_of_another_rule_is_refused(capsys, tmp_path):
    assert cli.main(["trace", "--memory", "linear", "--window", "7", "--out", str(tmp_path / "run.npz")]) == 2
    assert "window: linear takes feature_map, normalizer" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ("--aggregator", "none", "--top-k", "3"),
        ("--aggregator", "residual", "--gate", "token"),
        ("--aggregator", "average", "--pooling", "sum"),
        ("--segmentation", "64,32", "--segment-length", "8"),
    ],
)
def test_a_choice_without_an_effect_is_refused(words, capsys, tmp_path):
    assert cli.main(["trace", *words, "--out", str(tmp_path / "run.npz")]) == 2
    name = words[2].removeprefix("--").replace("-", "_")
    assert f"{name}: expected no value, as none matters to this run; got {words[3]}\n" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_option_of_a_rule_is_in_the_run(tmp_path):
    out = tmp_path / "run.npz"
    assert cli.main(["trace", "--memory", "dla", "--depth", "1", "--no-norm", "--out", str(out)]) == 0
    assert Trace.load(out).config.options == {"depth": 1, "norm": False}


# ---- terminals

ENCODINGS = ("cp1251", "cp1253", "cp874", "cp437", "latin-1", "ascii")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_terminal_is_written_to(encoding, tmp_path, monkeypatch):
    """What it has no sign for is a question mark, in what is said and in what is wrong."""
    run, page, nowhere = (str(tmp_path / name) for name in ("run.npz", "page.html", "ä€яก/run.npz"))
    commands = [
        (["claims"], 0),
        *(([name, "--help"], 0) for name in cli.COMMANDS),
        (["trace", "--out", run, "--example", "text", "--text", "ä € я ก"], 0),
        (["export", run, "--out", page], 0),
        (["claims", "ä€яก"], 2),
        (["trace", "--out", nowhere], 2),
    ]
    for words, expected in commands:
        out, err = (TextIOWrapper(BytesIO(), encoding=encoding) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                status = cli.main(words)
            except SystemExit as stopped:
                status = stopped.code
        err.flush()
        said, wrong = (stream.buffer.getvalue().decode(encoding) for stream in (out, err))
        assert status == expected, (words, wrong)
        assert wrong if status else said
        assert "codec" not in wrong


def piped(words, errors=False):
    """A command that finds nobody at the other end of its pipe: its exit status, and what it complains."""
    reader, writer = os.pipe()
    os.close(reader)
    how = {"stdout": writer, "stderr": writer if errors else subprocess.PIPE}
    done = subprocess.run([sys.executable, "-m", "mcviz", *words], check=False, **how)
    os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
@pytest.mark.parametrize("errors", [False, True])
def test_who_reads_no_further_hears_no_complaint(errors):
    assert piped(["claims", "recall-gap"], errors=errors) == (cli.CLOSED, None if errors else b"")
