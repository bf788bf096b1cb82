"""Both backends keep the shapes and types that their signatures name: some tests again, with each call checked."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("part", ["tests/reference", "tests/pytorch/test_twins.py"])
def test_annotated_shapes_are_kept(part):
    command = [sys.executable, "-m", "pytest", "--shapes", "-n", "0", "-q", part]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
