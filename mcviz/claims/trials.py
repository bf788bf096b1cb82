"""What a row of the results rests on: one trial under one seed. Its settings decide the outcome."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from mcviz import reference
from mcviz.bench import measure
from mcviz.bench.contenders import ATTENTION, FORWARD, OURS, Shape, call, functions
from mcviz.claims import identities
from mcviz.claims.claim import CHOICE_SEQUENCES, LONGER_SEQUENCES, LOOKS, SEQUENCES, Settings
from mcviz.claims.spent import spent
from mcviz.config import MCConfig
from mcviz.initial import readable
from mcviz.probes import oracle
from mcviz.pytorch import SequenceModel
from mcviz.pytorch.threads import limited
from mcviz.rows import Row
from mcviz.tasks.recall import MQAR
from mcviz.training import caching
from mcviz.training.evaluation import evaluate
from mcviz.training.loop import Run, train
from mcviz.training.plans import Plan, plan
from mcviz.training.sweeps import measured
from mcviz.zoo import Measure

TRAINING, IDENTITY, BYTES, TIMING, ONSET = "training", "identity", "bytes", "timing", "onset"
ROUNDS = 5
CPU = torch.device("cpu")
RNN = "plain RNN"


def perform(settings: Settings, seed: int, device: str = "cpu") -> Row:
    """Run one trial and measure all there is to measure; what is trained is trained on `device`.

    Raises `ValueError` for settings that make no sense.
    """
    name = settings.get("trial", TRAINING)
    found = training(settings, seed, device) if name == TRAINING else TRIALS[name](settings, seed)
    return {"settings": dict(settings), "seed": seed, **found}


def training(settings: Settings, seed: int, device: str = "cpu") -> Mapping[str, Any]:
    """Train a model; measure it on the CPU, also on longer sequences, and the choices of its router."""
    planned = plan(**settings, seed=seed)
    trained = train(**vars(planned), device=device, progress=False)
    trained.model.cpu()
    return {
        **measured(planned, trained, SEQUENCES),
        **on_longer_sequences(planned, trained),
        **on_more_pairs(planned, trained),
        **of_the_router(planned, trained),
        **({} if device == "cpu" else {"device": device}),
    }


def on_longer_sequences(planned: Plan, trained: Run) -> dict[str, float]:
    """Accuracy and bits on sequences longer than those of training; for plain layers also with caches added."""
    mixer, task = planned.model_config.mixer, planned.task
    if task.name not in caching.SIZE:
        return {}
    ways = caching.WAYS if mixer is not None and mixer.aggregator == "none" else [caching.PLAIN]
    found: dict[str, float] = {}
    for factor in caching.FACTORS[1:]:
        longer = caching.longer(task, factor)
        for way in ways:
            model = trained.model if way == caching.PLAIN else caching.cached(trained.model, task.length, way)
            said = evaluate(model, longer, planned.seed, LONGER_SEQUENCES)
            found |= {f"{name} ×{factor}, {way}": said[name].value for name in ("accuracy", "bits")}
    return found


def on_more_pairs(planned: Plan, trained: Run) -> dict[str, float]:
    """Accuracy and bits of MQAR with more pairs than in training, and what the last token costs at each length."""
    if not isinstance(planned.task, MQAR) or max(caching.FACTORS) * planned.task.pairs > planned.task.keys:
        return {}
    found: dict[str, float] = {}
    for factor in caching.FACTORS:
        task, shape, at = replace(planned.task, pairs=factor * planned.task.pairs), planned.model_config, ""
        if factor > 1:
            at = f" ×{factor}, {caching.PLAIN}"
            said = evaluate(trained.model, task, planned.seed, LONGER_SEQUENCES)
            found |= {f"{name}{at}": said[name].value for name in ("accuracy", "bits")}
        sizes = (shape.key, shape.value, shape.heads, shape.window, shape.stride, shape.attention)
        costs = spent(shape.mixer, task.length, *sizes)
        found |= {f"{name}{at}": value for name, value in costs._asdict().items()}
    return found


def of_the_router(planned: Plan, trained: Run) -> dict[str, float]:
    """How good the router's choice is among all that it could have made."""
    mixer = planned.model_config.mixer
    if mixer is None or mixer.aggregator != "ssc" or mixer.top_k > 2:
        return {}
    said = oracle.measure(trained.model, planned.task, mixer.top_k, planned.seed, CHOICE_SEQUENCES)
    return {f"choice {name}": value for name, value in said.items()}


def onset(settings: Settings, seed: int) -> Mapping[str, float]:
    """After which share of a training the gate is right, the answers are, and the loss has fallen, for good.

    That is: for half of the questions, the gate is largest where the answer stands; half of the answers are right; the
    loss is half of what it was before the first step. What never comes to be so is so after all of the training.
    """
    planned = plan(**{name: value for name, value in settings.items() if name != "trial"}, seed=seed)
    seen: list[Mapping[str, Measure]] = []

    def look(run: Run) -> bool:
        if run.step % (planned.steps // LOOKS) == 0:
            seen.append(evaluate(run.model, planned.task, seed, LONGER_SEQUENCES))
        return True

    look(Run(planned.task, SequenceModel(planned.model_config), planned.steps, seed, planned.recipe, CPU))
    trained = train(**vars(planned), progress=False, go_on=look)
    gate, answers, bits = ([each[name].value for each in seen] for name in ("largest", "accuracy", "bits"))
    return {
        "gate": since([value >= 0.5 for value in gate]),
        "answers": since([value >= 0.5 for value in answers]),
        "loss": since([value <= bits[0] / 2 for value in bits]),
        "seconds": round(trained.seconds, 2),
    }


def since(held: Sequence[bool]) -> float:
    """After which share of the looks something holds at this one and at every later one; 1 if it never does."""
    last = max((i for i, one in enumerate(held) if not one), default=-1)
    return min(last + 1, len(held) - 1) / (len(held) - 1)


def identity(settings: Settings, seed: int) -> Mapping[str, float]:
    """How far apart the two sides of an identity are."""
    return identities.measure(settings["identity"], seed)


def held(settings: Settings, seed: int) -> Mapping[str, float]:
    """The bytes of a checkpoint, over those of the keys and values of its segment."""
    cfg = MCConfig(memory=settings["memory"], segment_length=settings["segment_length"])
    T, d = 2 * cfg.segment_length, settings["d"]
    q, k, v, u = np.random.default_rng(seed).standard_normal((4, T, 1, d))
    run = reference.memory_caching(q, k, v, u, cfg)
    checkpoint = sum(run.checkpoints[0][name].nbytes for name in readable(cfg))
    start, end = run.segments[0]
    return {"share": checkpoint / (k[start:end].nbytes + v[start:end].nbytes)}


def timing(settings: Settings, seed: int) -> Mapping[str, Any]:
    """Milliseconds of a forward pass, all contenders taking turns on one thread, and ratios of theirs."""
    shape = Shape(torch.device("cpu"))
    inputs = shape.tokens(settings["tokens"])
    with limited(1):
        calls = {name: call(function, inputs, FORWARD) for name, function in functions(shape).items()}
        times = measure.alternate(calls, ROUNDS, shape.device)
    ratios = {f"{name} / {RNN}": measure.ratio(times[name], times[RNN]) for name in (*OURS, ATTENTION)}
    shares = {f"{ATTENTION} / {name}": measure.ratio(times[ATTENTION], times[name]) for name in OURS}
    took = {f"{name}, ms": 1e3 * measure.median(times[name]) for name in times}
    return {**took, **ratios, **shares, "machine": platform.machine(), "torch": torch.__version__}


TRIALS: Mapping[str, Callable[[Settings, int], Mapping[str, Any]]] = {
    TRAINING: training,
    IDENTITY: identity,
    BYTES: held,
    TIMING: timing,
    ONSET: onset,
}
