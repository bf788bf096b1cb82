"""What a trained model does with a sequence of its task: its Trace, as trained or under another configuration.

This is the door through which pages reach trained models. It needs no PyTorch, which loads where it is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mcviz import changes, reference, room, zoo
from mcviz.backends import BACKENDS as BACKENDS
from mcviz.backends import available as available
from mcviz.backends import choose as choose
from mcviz.backends import library, one_thread
from mcviz.backends import there as there
from mcviz.changes import Change
from mcviz.checks import whole
from mcviz.config import MCConfig
from mcviz.model import ModelConfig, Weights, parameters
from mcviz.probes import oracle
from mcviz.probes.oracle import Oracle
from mcviz.rules import AGGREGATORS, sheet
from mcviz.tasks import Batch, Parsed, Task
from mcviz.trace import Trace
from mcviz.words import rewritten
from mcviz.zoo import Card

REMARKS = 3
"""Remarks of a task that are told one by one."""
WEIGHTS = ("trained", "untrained")


@dataclass(frozen=True)
class Sitting:
    """A model, the weights that it has, and the sequence that is put before it."""

    name: str
    cfg: MCConfig | None = None  # another configuration of the same weights; None: the one it was trained with
    seed: int = 0  # draws the sequence
    weights: str = "trained"  # or "untrained": the same model before its first step of training
    tokens: tuple[int | str, ...] | None = None  # the reader's own, by number or label; None: those that `seed` draws
    changes: tuple[Change, ...] = ()  # made to them, one after the other

    def edited(self, *changes: Change) -> "Sitting":
        """The same with more changes to its sequence.

        >>> from mcviz.changes import Delete, Replace
        >>> sitting = Sitting("topics-ssc").edited(Replace(3, "fox"), Delete(7))
        >>> sitting.undone().changes
        (Replace(at=3, token='fox'),)
        """
        return replace(self, changes=(*self.changes, *changes))

    def undone(self, times: int = 1) -> "Sitting":
        """The same without its last changes, at most as many as there are."""
        return replace(self, changes=self.changes[: max(0, len(self.changes) - whole("times", times, 0))])


_lent: dict[str, tuple[Path, str]] = {}
"""Models that do not ship: the folder of each, and what it is called there."""


def lend(name: str, folder: Path, called: str) -> None:
    """Let who knows `name` watch a model that does not ship: the one in `folder` that is `called` so there."""
    _lent[name] = folder, called


def known(name: str) -> bool:
    """Whether `name` is that of a shipped model whose layers cache memories, or of one that was lent."""
    if name not in _lent:
        return name in names()
    folder, called = _lent[name]
    return (folder / f"{called}.json").is_file()


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The shipped models whose layers cache memories."""
    return tuple(name for name in zoo.names() if _card(name).model.mixer is not None)


def config(name: str) -> MCConfig:
    """The configuration that the model called `name` was trained with."""
    cfg = _card(name).model.mixer
    if cfg is None:
        raise ValueError(f"name: expected a model whose layers cache memories, got {name}, which attends")
    return cfg


def called(name: str) -> str:
    """What a model is called where it lies: its own name."""
    return _card(name).name


TITLES = {
    "text": "Alice",
    "stories": "Stories",
    "mqar": "Keys and values",
    "needle": "Needles in a haystack",
    "topics": "Topic library",
}
"""What a reader calls the tasks."""


def title(name: str) -> str:
    """What the model called `name` is, in a few words: its task, and how it reads."""
    card = _card(name)
    cfg = card.model.mixer
    if cfg is None:
        return f"{TITLES[card.task.name]}: attention"
    memory = "" if cfg.memory == "linear" else f", {sheet(cfg.memory).short} memory"
    reads = "plain RNN" if cfg.aggregator == "none" else AGGREGATORS[cfg.aggregator].short
    whose = ", yours" if name in _lent else ""
    return f"{TITLES[card.task.name]}: {reads}{memory}{whose}"


def about(name: str) -> str:
    """One sentence on the model called `name`."""
    return str(_card(name).about)


def measured(name: str) -> tuple[float, float, float, int]:
    """The accuracy on the model's card, between which bounds it falls, and on how many sequences it was measured."""
    card = _card(name)
    return (*card.measured["accuracy"], card.sequences)


def recalled(name: str) -> tuple[float, float, float] | None:
    """How often the model called `name` begins right what a text said before, and between what bounds that falls.

    None where its card does not tell that apart.
    """
    found = _card(name).measured.get("recalled")
    return None if found is None else (found.value, found.low, found.high)


def stored(name: str) -> int:
    """How many facts stand in a sequence of the task of the model called `name`; 0 where it has no such things."""
    return int(_card(name).task.stored)


def length(name: str) -> int:
    """How many tokens a sequence of that task has."""
    return int(_card(name).task.length)


def alike(name: str) -> tuple[str, ...]:
    """The models that learned the same task as the model called `name`, which is one of them."""
    return tuple(other for other in names() if _card(other).task == _card(name).task)


def plain(name: str) -> str:
    """The plain recurrent network, with a linear memory, that learned the same task; "" where there is no other."""
    for other in alike(name):
        cfg = config(other)
        if other != name and cfg.aggregator == "none" and cfg.memory == "linear":
            return other
    return ""


def task(name: str) -> str:
    """The name of the task that the model called `name` learned."""
    return str(_card(name).task.name)


def learned(name: str) -> Task:
    """The task that the model called `name` learned."""
    return _card(name).task


def question(name: str, words: Sequence[str], t: int) -> str:
    """What a sequence of the task of the model called `name` asks after token `t`; "" where that is no sentence."""
    return str(_card(name).task.question(words, t))


def vocabulary(name: str) -> tuple[str, ...]:
    """The tokens that the model called `name` knows, by their labels."""
    return tuple(_card(name).task.labels)


def words(sitting: Sitting) -> tuple[str, ...]:
    """The sequence that is put before the model, by the labels of its tokens. Raises the `ValueError`s of `run`."""
    return _parsed(sitting).batch.words()


def remarks(sitting: Sitting) -> tuple[str, ...]:
    """What the task says of a sequence that it did not draw: questions without an answer, facts stated twice.

    Raises the `ValueError`s of `run`.
    """
    return _parsed(sitting).remarks


def origin(sitting: Sitting, earlier: int = 0) -> tuple[int, ...]:
    """For each token, at which place it was after the first `earlier` changes; -1 for one inserted since.

    Raises the `ValueError`s of `run`.
    """
    before = replace(sitting, changes=sitting.changes[:earlier])
    return changes.origins(len(words(before)), sitting.changes[earlier:])


def touched(sitting: Sitting) -> tuple[int, ...]:
    """The tokens that the changes put where they are. Raises the `ValueError`s of `run`."""
    return changes.touched(len(words(replace(sitting, changes=()))), sitting.changes)


def offer(sitting: Sitting, after: Trace, before: Trace | None = None) -> dict[str, Any]:
    """What a stepper on `after`, the run of `sitting`, has to know for edits of its tokens (`mcviz.stepper.asking`).

    `before` is the run before the last change, if there was one. Raises the `ValueError`s of `run`.
    """
    found = remarks(sitting)
    more = [f"{len(found) - REMARKS} more like this."] if len(found) > REMARKS else []
    told = "" if before is None else rewritten(before, after, origin(sitting, len(sitting.changes) - 1))
    return {
        "vocabulary": vocabulary(sitting.name),
        "changes": [changes.says(change) for change in sitting.changes],
        "touched": touched(sitting),
        "said": " ".join(filter(None, [told, *found[:REMARKS], *more])),
    }


def run(sitting: Sitting, backend: str | None = None) -> Trace:
    """The Trace of the model's last layer on one sequence of its task, with what it predicts.

    Without a `backend`, PyTorch runs the model where it is installed, and else NumPy. Both compute in the dtype of the
    weights, float32, and agree but for rounding. Of tokens that the reader wrote or changed, the task says what they
    ask for and where the answers stand. Raises `ValueError` for unknown names, a backend that is not there, a seed
    below 0, a memory rule that the weights were not made for, tokens outside the vocabulary, changes of places that
    the sequence does not have, and a run that `mcviz.room` has no room for.
    """
    backend = choose(backend)
    batch = _sequence(sitting)
    with one_thread(backend):
        trace = library(backend).capture(
            model(sitting, backend),
            batch.tokens[0],
            labels=batch.labels,
            targets=_targets(batch),
            sources=batch.sources[0].tolist(),
            title=_title(sitting) + (", in NumPy" if backend == "numpy" else ""),
        )
    return replace(trace, fact=_card(sitting.name).task.fact)


def answered(sitting: Sitting, trace: Trace) -> Trace:
    """`trace` with what the model would predict if its last layer had read `trace.output`.

    And what it would say from each memory alone that `trace` has an answer of.
    """
    model, batch = reference.SequenceModel(*_model(sitting)), _sequence(sitting)
    said = reference.substitute(model, batch.tokens[0], trace.output, labels=batch.labels, targets=_targets(batch))
    heard = None if trace.reads is None else reference.alone(model, batch.tokens[0], trace, batch.labels)
    return replace(trace, predictions=said, alone=heard)


def consult(sitting: Sitting, k: int, head: int = 0) -> Oracle:
    """What every selection of `k` checkpoints would have cost, for each question of the sequence.

    Raises the `ValueError`s of `run` and of `mcviz.probes.oracle.consult`.
    """
    batch = _sequence(sitting)
    return oracle.consult(
        reference.SequenceModel(*_model(sitting)),
        batch.tokens[0].tolist(),
        _targets(batch),
        k,
        head,
        batch.sources[0].tolist(),
        batch.labels,
        _title(sitting),
    )


def model(sitting: Sitting, backend: str | None = None) -> Any:
    """The model with the weights and under the configuration that `sitting` asks for: a `SequenceModel` of PyTorch's or
    of the reference's.

    Raises the `ValueError`s of `run`.
    """
    return library(choose(backend)).SequenceModel(*_model(sitting))


@lru_cache(maxsize=32)
def _read(name: str) -> tuple[Card, Weights]:
    if name in _lent:
        folder, called = _lent[name]
        return zoo.read(called, folder)
    return zoo.read(name)


def _card(name: str) -> Card:
    return _read(name)[0]


def _model(sitting: Sitting) -> tuple[ModelConfig, Weights]:
    """What a model is made of, with the weights and under the configuration that `sitting` asks for."""
    if sitting.weights not in WEIGHTS:
        raise ValueError(f"weights: expected one of {', '.join(WEIGHTS)}; got {sitting.weights!r}")
    card, trained = _read(sitting.name)
    shape, own = card.model, config(sitting.name)
    cfg = own if sitting.cfg is None else sitting.cfg
    if cfg.memory != own.memory:
        raise ValueError(f"memory: expected {own.memory}, which {sitting.name} was trained with, got {cfg.memory}")
    room.check(cfg, len(_tokens(sitting)), shape.heads, shape.key, shape.value)
    shape = replace(shape, mixer=cfg)
    if sitting.weights == "untrained":
        return shape, {name: array.astype(np.float32) for name, array in parameters(shape).items()}
    wanted = shape.shapes()
    missing = sorted(set(wanted) - set(trained))
    if missing:
        raise ValueError(
            f"config: expected one that uses the weights of {sitting.name} and no others, but {cfg.aggregator} "
            f"with gate {cfg.gate} needs {', '.join(missing)} as well"
        )
    for name, size in wanted.items():
        if trained[name].shape != size:
            raise ValueError(
                f"config: expected one that the weights of {sitting.name} fit; {name} is {trained[name].shape}, and "
                f"{size} would be needed"
            )
    return shape, {name: trained[name] for name in wanted}


def _sequence(sitting: Sitting) -> Batch:
    """The sequence as a batch of one, with its answers."""
    return _parsed(sitting).batch


def _drawn(sitting: Sitting) -> Batch:
    """A batch of one sequence of the model's task, from the part that models are measured on."""
    return _card(sitting.name).task.held_out.sample(whole("seed", sitting.seed, 0), batch=1)


def _tokens(sitting: Sitting) -> tuple[int | str, ...]:
    """The tokens, by number or label, as far as nobody looked them up."""
    tokens = _drawn(sitting).words() if sitting.tokens is None else sitting.tokens
    return changes.rewritten(tokens, sitting.changes)


def _parsed(sitting: Sitting) -> Parsed:
    """The sequence and what the task says of it: what it drew, or what it reads in what the reader wrote."""
    if sitting.tokens is None and not sitting.changes:
        return Parsed(_drawn(sitting))
    tokens, card = _tokens(sitting), _card(sitting.name)
    shape = card.model
    room.check(sitting.cfg or config(sitting.name), len(tokens), shape.heads, shape.key, shape.value)
    return card.task.held_out.parse(tokens)


def _targets(batch: Batch) -> Sequence[int]:
    """The answers wanted, -1 where nothing is asked."""
    wanted: list[int] = np.where(batch.mask[0], batch.targets[0], -1).tolist()
    return wanted


def _title(sitting: Sitting) -> str:
    own = sitting.cfg is None or sitting.cfg == config(sitting.name)
    weights = sitting.weights if own or sitting.weights == "untrained" else "trained under another configuration"
    whose = ", yours" if sitting.name in _lent else ""
    return f"{called(sitting.name)}{whose}, {weights}"
