"""The equations of one configuration, by the kind of number that they give."""

from typing import Any, Protocol

from mcviz.rules import aggregators
from mcviz.rules.equation import Equation
from mcviz.rules.sheet import Sheet


class Variant(Protocol):
    """What of a configuration decides its equations."""

    @property
    def aggregator(self) -> str: ...
    @property
    def gate(self) -> str: ...
    @property
    def pooling(self) -> str: ...
    @property
    def top_k(self) -> int: ...
    @property
    def rule_options(self) -> dict[str, Any]: ...


def equations(sheet: Sheet, cfg: Variant) -> dict[str, tuple[Equation, ...]]:
    """How a token of `cfg` is written, compared, weighed and answered, in that order.

    The kinds are "features", "loss" and "state" of the memory rule, "context", "score" and "router" where memories
    are compared, "weight", then "read" and "output", or "mixed", "read" and "output" for a soup. A kind that a
    configuration lacks is left out.
    """
    o, one = cfg.rule_options, aggregators.AGGREGATORS[cfg.aggregator]
    found: dict[str, tuple[Equation | None, ...]] = {
        "features": (sheet.features(o),),
        "loss": (sheet.loss(o),),
        "state": sheet.write(o),
        "context": (aggregators.context(cfg.pooling),),
        "score": (aggregators.score(cfg.aggregator, cfg.gate),),
        "router": (aggregators.router(cfg.aggregator, cfg.top_k),),
        "weight": (one.weight,),
        "mixed": (one.mixed,),
        "read": (sheet.read(o),),
        "output": (one.output,),
    }
    there = {kind: tuple(line for line in lines if line is not None) for kind, lines in found.items()}
    return {kind: lines for kind, lines in there.items() if lines}
