"""A link carries the whole screen there and back, and never breaks the page."""

from hypothesis import given
from hypothesis import strategies as st

from app import link


def screens():
    choices = {
        name: st.sampled_from(field.choices)
        if field.choices
        else st.booleans()
        if isinstance(field.default, bool)
        else st.integers(-1, 10**6)
        if isinstance(field.default, int)
        else st.text(max_size=50)
        for name, field in link.FIELDS.items()
    }
    return st.fixed_dictionaries(choices)


@given(screens())
def test_round_trip(screen):
    assert link.read(link.write(screen)) == (screen, [])


def test_only_what_was_changed_is_in_the_link():
    assert link.write(link.DEFAULTS) == {"v": link.VERSION}
    assert link.write({**link.DEFAULTS, "top_k": 4}) == {"v": link.VERSION, "top_k": "4"}


@given(st.dictionaries(st.sampled_from([*link.FIELDS, "v", "x"]), st.text(max_size=20)))
def test_a_mangled_link_is_read_as_far_as_it_goes(parameters):
    screen, problems = link.read(parameters)
    assert screen.keys() == link.DEFAULTS.keys()
    for name, field in link.FIELDS.items():
        assert type(screen[name]) is type(field.default)
        assert not field.choices or screen[name] in field.choices
    for name, text in parameters.items():
        understood = name in link.FIELDS and link.write({**link.DEFAULTS, **screen}).get(name) == text
        default = name in link.FIELDS and screen[name] == link.FIELDS[name].default
        assert understood or default or problems or str(int(screen[name])) == str(int(text))


def test_each_problem_names_the_field_and_what_came():
    _, problems = link.read({"v": "0", "memory": "<b>", "top_k": "two", "norm": "yes", "colour": "red"})
    for part in (
        "version 1, got '0'",
        "memory: expected one of",
        "'<b>'",
        "top_k: expected a whole",
        "norm:",
        "colour:",
    ):
        assert any(part in problem for problem in problems), part
    assert len(problems) == 5


def test_a_long_text_is_left_out_of_the_address():
    assert "text" not in link.write({**link.DEFAULTS, "text": "x" * 10_000})
