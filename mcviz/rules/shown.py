"""The equations of one configuration, by the kind of number that they give."""

import re
from typing import Any, Protocol, runtime_checkable

from mcviz.rules import aggregators
from mcviz.rules.equation import Equation
from mcviz.rules.sheet import Options, Sheet


@runtime_checkable
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

    The kinds are "loss", "state", "context", "score", "router", "weight", "mixed", "read", "output" and
    "share". What a configuration lacks is left out: a loss where a write is no step on one, scores where nothing is
    compared. A feature map stands behind the lines that use it.
    """
    o, one = cfg.rule_options, aggregators.AGGREGATORS[cfg.aggregator]
    features = sheet.features(o)
    found: dict[str, tuple[Equation | None, ...]] = {
        "loss": (loss, features) if (loss := sheet.loss(o)) else (),
        "state": (*sheet.write(o), features),
        "context": (aggregators.context(cfg.pooling),),
        "score": (aggregators.score(cfg.aggregator, cfg.gate),),
        "router": (aggregators.router(cfg.aggregator, cfg.top_k),),
        "weight": (one.weight,),
        "mixed": (one.mixed,),
        "read": (sheet.read(o), features),
        "output": (one.output,),
        # networks are not linear in what a soup mixes: there the output is no sum over memories
        "share": () if one.mixes and sheet.kind == "network" else (aggregators.SHARE,),
    }
    there = {kind: tuple(line for line in lines if line is not None) for kind, lines in found.items()}
    return {kind: lines for kind, lines in there.items() if lines}


def added(sheet: Sheet, o: Options) -> str:
    """What a write adds to the memory, where it does nothing else: `v_t k_t^T` for linear attention; "" elsewhere."""
    (line, *more) = sheet.write(o)
    found = re.fullmatch(r"(\w)_t = \1_\{t−1\} \+ ([^+−]*)", line.formula)
    return found[2] if found and not more else ""
