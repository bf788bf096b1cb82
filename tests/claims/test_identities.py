import numpy as np
import pytest

from mcviz import reference
from mcviz.claims import identities
from mcviz.claims.declared import DIFFERENT, SAME


@pytest.mark.parametrize("name", identities.IDENTITIES)
def test_the_sides_are_equal_within_and_differ_outside(name):
    measured = identities.measure(name, seed=11)
    assert 0 <= measured["within"] <= SAME
    assert measured["outside"] > DIFFERENT


@pytest.mark.parametrize("backend", ["numpy", "pytorch"])
def test_tokens_are_those_of_the_seed(backend):
    one, same, other = (identities.Tokens(seed, backend) for seed in (1, 1, 2))
    for name in "qkvu":
        assert np.array_equal(one.arrays[name], same.arrays[name])
        assert not np.array_equal(one.arrays[name], other.arrays[name])


def test_a_wrong_equation_would_be_found(monkeypatch):
    right = reference.memory_caching

    def wrong(q, k, v, u, cfg, scalars=None):
        trace = right(q, k, v, u, cfg, scalars)
        if cfg.aggregator == "residual":
            trace.output[-1] += 1e-6
        return trace

    monkeypatch.setattr(identities.reference, "memory_caching", wrong)
    assert identities.measure("I2", seed=0)["within"] > SAME
