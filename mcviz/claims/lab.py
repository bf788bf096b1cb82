"""The lab: the runs that claims rest on, made or read, and what they say to each claim."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from mcviz.checks import whole
from mcviz.claims import frontier
from mcviz.claims.declared import CLAIMS, FAMILIES, LONG
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
    return [judge(CLAIMS[name], given) for name in (CLAIMS if names is None else chosen(names))]


def run(
    names: Sequence[str] | None = None,
    seeds: int = SEEDS,
    path: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    progress: bool = True,
    family: str | None = None,
    device: str = "cpu",
) -> list[Finding]:
    """Make the runs of the claims called `names` (of a `family`, of all) anew, with `seeds` seeds each, and judge them.

    Each run is a line in the file at `path` as soon as it is done, and is not made again where the line is there: what
    was killed goes on. Without a path nothing is kept. `jobs` processes share the work, -1 is one per core; None
    leaves it to joblib's active backend, which may be a cluster. Models are trained on `device`, and measured on the
    CPU. What is timed runs last, and alone.

    Raises `ValueError` for unknown names and families, names beside a family, fewer than two seeds, and a file that is
    damaged or cannot be written.
    """
    from mcviz.claims.trials import TIMING, perform
    from mcviz.training.sweeps import spread

    trial = partial(perform, device=device)
    every = due(names, seeds, family)
    clocked = [one for one in every if one[0].get("trial") == TIMING]
    others = [one for one in every if one[0].get("trial") != TIMING]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.jsonl" if path is None else Path(path)
        found = spread(trial, others, file, jobs, progress) if others else []
        found += spread(trial, clocked, file, 1, progress) if clocked else []
    return board(found, chosen(names, family))


def due(names: Sequence[str] | None, seeds: int, family: str | None = None) -> list[tuple[dict[str, object], int]]:
    """Settings and seed of every run that the claims rest on, each once, all settings with the first seed first.

    The frontier also has points that no claim rests on, with fewer seeds: they belong to its family, not to a claim.
    Raises `ValueError` for unknown names and families, names beside a family, and fewer than two seeds.
    """
    seeds = whole("seeds", seeds, FEWEST)
    conditions = [condition for name in chosen(names, family) for condition in CLAIMS[name].conditions.values()]
    wanted = {key(condition.settings, 0): (dict(condition.settings), seeds) for condition in conditions}
    if names is None and family == frontier.FAMILY:
        some = min(seeds, frontier.CURVE_SEEDS)
        wanted |= {key(settings, 0): (dict(settings), some) for settings in frontier.CURVES}
    return [(settings, seed) for seed in range(seeds) for settings, most in wanted.values() if seed < most]


def took(wanted: Iterable[tuple[dict[str, object], int]]) -> float:
    """Seconds for which `wanted` runs trained when those that ship were made; others are not counted, nor those that
    were trained on a GPU."""
    shipped = {key(row["settings"], row["seed"]): float(row.get("seconds", 0)) for row in rows() if "device" not in row}
    return sum(shipped.get(key(settings, seed), 0.0) for settings, seed in wanted)


def chosen(names: Sequence[str] | None, family: str | None = None) -> list[str]:
    """The claims called `names`, each once, or those of a `family`, or all but those that take long."""
    if names and family:
        raise ValueError(f"family: expected no claims named beside it, got {', '.join(names)} and {family}")
    unknown = sorted(set(names or ()) - set(CLAIMS))
    if unknown:
        raise ValueError(f"names: expected claims among {', '.join(CLAIMS)}; got {', '.join(unknown)}")
    if family not in (None, *FAMILIES):
        raise ValueError(f"family: expected one of {', '.join(FAMILIES)}; got {family!r}")
    if names:
        return list(dict.fromkeys(names))
    if family:
        return [name for name, claim in CLAIMS.items() if claim.family == family]
    return [name for name, claim in CLAIMS.items() if claim.family not in LONG]
