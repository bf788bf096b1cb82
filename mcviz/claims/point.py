"""Points of the frontier: what each way to remember recalled, beside what its last token keeps, reads and computes."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mcviz.claims.claim import Settings
from mcviz.claims.frontier import PAIRS
from mcviz.claims.interval import Interval, bootstrap
from mcviz.claims.spent import Spent
from mcviz.model import FENWICK
from mcviz.rows import Row
from mcviz.rules import AGGREGATORS, SHEETS

FACTORS = (1, 2, 4)
"""Times as many pairs as in training."""
ASKED: Mapping[int, str] = {1: "24 pairs, as in training", 2: "48 pairs", 4: "96 pairs"}
"""How many that is."""

ONE, RULE, ADDED, GATED, SELECTED, TREE, ATTENTION, SPARSE = KINDS = (
    "RNN, linear memory",
    "RNN, other rules",
    "residual sum",
    "GRM and soup",
    "SSC",
    "log-linear attention",
    "softmax attention",
    "sparse attention",
)
SIZES: Mapping[str, int] = {"key": 24, "value": 8, "segment_length": 8, "top_k": 2}
"""Of models trained on MQAR, where settings name none; a test holds them against `mcviz.training.plan`."""
DIALS = {*PAIRS, *SIZES, "aggregator", "memory", "segmentation", "start", "window", "stride"}
"""What a setting of the frontier may name: others, as those of the ladder, are other models on other tasks."""


class Point(NamedTuple):
    """One setting: trained once for each seed, and asked with one, two and four times as many pairs."""

    name: str  # in a few words
    kind: str  # one of KINDS
    command: str  # trains the first seed's model
    seeds: tuple[int, ...]
    parameters: int
    spent: Mapping[int, Spent]  # by factor
    recall: Mapping[int, Interval]  # by factor
    settings: Settings  # as `mcviz.training.plan` takes them


def points(rows: Iterable[Row]) -> list[Point]:
    """The points among `rows`, those that keep least first. Rows of other trials are passed over."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if "kept" in row and PAIRS.items() <= row["settings"].items() and row["settings"].keys() <= DIALS:
            groups.setdefault(json.dumps(row["settings"], sort_keys=True), []).append(row)
    found = [point(sorted(some, key=lambda row: int(row["seed"]))) for some in groups.values()]
    return sorted(found, key=lambda one: (one.spent[1].kept, one.name))


def point(rows: list[Row]) -> Point:
    """The point of the rows of one setting."""
    settings = rows[0]["settings"]
    at = {factor: "" if factor == 1 else f" ×{factor}, plain" for factor in FACTORS}
    return Point(
        called(settings),
        kind(settings),
        command(settings),
        tuple(row["seed"] for row in rows),
        rows[0]["parameters"],
        {factor: Spent(*(rows[0][f"{name}{end}"] for name in Spent._fields)) for factor, end in at.items()},
        {factor: bootstrap([row[f"accuracy{end}"] for row in rows]) for factor, end in at.items()},
        settings,
    )


def kind(settings: Settings) -> str:
    """Which of KINDS a setting is."""
    aggregator = settings["aggregator"]
    if aggregator == "none":
        return ONE if settings.get("memory", "linear") == "linear" else RULE
    if aggregator == "attention":
        return SPARSE if settings.keys() & {"window", "stride"} else ATTENTION
    return {"ssc": SELECTED, "residual": ADDED, FENWICK: TREE}.get(aggregator, GATED)


def called(settings: Settings) -> str:
    """A setting in a few words: `SSC 24 × 8, C = 8, k = 2`."""
    size: dict[str, Any] = {**SIZES, **settings}
    aggregator, memory = size["aggregator"], size.get("memory", "linear")
    others = {"none": "RNN", "attention": "attention", FENWICK: "log-linear"}
    name = others.get(aggregator) or AGGREGATORS[aggregator].short
    words = [f"{name} {size['key']} × {size['value']}"]
    words += [SHEETS[memory].short] if memory != "linear" else []
    if aggregator in AGGREGATORS and aggregator != "none":
        cut = size.get("segmentation", "constant")
        words.append(f"C = {size['segment_length']}" if cut == "constant" else f"{cut} segments")
    words += [f"k = {size['top_k']}"] if aggregator == "ssc" else []
    words += [f"{name} {size[name]}" for name in ("window", "stride") if name in size]
    words += ["going on"] if size.get("start") == "checkpoint" else []
    return ", ".join(words)


def command(settings: Settings) -> str:
    """What trains a model in a setting, on the command line."""
    flags = {name: settings[name] for name in ("aggregator", "memory", "steps") if name in settings}
    sizes = [f"{name}={value}" for name, value in settings.items() if name not in {"task", *flags}]
    said = [f"--{name} {value}" for name, value in flags.items()]
    return " ".join(["mcviz train", settings["task"], *said, *(["--set", *sizes] if sizes else [])])
