"""NumPy's whole numbers and booleans are taken wherever Python's are, and leave no trace of themselves."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from mcviz.predict import Scorecard

import mcviz
from mcviz import (
    MCConfig,
    checks,
    claims,
    cost,
    counting,
    examples,
    interference,
    oracle,
    segments,
    surgery,
    tasks,
    training,
    watch,
)
from mcviz.bench import contenders
from mcviz.pytorch import ModelConfig, SequenceModel, chunkwise
from mcviz.stepper.payload import pack_online
from mcviz.tradeoff import Setting
from mcviz.training.plans import plan
from mcviz.widgets import Stepper
from tests import runs

pytestmark = pytest.mark.usefixtures("unchecked")

TRACE = replace(mcviz.reference.memory_caching(*runs.tokens(), MCConfig(segment_length=4)), sources=(-1,) * 10 + (3,))
MODEL = SequenceModel(ModelConfig(9, MCConfig(aggregator="ssc", segment_length=2), width=4, key=4, value=4))
TOKENS = [1, 2, 3, 4, 5, 6]

WHOLE = {
    "config": lambda n: MCConfig(segment_length=n(8), top_k=n(3), seed=n(2)).to_json(),
    "lengths": lambda n: MCConfig(segmentation=(n(3), n(4))).to_json(),
    "listed lengths": lambda n: MCConfig(segmentation=[n(3), n(4)]).to_json(),
    "options": lambda n: MCConfig(memory="dla", options={"depth": n(1), "expansion": n(2)}).to_json(),
    "a window": lambda n: MCConfig(memory="swla", options={"window": n(3)}).to_json(),
    "the same configuration": lambda n: hash(MCConfig(top_k=n(3))),
    "segments.constant": lambda n: json.dumps(segments.constant(n(37), n(16))),
    "segments.logarithmic": lambda n: json.dumps(segments.logarithmic(n(37))),
    "segments.explicit": lambda n: json.dumps(segments.explicit(n(7), (n(3), n(4)))),
    "segments.cut": lambda n: json.dumps(segments.cut(n(7), "constant", n(3))),
    "cost.table": lambda n: json.dumps(cost.table(MCConfig(), T=n(99), d=n(8), H=n(2), itemsize=n(4))),
    "cost.sequence": lambda n: json.dumps(cost.sequence(MCConfig(), n(99), n(8), n(4), n(2))),
    "cost.memories": lambda n: cost.memories(MCConfig(), n(99)),
    "counting": lambda n: json.dumps(counting.run(MCConfig(), n(9), n(4), n(1), n(8))),
    "tradeoff": lambda n: json.dumps(asdict(Setting(d=n(8), H=n(2), C=n(4), L=n(32), k=n(1)))),
    **{
        name: lambda n, make=make: json.dumps(
            type(make())(**{k: v if isinstance(v, str) else n(v) for k, v in asdict(make()).items()}).to_dict()
        )
        for name, make in tasks.TASKS.items()
    },
    "a batch": lambda n: tasks.mqar(pairs=2).sample(n(3), batch=n(2)).draw(),
    "a model": lambda n: json.dumps(ModelConfig(n(9), None, width=n(8), layers=n(2), mlp=n(1), seed=n(3)).to_dict()),
    "a layer": lambda n: [
        w.shape for w in mcviz.pytorch.MemoryCaching(n(8), n(2), MCConfig(), n(3), n(4), n(2), seed=n(1)).parameters()
    ],
    "a recipe": lambda n: json.dumps(training.Recipe(batch=n(2), warm_up=n(3), patience=n(1)).to_dict()),
    "a plan": lambda n: json.dumps(plan("mqar", seed=n(3), steps=n(4), pairs=n(2), top_k=n(1), batch=n(2)).training),
    "training": lambda n: json.dumps(
        training.train(tasks.mqar(2, 2, 2), ModelConfig(4, None, 4, key=4), n(1), n(3), progress=False).description()
    ),
    "an example": lambda n: examples.run("needle", MCConfig(), heads=n(1), key_size=n(8), value_size=n(4)).hash,
    "an example's seed": lambda n: examples.example("needle", n(3)).words,
    "interference": lambda n: interference.recall(TRACE, n(1), [n(2), n(3)]).places.tolist(),
    "surgery": lambda n: (
        surgery.operate(
            TRACE,
            [
                surgery.SwitchOff(n(0)),
                surgery.Force((n(1),), n(9)),
                surgery.Noise(n(1), 0.5, n(4)),
                surgery.Erase(n(3)),
            ],
        ).hash
    ),
    "oracle": lambda n: [
        one.losses.tolist()
        for one in oracle.consult(MODEL, list(map(n, TOKENS)), list(map(n, TOKENS)), n(1), n(0)).choices
    ],
    "a state": lambda n: TRACE.states(n(5))["M"].tolist(),
    "sources": lambda n: replace(TRACE, sources=[n(s) for s in TRACE.sources]).hash,
    "a capture": lambda n: (
        mcviz.capture(
            MODEL, [n(t) for t in TOKENS], targets=[n(t) for t in TOKENS], sources=[n(-1)] * 6, layer=n(-1)
        ).hash
    ),
    "a chunk": lambda n: chunkwise.memory_caching(
        *(torch.tensor(x)[None] for x in runs.tokens()), MCConfig(memory="dla"), chunk=n(4)
    ).tolist(),
    "a widget": lambda n: Stepper(TRACE, step=n(3), head=n(1), segment=n(0)).get_state()["step"],
    "online states": lambda n: pack_online(TRACE, n(3)),
    "a prediction": lambda n: Scorecard().gates(TRACE, n(3), n(1)).judge(),
    "threads": lambda n: limited(n(1)),
    "sizes to measure": lambda n: refused(lambda: contenders.run("nowhere", [n(4)])),
    "seeds of claims": lambda n: len(claims.due(["cache-linear"], n(2))),
}
"""What a call gives for whole numbers that `n` makes."""


def limited(n):
    from mcviz.pytorch import threads

    with threads.limited(n):
        return torch.get_num_threads()


def refused(call):
    with pytest.raises(ValueError, match="got") as said:
        call()
    return str(said.value)


@pytest.mark.parametrize("kind", [np.int64, np.int16])
@pytest.mark.parametrize("what", WHOLE)
def test_numpys_whole_numbers_are_whole_numbers(what, kind):
    found, expected = WHOLE[what](kind), WHOLE[what](int)
    assert found == expected
    assert "int" not in repr(found) or "int" in repr(expected)


@pytest.mark.parametrize("bad", [True, np.True_, 2.0, np.float64(2), "2", None, np.array([2])])
@pytest.mark.parametrize(
    "what", ["config", "segments.constant", "cost.table", "mqar", "a model", "a state", "training", "a plan"]
)
def test_what_is_no_whole_number_is_refused(what, bad):
    with pytest.raises(ValueError, match=r"expected a (whole number|token).*, got"):
        WHOLE[what](lambda n: bad)


@pytest.mark.parametrize("kind", [bool, np.bool_])
def test_numpys_truth_is_true(kind):
    cfg = MCConfig(memory="dla", options={"residual": kind(False), "norm": kind(True)})
    assert cfg == MCConfig(memory="dla", options={"residual": False})
    assert json.loads(cfg.to_json())["options"] == {"residual": False}


@pytest.mark.parametrize("bad", [0, np.int64(1), "true", None])
def test_what_is_neither_true_nor_false_is_refused(bad):
    with pytest.raises(ValueError, match=r"^options\.norm: expected true or false, got "):
        MCConfig(memory="dla", options={"norm": bad})


def test_a_sweep_over_arrays_has_plain_rows(tmp_path):
    settings = [{"task": "mqar", "pairs": np.int64(2), "steps": np.int64(1), "learning_rate": np.float64(0.01)}]
    found = training.sweep(settings, np.arange(1), tmp_path / "rows.jsonl", sequences=2, progress=False)
    assert training.read(tmp_path / "rows.jsonl") == found
    plain = [{**settings[0], "pairs": 2, "steps": 1, "learning_rate": 0.01}]
    assert training.sweep(plain, [0], tmp_path / "rows.jsonl", sequences=2, progress=False) == found


def test_a_model_is_watched_with_numpys_seed():
    name = "needle-rnn"
    assert watch.run(watch.Sitting(name, seed=np.int64(1))).hash == watch.run(watch.Sitting(name, seed=1)).hash


def test_bounds_and_reasons_are_said():
    with pytest.raises(ValueError, match=r"^pairs: expected a whole number from 1 to 9 \(there are 9\), got 10$"):
        checks.whole("pairs", 10, 1, 9, why="there are 9")
