"""What ships that is nearest to a point of the frontier, and in what it differs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mcviz import zoo
from mcviz.claims.point import SIZES, Point
from mcviz.tasks.recall import MQAR
from mcviz.zoo import Card


class Near(NamedTuple):
    """A model to watch in place of a point's own, which does not ship."""

    name: str  # in `mcviz.zoo`
    apart: tuple[str, ...]  # what it has in place of what the point has, each in a few words


def nearest(point: Point) -> Near | None:
    """The model that ships and learned the point's task with its memory rule and its aggregator.

    None where there is no such model, and for attention, which has no memories to watch.
    """
    ours = {**SIZES, "memory": "linear", "segmentation": "constant", "start": "independent", **point.settings}
    for name in zoo.names():
        card = Card.read(zoo.SHIPPED / f"{name}.json")
        mixer = card.model.mixer
        if mixer is not None and isinstance(card.task, MQAR):
            its = {**vars(mixer), "key": card.model.key, "value": card.model.value, "pairs": card.task.pairs}
            if (its["aggregator"], its["memory"]) == (ours["aggregator"], ours["memory"]):
                both = zip(_said(its), _said(ours), strict=True)
                return Near(name, tuple(f"{mine} in place of {other}" for mine, other in both if mine != other))
    return None


def _said(sizes: Mapping[str, Any]) -> list[str]:
    """What a model has, one thing after the other: the same things for the same aggregator."""
    said = [f"{sizes['key']} × {sizes['value']}", f"{sizes['pairs']} pairs"]
    if sizes["aggregator"] != "none":
        cut, start = sizes["segmentation"], sizes["start"]
        said.append(f"segments of {sizes['segment_length']}" if cut == "constant" else f"{cut} segments")
        said.append("segments that go on" if start == "checkpoint" else "segments that start anew")
    return [*said, *([f"k = {sizes['top_k']}"] if sizes["aggregator"] == "ssc" else [])]
