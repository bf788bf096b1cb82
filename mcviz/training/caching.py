"""Caching after training (section 4.3): a plain recurrent model, cached only when it is used, on longer sequences.

    python -m mcviz.training.caching --out FOLDER

measures the plain recurrent models that ship with mcviz at once, twice and four times the length they were trained
on, and writes `caching.jsonl` into FOLDER. Nothing is learned: the same weights read their memories in another way.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mcviz.pytorch import SequenceModel
from mcviz.tasks import Task
from mcviz.training.evaluation import evaluate
from mcviz.zoo import Trained, load, names, store

SIZE = {"needle": "haystack", "topics": "documents", "text": "length"}
"""The size of a task that makes its sequences longer, and nothing else harder."""

FACTORS = (1, 2, 4)

WAYS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "average, going on": {"aggregator": "average", "start": "checkpoint"},
    "average, from the start": {"aggregator": "average", "start": "independent"},
    "residual, going on": {"aggregator": "residual", "start": "checkpoint"},
    "residual, from the start": {"aggregator": "residual", "start": "independent"},
}
"""Ways to read: plain; or with the state cached every training length, going on from it or starting anew."""


def longer(task: Task, factor: int) -> Task:
    """The task on sequences that are `factor` times as long, but for the questions."""
    size = SIZE[task.name]
    return replace(task, **{size: factor * getattr(task, size)})


def cached(model: Trained, way: str) -> SequenceModel:
    """The model's weights, reading as `way` says; a segment is as long as the sequences of its training."""
    config, length = model.card.model, model.card.task.length
    assert config.mixer is not None
    mixer = replace(config.mixer, segment_length=length, **WAYS[way])
    other = SequenceModel(replace(config, mixer=mixer))
    other.load_state_dict(model.state_dict())
    return other.eval()


def measure(model: Trained, sequences: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """A row of plain JSON values for each length and way."""
    for factor in FACTORS:
        task = longer(model.card.task, factor)
        for way in WAYS:
            measured = evaluate(cached(model, way), task, seed, sequences)
            yield {
                "model": model.card.name,
                "factor": factor,
                "way": way,
                **{name: list(measured[name]) for name in ("accuracy", "bits")},
            }


def recurrent(folder: Path) -> list[str]:
    """The models in `folder` that are plain recurrent ones, on tasks that can be made longer."""
    found = []
    for name in names(folder):
        card = load(name, folder).card
        if card.task.name in SIZE and card.model.mixer is not None and card.model.mixer.aggregator == "none":
            found.append(name)
    return found


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as lines of JSON."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=store.SHIPPED, metavar="FOLDER", help="where the models lie")
    parser.add_argument("--out", type=Path, default=Path("runs"), metavar="FOLDER", help="where the table goes")
    parser.add_argument("--sequences", type=int, default=128, help="how many to measure on")
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in tqdm(recurrent(args.models), unit="model"):
        rows += measure(load(name, args.models), args.sequences)
    store.replace(args.out / "caching.jsonl", lines(rows))
    for row in rows:
        print(
            f"{row['model']:18} {row['factor']} ×  {row['accuracy'][0]:.3f}  {row['bits'][0]:6.2f} bits  {row['way']}"
        )


if __name__ == "__main__":
    main()
