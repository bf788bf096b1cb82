"""A token, a head or a theme that is not there is said to be so, by every function of words and figures."""

import inspect
import re
from dataclasses import is_dataclass, replace

import numpy as np
import pytest

from mcviz import MCConfig, examples, interference, words
from mcviz.checks import plain
from mcviz.probes import fading
from mcviz.trace import Predictions

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)

RUN = examples.run("needle", MCConfig(aggregator="ssc", segment_length=12), key_size=6, value_size=5)
SAID = replace(
    RUN,
    predictions=Predictions(
        tokens=tuple((word,) for word in RUN.tokens),
        probabilities=np.ones((RUN.T, 1)),
        targets=tuple("fox" if source >= 0 else "" for source in RUN.sources),
    ),
)
QUESTION = words.questions(SAID)[-1]


def functions():
    """All public functions of both modules, by name."""
    both = {name: getattr(module, name) for module in (words, figures) for name in module.__all__}
    return {name: one for name, one in both.items() if inspect.isfunction(one)}


def taking(*names):
    return [name for name, one in functions().items() if set(names) <= set(inspect.signature(one).parameters)]


PLACED = [(name, place) for place in ("t", "head", "asked") for name in taking("trace", place) if name != "recalled"]


def call(name, **given):
    """The function on a run in which something is asked, at the question."""
    known = {"trace": SAID, "t": QUESTION, "head": 0, "asked": [QUESTION]}
    wanted = inspect.signature(functions()[name]).parameters
    return functions()[name](**{key: value for key, value in {**known, **given}.items() if key in wanted})


def test_functions_that_take_a_place_are_found():
    assert {("shelf", "t"), ("replies", "asked"), ("gates", "head"), ("checkpoints", "t")} <= set(PLACED)
    assert len(PLACED) >= 20


@pytest.mark.parametrize("bad", [-1, 96, 1.0, 0.5, np.int64(-1), "0", True])
@pytest.mark.parametrize(("name", "place"), PLACED)
def test_a_place_that_a_run_has_not_is_named(name, place, bad):
    shown, what, last = ("head", "head", RUN.H - 1) if place == "head" else ("t", "token", RUN.T - 1)
    with pytest.raises(
        ValueError, match=rf"^{shown}: expected a {what} from 0 to {last}, got {re.escape(repr(plain(bad)))}$"
    ):
        call(name, **{place: [bad] if place == "asked" else bad})


@pytest.mark.parametrize(("name", "place"), PLACED)
def test_numpys_places_are_python_s(name, place):
    given = {"t": QUESTION, "head": 1, "asked": [QUESTION]}[place]
    assert repr(call(name, **{place: [np.int64(QUESTION)] if place == "asked" else np.int64(given)})) == repr(
        call(name, **{place: given})
    )


@pytest.mark.parametrize("theme", ["blue", None, ["light"]])
@pytest.mark.parametrize("name", taking("theme"))
def test_a_theme_that_is_not_there_is_named(name, theme):
    wanted = inspect.signature(functions()[name]).parameters.values()
    empty = {
        each.name: object.__new__(each.annotation) if is_dataclass(each.annotation) else None
        for each in wanted
        if each.default is each.empty
    }
    with pytest.raises(ValueError, match=rf"^theme: expected one of light, dark; got {re.escape(repr(theme))}$"):
        functions()[name](**empty, theme=theme)


SEEN = fading.fading(RUN, 0)
WRONG = {
    "n: expected a whole number of pairs from 1 to 20, got 0": lambda: figures.forgetting(SEEN, 0, 20),
    "n: expected a whole number of pairs from 1 to 20, got 2.0": lambda: figures.forgetting(SEEN, 2.0, 20),
    f"n: expected a whole number of pairs from 1 to {len(SEEN.states)}, got 1.5": lambda: figures.fading(SEEN, 1.5),
    "columns: expected a whole number, at least 1, got 0": lambda: figures.checkpoints(RUN, 5, columns=0),
    "array: expected one of M; got 'N'": lambda: figures.checkpoints(RUN, 5, array="N"),
    "factor: expected one of 1, 2, 4; got 3": lambda: figures.frontier([], 3),
    "axis: expected one of kept, read, operations; got 'time'": lambda: figures.against([], "time"),
    "origin: expected a whole number from -1 to 95, got -2": lambda: words.rewritten(RUN, RUN, [-2] * RUN.T),
    "origin: expected a whole number from -1 to 95, got 0.5": lambda: words.rewritten(RUN, RUN, [0.5] * RUN.T),
    "places: expected a token from 0 to 95, got 0.5": lambda: interference.recall(RUN, 0, [0.5]),
    "places: expected at least one token, got none": lambda: interference.recall(RUN, 0, []),
    "t: expected a token at which a model was asked something, got 95": lambda: words.found(
        replace(SAID, sources=()), QUESTION
    ),
}


@pytest.mark.parametrize("says", WRONG)
def test_other_numbers_that_are_not_there_are_named(says):
    with pytest.raises(ValueError, match=rf"^{re.escape(says)}$"):
        WRONG[says]()
