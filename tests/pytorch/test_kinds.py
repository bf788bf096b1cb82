"""What kind of memory a rule has is what its reads do."""

import pytest
import torch

from mcviz.initial import initial_state
from mcviz.pytorch import kinds, memory
from tests.runs import VARIANTS, label

H, K, V = 2, 4, 3


def states(cfg, seed):
    """Two random states of a rule, positive, so that a normaliser is."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {name: array.shape for name, array in initial_state(cfg, H, K, V).items()}
    draw = lambda shape: torch.rand(shape, generator=generator, dtype=torch.float64)  # noqa: E731
    return [{name: draw(shape) for name, shape in shapes.items()} for _ in range(2)]


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_reads_of_a_mixture_are_mixed_reads_where_the_kind_says_so(cfg):
    rule, both, q = memory.rule(cfg), states(cfg, 0), torch.rand(H, K, dtype=torch.float64)
    weights = torch.tensor([0.3, 0.9], dtype=torch.float64)[:, None].expand(2, H)
    mixed = rule.read(memory.mix({name: x[None] for name, x in both[0].items()}, both[1], weights, list(both[1])), q)
    reads = sum(w[:, None] * rule.read(state, q) for state, w in zip(both, weights, strict=True))
    assert torch.allclose(mixed, reads, rtol=1e-9) == kinds.is_additive(cfg)


@pytest.mark.parametrize("cfg", VARIANTS, ids=label)
def test_kinds_are_what_the_rule_is(cfg):
    rule = memory.rule(cfg)
    assert kinds.is_network(cfg) == isinstance(rule, memory.Deep)
    assert kinds.is_vector(cfg) == isinstance(rule, memory.Vector)
    assert kinds.is_normalised(cfg) == getattr(rule, "normalizer", False)
