"""The model of a sitting run on its sequence: its Trace, and what else can be asked of it."""

from dataclasses import replace
from typing import Any

import numpy as np

from mcviz import reference, room
from mcviz.backends import choose, library, one_thread
from mcviz.checks import of_kinds
from mcviz.model import ModelConfig, Weights, parameters
from mcviz.probes import oracle
from mcviz.probes.oracle import Oracle
from mcviz.trace import Trace
from mcviz.watch import models
from mcviz.watch.sequences import sequence, targets, tokens
from mcviz.watch.sitting import WEIGHTS, Sitting


@of_kinds
def run(sitting: Sitting, backend: str | None = None) -> Trace:
    """The Trace of the model's last layer on one sequence of its task, with what it predicts.

    Without a `backend`, PyTorch runs the model where it is installed, and else NumPy. Both compute in the dtype of the
    weights, float32, and agree but for rounding. Of tokens that the reader wrote or changed, the task says what they
    ask for and where the answers stand. Raises `ValueError` for unknown names, a backend that is not there, a seed
    below 0, a memory rule that the weights were not made for, tokens outside the vocabulary, changes of places that
    the sequence does not have, and a run that `mcviz.room` has no room for.
    """
    backend = choose(backend)
    batch = sequence(sitting)
    with one_thread(backend):
        trace = library(backend).capture(
            model(sitting, backend),
            batch.tokens[0],
            labels=batch.labels,
            targets=targets(batch),
            sources=batch.sources[0].tolist(),
            title=heading(sitting) + (", in NumPy" if backend == "numpy" else ""),
        )
    return replace(trace, fact=models.card(sitting.name).task.fact)


@of_kinds
def answered(sitting: Sitting, trace: Trace) -> Trace:
    """`trace` with what the model would predict if its last layer had read `trace.output`.

    And what it would say from each memory alone that `trace` has an answer of.
    """
    model, batch = reference.SequenceModel(*made(sitting)), sequence(sitting)
    said = reference.substitute(model, batch.tokens[0], trace.output, labels=batch.labels, targets=targets(batch))
    heard = None if trace.reads is None else reference.alone(model, batch.tokens[0], trace, batch.labels)
    return replace(trace, predictions=said, alone=heard)


@of_kinds
def consult(sitting: Sitting, k: int, head: int = 0) -> Oracle:
    """What every selection of `k` checkpoints would have cost, for each question of the sequence.

    Raises the `ValueError`s of `run` and of `mcviz.probes.oracle.consult`.
    """
    batch = sequence(sitting)
    return oracle.consult(
        reference.SequenceModel(*made(sitting)),
        batch.tokens[0].tolist(),
        targets(batch),
        k,
        head,
        batch.sources[0].tolist(),
        batch.labels,
        heading(sitting),
    )


@of_kinds
def model(sitting: Sitting, backend: str | None = None) -> Any:
    """The model with the weights and under the configuration that `sitting` asks for: a `SequenceModel` of PyTorch's or
    of the reference's.

    Raises the `ValueError`s of `run`.
    """
    return library(choose(backend)).SequenceModel(*made(sitting))


def made(sitting: Sitting) -> tuple[ModelConfig, Weights]:
    """What a model is made of, with the weights and under the configuration that `sitting` asks for."""
    if sitting.weights not in WEIGHTS:
        raise ValueError(f"weights: expected one of {', '.join(WEIGHTS)}; got {sitting.weights!r}")
    card, trained = models.read(sitting.name)
    shape, own = card.model, models.config(sitting.name)
    cfg = own if sitting.cfg is None else sitting.cfg
    if cfg.memory != own.memory:
        raise ValueError(f"memory: expected {own.memory}, which {sitting.name} was trained with, got {cfg.memory}")
    room.check(cfg, len(tokens(sitting)), shape.heads, shape.key, shape.value)
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


def heading(sitting: Sitting) -> str:
    """What the Trace of a run is called."""
    own = sitting.cfg is None or sitting.cfg == models.config(sitting.name)
    weights = sitting.weights if own or sitting.weights == "untrained" else "trained under another configuration"
    whose = ", yours" if sitting.name in models.lent else ""
    return f"{models.called(sitting.name)}{whose}, {weights}"
