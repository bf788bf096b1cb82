"""Whatever was moved is found under its old name: the very same module, by import and by attribute."""

import subprocess
import sys
from pathlib import Path

import pytest

import mcviz
from mcviz.moved import MOVED

ROOT = Path(__file__).parents[1]


def fresh(*lines):
    """Run lines of Python in a process of their own."""
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_by_import_an_old_name_is_the_new_module():
    """The old name first, so that nothing but the table can have found it."""
    checks = []
    for old, new in MOVED.items():
        parent, _, name = old.rpartition(".")
        checks += [
            f"import sys, {old}",
            f"import {new}",
            f"assert sys.modules['{old}'] is sys.modules['{new}'], '{old}'",
            f"assert sys.modules['{new}'].__name__ == sys.modules['{new}'].__spec__.name == '{new}'",
            f"from {parent} import {name}",
            f"assert {name} is sys.modules['{new}'], '{old}'",
        ]
    fresh(*checks)


def test_by_attribute_an_old_name_is_the_new_module():
    checks = [f"assert {old} is sys.modules['{new}'], '{old}'" for old, new in MOVED.items()]
    fresh("import sys, mcviz", *(f"import {old.rpartition('.')[0]}" for old in MOVED), *checks)


def test_what_lies_in_a_package_moves_with_it():
    fresh(
        "from mcviz.exercises.verdict import Verdict",
        "from mcviz.course.exercises.verdict import Verdict as Same",
        "assert Verdict is Same",
        "import mcviz.exercises.detective as one, mcviz.course.exercises.detective as other",
        "assert one is other",
        "assert not hasattr(__import__('mcviz.exercises').exercises, 'nothing')",
    )


def test_only_what_moved_loads_when_it_is_asked_for():
    fresh(
        "import sys, mcviz",
        "assert not {'mcviz.course.exercises', 'mcviz.probes.surgery', 'mcviz.tradeoff.game'} & set(sys.modules)",
    )


def test_new_names_are_those_of_files():
    for new in MOVED.values():
        path = ROOT / new.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("name", ["mcviz.nothing", "mcviz.reference.nothing", "mcviz.exercises.nothing"])
def test_a_name_that_never_was_is_not_found(name):
    with pytest.raises(ModuleNotFoundError):
        __import__(name)
    parent, _, last = name.rpartition(".")
    with pytest.raises(AttributeError, match="nothing"):
        getattr(sys.modules[parent], last)


def test_a_pickle_of_before_opens():
    fresh(
        "import pickle",
        "from mcviz.probes.surgery import Erase",
        "old = pickle.dumps(Erase(3), 0).replace(b'mcviz.probes.surgery', b'mcviz.surgery')",
        "assert b'mcviz.surgery' in old and pickle.loads(old) == Erase(3)",
    )


def test_the_package_reaches_what_it_names():
    assert {old.split(".")[1] for old in MOVED} <= set(dir(mcviz))
