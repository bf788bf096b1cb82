"""Python for the browser is what its hashes say, or nothing."""

import hashlib
import json

import pytest

from mcviz.site import runtime


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A folder like Pyodide's release, of small files, and hashes that are theirs."""
    wheels = {name: f"{name}.whl" for name in runtime.WHEELS}
    packages = {n: {"file_name": w, "sha256": hashlib.sha256(w.encode()).hexdigest()} for n, w in wheels.items()}
    contents = {name: name for name in (*runtime.CORE, *wheels.values())}
    contents[runtime.LOCK] = json.dumps({"packages": packages})
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    hashes = {name: hashlib.sha256(contents[name].encode()).hexdigest() for name in runtime.CORE}
    monkeypatch.setattr(runtime, "CORE", hashes)
    return tmp_path


def test_a_folder_with_the_right_files_is_taken(release):
    assert runtime.runtime(release) == release


@pytest.mark.parametrize("name", ["pyodide.asm.wasm", "pyodide-lock.json", "numpy.whl"])
def test_a_file_that_is_another_is_refused(release, name):
    (release / name).write_text((release / name).read_text() + " ")
    with pytest.raises(ValueError, match=rf"pyodide: expected {name} with the SHA-256 [0-9a-f]+, got"):
        runtime.runtime(release)


def test_a_file_that_is_missing_is_named(release):
    (release / "regex.whl").unlink()
    with pytest.raises(ValueError, match=r"pyodide: expected regex\.whl .* got no such file"):
        runtime.runtime(release)


def test_the_cache_is_filled_once_and_what_is_there_is_not_fetched_again(release, tmp_path_factory, monkeypatch):
    asked = []

    def bring(kind):
        def copy(folder):
            asked.append(kind)
            for path in release.iterdir():
                (folder / path.name).write_bytes(path.read_bytes())

        return copy

    monkeypatch.setattr(runtime, "from_npm", bring("npm"))
    monkeypatch.setattr(runtime, "from_pip", bring("pip"))
    kept = tmp_path_factory.mktemp("cache") / "new"
    for _ in range(2):
        assert runtime.runtime(None, kept) == kept
    assert asked == ["npm", "pip"]
    assert {path.name for path in kept.iterdir()} == {path.name for path in release.iterdir()}


def test_who_has_no_npm_is_told_of_the_other_way(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime.shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match=r"expected npm, .* or --pyodide DIR"):
        runtime.runtime(None, tmp_path)
