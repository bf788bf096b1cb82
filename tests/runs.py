"""Small random runs that the tests share."""

from collections.abc import Sequence

import numpy as np

from mcviz.config import MEMORIES, MCConfig
from mcviz.initial import COEFFICIENTS

_OPTIONS: dict[str, Sequence[dict]] = {
    "linear": ({}, {"feature_map": "elu", "normalizer": True}),
    "swla": ({}, {"window": 3}),
    "dla": ({}, {"depth": 1}),
    "titans": ({}, {"expansion": 1, "norm": False, "residual": False}),
}
VARIANTS = tuple(MCConfig(memory=memory, options=o) for memory in MEMORIES for o in _OPTIONS.get(memory, ({},)))
"""Every memory rule, with the options that take another path through it."""


def label(cfg):
    """A short name for a test's id."""
    options = "-".join(f"{key}={value}" for key, value in cfg.options.items())
    return f"{cfg.memory}-{options}" if options else cfg.memory


def tokens(T=11, H=2, K=4, V=3, seed=0, dtype=np.float64):
    """Random queries, keys, values and connectors: q, k, u [T, H, K] and v [T, H, V]."""
    random = np.random.default_rng(seed)
    q, k, v, u = (random.standard_normal((T, H, n)).astype(dtype) for n in (K, K, V, K))
    return q, k, v, u


def coefficients(cfg, T=11, H=2, K=4, seed=0, dtype=np.float64):
    """Random per-token coefficients [T, H] for the rule: learning rates that do not overshoot, the others in [0, 1]."""
    random = np.random.default_rng([seed, 1])
    highest = {"eta": 0.5 / (K + 2) if cfg.memory == "delta" else 0.25 / (4 * K + 32)}
    names = COEFFICIENTS[cfg.memory]
    return {name: (random.uniform(0.2, 1, (T, H)) * highest.get(name, 1)).astype(dtype) for name in names}
