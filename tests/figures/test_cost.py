"""Pictures and columns of costs hold the formulas' own numbers."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import tradeoff
from mcviz.tradeoff import ATTENTION, LIMITS, LOG_LINEAR, PAPER, RULES, Setting, game

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)
from mcviz.figures.cost import apart  # noqa: E402
from mcviz.figures.ledger import NAMES, amount, size, times  # noqa: E402

MLP = replace(PAPER[2].setting, memory="titans")
SETTINGS = [Setting(), MLP, Setting(d=1, H=1, C=1, L=1), Setting(**{name: most for name, (_, most) in LIMITS.items()})]


def drawn(figure, name):
    """The points of what is called `name`, as pairs; of the last one so called."""
    found = [trace for trace in figure.data if trace.name == name]
    return dict(zip(found[-1].x, found[-1].y, strict=True))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("draw", ["spent", "stored", "fetched"])
def test_every_setting_has_pictures(draw, theme, setting):
    json.loads(getattr(figures, draw)(setting, theme).to_json())


@pytest.mark.parametrize("setting", SETTINGS)
def test_lines_are_operations_per_token(setting):
    figure = figures.spent(setting)
    for name in ("none", "residual", "grm", "soup", "ssc", LOG_LINEAR, ATTENTION):
        for L, y in drawn(figure, NAMES[name]).items():
            assert y == tradeoff.sheet(setting, L)[name].whole.flops / L
        if name != LOG_LINEAR:
            here = tradeoff.sheet(setting)[name].whole.flops / setting.L
            assert drawn(figure, f"{NAMES[name]}, chosen L") == {setting.L: here}
    assert {one.setting.L for one in PAPER} == {shape.x0 for shape in figure.layout.shapes}


@pytest.mark.parametrize("setting", SETTINGS)
def test_checkpoints_cross_the_kv_cache_where_they_are_as_large(setting):
    figure = figures.stored(setting)
    cache = tradeoff.cache_bytes(setting)
    assert set(drawn(figure, "KV cache").values()) == {cache}
    for name, at in (("matrix", setting.d / 2), (f"MLP ×{setting.expansion}", setting.d * setting.expansion)):
        assert drawn(figure, f"{name} and KV cache cross") == {at: pytest.approx(cache)}
        for C, y in drawn(figure, name).items():
            assert (y < cache) == (at < C)
    ((C, y),) = drawn(figure, "chosen C").items()
    assert (C, y * C) == (setting.C, pytest.approx(tradeoff.checkpoint_bytes(setting)))


def test_the_papers_segments_are_marked_where_heads_are_as_wide():
    assert drawn(figures.stored(MLP), "MLP ×4, the paper's C") == {256: 4 * tradeoff.cache_bytes(MLP)}
    assert drawn(figures.stored(MLP), "matrix, the paper's C") == {256: tradeoff.cache_bytes(MLP) / 2}
    assert not [trace for trace in figures.stored(Setting(d=64)).data if "paper" in trace.name]
    named = [note.text for note in figures.spent(MLP).layout.annotations]
    assert "paper's 1.3B: 4K" in named
    assert "paper: 4K" in [note.text for note in figures.spent(Setting(d=64)).layout.annotations]


def test_what_the_last_token_fetches():
    figure = figures.fetched(MLP)
    for name in ("none", "grm", "ssc", ATTENTION):
        here = tradeoff.sheet(MLP)[name].last
        marks = [trace for trace in figure.data if trace.name == f"{NAMES[name]}, chosen L"]
        assert [trace.y for trace in marks] == [(here.reads / MLP.H,), (here.bytes / MLP.H,)]


def test_the_ledger_is_the_sheet():
    rows, sheet = figures.ledger(MLP), tradeoff.sheet(MLP)
    assert rows[""] == list(NAMES.values()) == [NAMES[name] for name in sheet]
    assert rows["Operations"] == [amount(line.whole.flops) for line in sheet.values()]
    assert rows["Reads"] == [f"{line.last.reads:,}" for line in sheet.values()]
    assert rows["Kept"] == [size(line.kept) for line in sheet.values()]
    assert rows["to KV"][-1] == rows["to attention"][-1] == "1×"
    ratio = sheet["ssc"].whole.flops / sheet[ATTENTION].whole.flops
    assert figures.modelled(MLP)["to attention"][4] == times(ratio) == rows["to attention"][4]


def test_what_was_counted_is_shown_and_a_formula_that_parts_from_it_is_said():
    setting = tradeoff.small(Setting())
    runs = {name: line.whole for name, line in tradeoff.sheet(setting).items()}
    assert figures.counted(setting, runs)["Operations"] == [f"{run.flops:,}" for run in runs.values()]
    assert figures.agreement(setting, runs) == "The formulas give the same 32 numbers."
    runs["grm"] = runs["grm"]._replace(flops=7)
    assert figures.counted(setting, runs)["Operations"][2].startswith("7, not ")
    assert figures.agreement(setting, runs) == "The formulas give other numbers for GRM."


@given(st.sampled_from(RULES), st.integers(1, 512), st.integers(1, 4096), st.integers(1, 9))
@pytest.mark.usefixtures("unchecked")
def test_the_sentences_say_which_side_of_the_crossing_we_are_on(memory, d, C, expansion):
    setting = Setting(memory=memory, d=d, C=C, expansion=expansion)
    first = figures.weighed(setting).partition(";")[0]
    at = tradeoff.crossover(setting)
    assert ("smaller" in first) == (at < C)
    assert ("larger" in first) == (at > C)


def test_a_power_of_two_is_not_cut():
    assert "log-linear is the RNN here" in figures.weighed(Setting(L=4096))
    assert "log-linear" not in figures.weighed(Setting(L=4095))


@pytest.mark.parametrize(
    ("number", "text"), [(0.5, "0.50"), (12, "12"), (999, "999"), (1000, "1.00 K"), (52_200_000_000, "52.2 G")]
)
def test_amounts(number, text):
    assert amount(number) == text


def test_bytes_and_ratios():
    assert [times(ratio) for ratio in (0.25, 4.4567, 16413.2)] == ["0.25×", "4.46×", "16,413×"]
    assert (size(384), size(96 * 1024), size(24 * 2**20)) == ("384 B", "96.0 KiB", "24.0 MiB")


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8).map(sorted))
@pytest.mark.usefixtures("unchecked")
def test_labels_do_not_cover_each_other(places):
    moved = apart(places, 10)
    assert all(b - a > 10 - 1e-6 for a, b in pairwise(moved))
    if all(b - a >= 10 for a, b in pairwise(places)):
        assert moved == pytest.approx(places, abs=1e-6)
    assert math.fsum(moved) == pytest.approx(math.fsum(places), abs=1e-6)


def play(accuracy, reads, aggregator="ssc"):
    return game.Play(aggregator, 8, 2 if aggregator == "ssc" else None, (accuracy, accuracy), 1.25, reads)


def test_what_was_tried_is_shown_and_the_frontier_only_when_it_is_given():
    good, bad = play(0.96, 640), play(0.5, 300, "grm")
    figure = figures.tries([good, bad, good], 1000, [])
    assert [trace.name for trace in figure.data] == ["SSC, C = 8, k = 2", "GRM, C = 8"]
    assert set(figure.data[0].x) == {640}
    assert figure.data[1].y[0] == 0.5
    assert [trace.name for trace in figures.tries([], None, [bad, good]).data] == ["best there is"]
    columns = figures.tried([game.attempt(good, 500, [good]), game.attempt(None, 500, [good])])
    assert columns["Answer"] == ["SSC, C = 8, k = 2", "none reaches it"]
    assert columns["Right"] == ["no", "yes"]
    assert (columns["Reads"][0], columns["by seed, %"][0], columns["Bits"][0]) == ("640", "96.0, 96.0", "1.25")
