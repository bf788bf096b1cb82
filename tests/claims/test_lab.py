import json

import pytest

from mcviz import claims
from mcviz.claims import lab
from mcviz.rows import key

CHEAP = ["I2", "I4", "cache-linear"]


def test_every_run_that_a_claim_rests_on_ships_and_no_other():
    wanted = [key(settings, seed) for settings, seed in claims.due(None, claims.SEEDS)]
    shipped = [key(row["settings"], row["seed"]) for row in claims.rows()]
    assert sorted(shipped) == sorted(wanted)


def test_the_board_has_a_verdict_for_every_claim():
    found = claims.board()
    assert [finding.claim.name for finding in found] == list(claims.CLAIMS)
    for finding in found:
        assert finding.verdict in claims.VERDICTS
        assert finding.seeds == tuple(range(claims.SEEDS))


def test_verdicts_of_every_kind_are_shown():
    """Ours go both ways: a board on which all holds would not have been tried hard."""
    assert {finding.verdict for finding in claims.board()} >= set(claims.VERDICTS[:2])


def test_a_run_makes_rows_and_goes_on_where_it_was(tmp_path, monkeypatch):
    path = tmp_path / "runs.jsonl"
    found = claims.run(CHEAP, seeds=2, path=path, progress=False)
    assert [finding.verdict for finding in found] == ["holds"] * 3
    lines = path.read_text().splitlines()
    assert len(lines) == len(claims.due(CHEAP, 2))

    from mcviz.claims import trials

    made = []
    monkeypatch.setattr(trials, "perform", lambda *a: made.append(a) or {"settings": a[0], "seed": a[1], "share": 1.0})
    path.write_text("\n".join(lines[:-1]) + "\n")
    claims.run(CHEAP, seeds=2, path=path, progress=False)
    assert len(made) == 1
    assert key(*made[0]) == key(json.loads(lines[-1])["settings"], json.loads(lines[-1])["seed"])


def test_what_is_timed_runs_last_and_alone(monkeypatch, tmp_path):
    from mcviz.training import sweeps

    calls = []
    monkeypatch.setattr(
        sweeps, "spread", lambda trial, wanted, path, jobs, progress: calls.append((wanted, jobs)) or []
    )
    claims.run(["cache-linear", "time-selector"], seeds=2, jobs=4)
    (first, jobs), (last, alone) = calls
    assert (jobs, alone) == (4, 1)
    assert all(settings["trial"] != "timing" for settings, _ in first)
    assert all(settings["trial"] == "timing" for settings, _ in last)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"names": ["no-such"]}, "names: expected claims among .*; got no-such"),
        ({"seeds": 1}, "seeds: expected a whole number, at least 2, got 1"),
        ({"seeds": True}, "seeds: expected"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        claims.run(**arguments)


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "runs.jsonl"
    path.write_text("hello\n")
    with pytest.raises(ValueError, match="expected a file"):
        lab.rows(path)
