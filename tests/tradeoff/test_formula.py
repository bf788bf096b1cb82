"""What a setting costs, side by side, and where lines cross."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import cost
from mcviz.config import AGGREGATORS
from mcviz.tradeoff import (
    ATTENTION,
    LIMITS,
    LOG_LINEAR,
    PAPER,
    RULES,
    Setting,
    cache_bytes,
    checkpoint_bytes,
    count,
    crossover,
    published,
    sheet,
    small,
)

pytestmark = pytest.mark.usefixtures("unchecked")
settings = st.builds(
    Setting,
    d=st.integers(1, 300),
    H=st.integers(1, 16),
    C=st.integers(1, 5000),
    L=st.integers(1, 5000),
    k=st.integers(1, 40),
    memory=st.sampled_from(RULES),
    expansion=st.integers(1, 8),
    itemsize=st.sampled_from((2, 4, 8)),
)


@given(settings)
def test_a_sheet_is_made_of_the_formulas(setting):
    lines, d, H, size = sheet(setting), setting.d, setting.H, setting.itemsize
    assert list(lines) == [*AGGREGATORS, LOG_LINEAR, ATTENTION]
    table = cost.table(setting.config(), setting.L, d, H, size)
    assert {name: line.whole for name, line in lines.items() if name != LOG_LINEAR} == table
    for name in AGGREGATORS:
        assert lines[name].kept == lines[name].whole.cached + cost.online(setting.config(name), d, d, H, size)
    assert lines["none"].kept >= H * checkpoint_bytes(setting)
    assert lines[ATTENTION].kept == H * setting.L * cache_bytes(setting)
    if setting.L > 1:
        before = sheet(setting, setting.L - 1)
        for name in (*AGGREGATORS, ATTENTION):
            assert lines[name].last[:3] == tuple(
                a - b for a, b in zip(lines[name].whole[:3], before[name].whole[:3], strict=True)
            )


@given(settings, st.sampled_from((-1, 0, 1)))
def test_a_checkpoint_is_smaller_than_its_kv_cache_above_the_crossing(setting, off):
    at = crossover(setting)
    assert at == (setting.d * setting.expansion if setting.deep else setting.d / 2)
    C = max(1, int(at) + off)
    assert (checkpoint_bytes(setting) < C * cache_bytes(setting)) == (at < C)


@given(settings)
def test_ssc_is_flat_and_the_others_grow(setting):
    short, long = sheet(setting, setting.C * 64), sheet(setting, setting.C * 128)
    assert short["ssc"].last.reads == long["ssc"].last.reads == setting.H * (setting.k + 1) or setting.k > 63
    assert (short["grm"].last.reads, long["grm"].last.reads) == (64 * setting.H, 128 * setting.H)
    assert short["none"].last == long["none"].last
    assert 2 * short[ATTENTION].last.bytes == long[ATTENTION].last.bytes


def test_the_papers_settings():
    assert [(one.name, one.setting.d, one.setting.H, one.setting.C, one.setting.L) for one in PAPER] == [
        ("760M, 4K tokens", 96, 16, 256, 4096),
        ("760M, 16K tokens", 96, 16, 256, 16384),
        ("1.3B, 4K tokens", 256, 8, 256, 4096),
        ("1.3B, 16K tokens", 256, 8, 256, 16384),
    ]
    assert all(published(replace(one.setting, memory="titans", k=9)) == one.name for one in PAPER)
    assert published(Setting(C=255)) == ""
    # an MLP checkpoint at 1.3B is four times the KV cache of its segment, a matrix half of it
    deep = replace(PAPER[2].setting, memory="dla")
    assert checkpoint_bytes(deep) == 4 * 256 * cache_bytes(deep)
    assert crossover(deep) == 1024
    assert crossover(PAPER[2].setting) == 128


@pytest.mark.parametrize("memory", RULES)
@pytest.mark.parametrize("changes", [{}, {"L": 3, "C": 2, "d": 1, "H": 1}, {"k": 9, "itemsize": 8}])
def test_small_runs_do_what_the_formulas_say(memory, changes):
    setting = small(Setting(memory=memory, **changes))
    for name in (*AGGREGATORS, LOG_LINEAR):
        run = count.run(setting.config(name), setting.L, setting.d, setting.H, setting.itemsize)
        assert run == sheet(setting)[name].whole
    assert count.attention(setting.L, setting.d, setting.H, setting.itemsize) == sheet(setting)[ATTENTION].whole


def test_the_largest_setting_is_computed_exactly():
    extreme = Setting(**{name: most for name, (_, most) in LIMITS.items()}, memory="titans")
    pairs = 2**19 * (2**20 + 1)
    assert sheet(extreme)[ATTENTION].whole.reads == 256 * pairs
    assert sheet(replace(extreme, C=1))["grm"].whole.reads == 256 * pairs


@pytest.mark.parametrize("name", LIMITS)
def test_a_setting_out_of_bounds_is_refused(name):
    least, most = LIMITS[name]
    for value in (least - 1, most + 1, True, 2.0):
        with pytest.raises(ValueError, match=rf"^{name}: expected a whole number from {least:,} to {most:,}, got"):
            Setting(**{name: value})
    with pytest.raises(ValueError, match=r"^memory: expected one of linear, .*; got 'vector'"):
        Setting(memory="vector")
