"""Both backends keep the shapes and types that their signatures name: some tests again, with each call checked.

What hypothesis draws is checked so by `make fuzz`.
"""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_annotated_shapes_are_kept():
    options = ["-m", "pytest", "--shapes", "-n", "0", "-q", "-p", "tests.few", "-m", "not hypothesis"]
    parts = ["tests/reference", "tests/pytorch/test_twins.py"]
    done = subprocess.run([sys.executable, *options, *parts], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_what_signatures_name_can_be_checked():
    protocols = [
        (path.name, node)
        for path in sorted(ROOT.glob("mcviz/**/*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
    ]
    assert protocols
    unknown = [
        f"{name}: {node.name}"
        for name, node in protocols
        if "runtime_checkable" not in map(ast.unparse, node.decorator_list)
    ]
    assert not unknown
