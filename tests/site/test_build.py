"""The folder that is written: only into its own, under a policy, and with a package that runs by itself."""

import gzip
import hashlib
import html
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from posixpath import normpath

import pytest

from mcviz import claims, words
from mcviz.site import api, build, documents, frame, glossary, home, learn, markdown, numbers, play, python
from mcviz.site.bundle import bundle

ROOT = Path(__file__).parents[2]


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="out: expected a new or empty folder"):
        build.fresh(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_site_of_before_is_written_anew(tmp_path):
    build.fresh(tmp_path / "site")
    (tmp_path / "site" / "old.html").write_text("old")
    build.fresh(tmp_path / "site")
    assert [path.name for path in (tmp_path / "site").iterdir()] == [build.MARK]


def test_each_claim_stands_with_all_that_decides_it():
    """Where it comes from, what had been seen, its rule and its control with what they came to, and what to bear in
    mind: a verdict that a control gives is else not understood."""
    board = claims.board()
    page = numbers.page(board)
    for finding in board:
        (told,) = re.findall(rf'<details class="claim" id="{finding.claim.name}">.*?</details>', page, re.DOTALL)
        told, claim = html.unescape(told), finding.claim
        for sentence in (words.origin(claim.source), words.fixed(claim.seen), claim.measured, claim.remark):
            assert sentence in told, claim.name
        for step in (*finding.steps, *finding.control):
            came = f"{step.comparison}: <b>{step.verdict}</b>; {words.second_less_first(step.interval)}"
            assert came in told, claim.name
        assert ("Only where this holds, too" in told) == bool(finding.control)
    assert any(finding.control for finding in board)
    assert any(finding.claim.seen for finding in board)


@pytest.mark.parametrize("inside", ["", "pyodide"])
def test_what_is_read_is_not_removed(tmp_path, inside):
    build.fresh(tmp_path / "site")
    release = tmp_path / "site" / inside
    release.mkdir(exist_ok=True)
    (release / "pyodide.mjs").write_text("mine")
    with pytest.raises(ValueError, match="out: expected a folder without the files of Pyodide"):
        build.build(tmp_path / "site", tmp_path / "site" / ".." / "site" / inside)
    assert (release / "pyodide.mjs").read_text() == "mine"


def test_the_package_runs_with_numpy_and_regex_alone(tmp_path):
    packed = bundle()
    assert packed == bundle()
    zipfile.ZipFile(BytesIO(packed)).extractall(tmp_path)
    probe = (
        "import sys, json\nfrom mcviz.site import player\n"
        "said, payload = player.answer(json.dumps({'parameters': {'run': 'topics-ssc'}, 'changes': {}}))\n"
        "assert json.loads(said)['title'].startswith('topics-ssc, trained') and payload, said\n"
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert not set(done.stdout.split()) & {"torch", "scipy", "plotly", "streamlit", "safetensors"}


def test_an_archive_loses_only_what_no_page_needs():
    contents = {
        "numpy/core.py": b"x = 1",
        "numpy/tests/test_core.py": b"no",
        "numpy/core.pyi": b"no",
        "numpy/_core/_add_newdocs.py": b"no",
        "numpy/linalg/_linalg.py": b"x = 2",
        "numpy/linalg/lapack_lite.so": b"no",
        "encodings/cp437.py": b"x = 3",
        "encodings/cp850.py": b"no",
        "pdb.py": b"no",
        "mcviz/trace/file.py": b"x = 4",
        "LICENSE": b"BSD",
    }
    with zipfile.ZipFile(given := BytesIO(), "w") as wheel:
        for name, content in contents.items():
            wheel.writestr(name, content)
    slim = zipfile.ZipFile(BytesIO(python.slim(given.getvalue())))
    kept = {name: content for name, content in contents.items() if content != b"no"}
    assert {name: slim.read(name) for name in slim.namelist()} == {**kept, "numpy/_core/_add_newdocs.py": b""}
    assert {each.compress_type for each in slim.infolist()} == {zipfile.ZIP_STORED}


def test_what_lies_in_the_folder_of_python_is_small_and_named_by_what_it_is(site):
    there = list((site / python.PLACE).iterdir())
    assert sum(path.stat().st_size for path in there) < 11_000_000
    for path in there:
        digest = re.search(r"-([0-9a-f]{12})\.zip\.gz$", path.name)
        if digest:
            assert hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest().startswith(digest[1])
        else:
            assert path.name.removesuffix(".gz") in {*python.STRAIGHT, python.WASM, python.LOCK}


@pytest.fixture(scope="module")
def pages():
    """Pages to read, by where they lie."""
    course = [ROOT / "notebooks" / name for name in ("03_gates.ipynb", "06_from_rnn_to_transformer.ipynb")]
    return {
        "index.html": home.page(ROOT),
        "words/index.html": glossary.page(),
        **{f"learn/{one.stem}.html": learn.notebook(one, {}) for one in course},
        **documents.pages(ROOT),
        **{at: text for at, text in api.files(["mcviz.segments", "mcviz.backends"]).items() if at.endswith(".html")},
    }


def test_each_page_has_a_policy_and_asks_nothing_of_other_servers(pages):
    for name, text in pages.items():
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
        assert "default-src &#x27;none&#x27;" in policy, name
        assert "unsafe" not in policy, name
        assert not re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//', text), name
        assert not re.findall(r"<script(?![^>]*src=)", text), name
        assert " style=" not in text, name


def test_links_between_pages_lead_somewhere(pages):
    notebooks = {f"learn/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    there = {*pages, *notebooks, *markdown.ADDRESSES.values(), *(f"{at}index.html" for at in frame.PAGES)}
    there |= {"site.css", "learn.css", "figures.js", "figures.css"}
    there |= {"api/pdoc.css", "reference.css", "reference.js", *(f"api/search-{depth}.js" for depth in (1, 2))}
    for name, text in pages.items():
        for target in re.findall(r'(?:href|src)="([^"]*)"', text):
            path = target.partition("#")[0].partition("?")[0]
            if path and ":" not in path:
                assert normpath(f"{name}/../{path}") in there, (name, target)


def test_equations_are_set_without_a_script(pages):
    assert pages["learn/03_gates.html"].count("<math") > 3
    assert "$$" not in pages["learn/03_gates.html"]
    assert "<msub>" in pages["words/index.html"]


def test_a_word_is_found_under_each_of_its_spellings(pages):
    assert pages["words/index.html"].count("<b>initial memory</b>") == 1
    assert {"initial-memory", "M₀"} <= {*re.findall('id="(.*?)"', pages["words/index.html"])}


def test_the_reference_stands_in_the_frame_of_the_site(pages):
    page = pages["api/mcviz/segments.html"]
    assert '<a href="../../api/index.html" aria-current="page">API</a>' in page
    assert page.count("<main") == page.count("<header>") == 1
    assert "Cut <code>T</code> tokens" in page
    assert '<a href="mcviz/segments.html">mcviz.segments</a>' in pages["api/index.html"]


def test_the_explorer_names_all_that_its_script_imports():
    named, found = {play.MAIN}, set()
    while named - found:
        name = (named - found).pop()
        found.add(name)
        text = (build.FRONT / name).read_text(encoding="utf-8") if name != "stepper.js" else ""
        named |= {normpath(f"{name}/../{each}") for each in re.findall(r'^import [^;]*"(.+)";$', text, re.M)}
    assert found == {play.MAIN, *play.MODULES}
    assert found < {*play.own()}


def test_the_scripts_of_another_build_lie_elsewhere(monkeypatch):
    before = play.place()
    assert f'src="../{before}{play.MAIN}"' in play.page({}, ())
    monkeypatch.setattr(play.assets, "style", lambda: "body {}")
    assert play.place() != before


def test_tables_of_a_text_scroll_within_its_page():
    said = markdown.render("| a | b |\n| --- | ---: |\n| 1 | 2 |\n", "README.md")
    assert re.fullmatch(r'<div class="scroll"><table>.*</table></div>\s*', said, re.DOTALL)
    assert [*re.findall(r"<t[hd][^>]*>(.)", said)] == ["a", "b", "1", "2"]


def test_a_file_that_the_site_lacks_is_named_and_not_linked():
    assert markdown.render("see [the loop](mcviz/reference/loop.py) now", "README.md").count("href") == 0
    assert 'href="../learn/03_gates.html"' in markdown.render(
        "[g](../../notebooks/03_gates.ipynb)", "docs/teaching/README.md"
    )
