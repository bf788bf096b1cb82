"""Each rule is served by one kind of memory, and a rule that none knows is an error."""

import pytest
import torch

from mcviz import MCConfig
from mcviz.config import AGGREGATORS, MEMORIES
from mcviz.pytorch import memory_caching
from mcviz.pytorch.fast import chunks, deep, scan
from mcviz.pytorch.fast.memories import Given, Memories
from mcviz.pytorch.fast.networks import Networks
from mcviz.pytorch.inputs import prepare
from mcviz.pytorch.kinds import is_network
from tests.runs import VARIANTS, label


@pytest.mark.parametrize("memory", MEMORIES)
def test_each_rule_is_served_by_one_kind(memory):
    assert [memory in each.rules for each in scan.KINDS].count(True) == 1
    assert (scan.kind(MCConfig(memory=memory)) is Networks) == is_network(MCConfig(memory=memory))


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_a_rule_that_no_kind_serves_is_refused(memory, aggregator, monkeypatch):
    """It is computed by another rule's form under no aggregator."""
    for each in scan.KINDS:
        monkeypatch.setattr(each, "rules", each.rules - {memory})
    x = torch.ones(1, 5, 1, 2)
    with pytest.raises(ValueError, match=f"^memory: expected a rule with a form .*; got '{memory}'"):
        memory_caching(x, x, x, x, MCConfig(memory=memory, aggregator=aggregator, segment_length=2))


@pytest.mark.parametrize("memory", ["dla", "titans"])
def test_a_network_without_an_inner_loss_is_refused(memory, monkeypatch):
    monkeypatch.delitem(deep.LOSSES, memory)
    with pytest.raises(ValueError, match=f"^memory: expected .*, got '{memory}'"):
        deep.network(MCConfig(memory=memory))


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_each_kind_has_what_is_asked_of_memories(cfg):
    x = torch.ones(1, 5, 1, 2)
    q, k, v, _, c, start = prepare(x, x, x, x, cfg, None, None)
    made = scan.kind(cfg)(Given(q, k, v, c, start), cfg, chunks.Chunks.of([(0, 2), (2, 5)], x.device), False)
    assert isinstance(made, Memories)
    assert made.reads.shape == (1, 1, 5, 2)
    assert all(state.shape[:3] == (1, 2, 1) for state in made.states.values())
    assert set(made.states) == set(start)
