"""The command says what it is about to do, and goes on where it was."""

import argparse

import pytest

from mcviz import claims
from mcviz.claims.lab import took
from mcviz.rows import key, line


def said(capsys, *words):
    """What the command prints, given these words."""
    parser = argparse.ArgumentParser()
    claims.add_arguments(parser)
    status = claims.command(parser.parse_args(words))
    return status, capsys.readouterr().out


def test_a_family_is_printed_by_its_name(capsys):
    status, out = said(capsys, "--family", "frontier")
    assert status == 0
    assert out.count("] frontier-") == sum(claim.family == claims.FRONTIER for claim in claims.CLAIMS.values())
    _, out = said(capsys, "--family", "ladder")
    assert out.count("] ladder-") == 11


def test_a_run_says_first_how_long_it_may_take(capsys, tmp_path):
    """All its rows are there: nothing is trained."""
    path = tmp_path / "runs.jsonl"
    wanted = claims.due(["frontier-reads"], 2)
    rows = [row for row in claims.rows() if (row["settings"], row["seed"]) in wanted]
    path.write_text("".join(map(line, rows)))
    status, out = said(capsys, "frontier-reads", "--run", "--seeds", "2", "--out", str(path), "--jobs", "1")
    assert status == 0
    minutes = sum(row["seconds"] for row in rows) / 60
    assert f"{len(wanted)} runs; those that ship from a CPU trained for {minutes:.0f} minutes on one core" in out


def test_what_a_gpu_took_tells_nothing_of_a_cpu():
    """Rows say where their model was trained, if that was no CPU."""
    wanted = claims.due(["ladder-bytes-256"], 3)
    rows = {key(row["settings"], row["seed"]): row for row in claims.rows()}
    found = [rows[key(*one)] for one in wanted]
    assert {row["settings"]["aggregator"] for row in found if "device" not in row} == {"ssc"}
    assert took(wanted) == sum(row["seconds"] for row in found if "device" not in row) > 0


def test_a_claim_that_is_named_twice_is_one(capsys):
    assert said(capsys, "I2", "I1", "I2") == said(capsys, "I2", "I1")


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--seeds", "3"), "seeds: expected --run with it"),
        (("I1", "--jobs", "2"), "jobs: expected --run with it"),
        (("--out", "mine.jsonl"), "out: expected --run with it"),
        (("--device", "cuda"), "device: expected --run with it"),
        (("--family", "recall", "frontier-bytes"), "family: expected no claims named beside it"),
        (("I1", "--run", "--seeds", "-1"), "seeds: expected a whole number, at least 2, got -1"),
        (("I1", "--run", "--device", "abacus"), "device: expected one that torch can use here"),
    ],
)
def test_what_would_be_ignored_is_refused(words, wrong, capsys, monkeypatch):
    monkeypatch.setattr("mcviz.training.sweeps.spread", lambda *_: pytest.fail("it ran"))
    with pytest.raises(ValueError, match=wrong):
        said(capsys, *words)
    assert not capsys.readouterr().out


def test_another_family_is_refused(capsys):
    with pytest.raises(SystemExit):
        said(capsys, "--family", "no-such")
