"""A link carries the whole screen there and back, and never breaks the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import link

WRITTEN = {
    "changes": ("", "3=fox", "0+red 9-"),
    "library": (link.LIBRARY, "fox: red axe\n? fox red"),
}
"""Texts of a form of their own: others are refused."""


def screens():
    choices = {
        name: st.sampled_from(field.choices or WRITTEN[name])
        if field.choices or name in WRITTEN
        else st.booleans()
        if isinstance(field.default, bool)
        else st.integers(
            -(10**15) + 1 if field.least is None else field.least, 10**15 - 1 if field.most is None else field.most
        )
        if isinstance(field.default, int)
        else st.text(max_size=50)
        for name, field in link.fields().items()
    }
    return st.fixed_dictionaries(choices)


@given(screens())
def test_round_trip(screen):
    assert link.read(link.write(screen)) == (screen, [])


@pytest.mark.parametrize("run", link.fields()["run"].choices)
def test_only_what_was_changed_is_in_the_link(run):
    first = link.defaults(run)
    own = {} if run == link.fields()["run"].default else {"run": run}
    assert link.write(first) == {"v": link.VERSION, **own}
    assert link.write({**first, "top_k": 40}) == {"v": link.VERSION, **own, "top_k": "40"}
    assert link.read(own) == (first, [])


@given(st.dictionaries(st.sampled_from([*link.fields(), "v", "x"]), st.text(max_size=20)))
def test_a_mangled_link_is_read_as_far_as_it_goes(parameters):
    screen, problems = link.read(parameters)
    assert screen.keys() == link.fields().keys()
    refused = 0
    for name, text in parameters.items():
        if name == "x":  # not ours
            continue
        try:
            assert name == "v" or link.parse(name, text) == screen[name]
        except ValueError:
            refused += 1
    assert len(problems) == refused + (parameters.get("v", link.VERSION) != link.VERSION)
    for name, field in link.fields().items():
        assert type(screen[name]) is type(field.default)
        assert not field.choices or screen[name] in field.choices


def test_each_problem_names_the_field_and_what_came():
    said = {"v": "0", "memory": "<b>", "top_k": "two", "segment_length": "0", "train_steps": "4000", "norm": "yes"}
    screen, problems = link.read(said | {"utm_source": "red"})
    assert (screen["segment_length"], screen["train_steps"]) == (16, 800)
    for part in (
        "version 1, got '0'",
        "memory: expected one of",
        "'<b>'",
        "top_k: expected a whole",
        "segment_length: expected a whole number, at least 1, got 0",
        "train_steps: expected a whole number from 10 to 3,000, got 4000",
        "norm:",
    ):
        assert any(part in problem for problem in problems), part
    assert len(problems) == 6


def test_a_long_text_is_left_out_of_the_address():
    assert "text" not in link.write({**link.defaults("text"), "text": "x" * 10_000})
