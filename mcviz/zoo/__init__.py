"""Trained models that ship with mcviz: `names()` lists them, `load(name)` gives one with its card."""

from mcviz.zoo.answers import Answers, answers
from mcviz.zoo.card import Card, Measure
from mcviz.zoo.store import SHIPPED, Trained, check_name, load, names, save

__all__ = ["SHIPPED", "Answers", "Card", "Measure", "Trained", "answers", "check_name", "load", "names", "save"]
