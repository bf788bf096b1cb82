"""New examples for everything that hypothesis drives: `python -m tests.fuzz --minutes 10`.

Round after round, each with a seed that it prints. The first round that fails ends it, and `--seed` with its seed
fails again. It also runs what other tests see in pairs (`tests/pairs.py`) in all combinations, which is the same
whatever the seed.
"""

import argparse
import secrets
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


DRAWN, ALL = "hypothesis", "hypothesis or pairs"
"""Marks of the tests of a round: those that draw examples, and those that combine options as well."""


def command(seed: int, marked: str = ALL) -> list[str]:
    """What runs one round: every test that hypothesis, or `pairs`, marks as its own."""
    words = [word for mark, word in (("hypothesis", "@given"), ("pairs", "from tests.pairs import")) if mark in marked]
    every = sorted(ROOT.glob("tests/**/test_*.py"))
    files = [path for path in every if any(word in path.read_text(encoding="utf-8") for word in words)]
    options = ["-m", marked, "--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}", "--shapes"]
    return [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "auto",
        "-q",
        *options,
        *(str(path.relative_to(ROOT)) for path in files),
    ]


def run(seed: int, marked: str = ALL) -> int:
    """One round. The exit status is pytest's."""
    print(f"seed {seed}", flush=True)
    status = subprocess.run(command(seed, marked), cwd=ROOT).returncode
    if status:
        print(f"\nit fails again with: {Path(sys.executable).name} -m tests.fuzz --seed {seed}", flush=True)
    return status


def fuzz(minutes: float) -> int:
    """Rounds for so many minutes, at least one, and none that would last longer. The status of the last one."""
    began = time.monotonic()
    status, rounds, last = 0, 0, 0.0
    while not status and (not rounds or time.monotonic() + last - began <= 60 * minutes):
        started = time.monotonic()
        status = run(secrets.randbelow(2**32), DRAWN if rounds else ALL)
        rounds, last = rounds + 1, time.monotonic() - started
    print(f"{rounds} rounds in {(time.monotonic() - began) / 60:.1f} minutes")
    return status


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="for how long (default: 10)")
    parser.add_argument("--seed", type=int, help="run the one round that has this seed")
    asked = parser.parse_args(arguments)
    return fuzz(asked.minutes) if asked.seed is None else run(asked.seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
