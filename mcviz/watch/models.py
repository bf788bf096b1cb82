"""The trained models that can be watched: those that ship and those that were lent, and what their cards say."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from mcviz import zoo
from mcviz.config import MCConfig
from mcviz.model import Weights
from mcviz.rules import AGGREGATORS, sheet
from mcviz.tasks import Task
from mcviz.zoo import Card

TITLES = {
    "text": "Alice",
    "stories": "Stories",
    "mqar": "Keys and values",
    "needle": "Needles in a haystack",
    "topics": "Topic library",
}
"""What a reader calls the tasks."""

lent: dict[str, tuple[Path, str]] = {}
"""Models that do not ship: the folder of each, and what it is called there."""


def lend(name: str, folder: Path, called: str) -> None:
    """Let who knows `name` watch a model that does not ship: the one in `folder` that is `called` so there."""
    lent[name] = folder, called


def known(name: str) -> bool:
    """Whether `name` is that of a shipped model whose layers cache memories, or of one that was lent."""
    if name not in lent:
        return name in names()
    folder, called = lent[name]
    return (folder / f"{called}.json").is_file()


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The shipped models whose layers cache memories."""
    return tuple(name for name in zoo.names() if card(name).model.mixer is not None)


def config(name: str) -> MCConfig:
    """The configuration that the model called `name` was trained with."""
    cfg = card(name).model.mixer
    if cfg is None:
        raise ValueError(f"name: expected a model whose layers cache memories, got {name}, which attends")
    return cfg


def called(name: str) -> str:
    """What a model is called where it lies: its own name."""
    return card(name).name


def title(name: str) -> str:
    """What the model called `name` is, in a few words: its task, and how it reads."""
    cfg, learns = card(name).model.mixer, TITLES[task(name)]
    if cfg is None:
        return f"{learns}: attention"
    memory = "" if cfg.memory == "linear" else f", {sheet(cfg.memory).short} memory"
    reads = "plain RNN" if cfg.aggregator == "none" else AGGREGATORS[cfg.aggregator].short
    whose = ", yours" if name in lent else ""
    return f"{learns}: {reads}{memory}{whose}"


def about(name: str) -> str:
    """One sentence on the model called `name`."""
    return str(card(name).about)


def measured(name: str) -> tuple[float, float, float, int]:
    """The accuracy on the model's card, between which bounds it falls, and on how many sequences it was measured."""
    return (*card(name).measured["accuracy"], card(name).sequences)


def recalled(name: str) -> tuple[float, float, float] | None:
    """How often the model called `name` begins right what a text said before, and between what bounds that falls.

    None where its card does not tell that apart.
    """
    found = card(name).measured.get("recalled")
    return None if found is None else (found.value, found.low, found.high)


def stored(name: str) -> int:
    """How many facts stand in a sequence of the task of the model called `name`; 0 where it has no such things."""
    return int(card(name).task.stored)


def length(name: str) -> int:
    """How many tokens a sequence of that task has."""
    return int(card(name).task.length)


def alike(name: str) -> tuple[str, ...]:
    """The models that learned the same task as the model called `name`, which is one of them."""
    return tuple(other for other in names() if card(other).task == card(name).task)


def plain(name: str) -> str:
    """The plain recurrent network, with a linear memory, that learned the same task; "" where there is no other."""
    for other in alike(name):
        cfg = config(other)
        if other != name and cfg.aggregator == "none" and cfg.memory == "linear":
            return other
    return ""


def task(name: str) -> str:
    """The name of the task that the model called `name` learned."""
    return str(card(name).task.name)


def learned(name: str) -> Task:
    """The task that the model called `name` learned."""
    return card(name).task


def question(name: str, words: Sequence[str], t: int) -> str:
    """What a sequence of the task of the model called `name` asks after token `t`; "" where that is no sentence."""
    return str(card(name).task.question(words, t))


def vocabulary(name: str) -> tuple[str, ...]:
    """The tokens that the model called `name` knows, by their labels."""
    return tuple(card(name).task.labels)


@lru_cache(maxsize=32)
def read(name: str) -> tuple[Card, Weights]:
    """The card and the weights of the model called `name`."""
    if name in lent:
        folder, called = lent[name]
        return zoo.read(called, folder)
    return zoo.read(name)


def card(name: str) -> Card:
    """The card of the model called `name`."""
    return read(name)[0]
