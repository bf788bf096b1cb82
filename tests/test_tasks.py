from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import tasks
from mcviz.tasks import prose

whole = st.integers


def sizes():
    """Small tasks of every kind, at the edges of what is possible too."""
    return st.one_of(
        whole(1, 6).flatmap(lambda n: st.builds(tasks.mqar, pairs=st.just(n), keys=whole(n, 8), values=whole(1, 4))),
        st.tuples(whole(1, 4), whole(0, 4)).flatmap(
            lambda n: st.builds(
                tasks.needle,
                needles=st.just(n[0]),
                decoys=st.just(n[1]),
                haystack=whole(2 * sum(n), 30),
                keys=whole(sum(n), 12),
                values=whole(1, 4),
                fillers=whole(1, 3),
            )
        ),
        st.tuples(whole(1, 5), whole(1, 8)).flatmap(
            lambda n: st.builds(
                tasks.topics,
                documents=st.just(n[0]),
                facts=st.just(n[1]),
                document=whole(1 + 3 * n[1], 30),
                questions=whole(1, n[0] * n[1]),
            )
        ),
        whole(1, 6).flatmap(
            lambda n: st.builds(
                tasks.selective_copy, symbols=st.just(n), length_before=whole(n, 12), alphabet=whole(1, 4)
            )
        ),
        whole(2, 8).flatmap(lambda n: st.builds(tasks.induction, passage=st.just(n), symbols=whole(n, 10))),
    )


@given(task=sizes(), seed=whole(0, 2**32 - 1), batch=whole(1, 4))
def test_an_answer_stands_earlier_at_its_source(task, seed, batch):
    drawn = task.sample(seed, batch)
    for array in (drawn.tokens, drawn.targets, drawn.mask, drawn.sources):
        assert array.shape == (batch, task.length)
    assert 0 <= drawn.tokens.min() <= drawn.tokens.max() < task.vocabulary == len(drawn.labels)
    assert drawn.mask.any(1).all()
    assert np.array_equal(drawn.mask, drawn.sources >= 0)
    b, t = np.nonzero(drawn.mask)
    sources = drawn.sources[b, t]
    assert (sources < t).all() or isinstance(task, tasks.induction)
    assert (sources <= t).all()
    np.testing.assert_array_equal(drawn.tokens[b, sources], drawn.targets[b, t])
    assert not drawn.targets[~drawn.mask].any()


@given(task=sizes(), seed=whole(0, 2**32 - 1), progress=st.floats(0, 1))
def test_a_seed_is_a_batch_and_a_task_is_its_description(task, seed, progress):
    again = tasks.from_dict(task.to_dict())
    assert again == task
    one, two = task.sample(seed, 2), again.sample(seed, 2)
    for name in ("tokens", "targets", "mask", "sources"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    easier = task.easier(progress)
    assert easier.vocabulary == task.vocabulary
    assert easier.length <= task.length
    assert task.easier(1.0) == task.held_out == task
    easier.sample(seed, 1)


def test_seeds_differ_and_a_generator_moves_on():
    task = tasks.mqar()
    assert (task.sample(0).tokens != task.sample(1).tokens).any()
    assert (task.sample([0, 1]).tokens != task.sample([0, 2]).tokens).any()
    rng = np.random.default_rng(0)
    first, second = task.sample(rng), task.sample(rng)
    np.testing.assert_array_equal(first.tokens, task.sample(0).tokens)
    assert (first.tokens != second.tokens).any()


def test_mqar_asks_for_each_key_once():
    drawn = tasks.mqar(pairs=5, keys=9, values=3).sample(0, 8)
    keys, asked = drawn.tokens[:, 0:10:2], drawn.tokens[:, 10:]
    np.testing.assert_array_equal(np.sort(keys, 1), np.sort(asked, 1))
    assert all(len(set(row)) == 5 for row in keys)


def test_the_value_stands_behind_the_key_that_is_asked_for():
    for task in (tasks.mqar(), tasks.needle(), tasks.topics()):
        drawn = task.sample(0, 8)
        b, t = np.nonzero(drawn.mask)
        np.testing.assert_array_equal(drawn.tokens[b, drawn.sources[b, t] - 1], drawn.tokens[b, t])
    b, t = np.nonzero(drawn.mask)  # a question of the library names the document, too
    np.testing.assert_array_equal(drawn.tokens[b, drawn.sources[b, t] - 2], drawn.tokens[b, t - 1])


def test_nobody_asks_for_a_decoy():
    task = tasks.needle(needles=3, decoys=4, haystack=20, fillers=1)
    for row in task.sample(0, 16).tokens:
        before, after = row[:20], row[20:]
        keys = before[before < task.keys]
        assert len(set(keys)) == len(keys) == 7
        assert len(set(keys) - set(after)) == 4


def test_needles_may_lie_anywhere():
    task = tasks.needle(needles=1, decoys=0, haystack=6)
    assert set(task.sample(0, 500).sources.max(1)) == {1, 2, 3, 4, 5}


def test_a_question_of_the_library_is_ambiguous_without_its_document():
    drawn = tasks.topics().sample(0, 8)
    answers = {}
    for row in drawn.tokens:
        for colour, thing in pairwise(row):
            if 32 <= colour < 40:
                answers.setdefault(colour, set()).add(thing)
    assert all(len(things) > 10 for things in answers.values())


def test_text_wants_the_next_character():
    task = tasks.text(length=40)
    drawn = task.sample(0, 4)
    np.testing.assert_array_equal(drawn.tokens[:, 1:], drawn.targets[:, :-1])
    assert drawn.mask.all()
    assert (drawn.sources == -1).all()
    assert task.decode(drawn.tokens[0]) in task.passage
    assert task.decode(task.encode("Oh dear!")) == "Oh dear!"
    assert task.labels[task.encode(" ")[0]] == "␣"


def test_text_measures_on_what_it_did_not_train_on():
    task = tasks.text(length=40)
    alice = prose.read("alice")
    validation, test = task.validation, task.held_out
    assert task.passage + validation.passage + test.passage == alice
    assert 0.1 * len(alice) - 1 < len(validation.passage) < 0.1 * len(alice) + 1
    assert test.labels == validation.labels == task.labels
    assert tasks.from_dict(test.to_dict()) == test


@given(
    task=st.builds(tasks.stories, length=whole(1, 300), friends=whole(1, 5), again=whole(1, 8)),
    seed=whole(0, 2**16),
    progress=st.floats(0, 1),
)
def test_a_story_says_again_what_it_said_before(task, seed, progress):
    for each in (task, task.easier(progress)):
        drawn = each.sample(seed, 2)
        assert drawn.tokens.shape == (2, each.length)
        np.testing.assert_array_equal(drawn.tokens[:, 1:], drawn.targets[:, :-1])
        b, t = np.nonzero(drawn.sources >= 0)
        assert drawn.mask[b, t].all()
        assert (drawn.sources[b, t] < t).all()
        np.testing.assert_array_equal(drawn.tokens[b, drawn.sources[b, t]], drawn.targets[b, t])
    drawn = task.sample(seed, 1)
    parsed = task.parse(drawn.tokens[0])
    np.testing.assert_array_equal(parsed.batch.sources, drawn.sources)
    np.testing.assert_array_equal(parsed.batch.mask[:, :-1], drawn.mask[:, :-1])


def test_what_a_story_asks_for_was_said_last_in_the_same_story():
    task = tasks.stories()
    text = "Mia Fox has a hat. The hat is red. The hat is red. Mia Fox sang.\nMia Fox has a hat."
    sources = task.sources(text)
    assert [t for t, source in enumerate(sources) if source >= 0 and sources[t - 1] < 0] == [45, 54]
    assert text[46:49] == text[sources[45] : sources[47] + 1] == "red"
    assert text[55:58] == text[sources[54] : sources[56] + 1] == "Fox"
    another = "Mia Fox sang. Mia Owl sang."
    assert (task.sources(another) < 0).all()  # she is another animal now


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: tasks.stories(friends=9), "friends: .* from 1 to 8"),
        (lambda: tasks.stories(others=1.5), "others: expected a number from 0 to 1, got 1.5"),
        (lambda: tasks.stories().encode("Ψ"), "text: .*'Ψ'"),
        (lambda: tasks.mqar(pairs=129), "pairs: .* from 1 to 128"),
        (lambda: tasks.mqar(pairs=0), "pairs"),
        (lambda: tasks.mqar(values=0), "values"),
        (lambda: tasks.mqar(pairs=True), "pairs"),
        (lambda: tasks.needle(haystack=47), "haystack"),
        (lambda: tasks.needle(keys=23), "keys"),
        (lambda: tasks.needle(decoys=-1), "decoys"),
        (lambda: tasks.topics(documents=33), "documents"),
        (lambda: tasks.topics(facts=9, document=40), "facts"),
        (lambda: tasks.topics(document=15), "document: .* at least 16"),
        (lambda: tasks.topics(questions=41), "questions: .* from 1 to 40"),
        (lambda: tasks.selective_copy(symbols=65), "length_before"),
        (lambda: tasks.induction(passage=65), "symbols"),
        (lambda: tasks.induction(passage=1), "passage"),
        (lambda: tasks.text(length=10**6), "length"),
        (lambda: tasks.text(book="bible"), "book: expected one of alice; got 'bible'"),
        (lambda: tasks.text(part="all"), "part"),
        (lambda: tasks.text().encode("Ψ"), "text: .*'Ψ'"),
        (lambda: tasks.mqar().sample(0, batch=0), "batch"),
        (lambda: tasks.from_dict({"name": "mqra"}), "task: expected one of mqar, .*; got 'mqra'"),
        (lambda: tasks.from_dict({"pairs": 3}), "task"),
        (lambda: tasks.from_dict({"name": "mqar", "pears": 3}), "mqar: expected sizes among pairs, .*; got pears"),
    ],
)
def test_impossible_sizes_are_named(make, named):
    with pytest.raises(ValueError, match=named):
        make()


def test_draw_shows_one_sequence():
    lines = tasks.mqar(pairs=2, keys=2, values=1).sample(0).draw(3).splitlines()
    assert [line.split()[0] for line in lines] == ["tokens", "answers", "sources"]
    assert lines[1].split()[1:] == ["v0", "v0"]
