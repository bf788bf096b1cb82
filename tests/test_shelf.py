"""Libraries that readers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import tasks
from mcviz.tasks import library, shelf
from mcviz.tasks.shelf import Document, Shelf

TEXT = "fox: red axe, blue bag\neel: red cup\n? fox red\n? eel blue"
pairs = st.tuples(st.sampled_from(library.COLOURS), st.sampled_from(library.THINGS))
documents = st.builds(Document, st.sampled_from(library.ANIMALS), st.lists(pairs, max_size=5).map(tuple))
questions = st.tuples(st.sampled_from(library.ANIMALS), st.sampled_from(library.COLOURS))
some = {"min_size": 1, "max_size": 4}
shelves = st.builds(Shelf, st.lists(documents, **some).map(tuple), st.lists(questions, **some).map(tuple))


@given(shelves)
def test_as_text_and_back_and_as_a_sequence_of_the_task(written):
    assert shelf.parse(written.text) == written
    tokens = written.tokens()
    assert len(tokens) == 16 * len(written.documents) + 2 * len(written.questions)
    batch = tasks.topics().parse(tokens).batch
    places = range(16 * len(written.documents) + 1, len(tokens), 2)
    assert [*written.stated()] == [*places]
    for place, (animal, colour) in zip(places, written.questions, strict=True):
        facts = [fact for each in written.documents if each.animal == animal for fact in each.facts]
        things = {thing for said, thing in facts if said == colour}
        assert {thing for thing, _ in written.stated()[place]} == things
        assert all((colour, thing) in written.documents[n].facts for thing, n in written.stated()[place])
        assert batch.answers()[place] == (things.pop() if len(things) == 1 else "")
    assert not batch.mask[0, : 16 * len(written.documents)].any()


def test_lines_or_semicolons_and_capitals():
    assert shelf.parse("FOX: Red axe, blue bag ; eel: red cup;; ? Fox red; ?eel blue").text == TEXT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "library: expected 1 to 32 documents, got 0"),
        ("fox: red axe", "library: expected 1 to 32 questions, got 0"),
        ("fox red axe; ? fox red", "library: expected lines like .* got 'fox red axe'"),
        ("unicorn: red axe; ? fox red", r"library: expected an animal that the models know \(ant, .* got 'unicorn'"),
        ("fox: red lump; ? fox red", r"library: expected a colour and a thing that the models know \(.*lamp.*\)"),
        ("fox: axe red; ? fox red", "library: expected a colour and a thing .* got 'axe red'"),
        ("fox: red axe; ? fox", "library: expected an animal and a colour .* got 'fox'"),
        ("ant: red axe; " * 33 + "? ant red", "library: expected 1 to 32 documents, got 33"),
        ("fox: red axe; " * 10_000, "library: expected at most 6,000 characters, got 140,000"),
    ],
)
def test_what_is_no_library_is_said_in_one_sentence(text, message):
    with pytest.raises(ValueError, match=message) as refused:
        shelf.parse(text)
    assert len(str(refused.value)) < 200


def test_a_document_has_room_for_five_facts():
    full = shelf.parse("fox: red axe, blue axe, green axe, white axe, black axe, pink axe; ? fox red")
    with pytest.raises(ValueError, match=r"library: expected at most 5 facts about the fox, .* got 6"):
        full.tokens()
    assert len(full.tokens(32)) == 34
