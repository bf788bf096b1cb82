"""What was measured of models that were trained in a setting: the stored runs that have it."""

from collections.abc import Iterable
from typing import NamedTuple

from mcviz.claims.interval import Interval, bootstrap
from mcviz.config import MCConfig
from mcviz.rows import Row
from mcviz.rules import AGGREGATORS

VARIED = ("aggregator", "segment_length", "segmentation", "start", "gate", "top_k")
"""What the settings of a row may change of a task's own model."""


class Trained(NamedTuple):
    """The mean accuracy over seeds, and how many they are."""

    accuracy: Interval
    seeds: int


def trained(task: str, own: MCConfig, cfg: MCConfig, rows: Iterable[Row]) -> Trained | None:
    """The accuracy of the runs in `rows` that were trained on `task` under `cfg`; None where there are none.

    `own` is the configuration from which the settings of a row depart.
    """
    wanted = what_counts({name: getattr(cfg, name) for name in VARIED})
    usual = {name: getattr(own, name) for name in VARIED}
    found = {}
    for row in rows:
        settings = row["settings"]
        changes = {name: value for name, value in settings.items() if name != "task"}
        if settings.get("task") != task or not changes.keys() <= set(VARIED):
            continue
        if changes.get("aggregator") in AGGREGATORS and what_counts(usual | changes) == wanted:
            found[row["seed"]] = float(row["accuracy"])
    return Trained(bootstrap(list(found.values())), len(found)) if found else None


def what_counts(settings: dict[str, object]) -> dict[str, object]:
    """The settings without those that their aggregator ignores."""
    one = AGGREGATORS[str(settings["aggregator"])]
    ignored = set() if one.gated else {"gate"}
    ignored |= set() if one.routes else {"top_k"}
    ignored |= {"segment_length"} if settings["segmentation"] != "constant" else set()
    if settings["aggregator"] == "none":
        ignored |= {"segment_length", "segmentation", "start"}
    return {name: value for name, value in settings.items() if name not in ignored}
