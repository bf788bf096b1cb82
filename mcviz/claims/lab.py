"""The lab: the runs that claims rest on, made or read, and what they say to each claim."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from mcviz.checks import whole
from mcviz.claims.declared import CLAIMS
from mcviz.claims.finding import FEWEST, Finding, judge
from mcviz.rows import Row, key, read

SHIPPED = Path(__file__).with_name("runs.jsonl")
SEEDS = 5
"""For each condition of each claim."""


def rows(path: str | os.PathLike[str] = SHIPPED) -> list[Row]:
    """The runs that the board rests on, a row each: those that ship with mcviz, if no file is given.

    Raises `ValueError` for a file that holds anything else.
    """
    return read(path)


def board(found: Iterable[Row] | None = None, names: Sequence[str] | None = None) -> list[Finding]:
    """What the rows `found` (those that ship, if none are given) say to the claims called `names` (to all).

    Raises `ValueError` for an unknown name.
    """
    given = rows() if found is None else list(found)
    return [judge(CLAIMS[name], given) for name in chosen(names)]


def run(
    names: Sequence[str] | None = None,
    seeds: int = SEEDS,
    path: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    progress: bool = True,
) -> list[Finding]:
    """Make the runs of the claims called `names` (of all) anew, with `seeds` seeds each, and judge them.

    Each run is a line in the file at `path` as soon as it is done, and is not made again where the line is there: what
    was killed goes on. Without a path nothing is kept. `jobs` processes share the work, -1 is one per core; None
    leaves it to joblib's active backend, which may be a cluster. What is timed runs last, and alone.

    Raises `ValueError` for unknown names, fewer than two seeds, and a file that is damaged or cannot be written.
    """
    from mcviz.claims.trials import TIMING, perform
    from mcviz.training.sweeps import spread

    seeds = whole("seeds", seeds, FEWEST)
    every = due(names, seeds)
    clocked = [one for one in every if one[0].get("trial") == TIMING]
    others = [one for one in every if one[0].get("trial") != TIMING]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.jsonl" if path is None else Path(path)
        found = spread(perform, others, file, jobs, progress) if others else []
        found += spread(perform, clocked, file, 1, progress) if clocked else []
    return board(found, names)


def due(names: Sequence[str] | None, seeds: int) -> list[tuple[dict[str, object], int]]:
    """Settings and seed of every run that the claims rest on, each once, all settings with the first seed first."""
    conditions = [condition for name in chosen(names) for condition in CLAIMS[name].conditions.values()]
    distinct = {key(condition.settings, 0): dict(condition.settings) for condition in conditions}
    return [(settings, seed) for seed in range(seeds) for settings in distinct.values()]


def chosen(names: Sequence[str] | None) -> list[str]:
    """The claims called `names`, or all."""
    unknown = sorted(set(names or ()) - set(CLAIMS))
    if unknown:
        raise ValueError(f"names: expected claims among {', '.join(CLAIMS)}; got {', '.join(unknown)}")
    return list(names or CLAIMS)
