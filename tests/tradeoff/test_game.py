"""The game tells what stored runs measured, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import claims
from mcviz.claims import frontier
from mcviz.tradeoff import game
from mcviz.tradeoff.game import Round
from tests.tradeoff.plays import play

READ = Round(1, 0.95, "read", 800)
LATER = Round(4, 0.8, "kept", 40_000)
KNOWN = [play("far", 0.8, 100), play("good", 0.96, 640, 0.85), play("dear", 0.99, 2_000, 0.9)]
FAR, GOOD, DEAR = KNOWN


def test_the_judge():
    assert game.judge(GOOD, READ, KNOWN).right
    assert game.judge(GOOD, READ, KNOWN).said == "640 numbers read, within the budget of 800; recall 96.0%, enough."
    less = READ._replace(budget=639)
    assert not game.judge(GOOD, less, KNOWN).right
    assert "640 numbers read, more than the budget of 639; recall 96.0%, enough" in game.judge(GOOD, less, KNOWN).said
    assert not game.judge(FAR, READ, KNOWN).right
    assert "recall 80.0%, less than 95%" in game.judge(FAR, READ, KNOWN).said
    assert not game.judge(DEAR, READ, KNOWN).right
    assert not game.judge(None, READ, KNOWN).right
    none = game.judge(None, less, KNOWN)
    assert none.right
    assert (
        none.said
        == "No stored run reaches 95% with at most 639 numbers read. The best of those within it recalls 80.0%."
    )
    assert game.judge(None, READ._replace(budget=1), KNOWN).said.endswith("None is.")


def test_a_round_counts_what_it_says_at_as_many_pairs_as_it_says():
    assert LATER.spent(GOOD) == GOOD.spent[4].kept == 25_600
    assert LATER.recall(GOOD) == 0.85
    assert (
        game.judge(GOOD, LATER, KNOWN).said == "25,600 bytes kept, within the budget of 40,000; recall 85.0%, enough."
    )
    assert Round(1, 0.5, "operations", 300).spent(FAR) == 300


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 1000)), min_size=1, max_size=12),
    st.sampled_from(["kept", "read", "operations"]),
    st.integers(1, 4000),
)
def test_the_frontier_is_what_nothing_beats_and_wins_where_anything_does(numbers, axis, budget):
    known = [play(str(i), accuracy, read) for i, (accuracy, read) in enumerate(numbers)]
    asked = Round(1, 0.95, axis, budget)
    best = game.frontier(asked, known)
    for one in known:
        beaten = any(
            asked.spent(other) <= asked.spent(one) and asked.recall(other) > asked.recall(one) for other in known
        )
        assert not (beaten and one in best)
    assert [asked.spent(each) for each in best] == sorted({asked.spent(each) for each in best})
    assert [asked.recall(each) for each in best] == sorted({asked.recall(each) for each in best})
    assert bool(game.winners(asked, known)) == any(map(asked.won, best))
    assert all(game.judge(each, asked, known).right for each in game.winners(asked, known))


def test_a_round_is_scored_by_its_first_answer():
    other = READ._replace(budget=1)
    tries = [
        *(game.attempt(None, READ, KNOWN), game.attempt(GOOD, READ, KNOWN)),
        *(game.attempt(None, other, KNOWN), game.attempt(GOOD, other, KNOWN)),
    ]
    assert [one.verdict.right for one in tries] == [False, True, True, False]
    assert game.score(tries) == 1
    assert game.score([]) == 0


STORED = claims.points(claims.rows())


def test_the_stored_runs_leave_rounds_that_can_be_won_and_one_that_cannot():
    won = [game.winners(asked, STORED) for asked in game.ROUNDS]
    assert all(won[:-1])
    assert not won[-1]
    for asked in game.ROUNDS:
        assert any(asked.spent(each) <= asked.budget for each in STORED)
        assert any(asked.recall(each) >= asked.goal for each in STORED)


def test_every_axis_is_played_at_the_length_of_training_and_caching_wins_somewhere():
    """On this task a larger matrix wins at that length; of four times the pairs, what reads little."""
    assert {asked.axis for asked in game.ROUNDS if asked.factor == 1} == set(claims.Spent._fields) == set(game.UNITS)
    assert all(any(each.kind.startswith("RNN") for each in game.winners(asked, STORED)) for asked in game.ROUNDS[:3])
    assert {each.kind for each in game.winners(game.ROUNDS[3], STORED)} == {"SSC"}


def test_pairs_are_those_of_the_rows():
    assert frontier.PAIRS["pairs"] == game.PAIRS


def test_a_play_is_a_word_of_its_own_and_none_of_the_earlier_game():
    said = [game.word(each) for each in STORED]
    assert len(set(said)) == len(said)
    assert not any(map(game.earlier, [*said, "nothing", "next"]))
    assert game.word(play("SSC 24 × 8, C = 8, k = 2", 0, 1)) == "ssc-24-8-c-8-k-2"


@pytest.mark.parametrize("said", ["none", "attention", "grm.8", "ssc.8.2"])
def test_words_of_the_earlier_game_are_known(said):
    assert game.earlier(said)
