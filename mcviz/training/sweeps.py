"""Many runs: seeds times settings, side by side, one line of JSON each.

On one machine, runs are spread over processes. The same call spreads over a cluster with joblib's backends:

    import joblib, distributed
    client = distributed.Client("scheduler:8786")          # or LocalCluster()
    with joblib.parallel_config(backend="dask"):           # "ray" after ray.util.joblib.register_ray()
        sweep(settings, seeds=range(5), path="sweep.jsonl")

Workers compute, and only the caller writes: the file need not be shared.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from tqdm import tqdm

from mcviz.training.evaluation import evaluate
from mcviz.training.loop import train
from mcviz.training.plans import plan
from mcviz.zoo.store import replace

Row = dict[str, Any]


def run(settings: Mapping[str, Any], seed: int, sequences: int = 256) -> Row:
    """Train and measure once. `settings` are the arguments of `plan`; the result is a row of plain JSON values."""
    planned = plan(**settings, seed=seed)
    trained = train(**vars(planned), progress=False)
    measured = evaluate(trained.model, planned.task, seed, sequences)
    return {
        "settings": dict(settings),
        "seed": seed,
        "steps": trained.step,
        "seconds": round(trained.seconds, 2),
        "parameters": sum(weights.numel() for weights in trained.model.parameters()),
        **{name: measure.value for name, measure in measured.items()},
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
    otherwise. Returns the rows of this sweep. Raises `ValueError` before anything runs for bad settings, and for a
    file that is damaged or cannot be written.
    """
    path = Path(path)
    wanted = [(dict(chosen), seed) for seed in seeds for chosen in settings]
    for chosen, seed in wanted:
        plan(**chosen, seed=seed)
    done = {key(row["settings"], row["seed"]): row for row in (read(path) if path.exists() else [])}
    # leaves whole lines only, and fails now if the place cannot be written to
    replace(path, "".join(map(line, done.values())).encode())
    missing = [(chosen, seed) for chosen, seed in wanted if key(chosen, seed) not in done]
    work = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
        joblib.delayed(run)(chosen, seed, sequences) for chosen, seed in missing
    )
    for row in tqdm(work, total=len(missing), disable=not progress, unit="run"):
        append(path, row)
        done[key(row["settings"], row["seed"])] = row
    return [done[key(chosen, seed)] for chosen, seed in wanted]


def read(path: str | os.PathLike[str]) -> list[Row]:
    """The rows of a file that `sweep` wrote. A last line that was cut off by a kill is left out."""
    lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        del lines[-1]
    try:
        rows = [json.loads(text) for text in lines]
        for row in rows:
            key(row["settings"], row["seed"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: expected a file that sweep wrote, got another or a damaged one ({error})") from None
    return rows


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


def append(path: Path, row: Row) -> None:
    """Add one line at the end of a file in a single write."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
    try:
        os.write(file, line(row).encode())
        os.fsync(file)
    finally:
        os.close(file)


def line(row: Row) -> str:
    """A row as one line of JSON."""
    return json.dumps(row, sort_keys=True) + "\n"


def key(settings: Mapping[str, Any], seed: int) -> str:
    """Tells runs apart."""
    return json.dumps([settings, seed], sort_keys=True)
