"""The steppers of the notebooks: each notebook is run when the site is built, as a student may, exercises unsolved."""

import ast
import zlib
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from mcviz import backends
from mcviz.stepper import pack, pack_film

CALL = "Stepper("
"""By this a cell is known that shows one."""
TORCH = ("07_build_it_fast",)
"""Notebooks that train: where there is no PyTorch, their steppers stay pictures."""
BUDGET = 250_000
"""Bytes that the states of a run may take, which a page has no Python to bring later: enough for all of the course."""


class Stored(NamedTuple):
    """What a stepper shows, as it lies on the site, and where it stands."""

    packed: bytes
    place: dict[str, int]


def stored(paths: list[Path]) -> dict[str, dict[int, Stored]]:
    """The steppers of notebooks, by the notebook's stem and the cell's number; each is run in a process of its own."""
    ready = [path for path in paths if path.stem not in TORCH or backends.available("pytorch")]
    with ProcessPoolExecutor(mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        return dict(zip((path.stem for path in ready), pool.map(run, ready), strict=True))


def run(path: Path) -> dict[int, Stored]:
    """The steppers of one notebook, which is run as far as its last one."""
    cells = nbformat.read(path, as_version=4).cells
    codes = {number: cell.source for number, cell in enumerate(cells) if cell.cell_type == "code"}
    last = max((number for number, code in codes.items() if CALL in code), default=-1)
    space: dict[str, Any] = {"__name__": "__main__"}
    found = {}
    for number, code in codes.items():
        if number <= last:
            with redirect_stdout(StringIO()):
                value = value_of(code, space)
            if CALL in code:
                found[number] = keep(value)
    return found


def value_of(code: str, space: dict[str, Any]) -> Any:
    """Run a cell in `space`: what its last line gives, None where that is no expression."""
    body = ast.parse(code).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<cell>", "exec"), space)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), space) if isinstance(last, ast.Expr) else None


def keep(stepper: Any) -> Stored:
    """A `mcviz.widgets.Stepper` as it lies on the site."""
    place = {name: getattr(stepper, name) for name in ("step", "head", "segment")}
    if stepper.film is None:
        payload = pack(stepper.trace, stepper.other, budget=BUDGET if stepper.other is None else 2 * BUDGET)
    else:
        payload, place["frame"] = pack_film(stepper.film), stepper.frame
    return Stored(zlib.compress(payload, 9), place)
