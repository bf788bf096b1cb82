"""Code in place of source, which a Python loads as it would load the source."""

import gzip
import subprocess
import sys
import time
import zipfile
from io import BytesIO

import pytest

from mcviz.site.compiled import compiled, node_js

SOURCE = b'"""Said."""\n\n\ndef twice(x):\n    """And said."""\n    return 2 * x\n'


def archive(**files):
    """A zip of modules."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as given:
        for name, content in files.items():
            given.writestr(f"{name}.py", content)
    return packed.getvalue()


def test_code_stands_for_the_source_of_what_is_used_and_does_the_same(tmp_path):
    made = compiled(archive(used=SOURCE, unused=SOURCE), "there", {"there/used.py"})
    with zipfile.ZipFile(BytesIO(made)) as kept:
        assert sorted(kept.namelist()) == ["unused.py", "used.pyc"]
        assert kept.read("unused.py") == SOURCE
    (tmp_path / "made.zip").write_bytes(made)
    asked = "import used; print(used.twice(21), used.__doc__, used.twice.__code__.co_filename)"
    done = subprocess.run(
        [sys.executable, "-c", asked], env={"PYTHONPATH": str(tmp_path / "made.zip")}, capture_output=True, text=True
    )
    assert done.stdout.split() == ["42", "None", "there/used.py"], done.stderr


def test_the_same_source_gives_the_same_bytes_at_any_time(monkeypatch):
    given, now = archive(used=SOURCE), time.time()
    made = compiled(given, "there", {"there/used.py"})
    monkeypatch.setattr("time.time", lambda: now + 1e6)
    assert compiled(given, "there", {"there/used.py"}) == made


def test_the_site_has_code_for_what_its_page_imports(site):
    if node_js() is None:
        pytest.skip("no Node.js of 20 or newer, which compiles")
    archives = [zipfile.ZipFile(BytesIO(gzip.decompress(each.read_bytes()))) for each in site.rglob("*.zip.gz")]
    names = {name for each in archives for name in each.namelist()}
    assert {"dataclasses.pyc", "numpy/linalg/_linalg.pyc", "mcviz/site/player.pyc", "regex/_main.pyc"} <= names
    assert not {"dataclasses.py", "numpy/linalg/_linalg.py", "mcviz/site/player.py"} & names


@pytest.mark.parametrize(("said", "runs"), [("v20.20.2", True), ("v22.1.0", True), ("v18.19.0", False), ("", False)])
def test_an_old_node_js_compiles_nothing(monkeypatch, said, runs):
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(
        "subprocess.run", lambda words, **how: subprocess.CompletedProcess(words, 0, stdout=f"{said}\n")
    )
    assert node_js() == ("node" if runs else None)
