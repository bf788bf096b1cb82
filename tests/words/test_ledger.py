"""Columns and sentences of costs hold the formulas' own numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import game, tradeoff, words
from mcviz.tradeoff import ATTENTION, PAPER, RULES, Setting
from mcviz.words.ledger import NAMES, amount, size, times
from tests.tradeoff.plays import play

MLP = replace(PAPER[2].setting, memory="titans")


def test_the_ledger_is_the_sheet():
    rows, sheet = words.ledger(MLP), tradeoff.sheet(MLP)
    assert rows[""] == list(NAMES.values()) == [NAMES[name] for name in sheet]
    assert rows["Operations"] == [amount(line.whole.flops) for line in sheet.values()]
    assert rows["Reads"] == [f"{line.last.reads:,}" for line in sheet.values()]
    assert rows["Kept"] == [size(line.kept) for line in sheet.values()]
    assert rows["to KV"][-1] == rows["to attention"][-1] == "1×"
    ratio = sheet["ssc"].whole.flops / sheet[ATTENTION].whole.flops
    assert words.modelled(MLP)["to attention"][4] == times(ratio) == rows["to attention"][4]


def test_what_was_counted_is_shown_and_a_formula_that_parts_from_it_is_said():
    setting = tradeoff.small(Setting())
    runs = {name: line.whole for name, line in tradeoff.sheet(setting).items()}
    assert words.counted(setting, runs)["Operations"] == [f"{run.flops:,}" for run in runs.values()]
    assert words.agreement(setting, runs) == "The formulas give the same 32 numbers."
    runs["grm"] = runs["grm"]._replace(flops=7)
    assert words.counted(setting, runs)["Operations"][2].startswith("7, not ")
    assert words.agreement(setting, runs) == "The formulas give other numbers for GRM."


@given(st.sampled_from(RULES), st.integers(1, 512), st.integers(1, 4096), st.integers(1, 9))
@pytest.mark.usefixtures("unchecked")
def test_the_sentences_say_which_side_of_the_crossing_we_are_on(memory, d, C, expansion):
    setting = Setting(memory=memory, d=d, C=C, expansion=expansion)
    first = words.pictured(setting).stored
    at = tradeoff.crossover(setting)
    assert ("smaller" in first) == (at < C)
    assert ("larger" in first) == (at > C)


@pytest.mark.parametrize(("H", "says"), [(1, "In its one head, "), (16, "In all 16 heads, ")])
def test_what_is_fetched_is_said_of_all_heads_as_on_the_sheet(H, says):
    setting = Setting(H=H)
    fetched = words.ledger(setting)["Fetched"]
    said = words.pictured(setting).fetched
    assert said.startswith(says)
    assert all(fetched[list(tradeoff.sheet(setting)).index(name)] in said for name in ("grm", "ssc", "attention"))


def test_a_power_of_two_is_not_cut():
    assert "do not cut: there they are the RNN" in words.weighed(Setting(L=4096))
    assert "do not cut" not in words.weighed(Setting(L=4095))


@pytest.mark.parametrize(
    ("number", "text"), [(0.5, "0.50"), (12, "12"), (999, "999"), (1000, "1.00 K"), (52_200_000_000, "52.2 G")]
)
def test_amounts(number, text):
    assert amount(number) == text


def test_bytes_and_ratios():
    assert [times(ratio) for ratio in (0.25, 4.4567, 16413.2)] == ["0.25×", "4.46×", "16,413×"]
    assert (size(384), size(96 * 1024), size(24 * 2**20)) == ("384 B", "96.0 KiB", "24.0 MiB")


def test_what_was_tried_is_a_row_each():
    good, asked = play("good", 0.96, 640), game.Round(1, 0.95, "read", 500)
    columns = words.tried([game.attempt(good, asked, [good]), game.attempt(None, asked, [good])])
    assert columns["Goal"] == ["95% of 24 pairs, as many as in training"] * 2
    assert columns["Budget"] == ["at most 500 numbers read"] * 2
    assert columns["Answer"] == ["good", "none reaches it"]
    assert columns["Right"] == ["no", "yes"]
    cells = ("Takes", "Recall", "95 % interval", "Seeds")
    assert [columns[name][0] for name in cells] == ["640", "96.0%", "95.0% to 97.0%", "2"]
    alone = words.tried([game.attempt(good._replace(seeds=(0,)), asked, [good])])
    assert alone["95 % interval"] == ["one seed"]


def test_what_wins_is_said_round_by_round():
    good = play("good", 0.96, 640, 0.85)
    said = words.won([good])
    assert "95% of 24 pairs, as many as in training; at most 800 numbers read: good (640 numbers read, 96.0%)." in said
    assert "80% of 96 pairs, 4 times as many as in training; at most 4,000 bytes kept: no stored run." in said


def test_one_token_is_one_and_segments_beyond_the_sequence_are_remarked():
    said = words.weighed(Setting(C=1))
    assert "of its 1 token " in said
    assert "1 tokens" not in said
    assert "C is longer than the sequence" not in words.weighed(Setting(L=4096, C=4096))
    assert "C is longer than the sequence: its 100 tokens are one segment" in words.weighed(Setting(L=100, C=101))
