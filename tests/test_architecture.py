"""The plan of the house, enforced: who may import whom, and what must never be in the tree."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
LIGHT = {"numpy", "jaxtyping"}
TOOLS = {"brief", "checks", "files"}
"""What every unit but these may import: how things are shown in a line, arguments checked and files written."""
FOUNDATION = {"rules", "config", "segments", "initial", "model", "cost", "trace", "labels", "sampling", "palette"}


class Row(NamedTuple):
    """What the modules of one unit (`mcviz/unit.py`, `mcviz/unit/` or `app/`) may import."""

    units: set[str]  # units of mcviz; "" is `import mcviz` itself
    packages: set[str]  # besides the standard library
    lazily: frozenset[str] = frozenset()  # units that only the body of a function may import


# Data flows one way: each unit imports only what stands above it.
MAY_IMPORT = {
    "_entry": Row(set(), set()),
    "moved": Row(set(), set()),
    "brief": Row(set(), set()),
    "checks": Row(set(), LIGHT),
    "files": Row(set(), set()),
    "rules": Row(set(), set()),
    "config": Row({"rules"}, LIGHT),
    "choices": Row({"rules", "config"}, set()),
    "segments": Row(set(), LIGHT),
    "palette": Row(set(), set()),
    "graphemes": Row(set(), {"regex"}),
    "initial": Row({"rules", "config"}, LIGHT),
    "model": Row({"config", "initial"}, LIGHT),
    "labels": Row(set(), LIGHT),
    "sampling": Row({"labels"}, LIGHT),
    "backends": Row(set(), set()),
    "cost": Row({"rules", "config", "segments", "initial"}, LIGHT),
    "trace": Row({"rules", "config", "segments", "initial"}, LIGHT),
    "room": Row({"config", "segments", "initial"}, set()),
    "rows": Row(set(), set()),
    "changes": Row(set(), set()),
    "tasks": Row({"config", "segments"}, LIGHT),
    "reference": Row(FOUNDATION | {"moved"}, LIGHT),
    # Never the reference: an oracle must be independent.
    "pytorch": Row(FOUNDATION | {"moved"}, LIGHT | {"torch", "triton"}),
    "capture": Row(FOUNDATION | {"pytorch"}, LIGHT | {"torch"}),
    # A model of PyTorch's is asked through its weights.
    "probes": Row(FOUNDATION | {"reference", "tasks"}, LIGHT, lazily=frozenset({"pytorch"})),
    # Its rows of the game are measurements, from wherever they come.
    "tradeoff": Row(FOUNDATION | {"reference"}, LIGHT),
    "words": Row(FOUNDATION | {"reference", "probes", "tradeoff"}, LIGHT),
    # The reference knows what a Trace leaves out: states after every write, inner losses, its own equations.
    "stepper": Row(FOUNDATION | {"reference", "words"}, LIGHT | {"streamlit", "anywidget", "traitlets"}),
    "examples": Row(FOUNDATION | {"graphemes", "room", "tasks", "reference"}, LIGHT),
    # The package lends a Trace what replays and draws it; all else loads on first use, by name.
    "": Row(FOUNDATION | {"_entry", "moved", "reference"}, set(), lazily=frozenset({"stepper"})),
    "zoo": Row(FOUNDATION | {"backends", "tasks", "reference", "pytorch"}, LIGHT | {"torch", "safetensors"}),
    # A film is seen without PyTorch: the reference runs what its frames hold.
    "film": Row(FOUNDATION | {"backends", "room", "tasks", "reference", "zoo"}, LIGHT),
    "training": Row(
        FOUNDATION | {"", "choices", "rows", "tasks", "pytorch", "zoo", "film"},
        LIGHT | {"torch", "joblib", "tqdm", "safetensors"},
    ),
    # What a reader wants to have trained; and where it is, in processes of which each loads the training.
    "order": Row({"rules", "config"}, set()),
    "studio": Row({"backends", "trace", "model", "tasks", "film", "order"}, LIGHT, lazily=frozenset({"training"})),
    "bench": Row(FOUNDATION | {"pytorch", "tradeoff"}, LIGHT | {"torch", "tqdm", "plotly", "memory_caching", "fla"}),
    # Claims are judged without PyTorch, and their runs made with it.
    "claims": Row(
        FOUNDATION | {"rows", "tasks", "reference", "pytorch", "probes", "bench", "training", "zoo"},
        LIGHT | {"scipy", "torch"},
    ),
    # The door of the pages to trained models: PyTorch loads when it is asked for, by name.
    "watch": Row(FOUNDATION | {"backends", "room", "changes", "tasks", "reference", "probes", "words", "zoo"}, LIGHT),
    # Both open PyTorch by name, when it is asked for.
    "writing": Row(FOUNDATION | {"backends", "tasks", "watch"}, LIGHT),
    "figures": Row(FOUNDATION | {"probes", "claims", "tradeoff", "words"}, LIGHT | {"plotly"}),
    # What is shared by the explorer and the site in a browser.
    "uploads": Row({"trace"}, set()),
    "link": Row(
        {
            "config",
            "changes",
            "choices",
            "claims",
            "examples",
            "film",
            "order",
            "sampling",
            "tasks",
            "watch",
            "tradeoff",
        },
        set(),
    ),
    "wanted": Row({"config", "segments", "trace", "changes", "choices", "examples", "watch", "link"}, set()),
    "controls": Row({"config", "choices", "words", "examples", "watch", "link", "wanted"}, set()),
    "stand_in": Row(FOUNDATION, LIGHT | {"IPython"}),
    "widgets": Row(
        FOUNDATION
        | {"changes", "reference", "probes", "tasks", "film", "examples", "watch", "writing", "figures", "stepper"}
        | {"stand_in"},
        LIGHT | {"plotly", "ipywidgets", "anywidget", "traitlets", "IPython"},
    ),
    # A checker opens the stepper only when it is shown in a notebook, and PyTorch when a training loop is tried.
    "course": Row(
        FOUNDATION | {"reference", "tasks", "examples", "figures", "stand_in", "words"},
        LIGHT | {"hypothesis", "IPython", "ipywidgets", "plotly", "torch"},
        lazily=frozenset({"widgets"}),
    ),
    "site": Row(
        {
            "",
            "palette",
            "rules",
            "trace",
            "claims",
            "figures",
            "words",
            "stepper",
            "tradeoff",
            "watch",
            "changes",
            "choices",
        }
        | {"backends", "uploads", "link", "wanted", "controls", "probes", "writing"},
        {
            "latex2mathml",
            "markdown_it",
            "mdit_py_plugins",
            "nbconvert",
            "nbformat",
            "pdoc",
            "platformdirs",
            "plotly",
            "pygments",
        }
        | {"yaml"},
    ),
    "cli": Row(
        {"", *FOUNDATION, "choices", "reference", "examples", "watch", "tasks", "film", "training", "bench", "stepper"},
        LIGHT | {"tqdm"},
    ),
    # Pages compute nothing: they hold no arrays' library, and reach PyTorch through `mcviz` alone.
    "app": Row(
        {
            "",
            *FOUNDATION,
            "changes",
            "choices",
            "uploads",
            "link",
            "wanted",
            "controls",
            "reference",
            "examples",
            "watch",
            "writing",
            "probes",
            "tasks",
            "zoo",
            "figures",
            "words",
            "stepper",
            "claims",
            "tradeoff",
            "bench",
            "film",
            "order",
            "studio",
        },
        {"streamlit", "starlette", "pandas"},
    ),
}


class Import(NamedTuple):
    """One name that a module imports, in full."""

    name: str
    line: int
    in_function: bool


def imports(source: str, package: str) -> list[Import]:
    """All imports of a module in `package` that run, also those inside functions, `from a import b` as `a.b`."""
    found = []

    def visit(node: ast.AST, in_function: bool) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node = ast.Module(node.orelse, [])
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, in_function) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            found.extend(Import(f"{base}.{alias.name}", node.lineno, in_function) for alias in node.names)
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(source), False)
    return found


def is_unit(name: str) -> bool:
    """Whether `mcviz.name` is a module of its own, not a name that `mcviz` exports."""
    return name in MAY_IMPORT or (ROOT / "mcviz" / name).is_dir() or (ROOT / "mcviz" / f"{name}.py").is_file()


def unit_of(path: Path) -> str:
    """`mcviz/reference/loop.py` -> "reference"; `mcviz/__init__.py` -> ""; `app/main.py` -> "app"."""
    parts = path.with_suffix("").parts
    return "app" if parts[0] == "app" else parts[1].removeprefix("__init__")


def violations(path: Path, source: str) -> list[str]:
    """What the module at `path` (relative to the root) imports against the table."""
    unit = unit_of(path)
    if unit not in MAY_IMPORT:
        return [f"{path}: the unit {unit!r} has no row in MAY_IMPORT of {Path(__file__).name}"]
    row = MAY_IMPORT[unit]
    wrong = []
    for name, line, in_function in imports(source, ".".join(path.parent.parts)):
        top, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if top == "mcviz":
            target = target if is_unit(target) else ""
            tool = target in TOOLS and unit not in TOOLS
            allowed = tool or target == unit or target in row.units or (in_function and target in row.lazily)
            allowed = allowed and not (unit == "app" and re.search(r"(^|\.)_", rest))
        else:
            allowed = top in sys.stdlib_module_names or top in row.packages or top == unit == "app"
        if not allowed:
            wrong.append(f"{path}:{line}: {unit} must not import {name}")
    return wrong


def modules() -> list[Path]:
    """The modules under the table: all but `mcviz/__main__.py`, which is the command."""
    found = [path.relative_to(ROOT) for top in ("mcviz", "app") for path in (ROOT / top).rglob("*.py")]
    return sorted(path for path in found if path != Path("mcviz/__main__.py"))


def tracked() -> list[Path]:
    """The files under version control."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def text(path: Path) -> str:
    """The file's text; empty for a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def occurrences(pattern: str, paths: list[Path]) -> list[str]:
    """Every match, as `file: match`, but in this file, which has to spell them out."""
    places = [path for path in paths if path != Path(__file__)]
    return [f"{path.relative_to(ROOT)}: {match}" for path in places for match in re.findall(pattern, text(path))]


def test_imports_follow_the_table():
    assert modules()
    wrong = [line for path in modules() for line in violations(path, text(ROOT / path))]
    assert not wrong, "\n".join(wrong)


def test_the_table_has_an_order():
    """No circle, also not among what only functions import: a row names rows above it."""
    above: set[str] = set()
    for unit, row in MAY_IMPORT.items():
        assert row.units | row.lazily <= above, unit
        above.add(unit)
    assert not MAY_IMPORT["trace"].lazily


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mcviz/__init__.py", "from mcviz import stepper"),
        ("mcviz/__init__.py", "if TYPE_CHECKING:\n    from mcviz import zoo\nelse:\n    from mcviz import zoo"),
        ("mcviz/config.py", "import mcviz.trace"),
        ("mcviz/config.py", "import torch"),
        ("mcviz/trace/run.py", "from mcviz import reference"),
        ("mcviz/trace/run.py", "def f():\n    import mcviz.reference"),
        ("mcviz/pytorch/loop.py", "from mcviz.reference import loop"),
        ("mcviz/pytorch/fast/scan.py", "def f():\n    from ...reference import loop"),
        ("mcviz/figures/gates.py", "from mcviz import pytorch"),
        ("mcviz/newcomer.py", ""),
        ("app/main.py", "import torch"),
        ("app/main.py", "import numpy as np"),
        ("app/main.py", "from mcviz.trace import _schema"),
        ("app/pages/one.py", "from mcviz import pytorch"),
    ],
)
def test_the_table_is_enforced(path, source):
    assert violations(Path(path), source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mcviz/__init__.py", "if TYPE_CHECKING:\n    from mcviz import zoo"),
        ("mcviz/probes/oracle.py", "def f():\n    from mcviz.pytorch import capture"),
        ("mcviz/pytorch/loop.py", "import torch\nfrom . import memory\nfrom ..config import MCConfig"),
        (
            "app/main.py",
            "import streamlit as st\nimport mcviz\nfrom mcviz import MCConfig\nfrom app import pages",
        ),
    ],
)
def test_the_table_lets_through(path, source):
    assert not violations(Path(path), source)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("mcviz", {"torch", "plotly", "streamlit", "ipywidgets", "anywidget", "IPython", "pandas"}),
        ("mcviz.pytorch", {"torch._dynamo", "torch._inductor", "plotly", "pandas"}),
        ("mcviz.probes", {"torch", "plotly"}),
        ("mcviz.zoo", {"torch", "safetensors", "plotly"}),
        ("mcviz.watch", {"torch", "safetensors", "plotly"}),
        ("mcviz.film", {"torch", "safetensors", "plotly"}),
        ("mcviz.tradeoff", {"torch", "plotly"}),
        ("mcviz.claims", {"torch", "plotly", "scipy.stats"}),
    ],
)
def test_imports_are_light(module, heavy):
    """Loading the compiler, or all of scipy's distributions, takes as long as the first run of a model."""
    probe = f"import {module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(loaded.stdout.split())
    assert {"mcviz.config", module} <= modules
    assert not heavy & modules


def test_no_file_is_large():
    large = [str(path) for path in tracked() if path.stat().st_size > 5_000_000]
    assert not large


def test_nothing_comes_from_a_network():
    hosts = r"cdn\.|unpkg|jsdelivr|cdnjs|ajax\.googleapis|fonts\.g|pypi\.org|pythonhosted|npmjs|anaconda\.org"
    assert not occurrences(rf"https?://[\w.-]*(?:{hosts})[\w./-]*", tracked())
    assert not occurrences(r"include_plotlyjs\s*=\s*[\"']cdn[\"']", tracked())


def test_no_path_of_one_machine():
    assert not occurrences(r"(?<![\w.])/(?:home|Users|root|work|tmp)/[\w.-]+|[A-Z]:\\+Users\\", tracked())


def test_pictures_hold_no_random_number():
    shown = [p for top in ("app", "mcviz/stepper", "mcviz/figures", "mcviz/words") for p in (ROOT / top).rglob("*.*")]
    paths = [p for p in shown if p.suffix in (".py", ".js", ".css", ".html")]
    assert not occurrences(
        r"Math\.random|crypto\.getRandomValues|\bnp\.random|numpy\.random|default_rng|\bimport random\b",
        paths,
    )
