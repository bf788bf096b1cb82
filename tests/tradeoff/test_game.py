"""The game tells what stored runs measured, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import MCConfig, claims, cost
from mcviz.tradeoff import game
from mcviz.tradeoff.game import GOAL, Play


def row(accuracy, seed=0, **settings):
    return {"settings": {"task": "mqar", **settings}, "seed": seed, "accuracy": accuracy, "bits": 1.0 + seed}


ROWS = [
    row(0.4, aggregator="none"),
    row(0.96, aggregator="grm"),
    row(0.95, aggregator="grm", seed=1),
    row(0.8, aggregator="grm", segment_length=48),
    row(0.7, aggregator="ssc", top_k=1),
    row(0.99, aggregator="attention"),
    row(0.5, aggregator="grm", start="checkpoint"),
    row(0.5, aggregator="grm", segmentation="logarithmic"),
    {"settings": {"identity": "I1"}, "seed": 0, "difference": 0.0},
    {"settings": {"task": "needle", "aggregator": "grm"}, "seed": 0, "accuracy": 1.0, "bits": 0.0},
]


def test_plays_are_the_rows_that_differ_in_what_can_be_chosen():
    found = {(play.aggregator, play.segment_length, play.top_k): play for play in game.plays(ROWS)}
    assert set(found) == {
        ("none", None, None),
        ("grm", 8, None),
        ("grm", 48, None),
        ("ssc", 8, 1),
        ("attention", None, None),
    }
    grm = found["grm", 8, None]
    assert (grm.accuracies, grm.accuracy, grm.bits) == ((0.96, 0.95), pytest.approx(0.955), 1.5)
    assert [play.reads for play in game.plays(ROWS)] == [144, 280, 288, 1368, 10440]


@pytest.mark.parametrize("aggregator", ["none", "grm", "soup", "ssc"])
def test_reads_are_those_of_the_task(aggregator):
    cfg = MCConfig(aggregator=aggregator, segment_length=16, top_k=3)
    assert game.reads(aggregator, 16, 3) == cost.sequence(cfg, 144, 24, 8, 1).reads


def test_sizes_are_those_that_the_models_were_trained_with():
    plan = pytest.importorskip("mcviz.training").plan("mqar", "ssc")
    mixer, shape = plan.model_config.mixer, plan.model_config
    assert (plan.task.length, shape.key, shape.value, shape.heads) == (game.T, game.K, game.V, game.H)
    assert (mixer.segment_length, mixer.top_k) == (game.SEGMENT, game.TOP_K)


def test_the_judge():
    known = game.plays(ROWS)
    by_name = {(play.aggregator, play.segment_length): play for play in known}
    grm, attention, far = by_name["grm", 8], by_name["attention", None], by_name["grm", 48]
    assert game.judge(grm, 1368, known).right
    assert not game.judge(grm, 1367, known).right
    assert "1,368 reads, more than the budget of 1,367; recall 95.5%, enough" in game.judge(grm, 1367, known).said
    assert not game.judge(far, 12_000, known).right
    assert game.judge(attention, 12_000, known).right
    assert not game.judge(None, 1368, known).right
    none = game.judge(None, 1367, known)
    assert none.right
    assert "best of those within it recalls 80.0%" in none.said
    assert "None is within it" in game.judge(None, 100, known).said


plays = st.builds(
    Play, st.just("grm"), st.just(8), st.none(), st.tuples(st.floats(0, 1)), st.just(1.0), st.integers(1, 9999)
)


@given(st.lists(plays, max_size=9), st.integers(1, 9999))
@pytest.mark.usefixtures("unchecked")
def test_one_answer_of_every_round_is_right_and_the_frontier_wins(known, budget):
    winners = [play for play in known if game.judge(play, budget, known).right]
    assert game.judge(None, budget, known).right == (not winners)
    best = game.frontier(known)
    for play in known:
        assert any(b.reads <= play.reads and b.accuracy >= play.accuracy for b in best)
    assert [p.reads for p in best] == sorted({p.reads for p in best})
    assert [p.accuracy for p in best] == sorted({p.accuracy for p in best})
    assert bool(winners) == any(b.reads <= budget and b.accuracy >= GOAL for b in best)


def test_a_round_is_scored_by_its_first_answer():
    known = game.plays(ROWS)
    grm = known[-2]
    tries = [game.attempt(None, 3000, known), game.attempt(grm, 3000, known), game.attempt(None, 250, known)]
    assert [one.verdict.right for one in tries] == [False, True, True]
    assert game.score(tries) == 1
    assert game.score([]) == 0


def test_the_stored_runs_leave_rounds_that_can_be_won_and_rounds_that_cannot():
    known = game.plays(claims.rows())
    outcomes = [any(game.judge(play, budget, known).right for play in known) for budget in game.BUDGETS]
    assert outcomes[0]
    assert not outcomes[-1]
    assert outcomes == sorted(outcomes, reverse=True)
    assert all(any(play.reads <= budget for play in known) for budget in game.BUDGETS)
