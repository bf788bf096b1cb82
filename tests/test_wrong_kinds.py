"""What is of another kind than what is asked for is a `ValueError` that names the argument."""

import inspect
import io
import re

import numpy as np
import pytest
import torch

import mcviz
from mcviz import MCConfig, Trace, examples, figures, reference, stand_in, stepper, tasks, watch, words, writing
from mcviz.film import Film
from mcviz.probes import edits, fading, interference, surgery
from mcviz.pytorch import MemoryCaching, ModelConfig, SequenceModel
from mcviz.stepper import film_page, page
from mcviz.stepper.film import pack_film_online
from mcviz.widgets import Stepper

MINE = ("operate", "propagates", "recall", "capacity", "pairs", "fading", "offer", "answered", "still", "read")
"""The functions of modules that list none."""
SHAPE = ModelConfig(9, MCConfig(segment_length=2), width=4, key=4, value=4)
TORCH, NUMPY = SequenceModel(SHAPE), reference.SequenceModel(SHAPE)
RUN = reference.capture(NUMPY, [1, 2, 3])

LAYER = {
    seed: f"seed: expected a whole number, at least 0, got {said}"
    for seed, said in (
        (-1, "-1"),
        (1.5, "1.5"),
        ("a", "'a'"),
        (None, "None"),
        (True, "True"),
        ((1, -2), "-2"),
        ((0, None), "None"),
        (np.int64(-1), "-1"),
    )
}


@pytest.mark.parametrize("seed", LAYER, ids=repr)
def test_what_is_no_seed(seed):
    for made in (
        lambda: MemoryCaching(8, 2, MCConfig(), seed=seed),
        lambda: tasks.mqar(pairs=2).sample(seed),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(LAYER[seed])}$"):
            made()


def test_seeds_draw_what_they_drew():
    """Numbers of either kind, several of them, and a generator."""
    for seed in (3, (3, 4)):
        weights = MemoryCaching(8, 2, MCConfig(), seed=seed).W_q
        assert torch.equal(weights, MemoryCaching(8, 2, MCConfig(), seed=np.array(seed).tolist()).W_q)
        drawn = np.random.default_rng(seed).uniform(-1, 1, weights.shape) / np.sqrt(8)
        np.testing.assert_array_equal(weights.detach().numpy(), drawn.astype(np.float32))
        batch = tasks.mqar(pairs=2).sample(seed)
        np.testing.assert_array_equal(batch.tokens, tasks.mqar(pairs=2).sample(np.random.default_rng(seed)).tokens)


WRONG = {
    "a model of NumPy": (
        lambda: mcviz.capture(NUMPY, [1, 2]),
        "model: expected a module of torch (mcviz.reference.capture takes models of NumPy), got SequenceModel",
    ),
    "a model of torch": (
        lambda: reference.capture(TORCH, [1, 2]),
        "model: expected a SequenceModel of NumPy (mcviz.capture takes those of torch), got SequenceModel",
    ),
    "a text to a model of torch": (
        lambda: mcviz.capture(TORCH, "hello"),
        "tokens: expected numbers, T ids or [1, T, ...], got 'hello'",
    ),
    "nothing to a model of torch": (
        lambda: mcviz.capture(TORCH, None),
        "tokens: expected numbers, T ids or [1, T, ...], got None",
    ),
    "words to a model of torch": (
        lambda: mcviz.capture(TORCH, ["a", "b"]),
        "tokens: expected numbers, T ids or [1, T, ...], got ('a', 'b')",
    ),
    "ragged ids to a model of NumPy": (
        lambda: reference.capture(NUMPY, [[1], [1, 2]]),
        "tokens: expected whole numbers, T ids or [1, T], got ((1), (1, 2))",
    ),
    "no text for an example": (
        lambda: examples.run("text", MCConfig(), text=None),
        "text: expected a text, got NoneType",
    ),
    "an example by a list": (
        lambda: examples.run(["needle"], MCConfig()),
        "example: expected one of needle, recall, topics, text; got ['needle']",
    ),
    "no text for a draft": (
        lambda: writing.encode(writing.names()[0], None),
        "text: expected a text, got NoneType",
    ),
    "a page of a number": (lambda: page(3), "trace: expected a Trace, got int"),
    "a page beside a number": (lambda: page(RUN, 3), "other: expected a Trace, got int"),
    "a widget of a number": (lambda: Stepper(3), "trace: expected a Trace, a Sitting or a Film, got int"),
    "a page of the film of a number": (lambda: film_page(3), "film: expected a film, got int"),
    "the states of the film of a number": (lambda: pack_film_online(3, 0, 0, ""), "film: expected a film, got int"),
    "a file of a run by a number": (lambda: Trace.load(3), "path: expected a path, or a file that is open for bytes"),
    "a file of a run by a text that is open": (
        lambda: Trace.load(io.StringIO("a")),
        "path: expected a path, or a file",
    ),
    "a file of a film by a number": (lambda: Film.load(3), "path: expected a path, or a file that is open for bytes"),
    "a widget beside a number": (lambda: Stepper(RUN, 3), "other: expected a Trace, got int"),
}


RUNS = [
    (function, one.name)
    for module in (words, figures, reference, stepper, surgery, interference, fading, edits, watch, stand_in)
    for name, function in vars(module).items()
    if inspect.isfunction(function) and name in getattr(module, "__all__", MINE)
    for one in inspect.signature(function).parameters.values()
    if one.annotation in (Trace, Trace | None)
]


@pytest.mark.parametrize(("function", "name"), RUNS, ids=[f"{each.__module__}.{each.__name__}" for each, _ in RUNS])
@pytest.mark.parametrize("other", [{}, np.zeros((3, 2)), "run.npz"], ids=["dict", "ndarray", "str"])
def test_what_is_no_run(function, name, other):
    given = {argument: RUN for each, argument in RUNS if each is function}
    with pytest.raises(ValueError, match=f"^{name}: expected a Trace, got {type(other).__name__}"):
        function(**{**given, name: other})


@pytest.mark.parametrize("name", WRONG)
def test_what_is_of_another_kind(name):
    made, says = WRONG[name]
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        made()


def test_a_file_beside_a_number_is_not_written(tmp_path):
    with pytest.raises(ValueError, match=r"^other: expected a Trace, got int"):
        RUN.to_html(tmp_path / "z.html", 3)
    assert not list(tmp_path.iterdir())
