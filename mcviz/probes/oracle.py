"""The oracle: for one question, what the model would answer if its router had selected any other k checkpoints.

Only the last layer is varied. What follows it treats each token on its own, so a token's selection changes its own
answer and no other, and every subset can be tried. The regret of a choice is what it costs over the best one, in bits.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from mcviz import brief
from mcviz.checks import place
from mcviz.config import GATED, MCConfig
from mcviz.reference import SequenceModel, capture, memory_caching
from mcviz.reference.aggregators import softmax
from mcviz.reference.capture import likelihood
from mcviz.reference.model import Block
from mcviz.rules import AGGREGATORS
from mcviz.tasks.task import EVALUATION
from mcviz.trace import Trace

Array = np.ndarray
Model = Any
"""A `SequenceModel` of either backend. What it costs to read something else is computed in NumPy."""
MOST = 20_000
"""Subsets of one question's checkpoints that are tried, at most."""
MOST_LISTED = 2**23
"""Checkpoints in all subsets of all questions: what an `Oracle` lists."""


@dataclass(frozen=True, eq=False)
class Choice:
    """All that the router of one head could have selected for one question, and what each selection costs."""

    __repr__ = brief.of_fields

    t: int  # the token that asks
    source: int  # where its answer stands, -1 if nowhere
    subsets: Int[Array, "S k"]  # every selection of k checkpoints, in lexical order
    losses: Float[Array, "S"]  # -log2 of the answer's probability after reading these and the online memory
    router: int  # which of `subsets` the router selected
    all: float  # the loss after reading every checkpoint, as GRM does
    none: float  # the loss after reading the online memory alone

    @property
    def best(self) -> int:
        """Which of `subsets` has the least loss; of equal ones the router's, if it is among them, else the first."""
        return self.router if self.losses[self.router] == self.losses.min() else int(self.losses.argmin())

    @property
    def random(self) -> float:
        """The loss to expect of a selection at random: the mean over all subsets, without a draw."""
        return float(self.losses.mean())

    @property
    def regret(self) -> float:
        """What the router's selection costs over the best one."""
        return float(self.losses[self.router] - self.losses[self.best])

    @property
    def rank(self) -> int:
        """How many subsets are better than the router's."""
        return int((self.losses < self.losses[self.router]).sum())


@dataclass(frozen=True, eq=False)
class Oracle:
    """The choices for every question of a sequence that could read at least one checkpoint."""

    __repr__ = brief.of_fields

    k: int
    head: int
    trace: Trace  # the run whose router is judged
    choices: tuple[Choice, ...]
    routes: bool = True  # whether the model has a router; of GRM, the k largest gates are judged as one would take them

    @property
    def chooser(self) -> str:
        """What is judged."""
        return "router" if self.routes else "largest gates"

    @cached_property
    def mean(self) -> dict[str, float]:
        """Means over questions: the losses and the regret in bits, and the share where no selection was better."""
        rows = [
            {
                "router": float(one.losses[one.router]),
                "best": float(one.losses[one.best]),
                "random": one.random,
                "all": one.all,
                "none": one.none,
                "regret": one.regret,
                "agree": float(one.rank == 0),
            }
            for one in self.choices
        ]
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} if rows else {}


def consult(
    model: Model,
    tokens: Sequence[int],
    targets: Sequence[int],
    k: int | None = None,
    head: int = 0,
    sources: Sequence[int] = (),
    labels: Sequence[str] | None = None,
    title: str = "",
) -> Oracle:
    """Try every selection of k checkpoints for each question of a sequence.

    `tokens` [T] are ids, `targets` [T] the answers wanted, -1 where nothing is asked. `k` is the model's own `top_k`,
    if not given; with fewer checkpoints all are selected. The last layer is read as SSC whatever it was trained as;
    other heads than `head` keep what their router selects.

    Raises `ValueError` for a model of another kind, one whose last layer has no gates or mixes parameters, a head that
    it does not have, no question that could read a checkpoint, more than 20,000 subsets for a question, and subsets so
    large that together they list more than `MOST_LISTED` checkpoints.
    """
    model = readable(model)
    cfg = model.config.mixer
    if cfg is None or cfg.aggregator not in GATED or AGGREGATORS[cfg.aggregator].mixes:
        raise ValueError(
            "model: expected one whose last layer has gates over single memories (grm or ssc), got "
            f"{'attention' if cfg is None else cfg.aggregator}"
        )
    k = cfg.top_k if k is None else k
    routed = replace(cfg, aggregator="ssc", top_k=k)
    k = routed.top_k
    judged = as_read(model, routed)
    given, wanted = [int(token) for token in tokens], [int(target) for target in targets]
    trace = capture(judged, given, labels, wanted, sources or None, title=title)
    head = place("head", head, trace.H, "head")
    asked = [t for t, target in enumerate(wanted) if target >= 0 and trace.segment_of[t] > 0]
    if not asked:
        raise ValueError("targets: expected a question after the first segment, got none")
    most = max(int(trace.segment_of[t]) for t in asked)
    if comb(most, min(k, most)) > MOST:
        raise ValueError(
            f"top_k: expected at most {MOST:,} selections for a question, got {comb(most, min(k, most)):,}, "
            f"which {k} of {most} checkpoints have"
        )
    sizes = [(int(trace.segment_of[t]), min(k, int(trace.segment_of[t]))) for t in asked]
    listed = sum(comb(n, chosen) * chosen for n, chosen in sizes)
    if listed > MOST_LISTED:
        raise ValueError(
            f"top_k: expected at most {MOST_LISTED:,} checkpoints in all selections together, got {listed:,}, "
            f"which {k} of up to {most} have for {len(asked)} questions"
        )
    found = tuple(choices(judged, trace, given, wanted, asked, k, head))
    return Oracle(k, head, trace, found, AGGREGATORS[cfg.aggregator].routes)


def choices(
    model: SequenceModel, trace: Trace, tokens: list[int], wanted: list[int], asked: list[int], k: int, head: int
) -> Iterator[Choice]:
    """The choice of every question in `asked`."""
    x = model.before(np.array(tokens))
    reads = answers(trace)

    for t in asked:
        s = int(trace.segment_of[t])
        subsets = np.array(list(combinations(range(s), min(k, s))))
        every = [list(subset) for subset in subsets] + [list(range(s)), []]
        chosen = np.flatnonzero(trace.selected[t, head]).tolist()
        # γ = softmax over what is read, y = Σ_i γ^(i) M^(i)(q)             (16, 17)
        y = np.repeat(trace.output[None, t], len(every), 0)
        for row, subset in enumerate(every):
            if subset == chosen:
                continue  # as the run computed it
            read = [*subset, s]
            gates = softmax(trace.scores[t, head, read][:, None])[:, 0]
            y[row, head] = gates @ reads[t, head, read]
        bits = -np.log2(likelihood(model.after(x[[t]], y))[:, wanted[t]])
        yield Choice(
            t=t,
            source=trace.sources[t] if trace.sources else -1,
            subsets=subsets,
            losses=bits[:-2],
            router=int(np.flatnonzero((subsets == chosen).all(1))[0]),
            all=float(bits[-2]),
            none=float(bits[-1]),
        )


def answers(trace: Trace) -> Float[Array, "T H N V"]:
    """What every memory of the last layer says to every token, also those that its router did not select."""
    cfg = replace(trace.config, aggregator="grm")
    every = memory_caching(trace.q, trace.k, trace.v, trace.u, cfg, trace.coefficients, trace.initial)
    assert every.reads is not None
    return every.reads


def readable(model: Model) -> SequenceModel:
    """The model in NumPy, with the same weights. Raises `ValueError` for one of another kind."""
    if isinstance(model, SequenceModel):
        return model
    from mcviz import pytorch
    from mcviz.pytorch.traces import numpy

    if not isinstance(model, pytorch.SequenceModel):
        raise ValueError(
            "model: expected a SequenceModel, where nothing after the last layer mixes tokens, got "
            f"{type(model).__name__}"
        )
    return SequenceModel(model.config, {name: numpy(tensor) for name, tensor in model.state_dict().items()})


def as_read(model: SequenceModel, cfg: MCConfig) -> SequenceModel:
    """The model with another way of reading its last layer; the layers before it read as they do."""
    other, last = copy(model), model.blocks[-1]
    other.blocks = [*model.blocks[:-1], Block(replace(last.config, mixer=cfg), last.weights)]
    return other


def measure(model: Model, task: Any, k: int, seed: int = 0, sequences: int = 8) -> dict[str, float]:
    """`Oracle.mean` over the questions of several held-out sequences of a task."""
    batch, model = task.held_out.sample((seed, EVALUATION), sequences), readable(model)
    wanted = np.where(batch.mask, batch.targets, -1)
    found = [
        consult(model, row.tolist(), targets.tolist(), k) for row, targets in zip(batch.tokens, wanted, strict=True)
    ]
    together = replace(found[0], choices=tuple(choice for one in found for choice in one.choices))
    return together.mean
