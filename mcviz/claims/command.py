"""The command `mcviz claims`."""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcviz.claims.declared import CLAIMS, FAMILIES
from mcviz.claims.finding import HOLDS, MISSING, VERDICTS, Finding
from mcviz.claims.lab import SEEDS, board, chosen, due, run, took

SHELL = "mcviz claims --run"
"""Makes all runs again; with the name of a claim after it, those of that claim."""

OF_RUNS: Mapping[str, Any] = {"seeds": SEEDS, "jobs": -1, "device": "cpu", "out": Path("runs/claims.jsonl")}
"""Options that say how runs are made, and what they are where they are not given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which claims, and whether to make their runs anew."""
    parser.add_argument("names", nargs="*", metavar="CLAIM", help=f"which ones (default: all): {', '.join(CLAIMS)}")
    parser.add_argument(
        "--family",
        choices=[family.lower() for family in FAMILIES],
        help="those of one family; without it --run makes all but the frontier and the ladder, which take two "
        "hours and more on two cores",
    )
    parser.add_argument("--run", action="store_true", help="make the runs anew, instead of showing those that ship")
    parser.add_argument("--seeds", type=int, help=f"of each condition (default: {SEEDS})")
    parser.add_argument("--jobs", type=int, help="processes (default: -1, one for each core)")
    parser.add_argument("--device", help="where models are trained: cpu, cuda, … (default: cpu)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where the runs go; what is there is not made again (default: runs/claims.jsonl)",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def command(arguments: argparse.Namespace) -> int:
    """Print every claim with its verdict; after new runs, also whether it is the one that ships.

    Raises `ValueError` as `run` does, for options about runs without any, and for a device that torch cannot use.
    """
    given = {name: value for name in OF_RUNS if (value := getattr(arguments, name)) is not None}
    if given and not arguments.run:
        raise ValueError(f"{next(iter(given))}: expected --run with it, which makes runs")
    family = next((family for family in FAMILIES if family.lower() == arguments.family), None)
    names = chosen(arguments.names, family) if arguments.names or family else None
    shipped = {finding.claim.name: finding.verdict for finding in board(names=names)}
    if not arguments.run:
        print(report(board(names=names)))
        return 0
    from mcviz.pytorch.device import usable

    how, chosen_names, loud = {**OF_RUNS, **given}, arguments.names or None, not arguments.quiet
    usable(how["device"])
    if loud:
        wanted = due(chosen_names, how["seeds"], family)
        print(f"{len(wanted)} runs; those that ship from a CPU trained for {took(wanted) / 60:.0f} minutes on one core")
    try:
        found = run(chosen_names, how["seeds"], how["out"], how["jobs"], loud, family, how["device"])
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on from here")
        return 130
    print(report(found))
    changed = [finding.claim.name for finding in found if finding.verdict != shipped[finding.claim.name]]
    print(f"\nother verdicts than those that ship: {', '.join(changed) or 'none'}")
    return 0


def report(found: Sequence[Finding]) -> str:
    """Claims, verdicts and numbers as text."""
    lines = []
    for family in FAMILIES:
        some = [finding for finding in found if finding.claim.family == family]
        lines += [f"\n{family.upper()}"] if some else []
        for finding in some:
            lines.append(f"\n[{finding.verdict}] {finding.claim.name}: {finding.claim.statement}")
            for label, (mean, low, high) in finding.intervals.items():
                lines.append(f"    {mean:10.4g}  [{low:.4g}, {high:.4g}]  {label}")
            steps = (*finding.steps, *finding.control)
            lines += [f"    {step.verdict}: {step.comparison}" for step in steps if step.verdict != HOLDS]
    counted = Counter(finding.verdict for finding in found)
    said = [f"{counted[verdict]} {verdict}" for verdict in (*VERDICTS, MISSING) if counted[verdict]]
    return "\n".join([*lines, f"\n{len(found)} {'claim' if len(found) == 1 else 'claims'}: {', '.join(said)}"])
