"""Many tokens at a time are what one after the other are, bit for bit: surgery repeats one by the other."""

import numpy as np
import pytest

from mcviz import MCConfig, examples
from mcviz.config import AGGREGATORS, GATES, POOLINGS, STARTS
from mcviz.reference import blocks, memory_caching
from mcviz.trace import file
from tests.pairs import rows
from tests.runs import VARIANTS, coefficients, label, tokens

CUTS = (1, 4, 11, "logarithmic", (1, 5, 2, 3))
"""Segments of so many tokens, the last of which is ragged; and segments of other lengths."""
ROOMS = (1, 200, blocks.ROOM)
"""For one token, for a few, and for all at once."""


def assert_same(one, other):
    """Every array, bit for bit."""
    one, other = file.arrays(one), file.arrays(other)
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.dtype == other[name].dtype, name
        assert np.array_equal(array, other[name], equal_nan=array.dtype.kind == "f"), name


@pytest.mark.pairs
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
@pytest.mark.parametrize("start", STARTS)
def test_blocks_of_tokens_give_the_numbers_of_the_loop(monkeypatch, variant, start):
    dtypes = (np.float64, np.float32)
    for aggregator, cuts, gate, pooling, room, dtype in rows(AGGREGATORS, CUTS, GATES, POOLINGS, ROOMS, dtypes):
        monkeypatch.setattr(blocks, "ROOM", room)
        cut = {"segment_length": cuts} if isinstance(cuts, int) else {"segmentation": cuts}
        how = {"aggregator": aggregator, "start": start, "gate": gate, "pooling": pooling, **cut}
        cfg = MCConfig(memory=variant.memory, options=variant.options, **how)
        q, k, v, u = tokens(dtype=dtype)
        given = q, k, v, u, cfg, coefficients(cfg, dtype=dtype)
        assert_same(blocks.memory_caching(*given), memory_caching(*given))


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_a_run_that_overflows_does_so_at_the_same_token(aggregator):
    q, k, v, u = tokens()
    cfg = MCConfig(memory="titans", segment_length=4, aggregator=aggregator)
    with np.errstate(all="ignore"):
        one, other = (run(q, k, v, u, cfg, {"eta": 1e120}) for run in (blocks.memory_caching, memory_caching))
    assert other.diverged_at is not None
    assert_same(one, other)


@pytest.mark.parametrize("memory", ["linear", "titans"])
@pytest.mark.parametrize("aggregator", ["grm", "soup", "ssc"])
def test_examples_are_runs_of_the_reference(memory, aggregator):
    trace = examples.run("needle", MCConfig(memory=memory, aggregator=aggregator, segment_length=24))
    again = memory_caching(trace.q, trace.k, trace.v, trace.u, trace.config)
    for name, array in file.arrays(again).items():
        assert np.array_equal(array, file.arrays(trace)[name]), name


def test_what_the_loop_refuses_is_refused():
    q, k, v, u = tokens()
    with pytest.raises(ValueError, match=r"segmentation: .* sum to"):
        blocks.memory_caching(q, k, v, u, MCConfig(segmentation=(1, 2)))
    with pytest.raises(ValueError, match="k: expected finite numbers"):
        blocks.memory_caching(q, k * np.nan, v, u, MCConfig())
