"""What a row of the results rests on: one trial under one seed. Its settings decide the outcome."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from mcviz import reference
from mcviz.bench import measure
from mcviz.bench.contenders import ATTENTION, FORWARD, OURS, Shape, call, functions
from mcviz.claims import identities
from mcviz.claims.claim import CHOICE_SEQUENCES, LONGER_SEQUENCES, SEQUENCES, Settings
from mcviz.claims.spent import spent
from mcviz.config import MCConfig
from mcviz.initial import readable
from mcviz.probes import oracle
from mcviz.pytorch.threads import limited
from mcviz.rows import Row
from mcviz.tasks.recall import MQAR
from mcviz.training import caching
from mcviz.training.evaluation import evaluate
from mcviz.training.loop import Run, train
from mcviz.training.plans import Plan, plan
from mcviz.training.sweeps import measured

TRAINING, IDENTITY, BYTES, TIMING = "training", "identity", "bytes", "timing"
ROUNDS = 5
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
        costs = spent(shape.mixer, task.length, shape.key, shape.value, shape.heads)
        found |= {f"{name}{at}": value for name, value in costs._asdict().items()}
    return found


def of_the_router(planned: Plan, trained: Run) -> dict[str, float]:
    """How good the router's choice is among all that it could have made."""
    mixer = planned.model_config.mixer
    if mixer is None or mixer.aggregator != "ssc" or mixer.top_k > 2:
        return {}
    said = oracle.measure(trained.model, planned.task, mixer.top_k, planned.seed, CHOICE_SEQUENCES)
    return {f"choice {name}": value for name, value in said.items()}


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
}
