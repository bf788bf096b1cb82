"""Many runs: seeds times settings, side by side, one line of JSON each.

On one machine, runs are spread over processes. The same call spreads over a cluster with joblib's backends:

    import joblib, distributed
    client = distributed.Client("scheduler:8786")          # or LocalCluster()
    with joblib.parallel_config(backend="dask"):           # "ray" after ray.util.joblib.register_ray()
        sweep(settings, seeds=range(5), path="sweep.jsonl")

Workers compute, and only the caller writes: the file need not be shared. The processes on one machine take no module
from the folder where they start; workers of a cluster do not where they were started with PYTHONSAFEPATH=1.
"""

import json
import multiprocessing
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from tqdm import tqdm

from mcviz import files
from mcviz.checks import is_whole, plain, whole
from mcviz.rows import Row, append, key, line, read
from mcviz.training.evaluation import evaluate
from mcviz.training.loop import Run, train
from mcviz.training.plans import Plan, plan


def run(settings: Mapping[str, Any], seed: int, sequences: int = 256) -> Row:
    """Train and measure once. `settings` are the arguments of `plan`; the result is a row of plain JSON values."""
    planned = plan(**settings, seed=seed)
    return {
        "settings": dict(settings),
        "seed": seed,
        **measured(planned, train(**vars(planned), progress=False), sequences),
    }


def measured(planned: Plan, trained: Run, sequences: int = 256) -> Row:
    """What a training run came to, as plain JSON values."""
    measures = evaluate(trained.model, planned.task, planned.seed, sequences)
    return {
        "steps": trained.step,
        "seconds": round(trained.seconds, 2),
        "parameters": sum(weights.numel() for weights in trained.model.parameters()),
        **{name: measure.value for name, measure in measures.items()},
    }


def sweep(
    settings: Sequence[Mapping[str, Any]],
    seeds: Iterable[int],
    path: str | os.PathLike[str],
    jobs: int | None = None,
    sequences: int = 256,
    progress: bool = True,
) -> list[Row]:
    """Run every one of `settings` with every seed, and append a line to `path` as each is done.

    All settings run with the first seed before any runs with the second. Runs that have their line in the file are
    not done again: a sweep that was killed goes on where it was. `jobs` is the number of processes, -1 for one per
    core; None leaves it to joblib's active backend, which is one process unless `joblib.parallel_config` says
    otherwise. Returns the rows of this sweep. Raises `ValueError` before anything runs for bad settings, no processes,
    and for a file that is damaged or cannot be written.
    """
    every = [{name: plain(value) for name, value in chosen.items()} for chosen in settings]
    wanted = [(chosen, whole("seeds", seed, 0)) for seed in seeds for chosen in every]
    for chosen, seed in wanted:
        plan(**chosen, seed=seed)
    return spread(partial(run, sequences=sequences), wanted, path, jobs, progress)


def spread(
    trial: Callable[[Mapping[str, Any], int], Row],
    wanted: Sequence[tuple[Mapping[str, Any], int]],
    path: str | os.PathLike[str],
    jobs: int | None = None,
    progress: bool = True,
) -> list[Row]:
    """`trial(settings, seed)` for each of `wanted`, a line in the file at `path` for each, as `sweep` says."""
    if jobs is not None and (not is_whole(jobs) or jobs == 0):
        raise ValueError(f"jobs: expected a number of processes, or -1 for one on each core; got {jobs!r}")
    path = Path(path)
    done = {key(row["settings"], row["seed"]): row for row in (read(path) if path.exists() else [])}
    # leaves whole lines only, and fails now if the place cannot be written to
    files.put(path, "".join(map(line, done.values())))
    missing = [(chosen, seed) for chosen, seed in wanted if key(chosen, seed) not in done]
    if jobs is not None:
        jobs = min(joblib.effective_n_jobs(jobs), len(missing)) or 1
    with _safe_path():
        work = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
            joblib.delayed(beside)(os.getpid(), trial, chosen, seed) for chosen, seed in missing
        )
        for row in tqdm(work, total=len(missing), disable=not progress, unit="run"):
            append(path, row)
            done[key(row["settings"], row["seed"])] = row
    return [done[key(chosen, seed)] for chosen, seed in wanted]


@contextmanager
def _safe_path() -> Iterator[None]:
    """A process that starts meanwhile takes no module from the folder where it starts before it is told our path."""
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def beside(caller: int, trial: Callable[..., Row], settings: Mapping[str, Any], seed: int) -> Row:
    """`trial(settings, seed)`; where process `caller` started this one for it, this one ends with that one."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid == caller:
        end_with(caller)
    return trial(settings, seed)


@cache
def end_with(parent: int) -> None:
    """End this process within a second after its parent, which may have been killed. On Windows it goes on: there, a
    process keeps its parent's number."""

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def summary(rows: Iterable[Row], by: str = "accuracy") -> list[tuple[dict[str, Any], float, float, int]]:
    """For each of the settings, the mean and standard deviation of a measurement over its seeds, and their number."""
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if by in row:
            groups[json.dumps(row["settings"])].append(row[by])
    return [
        (
            json.loads(settings),
            float(np.mean(values)),
            float(np.std(values, ddof=1)) if values[1:] else 0.0,
            len(values),
        )
        for settings, values in groups.items()
    ]
