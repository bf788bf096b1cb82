"""The bench: what it counts is right, and a run of it says everything it promises."""

import json
import math
import re
from argparse import ArgumentParser
from unittest.mock import patch

import pytest
import torch
from tqdm import tqdm

from mcviz import bench
from mcviz.bench import contenders, measure, report
from mcviz.bench.beside import MEASURED
from mcviz.tradeoff import ATTENTION, Setting

CPU = torch.device("cpu")


def test_everybody_takes_turns():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    times = measure.alternate(calls, 3, CPU)
    assert order == list("abc") * 4
    assert {name: len(taken) for name, taken in times.items()} == {"a": 3, "b": 3, "c": 3}


def test_statistics():
    assert measure.median([3.0, 1.0, 2.0]) == 2
    assert measure.median([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert measure.ratio([2.0, 30.0, 4.0], [1.0, 10.0, 1.0]) == 3  # not the ratio of the medians, 4
    assert measure.exponent([10, 100, 1000], [3.0, 300.0, 30000.0]) == pytest.approx(2)
    assert math.isnan(measure.exponent([10], [1.0]))


def test_peak_counts_what_lives_at_once():
    def one_after_the_other():
        for _ in range(5):
            torch.ones(1000)

    def together():
        kept = [torch.ones(1000) for _ in range(5)]
        return kept[0].view(10, 100)

    x = torch.ones(1000)
    assert measure.peak_bytes(one_after_the_other) == 4000
    assert measure.peak_bytes(together) == 20000
    assert measure.peak_bytes(lambda: x.add_(1)) == 0
    assert measure.peak_bytes(lambda: x.view(10, 100).T) == 0


def test_operations_of_a_product():
    call, known = measure.matmul_call(CPU, 16)
    assert measure.operations(call) == known == 2 * 16**3


@pytest.fixture(scope="module")
def table():
    """A run on very short sequences, without the package, beside a small product and a small copy."""
    with (
        patch.object(contenders, "find_spec", lambda name: None),
        patch.object(contenders, "matmul_call", lambda device, side, dtype: measure.matmul_call(device, 64, dtype)),
        patch.object(contenders, "copy_call", lambda device, length: measure.copy_call(device, 2**16)),
    ):
        return bench.run(sizes=(32, 64), quick=True, progress=False)


def test_a_run_has_every_contender_in_every_mode(table):
    modes = (contenders.FORWARD, contenders.TRAINING, contenders.DECODING)
    names = (contenders.ATTENTION, *contenders.OURS)
    found = {(m, n, T) for m in modes for n in names for T in (32, 64)}
    found |= {(contenders.DECODING, contenders.PRODUCTS, T) for T in (32, 64)}
    assert {(r.mode, r.name, r.tokens) for r in table.rows} == found
    for row in table.rows:
        assert row.milliseconds > 0
        assert (row.ratio == 1) == (row.name == contenders.ATTENTION)
        assert (row.bytes is None) == (row.mode == contenders.DECODING)
        assert (row.kernels is None) == (row.mode == contenders.DECODING)
        assert row.waits in (None, 0)
        assert (row.memory_share or 1) > 0
    assert {(row.tokens, row.dtype) for row in table.rows if row.mode == contenders.TRAINING} == {
        (32, "float32"),
        (64, "float32"),
        (32, "bfloat16"),
    }
    for mode, slopes in table.exponents.items():
        assert {(mode, name, 32) for name in slopes} == {one for one in found if one[0] == mode and one[2] == 32}


def test_reports_hold_the_same_numbers(table):
    read = json.loads(report.to_json(table))
    assert [row["milliseconds"] for row in read["rows"]] == [row.milliseconds for row in table.rows]
    assert read["exponents"] == table.exponents
    text = report.to_markdown(table)
    assert all(f"{row.milliseconds:.3g}" in text for row in table.rows)
    page = report.to_html(table)
    assert page.count('class="plotly-graph-div"') == 5
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", page)


def test_the_package_computes_the_same_and_is_timed():
    pytest.importorskip("memory_caching")
    with tqdm(disable=True) as bar:
        rows = contenders.with_package(contenders.Shape(CPU, 4, 4), "linear", "ssc", 10, contenders.FORWARD, 1, bar)
    assert [row.name for row in rows] == ["memory-caching 0.1.0: linear, ssc", "linear, ssc"]
    assert rows[0].ratio == 1


def test_one_setting_is_measured_beside_attention():
    before = torch.get_num_threads()
    timings = bench.beside(Setting(d=8, C=4, L=32, memory="dla", expansion=2), rounds=1)
    assert list(timings) == [*MEASURED, ATTENTION]
    assert timings[ATTENTION].ratio == 1
    assert all(each.milliseconds > 0 and each.ratio > 0 for each in timings.values())
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (Setting(L=2**20), "L: expected a sequence that takes one head at most 400,000,000,000 operations"),
        (Setting(L=16384, memory="titans"), "L: expected a sequence that takes one head at most 50,000,000,000"),
        (Setting(d=1, C=1, L=16384), "C: expected segments long enough that a head holds at most"),
    ],
)
def test_what_would_take_too_long_or_too_much_memory_is_said(setting, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        bench.beside(setting)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": ()}, "sizes: expected lengths of at least one token"),
        ({"sizes": (0,)}, "sizes: expected lengths of at least one token"),
        ({"threads": -1}, "threads: expected a whole number, at least 0, got -1"),
        ({"device": "nowhere"}, "device: expected one that torch can use here, such as cpu; got 'nowhere'"),
        ({"device": "meta"}, "device: expected one that torch can use here, such as cpu; got 'meta'"),
        ({"device": "maia"}, r"device: expected one that torch can use here, such as cpu; got 'maia' \(.{,80}\)$"),
    ],
)
def test_what_cannot_be_measured_is_said(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        bench.run(**options)


@pytest.mark.parametrize(
    ("words", "sizes"),
    [((), contenders.SIZES), (("--sizes", "64", "--sizes", "32", "64"), (32, 64))],
)
def test_the_command_measures_each_length_that_is_given(words, sizes, tmp_path, monkeypatch):
    def asked(device, lengths, *_):
        raise ValueError(f"asked for {lengths}")

    parser = ArgumentParser()
    bench.add_arguments(parser)
    monkeypatch.setattr(contenders, "measure", asked)
    with pytest.raises(ValueError, match=re.escape(f"asked for {[*sizes]}")):
        bench.command(parser.parse_args([*words, "--out", str(tmp_path)]))
