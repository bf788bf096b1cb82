"""Pictures of costs hold the formulas' own numbers."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import tradeoff
from mcviz.tradeoff import ATTENTION, LIMITS, LOG_LINEAR, PAPER, Setting, game
from mcviz.words.ledger import NAMES
from tests.tradeoff.plays import play

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)
from mcviz.figures.cost import apart  # noqa: E402

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


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8).map(sorted))
@pytest.mark.usefixtures("unchecked")
def test_labels_do_not_cover_each_other(places):
    moved = apart(places, 10)
    assert all(b - a > 10 - 1e-6 for a, b in pairwise(moved))
    if all(b - a >= 10 for a, b in pairwise(places)):
        assert moved == pytest.approx(places, abs=1e-6)
    assert math.fsum(moved) == pytest.approx(math.fsum(places), abs=1e-6)


ROUND = game.Round(1, 0.95, "read", 800)


def test_what_was_tried_is_shown_and_the_frontier_only_when_it_is_given():
    good, bad = play("good", 0.96, 640), play("bad", 0.5, 300)
    figure = figures.tries([good, bad, good], ROUND, [])
    assert [trace.name for trace in figure.data] == ["good", "bad"]
    assert (figure.data[0].x[0], figure.data[1].y[0]) == (640, 0.5)
    assert figure.data[0].marker.color != figure.data[1].marker.color
    assert len(figure.layout.shapes) == 3
    over = figures.tries([], ROUND, [bad, good], over=True)
    assert [trace.name for trace in over.data] == ["best there is"]
    assert len(over.layout.shapes) == 1


def test_the_names_at_the_ends_of_lines_have_room_beside_them():
    """About seven pixels a character, as browsers draw them."""
    setting = Setting()
    for draw in (figures.spent, figures.stored, figures.fetched):
        figure = draw(setting)
        names = [note.text for note in figure.layout.annotations if note.xshift == 4]
        assert names
        assert 4 + 7 * max(map(len, names)) <= figure.layout.margin.r
