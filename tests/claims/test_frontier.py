"""The frontier: what is equal is equal, what is said to be spent was counted, and a point can be trained again."""

import math
import shlex

import numpy as np
import pytest

from mcviz import MCConfig, claims, reference, training, words
from mcviz.claims import frontier, ladder, point
from mcviz.claims.spent import NUMBER, spent
from mcviz.claims.trials import perform
from mcviz.config import AGGREGATORS
from mcviz.initial import readable
from mcviz.reference.fenwick import Fenwick
from mcviz.training import shell

EVERY = [
    *(condition.settings for claim in frontier.CLAIMED for condition in claim.conditions.values()),
    *frontier.CURVES,
]
SHIPPED = claims.points(claims.rows())
SAID = words.frontier_in_words({finding.claim.name: finding.intervals for finding in claims.board()})
CHEAP = frontier.RNN[486]


def cost(settings, factor=1):
    """What the last token of a setting spends with `factor` times the pairs of training."""
    planned = training.plan(**settings)
    shape = planned.model_config
    sizes = (shape.key, shape.value, shape.heads, shape.window, shape.stride, shape.attention)
    return spent(shape.mixer, factor * planned.task.length, *sizes)


@pytest.mark.parametrize("name", [f"frontier-{name}" for name in ("bytes", "segments", "grows", "attention", "rules")])
def test_what_is_compared_at_equal_bytes_keeps_as_many(name):
    conditions = claims.CLAIMS[name].conditions
    kept = {label: cost(condition.settings).kept for label, condition in conditions.items()}
    if name == "frontier-bytes":
        for numbers in (486, 972, 1944):
            assert {kept[f"{one} ({numbers:,})"] for one in ("RNN", "GRM")} == {NUMBER * numbers}
    else:
        assert set(kept.values()) == {NUMBER * 1944}


def test_what_is_compared_further_on_is_as_large_there():
    attention = claims.CLAIMS["frontier-attention"].conditions
    assert {cost(condition.settings, 4).kept for condition in attention.values()} == {NUMBER * 7776}
    longer, headline = (claims.CLAIMS[f"frontier-{name}"].conditions for name in ("longer-bytes", "headline"))
    assert {cost(condition.settings, 4).kept for condition in longer.values()} == {NUMBER * 7776}
    assert {cost(condition.settings).kept for condition in headline.values()} == {NUMBER * 3888}
    for name, numbers in (("topics", 1440), ("needle", 2304)):
        conditions = claims.CLAIMS[f"frontier-{name}"].conditions
        assert {cost(condition.settings).kept for condition in conditions.values()} == {NUMBER * numbers}


@pytest.mark.parametrize(("name", "factor"), [("reads", 1), ("selector", 1), ("longer-reads", 4)])
def test_what_is_compared_at_equal_reads_reads_as_many(name, factor):
    conditions = claims.CLAIMS[f"frontier-{name}"].conditions
    (numbers,) = {cost(condition.settings, factor).read for condition in conditions.values()}
    assert f"{numbers:,} numbers read for the last token" in claims.CLAIMS[f"frontier-{name}"].measured


@pytest.mark.parametrize("name", ["fenwick", "fenwick-grm", "fenwick-reads"])
def test_log_linear_attention_is_compared_where_it_spends_as_much_within_a_twentieth(name):
    claim = claims.CLAIMS[f"frontier-{name}"]
    spends = {label: cost(condition.settings) for label, condition in claim.conditions.items()}
    log_linear = spends.pop("log-linear")
    numbers = {one.read if name.endswith("reads") else one.kept // NUMBER for one in spends.values()}
    own = log_linear.read if name.endswith("reads") else log_linear.kept // NUMBER
    (others,) = numbers
    assert others < own <= 1.05 * others
    assert all(f"{each:,}" in claim.measured for each in (own, others))
    (said,) = [one for one in SAID if one.startswith("Log-linear")]
    assert f"{own:,}" in said


def test_what_is_charged_for_log_linear_attention_is_a_sum_for_each_level_that_held_one():
    """The remark says how many there were, and how many at once."""
    T, tree = 72, Fenwick()
    token, held, most = np.ones((1, 1)), set(), 0
    for _ in range(T):
        tree.step(token, token, token, token)
        held |= set(tree.sums)
        most = max(most, len(tree.sums))
    setting = frontier.fenwick(28, 10)
    assert training.plan(**setting).task.length == T
    assert cost(setting).kept == NUMBER * len(held) * 28 * 10
    assert (len(held), most, most * 28 * 10, len(tree.sums)) == (7, 6, 1680, 2)
    remark = claims.CLAIMS["frontier-fenwick"].remark
    assert "seven; at most six are there after a token (1,680 numbers), and two after the last" in remark


@pytest.mark.parametrize("s", ladder.RUNGS)
def test_a_rung_keeps_as_many_bytes_whatever_stands_on_it(s):
    assert {cost(settings).kept for settings in ladder.rung(s).values()} == {NUMBER * 9 * 12 * s * (4 * s + 1)}


def test_the_second_rung_is_the_frontiers():
    ours, scaled = (
        {name: training.plan(**settings) for name, settings in rung.items()}
        for rung in (ladder.rung(2), ladder.scaled(2))
    )
    assert ours == scaled


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("T", [7, 12])
def test_what_a_layer_spends_was_counted_in_a_run(aggregator, T):
    K, V, H = 5, 3, 2
    cfg = MCConfig(aggregator=aggregator, segment_length=4)
    rng = np.random.default_rng(0)
    q, k, u = rng.standard_normal((3, T, H, K))
    trace = reference.memory_caching(q, k, rng.standard_normal((T, H, V)), u, cfg)
    kept = sum(checkpoint[name].size for checkpoint in trace.checkpoints[:-1] for name in readable(cfg))
    kept = 0 if aggregator == "none" else kept
    online = H * K * V + (H * K if cfg.compares else 0)
    contexts = H * K * (trace.N - 1) if cfg.compares else 0
    fetched = int(trace.read[-1].sum()) * K * V + (H * K * trace.N if cfg.compares else 0)
    found = spent(cfg, T, K, V, H)
    assert found.kept == NUMBER * (kept + online + contexts)
    assert found.read == fetched
    assert found.operations == trace.counts["flops"][-1]


def test_attention_keeps_keys_and_values_and_reads_them_all():
    assert spent(None, 10, 5, 3, 2) == (NUMBER * 10 * 2 * 8, 10 * 2 * 8, 10 * 2 * (2 * 5 + 5 + 2 * 3))


def test_sizes_that_settings_leave_out_are_those_of_training():
    planned = training.plan("mqar", "ssc")
    mixer, shape = planned.model_config.mixer, planned.model_config
    found = {"key": shape.key, "value": shape.value, "segment_length": mixer.segment_length, "top_k": mixer.top_k}
    assert found == point.SIZES


def test_every_setting_has_a_name_and_a_command_of_its_own():
    distinct = {repr(training.plan(**settings)): settings for settings in EVERY}
    named = [point.called(settings) for settings in distinct.values() if "pairs" in settings]
    assert len(set(named)) == len(named)
    for settings in distinct.values():
        words = shlex.split(point.command(settings))
        assert words[:2] == ["mcviz", "train"]
        sizes = words[words.index("--set") + 1 :] if "--set" in words else []
        given = dict(map(shell.assignment, sizes))
        for flag in ("aggregator", "memory", "steps"):
            if f"--{flag}" in words:
                _, given[flag] = shell.assignment(f"{flag}={words[words.index(f'--{flag}') + 1]}")
        assert training.plan(words[2], **given) == training.plan(**settings)


def test_points_are_the_rows_that_were_counted():
    rows = [row for row in claims.rows() if "kept" in row and "width" not in row["settings"]]
    assert sum(len(one.seeds) for one in SHIPPED) == len(rows)
    for one in SHIPPED:
        assert one.kind in point.KINDS
        some = [row for row in rows if point.called(row["settings"]) == one.name]
        assert one.recall[1].mean == pytest.approx(np.mean([row["accuracy"] for row in some]))
        assert one.recall[4].mean == pytest.approx(np.mean([row["accuracy ×4, plain"] for row in some]))
        for factor in claims.FACTORS:
            assert one.spent[factor] == cost(some[0]["settings"], factor)


def test_the_seed_that_learned_in_part_is_not_in_the_trend():
    (all_seeds,) = claims.board(names=["ladder-bytes"])
    in_part = {seed for seed, value in zip(all_seeds.seeds, all_seeds.values["GRM, 64"], strict=True) if value < 0.9}
    assert len(in_part) == 1
    for trend in claims.board(names=["ladder-trend", "ladder-trend-later"]):
        assert len(trend.seeds) == 3
        assert not in_part & {*trend.seeds}


@pytest.mark.parametrize("s", [s for s in ladder.RUNGS if s != 2])
def test_rows_of_the_ladder_are_no_points_of_the_frontier(s):
    row = next(row for row in claims.rows() if "kept" in row)
    assert len(claims.points([row])) == 1
    assert claims.points([{**row, "settings": settings} for settings in ladder.rung(s).values()]) == []


def test_a_point_that_is_trained_again_lies_where_one_more_seed_would():
    (stored,) = [one for one in SHIPPED if one.name == point.called(CHEAP)]
    again = perform(CHEAP, stored.seeds[0])
    for factor, end in ((1, ""), (4, " ×4, plain")):
        mean, low, high = stored.recall[factor]
        half = (high - low) / 2 * math.sqrt(len(stored.seeds) + 1)  # of one value, not of their mean
        assert abs(again[f"accuracy{end}"] - mean) <= half
        assert claims.Spent(*(again[f"{name}{end}"] for name in claims.Spent._fields)) == stored.spent[factor]


def test_what_remarks_say_of_single_seeds():
    recalled = {finding.claim.name: finding.values for finding in claims.board()}
    *part, fourth, fifth = sorted(recalled["frontier-rules"]["delta"])
    worst, *others = sorted(recalled["frontier-rules"]["linear"])
    assert max(*part, worst) < 0.8
    assert min(fourth, fifth) > max(others) - 0.02
    first, second, *others = sorted(recalled["frontier-attention"]["attention"])
    assert max(first, second) < 0.5
    assert min(others) > 0.99
    assert sorted(recalled["frontier-attention"]["attention ×4"])[2] > 0.99
    for name, label, rivals in (
        ("grows", "GRM ×4", ["RNN ×4"]),
        ("longer-reads", "SSC, k = 2 ×4", ["RNN ×4"]),
        ("selector", "SSC, k = 2", ["GRM, nine of 11 × 7", "GRM, three of 24 × 10"]),
    ):
        values = recalled[f"frontier-{name}"]
        worst, *others = sorted(values[label])
        assert worst < 0.8 * others[0]
        assert others[0] > max(max(values[rival]) for rival in rivals), name
