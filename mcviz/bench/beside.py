"""One setting, measured on this machine in a few seconds: every way to read its memories beside attention."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from mcviz import cost
from mcviz.bench.contenders import FORWARD, Shape, attend, call
from mcviz.bench.measure import alternate, median, ratio
from mcviz.pytorch import memory_caching
from mcviz.pytorch.threads import limited
from mcviz.tradeoff import ATTENTION, Setting, sheet

MEASURED = ("none", "residual", "grm", "soup", "ssc")
ROUNDS = 3
MOST_OPERATIONS = 400_000_000_000
MOST_DEEP = 50_000_000_000
"""In one round, by formula: seconds for all of them. Those of two-layer memories are smaller, and so slower, ones."""

MOST_NUMBERS = 2**26
"""Held at once, at most: a quarter of a gigabyte, of which the call at work takes about three times as much."""


class Timing(NamedTuple):
    """How long one sequence took one head, forwards, in float32 on one thread."""

    milliseconds: float  # median over rounds
    ratio: float  # to attention, median over rounds


def beside(setting: Setting, rounds: int = ROUNDS) -> dict[str, Timing]:
    """Time the plain recurrent layer ("none"), each aggregator and attention, taking turns on the same tokens.

    One head of the setting, as heads do not share anything. Raises `ValueError` for a setting that would take too
    long, or too much memory.
    """
    check(setting)
    inputs = Shape(torch.device("cpu"), setting.d, setting.C, heads=1).tokens(setting.L)
    inputs[0] = inputs[0] / setting.d**0.5
    functions = {**{name: caching(setting, name) for name in MEASURED}, ATTENTION: attend}
    calls = {name: call(function, inputs, FORWARD) for name, function in functions.items()}
    with limited(1):
        taken = alternate(calls, rounds, torch.device("cpu"))
    return {name: Timing(1e3 * median(each), ratio(each, taken[ATTENTION])) for name, each in taken.items()}


def caching(setting: Setting, aggregator: str) -> Callable[..., Tensor]:
    """Memory Caching as a function of q, k, v, u."""
    cfg = setting.config(aggregator)

    def layer(q: Tensor, k: Tensor, v: Tensor, u: Tensor) -> Tensor:
        return memory_caching(q, k, v, u, cfg)

    return layer


def check(setting: Setting) -> None:
    """Raise `ValueError` for a setting that cannot be measured in a few seconds."""
    lines = sheet(setting)
    spent = sum(lines[name].whole.flops for name in (*MEASURED, ATTENTION)) // setting.H
    most = MOST_DEEP if setting.deep else MOST_OPERATIONS
    if spent > most:
        raise ValueError(
            f"L: expected a sequence that takes one head at most {most:,} operations in every way to read together, "
            f"got {setting.L:,} tokens and {spent:,}; fewer tokens or a smaller d can be measured"
        )
    N = cost.memories(setting.config(), setting.L)
    held = N * cost.state_size(setting.config(), setting.d, setting.d) + setting.L * (N + 8 * setting.d)
    if held > MOST_NUMBERS:
        raise ValueError(
            f"C: expected segments long enough that a head holds at most {MOST_NUMBERS:,} numbers, "
            f"got {N:,} segments and {held:,}"
        )
