"""What a trained model does with a sequence of its task: its Trace, as trained or under another configuration.

This is the door through which pages reach trained models; PyTorch loads when it is first used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from mcviz import room
from mcviz.checks import whole
from mcviz.config import MCConfig
from mcviz.probes import oracle
from mcviz.probes.oracle import Oracle
from mcviz.reference import memory_caching, replay
from mcviz.trace import Trace

WEIGHTS = ("trained", "untrained")
BACKENDS = ("pytorch", "numpy")


@dataclass(frozen=True)
class Sitting:
    """A model, the weights that it has, and the sequence that is put before it."""

    name: str
    cfg: MCConfig | None = None  # another configuration of the same weights; None: the one it was trained with
    seed: int = 0  # draws the sequence
    weights: str = "trained"  # or "untrained": the same model before its first step of training


def available() -> bool:
    """Whether PyTorch is there to run a model."""
    return all(find_spec(package) is not None for package in ("torch", "safetensors"))


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The shipped models whose layers cache memories; none without PyTorch."""
    if not available():
        return ()
    from mcviz import zoo

    return tuple(name for name in zoo.names() if _load(name).card.model.mixer is not None)


def config(name: str) -> MCConfig:
    """The configuration that the model called `name` was trained with."""
    cfg: MCConfig = _load(name).card.model.mixer
    return cfg


def about(name: str) -> str:
    """One sentence on the model called `name`."""
    return str(_load(name).card.about)


def task(name: str) -> str:
    """The name of the task that the model called `name` learned."""
    return str(_load(name).card.task.name)


def run(sitting: Sitting, backend: str = "pytorch") -> Trace:
    """The Trace of the model's last layer on one sequence of its task, with what it predicts.

    `backend="numpy"` gives the reference the layer's queries, keys, values and connectors, and the model what the
    reference made of them. Raises `ValueError` for unknown names, a seed below 0, a memory rule that the weights were
    not made for, and a run that `mcviz.room` has no room for.
    """
    from mcviz.pytorch import alone, capture

    if backend not in BACKENDS:
        raise ValueError(f"backend: expected one of {', '.join(BACKENDS)}; got {backend!r}")
    model, batch = _model(sitting), _sequence(sitting)
    trace = capture(
        model,
        batch.tokens[0],
        labels=batch.labels,
        targets=_targets(batch),
        sources=batch.sources[0].tolist(),
        title=_title(sitting),
    )
    trace = replace(trace, fact=_load(sitting.name).card.task.fact)
    if backend == "pytorch":
        return trace
    ours = memory_caching(trace.q, trace.k, trace.v, trace.u, model.config.mixer, trace.coefficients, trace.initial)
    ours = replace(ours, tokens=trace.tokens, sources=trace.sources, fact=trace.fact, title=f"{trace.title}, in NumPy")
    return replace(answered(sitting, ours), alone=alone(model, batch.tokens[0], replay.answering(ours), batch.labels))


def answered(sitting: Sitting, trace: Trace) -> Trace:
    """`trace` with what the model would predict if its last layer had read `trace.output`.

    And what it would say from each memory alone that `trace` has an answer of.
    """
    from mcviz.pytorch import alone, substitute

    model, batch = _model(sitting), _sequence(sitting)
    said = substitute(model, batch.tokens[0], trace.output, labels=batch.labels, targets=_targets(batch))
    heard = None if trace.reads is None else alone(model, batch.tokens[0], trace, batch.labels)
    return replace(trace, predictions=said, alone=heard)


def consult(sitting: Sitting, k: int, head: int = 0) -> Oracle:
    """What every selection of `k` checkpoints would have cost, for each question of the sequence.

    Raises the `ValueError`s of `run` and of `mcviz.probes.oracle.consult`.
    """
    batch = _sequence(sitting)
    return oracle.consult(
        _model(sitting),
        batch.tokens[0].tolist(),
        _targets(batch),
        k,
        head,
        batch.sources[0].tolist(),
        batch.labels,
        _title(sitting),
    )


@lru_cache(maxsize=32)
def _load(name: str) -> Any:
    from mcviz import zoo

    return zoo.load(name)


def _model(sitting: Sitting) -> Any:
    """The model, with the weights and under the configuration that `sitting` asks for."""
    from mcviz.pytorch import SequenceModel

    if sitting.weights not in WEIGHTS:
        raise ValueError(f"weights: expected one of {', '.join(WEIGHTS)}; got {sitting.weights!r}")
    trained = _load(sitting.name)
    cfg = trained.card.model.mixer if sitting.cfg is None else sitting.cfg
    if cfg.memory != trained.card.model.mixer.memory:
        own = trained.card.model.mixer.memory
        raise ValueError(f"memory: expected {own}, which {sitting.name} was trained with, got {cfg.memory}")
    shape = trained.card.model
    room.check(cfg, _sequence(sitting).tokens.shape[1], shape.heads, shape.key, shape.value)
    model = SequenceModel(replace(shape, mixer=cfg))
    if sitting.weights == "trained":
        weights = trained.state_dict()
        missing = sorted(set(model.state_dict()) - set(weights))
        if missing:
            raise ValueError(
                f"config: expected one that uses the weights of {sitting.name} and no others, but {cfg.aggregator} "
                f"with gate {cfg.gate} needs {', '.join(missing)} as well"
            )
        try:
            model.load_state_dict({key: weights[key] for key in model.state_dict()})
        except RuntimeError as error:
            raise ValueError(f"config: expected one that the weights of {sitting.name} fit; {error}") from None
    return model.eval()


def _sequence(sitting: Sitting) -> Any:
    """A batch of one sequence of the model's task, from the part that models are measured on."""
    return _load(sitting.name).card.task.held_out.sample(whole("seed", sitting.seed, 0), batch=1)


def _targets(batch: Any) -> Sequence[int]:
    """The answers wanted, -1 where nothing is asked."""
    wanted: list[int] = np.where(batch.mask[0], batch.targets[0], -1).tolist()
    return wanted


def _title(sitting: Sitting) -> str:
    own = sitting.cfg is None or sitting.cfg == config(sitting.name)
    weights = sitting.weights if own or sitting.weights == "untrained" else "trained under another configuration"
    return f"{sitting.name}, {weights}"
