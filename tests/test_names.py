"""The names of the package: complete for people, for editors, and for checkers of types."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mcviz
from mcviz.moved import MOVED

PACKAGE = Path(mcviz.__file__).parent


def spelled_out():
    """The names that `mcviz/__init__.py` imports or sets for checkers of types."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    imported = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assigned = {node.targets[0].id for node in block.body if isinstance(node, ast.Assign)}
    return (imported | assigned) - {None}


def modules():
    """The modules and packages that lie in the package."""
    found = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return {name for name in found if not name.startswith("_")}


def test_what_is_there_is_listed_and_spelled_out():
    data = {"config", "cost", "initial", "labels", "model", "rules", "segments", "trace"}
    loaded = data | {"brief", "checks", "files", "moved", "reference", "sampling"}
    moved = {old.split(".")[1] for old in MOVED if old.count(".") == 1}
    assert modules() | moved | {"capture"} <= set(dir(mcviz))
    assert spelled_out() == (modules() | moved | {"capture"}) - loaded


def test_what_is_listed_or_spelled_out_is_there():
    probe = f"import mcviz\nfor name in [*dir(mcviz), *{sorted(spelled_out())}]: getattr(mcviz, name)"
    done = subprocess.run([sys.executable, "-c", probe], cwd=PACKAGE.parent, capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_editors_see_inside_what_loads_on_first_use():
    jedi = pytest.importorskip("jedi")
    inside = {"mcviz.": "zoo capture widgets MCConfig surgery counting", "mcviz.zoo.": "load names"}
    inside |= {"mcviz.widgets.": "Stepper", "mcviz.exercises.": "ALL write", "mcviz.surgery.": "operate"}
    for text, names in inside.items():
        code = f"import mcviz\n{text}"
        assert set(names.split()) <= {each.name for each in jedi.Script(code).complete()}, text


def test_types_are_marked_as_there():
    assert (PACKAGE / "py.typed").is_file()
