import json

import pytest

from mcviz import claims
from mcviz.claims import lab
from mcviz.rows import key

CHEAP = ["I2", "I4", "cache-linear"]


def test_every_run_that_a_claim_rests_on_ships_and_no_other():
    wanted = {key(settings, seed) for settings, seed in claims.due(None, claims.SEEDS)}
    long = {key(*one) for family in claims.LONG for one in claims.due(None, claims.SEEDS, family)}
    shipped = [key(row["settings"], row["seed"]) for row in claims.rows()]
    assert len(set(shipped)) == len(shipped)
    assert wanted <= set(shipped) <= wanted | long


def test_the_board_has_a_verdict_for_every_claim():
    found = claims.board()
    assert [finding.claim.name for finding in found] == list(claims.CLAIMS)
    for finding in found:
        assert finding.verdict in claims.VERDICTS
        least = 3 if finding.claim.family in claims.LONG else claims.SEEDS
        assert least <= len(finding.seeds) <= claims.SEEDS
        assert finding.seeds == tuple(range(len(finding.seeds)))


def test_a_family_is_run_by_its_name():
    names = [name for name, claim in claims.CLAIMS.items() if claim.family == claims.FRONTIER]
    of_claims, of_family = claims.due(names, 2), claims.due(None, 2, claims.FRONTIER)
    assert {key(*one) for one in of_claims} < {key(*one) for one in of_family}
    assert [seed for _, seed in of_family] == sorted(seed for _, seed in of_family)
    with pytest.raises(ValueError, match=r"family: expected one of Recall, .*; got 'no-such'"):
        claims.due(None, 2, "no-such")


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
    monkeypatch.setattr(
        trials, "perform", lambda *a, device: made.append(a) or {"settings": a[0], "seed": a[1], "share": 1.0}
    )
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
        ({"names": ["I1"], "family": "Recall"}, "family: expected no claims named beside it, got I1 and Recall"),
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
