"""The files of `mcviz.pytorch` that mirror the reference do so: same names, same arguments, same explanations."""

import dataclasses
import inspect
import re
from importlib import import_module

import pytest

FILES = ("aggregators", "loop", "memory", "projections")


def pair(file):
    """The reference's module and its twin."""
    return import_module(f"mcviz.reference.{file}"), import_module(f"mcviz.pytorch.{file}")


def own(module):
    """The public functions and classes that a module defines."""
    defined = {name: each for name, each in vars(module).items() if getattr(each, "__module__", "") == module.__name__}
    return {
        n: each
        for n, each in defined.items()
        if not n.startswith("_") and inspect.isroutine(each) | inspect.isclass(each)
    }


def methods(cls):
    """The public methods that a class defines."""
    return {name: each for name, each in vars(cls).items() if inspect.isfunction(each) and not name.startswith("_")}


def parameters(function):
    """Names and defaults of what a function takes by position."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = inspect.signature(function).parameters.values()
    return [(each.name, each.default) for each in given if each.kind in positional]


def annotated(cls):
    """The fields of a tuple or a dataclass in order, and the constants among their defaults."""
    if dataclasses.is_dataclass(cls):
        fields = dataclasses.fields(cls)
        return [(f.name, None if f.default is dataclasses.MISSING else f.default) for f in fields]
    return list(getattr(cls, "_fields", ()))


def sections(each):
    """The structure of a docstring: which equations it cites, and whether it says what it raises."""
    text = inspect.getdoc(each) or ""
    return bool(text), set(re.findall(r"Eq\. [\d, -]+\d|section [\d.]+\d|appendix \w", text)), "Raises" in text


@pytest.mark.parametrize("file", FILES)
def test_twins_define_the_same_names(file):
    reference, twin = map(own, pair(file))
    assert set(reference) == set(twin)
    assert reference


@pytest.mark.parametrize("file", FILES)
def test_twins_take_the_same_arguments(file):
    reference, twin = map(own, pair(file))
    for name, each in reference.items():
        if not inspect.isclass(each):
            assert parameters(each) == parameters(twin[name]), name
            continue
        fields = annotated(each)
        assert annotated(twin[name])[: len(fields)] == fields, name
        assert set(methods(each)) == set(methods(twin[name])), name
        for method, function in methods(each).items():
            assert parameters(function) == parameters(methods(twin[name])[method]), f"{name}.{method}"


@pytest.mark.parametrize("file", FILES)
def test_twins_explain_themselves_alike(file):
    reference, twin = map(own, pair(file))
    for name, each in reference.items():
        assert sections(each) == sections(twin[name]), name


@pytest.mark.parametrize("file", FILES)
def test_twins_cite_the_same_equations_line_by_line(file):
    reference, twin = (re.findall(r"^ *(# .*[ (]\d+.*\))$", inspect.getsource(module), re.M) for module in pair(file))
    assert reference == twin


@pytest.mark.parametrize("file", FILES)
def test_twins_share_their_constants(file):
    reference, twin = pair(file)
    constants = [n for n in vars(reference) if n.isupper() and not callable(getattr(reference, n))]
    for name in constants:
        one, other = getattr(reference, name), getattr(twin, name)
        assert list(one) == list(other) if hasattr(one, "__iter__") else one == other, name


def test_models_are_twins_too():
    """The reference's takes one sequence at a time, so PyTorch's has more to take in, always after what both have."""
    ours, theirs = map(own, pair("model"))
    assert {"Block", "SequenceModel", "ModelStream", "check_tokens"} <= ours.keys() & theirs.keys()
    for name in ("Block", "SequenceModel", "ModelStream"):
        one, other = {"__init__": ours[name].__init__}, {"__init__": theirs[name].__init__}
        one, other = one | methods(ours[name]), other | methods(theirs[name])
        for method in one.keys() & other.keys():
            given = parameters(one[method])
            if (name, method) != ("Block", "__init__"):  # one takes weights, the other draws them
                assert parameters(other[method])[: len(given)] == given, f"{name}.{method}"
    shared = methods(ours["SequenceModel"]).keys() & methods(theirs["SequenceModel"]).keys()
    assert shared == {"forward", "before", "after", "stream"}
    assert methods(ours["ModelStream"]).keys() == methods(theirs["ModelStream"]).keys() == {"step"}
    for name in ("capture", "alone", "substitute"):
        one, other = (getattr(import_module(f"mcviz.{package}"), name) for package in ("reference", "pytorch"))
        given = parameters(one)
        assert parameters(other)[: len(given)] == given, name
