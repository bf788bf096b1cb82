"""What is counted in a running reference is what its Trace holds, and what the formulas say."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, cost
from mcviz.config import AGGREGATORS
from mcviz.tradeoff import count
from mcviz.tradeoff.count import Tally, counted
from tests.runs import VARIANTS, label


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
@pytest.mark.usefixtures("unchecked")
def test_a_run_does_what_the_formulas_say(cfg, aggregator):
    """Operations, reads, bytes fetched and bytes kept, of whole sequences."""
    one = replace(cfg, aggregator=aggregator, segment_length=3)
    assert count.run(one, 8, 3, 2) == cost.sequence(one, 8, 3, 3, 2)


@pytest.mark.parametrize("itemsize", [4, 8])
@pytest.mark.usefixtures("unchecked")
def test_bytes_are_those_of_the_numbers_kept(itemsize):
    cfg = MCConfig(segmentation="logarithmic")
    assert count.run(cfg, 11, 4, 1, itemsize) == cost.sequence(cfg, 11, 4, 4, 1, itemsize)
    assert count.attention(9, 4, 2, itemsize) == cost.attention(9, 4, 4, 2, itemsize)


def test_tallies_do_not_mix():
    first, second = Tally(), Tally()
    a, b = counted(np.ones(5), first), counted(np.ones((2, 3)), second)
    np.sum(a * 2 + 1)
    np.einsum("ij,kj->ik", b, b)
    assert (first.operations, second.operations) == (5 + 5 + 5, 2 * 2 * 3 * 2)


def test_moving_numbers_costs_nothing_and_the_unknown_is_refused():
    tally = Tally()
    a = counted(np.ones((2, 3)), tally)
    np.stack([a, a])
    a.T.reshape(-1)[::2]
    assert tally.operations == 0
    with pytest.raises(TypeError, match=r"^cumsum: expected a function with a count"):
        np.cumsum(a)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0, 2, 1), "T: expected"), ((4, 0, 1), "d: expected"), ((4, 2, 1, 2), "itemsize: expected 4 or 8 bytes, got 2")],
)
@pytest.mark.usefixtures("unchecked")
def test_sizes_are_checked(arguments, message):
    for call in (count.attention, lambda *sizes: count.run(MCConfig(), *sizes)):
        with pytest.raises(ValueError, match=f"^{message}"):
            call(*arguments)
