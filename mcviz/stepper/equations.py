"""The equation behind each kind of number in the view, and the line of the reference that computes it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcviz import rules
from mcviz.config import MCConfig
from mcviz.reference import aggregators, contribution, loop, memory


def equations(cfg: MCConfig) -> dict[str, dict[str, str]]:
    """By kind of number: `formula`, `number` ("" where the paper has none) and `source`, the file, line and name."""
    rule = type(memory.rule(cfg))
    combine = aggregators.blend if rules.AGGREGATORS[cfg.aggregator].mixes else aggregators.add
    sources: dict[str, Callable[..., Any]] = {
        "loss": rule.write,
        "state": rule.write,
        "context": loop.Stream.step,
        "score": loop.gate,
        "weight": aggregators.WEIGHINGS[cfg.aggregator],
        "mixed": memory.mix,
        "read": rule.read,
        "output": combine,
        "share": contribution.shares,
    }
    shown = rules.equations(rules.sheet(cfg.memory), cfg)
    return {
        kind: {
            "formula": ",  ".join(one.formula for one in shown[kind]),
            "number": ", ".join(dict.fromkeys(one.number for one in shown[kind] if one.number)),
            "source": where(source),
        }
        for kind, source in sources.items()
        if kind in shown
    }


def where(function: Callable[..., Any]) -> str:
    """`mcviz/reference/memory.py, line 103: Linear.read`"""
    plain = inspect.unwrap(function)
    path = Path(plain.__code__.co_filename)
    return f"mcviz/{path.parent.name}/{path.name}, line {plain.__code__.co_firstlineno}: {plain.__qualname__}"
