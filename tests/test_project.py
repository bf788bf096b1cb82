"""What the project says of itself in several places is the same."""

import re
import tomllib
from pathlib import Path

import pytest

import mcviz

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
MATRIX = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]


def minor(version):
    """3.11 -> (3, 11)"""
    return tuple(map(int, version.split(".")))


def test_there_is_one_version():
    assert PROJECT["dynamic"] == ["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == mcviz.__version__


def test_the_changelog_begins_with_what_is_new_and_has_this_version():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[:2] == ["Unreleased", mcviz.__version__]


def test_the_pythons_that_are_tested_are_those_that_are_promised():
    promised = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert MATRIX["python"] == promised == sorted(promised, key=minor)
    assert PROJECT["requires-python"] == f">={promised[0]}"


@pytest.mark.parametrize("system", ["ubuntu", "macos", "windows"])
def test_the_oldest_and_the_newest_python_are_tested_on_every_system(system):
    runs = [(os, python) for os in MATRIX["os"] for python in MATRIX["python"]]
    runs += [(run["os"], run["python"]) for run in MATRIX["include"]]
    assert {MATRIX["python"][0], MATRIX["python"][-1]} <= {python for os, python in runs if os.startswith(system)}


def test_a_run_of_the_tests_may_change_nothing():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in WORKFLOW["jobs"].values())


def test_a_binder_has_what_the_notebooks_take_and_the_build_of_torch_for_cpus():
    *conda, given = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    extras = PROJECT["optional-dependencies"]
    torch, *beside = extras["torch"]
    assert torch.replace("torch", "pytorch-cpu") in conda
    assert given["pip"] == ["-c ../constraints.txt", *beside, "-e ..[notebooks]"]
    assert not any(name.startswith("torch") for name in extras["notebooks"])
