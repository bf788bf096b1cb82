"""Trained models that ship with mcviz: `names()` lists them, `load(name)` gives one with its card."""

from typing import TYPE_CHECKING, Any

from mcviz.zoo import store
from mcviz.zoo.answers import Answers, answers
from mcviz.zoo.card import Card, Measure
from mcviz.zoo.store import SHIPPED, Readable, check_name, load, names, read, save

if TYPE_CHECKING:
    from mcviz.zoo.trained import Trained as Trained

__all__ = [
    "SHIPPED",
    "Answers",
    "Card",
    "Measure",
    "Readable",
    "answers",
    "check_name",
    "load",
    "names",
    "read",
    "save",
]


def __getattr__(name: str) -> Any:
    return getattr(store, name)
