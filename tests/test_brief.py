"""What holds arrays says so in one line, however long they are."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import mcviz
from mcviz import MCConfig, claims, examples, film, interference, oracle, tasks
from mcviz.probes.fading import fading
from mcviz.pytorch import MemoryCaching, ModelConfig, SequenceModel
from mcviz.pytorch.attention import Attention
from mcviz.pytorch.carried import Carried
from mcviz.pytorch.fenwick import LogLinear

PACKAGE = Path(mcviz.__file__).parent
RUN = examples.run("needle", MCConfig(aggregator="ssc", segment_length=12), key_size=6, value_size=5)
MODEL = SequenceModel(ModelConfig(9, MCConfig(aggregator="ssc", segment_length=2), width=4, key=4, value=4))
FILM = film.load(film.names()[0])
TOKENS = [1, 2, 3, 4] * 4
SAID = oracle.consult(MODEL, TOKENS, TOKENS)

LINES = {
    "a Trace": (RUN, "Trace(title='needle, untrained', T=96, H=2, N=8, K=6, V=5, memory='linear', aggregator='ssc')"),
    "what a model said": (
        SAID.trace.predictions,
        "Predictions(tokens=<16 items>, probabilities=float64[16, 5], targets=<16 items>, "
        "target_probabilities=float64[16])",
    ),
    "an example": (
        examples.example("needle"),
        "Example(title='needle', ids=int64[96], words=<96 items>, sources=<96 items>, reach=1)",
    ),
    "a batch": (
        tasks.mqar(pairs=2).sample(3, batch=2),
        "Batch(tokens=int64[2, 6], targets=int64[2, 6], mask=bool[2, 6], sources=int64[2, 6], labels=<192 items>)",
    ),
    "a finding": (
        claims.board()[0],
        f"Finding(claim='{claims.board()[0].claim.name}', seeds=<5 items>, verdict='{claims.board()[0].verdict}')",
    ),
    "a state": (
        Carried(5, {"M": torch.zeros(3, 2), "k": torch.zeros(3, 4)}),
        "Carried(tokens=5, batch=3, bytes=72, device='cpu')",
    ),
    "a state of nothing": (Carried(5, {}), "Carried(tokens=5)"),
}


@pytest.mark.parametrize("name", LINES)
def test_what_is_said(name):
    thing, line = LINES[name]
    assert repr(thing) == line


LONG = {
    "a film": FILM,
    "a frame": FILM.frames[0],
    "a curve": FILM.curve,
    "a scene": FILM.scene,
    "an oracle": SAID,
    "a choice": SAID.choices[0],
    "a fading": fading(RUN, 0),
    "a recall": interference.recall(RUN),
    "capacity": interference.capacity(RUN),
    "a Trace with a long title": replace(RUN, title="long\n" * 200),
}


@pytest.mark.parametrize("name", LONG)
def test_long_things_are_short_lines(name):
    line = repr(LONG[name])
    assert "\n" not in line
    assert len(line) < 250
    assert line.startswith(f"{type(LONG[name]).__name__}(")


def holders():
    """The frozen dataclasses whose fields are arrays, and whether each says how it is shown."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                "frozen=True" in ast.unparse(each) for each in node.decorator_list
            ):
                fields = [ast.unparse(each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)]
                if any(array in field for field in fields for array in ("Array,", "ndarray,", "Tensor")):
                    named = {ast.unparse(each.targets[0]) for each in node.body if isinstance(each, ast.Assign)}
                    named |= {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
                    yield f"{path.relative_to(PACKAGE)}: {node.name}", "__repr__" in named


def test_whatever_holds_arrays_says_how_it_is_shown():
    found = dict(holders())
    assert len(found) > 10
    assert [name for name, says in found.items() if not says] == []


def test_layers_and_models_say_their_sizes():
    sizes = "d_model=8, n_heads=2, d_key=3, d_value=5, convolution=2"
    cfg = MCConfig(aggregator="ssc")
    layer = MemoryCaching(8, 2, cfg, 3, 5, detach=True)
    assert layer.extra_repr() == f"{sizes}, cfg={cfg}, detach=True"
    assert Attention(8, 2, 4, d_key=3, d_value=5).extra_repr() == f"{sizes}, window=4, stride=1"
    assert LogLinear(8, 2, d_key=3, d_value=5).extra_repr() == sizes
    assert MODEL.extra_repr() == "vocabulary=9, width=4, layers=1, mlp=0, seed=0"
    for each in (layer, MODEL):
        assert each.extra_repr() in repr(each)
