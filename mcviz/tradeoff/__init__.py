"""What a setting costs, by formula and counted in a run, and a game that asks for recall at a price."""

from mcviz.tradeoff import count, game
from mcviz.tradeoff.formula import (
    ATTENTION,
    LIMITS,
    LOG_LINEAR,
    PAPER,
    RULES,
    Line,
    Published,
    Setting,
    cache_bytes,
    checkpoint_bytes,
    crossover,
    curves,
    published,
    sheet,
    small,
)

__all__ = [
    "ATTENTION",
    "LIMITS",
    "LOG_LINEAR",
    "PAPER",
    "RULES",
    "Line",
    "Published",
    "Setting",
    "cache_bytes",
    "checkpoint_bytes",
    "count",
    "crossover",
    "curves",
    "game",
    "published",
    "sheet",
    "small",
]
