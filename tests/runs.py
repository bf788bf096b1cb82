"""Small random runs that the tests share."""

from collections import Counter

import numpy as np

from mcviz.config import MCConfig
from mcviz.initial import COEFFICIENTS
from mcviz.rules import SHEETS, STEP


def other(option):
    """A value of an option that is not its default."""
    if option.choices:
        return next(value for value in option.choices if value != option.default)
    return not option.default if isinstance(option.default, bool) else option.default + 1


def variants(sheets):
    """Every rule at its defaults, and with options that take another path through it: the first one changed, or the
    others together. Of rules with the same options each takes another of the two; what needs the first goes with it."""
    same = Counter()
    for name, sheet in sheets.items():
        yield MCConfig(memory=name)
        first, rest = (dict((o.name, other(o)) for o in part) for part in (sheet.options[:1], sheet.options[1:]))
        needed = sheet.conflict({**sheet.defaults, **rest})
        changed = [first | rest] if needed else [*filter(None, (first, rest))]
        if changed:
            yield MCConfig(memory=name, options=changed[same[sheet.options] % len(changed)])
        same[sheet.options] += 1


VARIANTS = tuple(variants(SHEETS))
"""Every memory rule, with options that take another path through it."""


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
    highest = {STEP: 0.25 / (4 * K + 32) if SHEETS[cfg.memory].kind == "network" else 0.5 / (K + 2)}
    names = COEFFICIENTS[cfg.memory]
    return {name: (random.uniform(0.2, 1, (T, H)) * highest.get(name, 1)).astype(dtype) for name in names}
