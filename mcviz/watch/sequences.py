"""The sequence that is put before a model: drawn by its task or written by a reader, and changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mcviz import changes, room
from mcviz.checks import of_kinds, whole
from mcviz.tasks import Batch, Parsed
from mcviz.trace import Trace
from mcviz.watch import models
from mcviz.watch.sitting import Sitting
from mcviz.words import rewritten

REMARKS = 3
"""Remarks of a task that are told one by one."""


@of_kinds
def words(sitting: Sitting) -> tuple[str, ...]:
    """The sequence that is put before the model, by the labels of its tokens. Raises the `ValueError`s of `run`."""
    return parsed(sitting).batch.words()


@of_kinds
def remarks(sitting: Sitting) -> tuple[str, ...]:
    """What the task says of a sequence that it did not draw: questions without an answer, facts stated twice.

    Raises the `ValueError`s of `run`.
    """
    return parsed(sitting).remarks


@of_kinds
def origin(sitting: Sitting, earlier: int = 0) -> tuple[int, ...]:
    """For each token, at which place it was after the first `earlier` changes; -1 for one inserted since.

    Raises the `ValueError`s of `run`.
    """
    before = replace(sitting, changes=sitting.changes[:earlier])
    return changes.origins(len(words(before)), sitting.changes[earlier:])


@of_kinds
def touched(sitting: Sitting) -> tuple[int, ...]:
    """The tokens that the changes put where they are. Raises the `ValueError`s of `run`."""
    return changes.touched(len(words(replace(sitting, changes=()))), sitting.changes)


@of_kinds
def offer(sitting: Sitting, after: Trace, before: Trace | None = None) -> dict[str, Any]:
    """What a stepper on `after`, the run of `sitting`, has to know for edits of its tokens (`mcviz.stepper.asking`).

    `before` is the run before the last change, if there was one. Raises the `ValueError`s of `run`.
    """
    found = remarks(sitting)
    more = [f"{len(found) - REMARKS} more like this."] if len(found) > REMARKS else []
    told = "" if before is None else rewritten(before, after, origin(sitting, len(sitting.changes) - 1))
    return {
        "vocabulary": models.vocabulary(sitting.name),
        "changes": [changes.says(change) for change in sitting.changes],
        "touched": touched(sitting),
        "said": " ".join(filter(None, [told, *found[:REMARKS], *more])),
    }


def sequence(sitting: Sitting) -> Batch:
    """The sequence as a batch of one, with its answers."""
    return parsed(sitting).batch


def drawn(sitting: Sitting) -> Batch:
    """A batch of one sequence of the model's task, from the part that models are measured on."""
    return models.card(sitting.name).task.held_out.sample(whole("seed", sitting.seed, 0), batch=1)


def tokens(sitting: Sitting) -> tuple[int | str, ...]:
    """The tokens, by number or label, as far as nobody looked them up."""
    before = drawn(sitting).words() if sitting.tokens is None else sitting.tokens
    return changes.rewritten(before, sitting.changes)


def parsed(sitting: Sitting) -> Parsed:
    """The sequence and what the task says of it: what it drew, or what it reads in what the reader wrote."""
    if sitting.tokens is None and not sitting.changes:
        return Parsed(drawn(sitting))
    read, card = tokens(sitting), models.card(sitting.name)
    shape = card.model
    room.check(sitting.cfg or models.config(sitting.name), len(read), shape.heads, shape.key, shape.value)
    return card.task.held_out.parse(read)


def targets(batch: Batch) -> Sequence[int]:
    """The answers wanted, -1 where nothing is asked."""
    wanted: list[int] = np.where(batch.mask[0], batch.targets[0], -1).tolist()
    return wanted
