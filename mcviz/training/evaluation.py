"""What a trained model can do: right answers, bits, and whether its gates find the segment that holds the answer."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Num
from torch import Tensor
from torch.nn.functional import cross_entropy

from mcviz.config import GATED
from mcviz.pytorch import MemoryCaching, SequenceModel
from mcviz.pytorch.model import Block
from mcviz.pytorch.threads import limited
from mcviz.tasks import Batch, Task
from mcviz.tasks.task import EVALUATION, NOWHERE
from mcviz.trace import Trace
from mcviz.zoo import Measure

AT_ONCE, TOKENS = 128, 2**16
"""Sequences that are run together, and tokens of them, at most: few enough that what is recorded stays small."""

Values = dict[str, Float[np.ndarray, "..."]]
"""Measurements by name, a number for each sequence."""

Z = 3.29
"""Standard deviations to each side of an interval: a normal variable leaves it once in 1,000 times."""


def evaluate(model: SequenceModel, task: Task, seed: int = 0, sequences: int = 256) -> dict[str, Measure]:
    """Measure a model on fresh sequences of `task.held_out`.

    accuracy   share of answers that are the likeliest token
    recalled   accuracy where what is wanted was said before, at the first token of it; where only some of it was
    bits       mean of -log2 of the answer's probability: bits per character, for text
    largest    share of questions whose answer's segment has the largest gate
    read       share of questions whose answer's segment is read: among the router's choice, or the token's own
    chance     `largest` for gates that guess among the memories there are
    entropy    mean entropy of a question's gates, in bits

    Only models whose gates weigh memories have the last four, and only tasks whose answers stand somewhere the
    first three of these. They are those of the layer and head that has the highest `largest`: a model needs one
    head that finds the answer.
    """
    batch = task.held_out.sample((seed, EVALUATION), sequences)
    some = max(1, min(AT_ONCE, TOKENS // batch.tokens.shape[1]))
    parts = [slice(start, start + some) for start in range(0, sequences, some)]
    with limited(1), torch.no_grad():
        said, weighed = zip(*(look(model, part_of(batch, part)) for part in parts), strict=True)
    heads = [together(head) for head in zip(*weighed, strict=True)]
    best = max(heads, key=lambda head: np.mean(head.get("largest", 0.0)), default={})
    guess = math.log2(task.vocabulary)
    widen = {
        "accuracy": (0.0, 1.0),
        "recalled": (0.0, 1.0),
        "largest": (0.0, 1.0),
        "read": (0.0, 1.0),
        "bits": (guess,),
    }
    return {name: measure(values, widen.get(name, ())) for name, values in {**together(said), **best}.items()}


def look(model: SequenceModel, batch: Batch) -> tuple[Values, list[Values]]:
    """What a run answers, and what the gates of each head of each layer do with the questions, where gates weigh."""
    mixer = model.config.mixer
    tokens = torch.from_numpy(batch.tokens).to(next(model.parameters()).device)
    if mixer is None or mixer.aggregator not in GATED:
        return answers(model(tokens), batch), []
    logits, layers = traces(model, tokens)
    heads = range(model.config.heads)
    return answers(logits, batch), [questions(layer, batch, head) for layer in layers for head in heads]


def part_of(batch: Batch, part: slice) -> Batch:
    """Some of the sequences of a batch."""
    arrays = {name: getattr(batch, name)[part] for name in ("tokens", "targets", "mask", "sources")}
    return replace(batch, **arrays)


def together(parts: Sequence[Values]) -> Values:
    """The values of all sequences."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def answers(logits: Float[Tensor, "B T vocabulary"], batch: Batch) -> Values:
    """Accuracy and bits per answer."""
    targets = torch.from_numpy(batch.targets).to(logits.device)
    right = (logits.argmax(-1) == targets).double()
    bits = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view_as(right) / math.log(2)
    values = {
        "accuracy": per_sequence(right.cpu().numpy(), batch.mask),
        "bits": per_sequence(bits.double().cpu().numpy(), batch.mask),
    }
    again = said_again(batch.sources)
    some = again.any(1)
    if (batch.mask & (batch.sources < 0)).any() and some.any():
        values["recalled"] = per_sequence(right.cpu().numpy()[some], again[some])
    return values


def said_again(sources: Int[np.ndarray, "B T"]) -> Bool[np.ndarray, "B T"]:
    """Where the answer stands in the sequence, and is not just the next of those that the place before asked for."""
    before = np.pad(sources, ((0, 0), (1, 0)), constant_values=NOWHERE)[:, :-1]
    return (sources >= 0) & ((before < 0) | (sources != before + 1))


def traces(
    model: SequenceModel, tokens: Int[Tensor, "B T"]
) -> tuple[Float[Tensor, "B T vocabulary"], list[list[Trace]]]:
    """The logits of a run, and a Trace of it for each layer and sequence."""
    x, layers = model.embedding(tokens), []
    for block in model.blocks:
        assert isinstance(block, Block)
        assert isinstance(block.mixer, MemoryCaching)
        y, recorded = block.mixer(block.norm(x), trace=True)
        layers.append(recorded)
        x = block.channels(x + y)
    return model.head(model.norm(x)), layers


def questions(layer: list[Trace], batch: Batch, head: int) -> Values:
    """What the gates of one head do with the questions."""
    weights = np.stack([trace.weights[:, head] for trace in layer])
    entropy = -np.sum(weights * np.log2(np.where(weights > 0, weights, 1)), -1)
    values = {"entropy": per_sequence(entropy, batch.mask)}
    asked = batch.sources >= 0
    if asked.any():
        segment_of = layer[0].segment_of
        holds = segment_of[np.where(asked, batch.sources, 0)]
        read = np.stack([trace.read[:, head] for trace in layer])
        found = {
            "largest": weights.argmax(-1) == holds,
            "read": np.take_along_axis(read, holds[..., None], -1)[..., 0],
            "chance": np.broadcast_to(1 / (segment_of + 1), asked.shape),
        }
        some = asked.any(1)  # a sequence may ask for nothing that stands in it
        values |= {name: per_sequence(each[some], asked[some]) for name, each in found.items()}
    return values


def per_sequence(
    values: Num[np.ndarray, "B T"] | Bool[np.ndarray, "B T"], mask: Bool[np.ndarray, "B T"]
) -> Float[np.ndarray, "B"]:
    """The mean of `values` over each sequence's questions."""
    return np.sum(values, 1, where=mask) / np.sum(mask, 1)


def measure(values: Float[np.ndarray, "n"], extremes: tuple[float, ...] = ()) -> Measure:
    """The mean of independent values, and where the mean of as many new ones will lie.

    For the width, two more sequences are imagined at each of the `extremes`, all wrong, all right, or guessing: that
    none was seen does not mean that there are none.
    """
    middle = float(np.mean(values))
    half = Z * math.sqrt(2 / len(values)) * float(np.std([*values, *extremes, *extremes]))
    low, high = middle - half, middle + half
    return Measure(middle, max(0.0, low), min(1.0, high) if 1 in extremes else high)
