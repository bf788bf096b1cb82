import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import changes
from mcviz.changes import Delete, Insert, Move, Replace

TOKENS = ("ant", "bee", "cow", "dog")
MANY = tuple("abcdef")
at, word = st.integers(0, 2), st.sampled_from(["·6", "?", "3=4", "=", "-", ">", "é"])
change = st.one_of(st.builds(Replace, at, word), st.builds(Insert, at, word), st.builds(Move, at, at))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Replace(1, "owl"), "ant owl cow dog"),
        (Insert(0, "owl"), "owl ant bee cow dog"),
        (Insert(4, "owl"), "ant bee cow dog owl"),
        (Delete(3), "ant bee cow"),
        (Move(0, 2), "bee cow ant dog"),
        (Move(3, 0), "dog ant bee cow"),
        (Move(2, 2), "ant bee cow dog"),
    ],
)
def test_what_a_change_does(change, expected):
    assert changes.rewritten(TOKENS, [change]) == tuple(expected.split())


@given(st.lists(change, max_size=6))
def test_as_text_and_back(made):
    assert changes.parse(changes.write(made)) == tuple(made)


@given(st.lists(st.one_of(change, st.builds(Delete, st.just(0))), max_size=3))
def test_a_token_that_is_not_new_is_the_one_it_was(made):
    after = changes.rewritten(MANY, made)
    origins, new = changes.origins(len(MANY), made), changes.touched(len(MANY), made)
    kept = [t for t in range(len(after)) if t not in new]
    assert [after[t] for t in kept] == [MANY[origins[t]] for t in kept]
    assert sorted(kept, key=origins.__getitem__) == kept or any(isinstance(c, Move) for c in made)
    assert len(after) == len(MANY) + changes.longer(made)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4=owl", "at: expected a token from 0 to 3, got 4"),
        ("5+owl", "at: expected a token from 0 to 4, got 5"),
        ("0>4", "to: expected a token from 0 to 3, got 4"),
        ("0- 0- 0- 0-", "changes: expected at least one token to be left"),
        ("fox", "changes: expected words like 3=fox, 3[+]fox, 3- and 3>7; got 'fox'"),
        ("٣=fox", "changes: expected words like"),
        ("3=" + "x" * 65, "changes: expected words like"),
        ("0=a " * 101, "changes: expected at most 100, got 101"),
        ("x" * 100_000, "changes: expected at most 16,384 characters, got 100,000"),
    ],
)
def test_what_cannot_be_changed_is_said(text, message):
    with pytest.raises(ValueError, match=message):
        changes.rewritten(TOKENS, changes.parse(text))


def test_what_a_reader_asks_for():
    made = changes.parse("1=owl 0-")
    assert changes.asked(made, {"change": "0>1"}) == (*made, Move(0, 1))
    assert changes.asked(made, {"keep": 1}) == made[:1]
    assert changes.asked(made, {"keep": 0}) == ()
    for value in ({}, {"keep": 3}, {"keep": True}, {"change": 3}, {"change": "no"}):
        with pytest.raises(ValueError, match=r"(keep|changes?): expected"):
            changes.asked(made, value)
    with pytest.raises(ValueError, match="at most 100"):
        changes.asked((Delete(0),) * 100, {"change": "0-"})


def test_each_is_said_in_words():
    said = [changes.says(change) for change in changes.parse("3=fox 3+fox 3- 3>7")]
    assert said == ["Token 3 is “fox”", "“fox” stands before token 3", "Token 3 is gone", "Token 3 is moved to 7"]
