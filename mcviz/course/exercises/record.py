"""What was tried in this session: attempts and verdicts by exercise, and the answers that passed.

A student's results are a small JSON file to hand in, signed by nobody: it says what the checkers said.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from mcviz import files

HIDE = "MCVIZ_SOLUTIONS"
"""Set to "hidden" in the environment, cards show no solutions."""


@dataclass
class Entry:
    """What became of one exercise."""

    attempts: int = 0
    passed: bool = False  # whether any attempt did
    says: str = ""  # what was said to the last one


_entries: dict[str, Entry] = {}
_answers: dict[str, Callable[..., Any]] = {}
_SESSION = os.urandom(6).hex()


def add(name: str, passed: bool, says: str, answer: Callable[..., Any] | None = None) -> None:
    """Count an attempt at the exercise `name`; what passes is kept for the cells that use it."""
    entry = _entries.setdefault(name, Entry())
    entry.attempts += 1
    entry.passed |= passed
    entry.says = says
    if passed and answer is not None:
        _answers[name] = answer


def answer(name: str) -> Callable[..., Any] | None:
    """The answer to an exercise that passed last; None if none has."""
    return _answers.get(name)


def clear() -> None:
    """Forget all attempts and answers."""
    _entries.clear()
    _answers.clear()


def solutions_shown() -> bool:
    """Whether cards may show solutions."""
    return os.environ.get(HIDE) != "hidden"


def hand_in(path: str | PathLike[str], who: str) -> dict[str, Entry]:
    """Write what was tried in this session to a JSON file, beside the earlier sessions that it holds; returns the sum.

    Raises `ValueError` if there is a file that is none of results, or somebody else's.
    """
    path = Path(path)
    held: dict[str, Any] = read(path) if path.exists() else {"who": who, "sessions": {}}
    if held["who"] != who:
        raise ValueError(f"who: expected {held['who']!r}, whose results {path.name} holds; got {who!r}")
    held["sessions"][_SESSION] = {name: asdict(entry) for name, entry in _entries.items()}
    files.write(path, json.dumps(held, indent=1, ensure_ascii=False) + "\n")
    return total(held)


def read(path: Path) -> dict[str, Any]:
    """A file of results: who, and for each session the entries by exercise. Raises `ValueError` for what is none."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        total(held)
        whole = isinstance(held["who"], str)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        whole = False
    if not whole:
        raise ValueError(f"path: expected a file of results, as `exercises.hand_in` writes it; got {path.name}")
    return dict(held)


def total(held: dict[str, Any]) -> dict[str, Entry]:
    """The entries of all sessions of a file, added up."""
    summed: dict[str, Entry] = {}
    for session in held["sessions"].values():
        for name, one in session.items():
            entry = summed.setdefault(name, Entry())
            entry.attempts += int(one["attempts"])
            entry.passed |= one["passed"] is True
            entry.says = str(one["says"])
    return summed


def collect(paths: Iterable[str | PathLike[str]], names: Iterable[str]) -> list[dict[str, str]]:
    """A row for each file of results: who, how many passed, and for each exercise ✓ or ✗ with its attempts."""
    wanted, rows = list(names), []
    for path in sorted(map(Path, paths)):
        held = read(path)
        found = total(held)
        marks = {
            name: f"{'✓' if found[name].passed else '✗'} {found[name].attempts}" for name in wanted if name in found
        }
        passed = str(sum(one.passed for one in found.values()))
        rows.append({"who": held["who"], "passed": passed, **{name: marks.get(name, "") for name in wanted}})
    return rows
