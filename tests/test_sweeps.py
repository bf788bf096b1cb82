import os
import signal
import subprocess
import sys
import time

import joblib
import pytest

from mcviz import training
from mcviz.training import sweeps

TINY = {"task": "mqar", "pairs": 2, "keys": 4, "values": 2, "width": 4, "key": 2, "value": 2, "steps": 2}
SETTINGS = [{**TINY, "aggregator": "none"}, {**TINY, "aggregator": "ssc", "segment_length": 2}]


def sweep(path, settings=SETTINGS, seeds=(0, 1), **options):
    return training.sweep(settings, seeds, path, sequences=4, progress=False, **options)


def figures(rows):
    """The rows without the time they took."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("sweep") / "rows.jsonl")


def test_a_sweep_has_a_row_for_each_run(rows, tmp_path):
    assert [(row["settings"], row["seed"]) for row in rows] == [(s, seed) for seed in (0, 1) for s in SETTINGS]
    assert all(0 <= row["accuracy"] <= 1 and row["steps"] == 2 for row in rows)
    assert [("largest" in row) for row in rows] == [False, True, False, True]
    assert len({row["bits"] for row in rows}) == 4


def test_a_row_is_what_one_run_measures(rows):
    planned = training.plan(**SETTINGS[1], seed=1)
    trained = training.train(**vars(planned), progress=False)
    measured = training.evaluate(trained.model, planned.task, 1, sequences=4)
    assert {name: measure.value for name, measure in measured.items()}.items() <= rows[3].items()


def test_the_file_holds_the_rows(rows, tmp_path):
    again = sweep(tmp_path / "rows.jsonl")
    assert figures(again) == figures(rows)
    stored = training.read(tmp_path / "rows.jsonl")
    assert sorted(map(sweeps.line, stored)) == sorted(map(sweeps.line, again))


def test_a_sweep_goes_on_where_it_was(tmp_path, monkeypatch, rows):
    path = tmp_path / "rows.jsonl"
    run, done = sweeps.run, []

    def killed(chosen, seed, sequences):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(seed)
        return run(chosen, seed, sequences)

    monkeypatch.setattr(sweeps, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        sweep(path)
    assert len(training.read(path)) == 2
    with path.open("a") as file:  # the kill came in the middle of a line
        file.write('{"settings": {"aggr')
    counted = []
    monkeypatch.setattr(sweeps, "run", lambda *a, **b: counted.append(a) or run(*a, **b))
    assert figures(sweep(path)) == figures(rows)
    assert len(counted) == 2
    assert len(path.read_text().splitlines()) == 4
    assert figures(sweep(path)) == figures(rows)
    assert len(counted) == 2


def test_processes_give_the_same_rows(tmp_path, rows):
    assert figures(sweep(tmp_path / "rows.jsonl", jobs=2)) == figures(rows)


ENDLESS = """
import os, sys, time
from pathlib import Path
from mcviz.training import sweeps

def endless(settings, seed):
    Path(settings["folder"], str(os.getpid())).touch()
    time.sleep(300)

sweeps.spread(endless, [({"folder": sys.argv[1]}, seed) for seed in range(4)], Path(sys.argv[1]) / "rows.jsonl", 2)
"""


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="a process there does not know of its parent's end")
@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_processes_end_with_the_one_that_started_them(tmp_path, end):
    caller = subprocess.Popen([sys.executable, "-c", ENDLESS, tmp_path], stderr=subprocess.DEVNULL)
    give_up = time.monotonic() + 120
    try:
        while len(workers := [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]) < 2:
            assert time.monotonic() < give_up
            assert caller.poll() is None
            time.sleep(0.05)
    finally:
        caller.send_signal(getattr(signal, end))
        caller.wait()
    give_up = time.monotonic() + 120
    while any(map(alive, workers)) and time.monotonic() < give_up:
        time.sleep(0.05)
    left = [worker for worker in workers if alive(worker)]
    for worker in left:
        os.kill(worker, signal.SIGKILL)
    assert not left


def test_a_dask_cluster_gives_the_same_rows(tmp_path, rows):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        assert figures(sweep(tmp_path / "rows.jsonl")) == figures(rows)


def test_a_damaged_file_is_refused_and_kept(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("something else\n{}\n")
    with pytest.raises(ValueError, match="expected a file of results"):
        sweep(path)
    assert path.read_text() == "something else\n{}\n"


@pytest.mark.parametrize("content", [b'{"settings": {}}\n', b"[]\n", b"3\n", b"\xff\xfe\n"])
def test_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=r"rows.jsonl: expected a file of results"):
        training.read(tmp_path / "rows.jsonl")


def test_bad_settings_are_named_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "run", lambda *a: pytest.fail("it ran"))
    with pytest.raises(ValueError, match="top_k"):
        sweep(tmp_path / "rows.jsonl", [*SETTINGS, {**TINY, "top_k": 0}])
    assert not (tmp_path / "rows.jsonl").exists()


@pytest.mark.parametrize("jobs", [0, 1.5, True])
def test_no_number_of_processes_is_named_before_anything_runs(tmp_path, monkeypatch, jobs):
    monkeypatch.setattr(sweeps, "run", lambda *a: pytest.fail("it ran"))
    with pytest.raises(ValueError, match=f"jobs: expected a number of processes, .*; got {jobs}"):
        sweep(tmp_path / "rows.jsonl", jobs=jobs)
    assert not (tmp_path / "rows.jsonl").exists()


def test_an_unwritable_place_is_named_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "run", lambda *a: pytest.fail("it ran"))
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="can be written to"):
        sweep(tmp_path / "file" / "rows.jsonl")


def test_the_summary_is_a_mean_over_seeds(rows):
    (one, mean, std, count), (two, *_) = training.summary(rows, "bits")
    assert [one, two] == SETTINGS
    first, second = rows[0]["bits"], rows[2]["bits"]
    assert mean == pytest.approx((first + second) / 2)
    assert std == pytest.approx(abs(first - second) / 2**0.5)
    assert count == 2
    assert [settings for settings, *_ in training.summary(rows, "largest")] == SETTINGS[1:]
