"""The segment length as a dial: gates, recall, reads and bytes of real runs, side by side as a slider moves.

>>> from mcviz.course import dial
>>> places = dial.shelf((4, 104))
>>> [(place.C, place.reads) for place in places]
[(4, 26), (104, 1)]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import ipywidgets as widgets
import numpy as np
from jaxtyping import Float

from mcviz import brief, stand_in
from mcviz.config import MCConfig
from mcviz.palette import ANYWHERE
from mcviz.reference import memory_caching

Array = np.ndarray
TOPIC, OWN, V, TOPICS, PAIRS = 16, 32, 16, 8, 12
"""Numbers of a key for its topic and of its own, of a value, and topics and pairs of each on the shelf."""

SHARPNESS = 8.0
LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 104)
"""Segment lengths to turn to; the last is the whole sequence."""

SHELVES = 4
"""Shelves that recall is averaged over; the gates are those of the first."""


@dataclass(frozen=True)
class Place:
    """What a segment length comes to."""

    __repr__ = brief.of_fields

    C: int
    gates: Float[Array, "questions tokens"]  # of each question, on the segment of each token
    recall: float  # mean cosine of what questions read with the values that they ask for
    reads: int  # of the last token
    numbers: int  # in the cache at the end, the online memory included

    @property
    def bytes(self) -> int:
        """What the cache takes in numbers of 32 bits."""
        return 4 * self.numbers


def questions(seed: int) -> tuple[tuple[Array, Array, Array, Array], Array]:
    """Queries, keys, values and connectors [T, 1, ·] of a shelf, and where the answer of each last token stands."""
    rng = np.random.default_rng(seed)
    n = TOPICS * PAIRS
    topics = rng.standard_normal((TOPICS, TOPIC)) / np.sqrt(TOPIC)
    own = rng.standard_normal((n, OWN)) / np.sqrt(OWN)
    values = rng.standard_normal((n, V))
    sources = rng.permutation(TOPICS) * PAIRS + rng.integers(PAIRS, size=TOPICS)
    asked = np.concatenate([np.arange(n), sources])
    topic = np.repeat(topics, PAIRS, 0)[asked]
    stored = (np.arange(len(asked)) < n)[:, None]
    k = np.concatenate([topic, own[asked]], 1) * stored
    v = values[asked] * stored
    q = np.concatenate([np.zeros_like(topic), own[asked]], 1)
    u = SHARPNESS * np.concatenate([topic, np.zeros_like(own[asked])], 1)
    return (q[:, None], k[:, None], v[:, None], u[:, None]), sources


@cache
def shelf(lengths: Sequence[int] = LENGTHS) -> tuple[Place, ...]:
    """A place of the dial for each segment length: GRM over a shelf of topics, run by the reference."""
    return tuple(place(C) for C in lengths)


def place(C: int) -> Place:
    """What GRM comes to with segments of C tokens. Raises `ValueError` for a length below 1."""
    found = []
    for seed in range(SHELVES):
        (q, k, v, u), sources = questions(seed)
        run = memory_caching(q, k, v, u, MCConfig(segment_length=C))
        said, wanted = run.output[-TOPICS:, 0], v[sources, 0]
        found.append(np.mean((said * wanted).sum(-1) / np.linalg.norm(said, axis=-1) / np.linalg.norm(wanted, axis=-1)))
        if seed == 0:
            gates = run.weights[-TOPICS:, 0][:, run.segment_of]
            reads, numbers = int(run.counts["reads"][-1]), run.N * run.K * run.V
    return Place(C, gates, float(np.mean(found)), reads, numbers)


class Dial(widgets.VBox):  # type: ignore[misc]
    """A slider over places, and a picture of the one that it stands at."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        options = [(str(place.C), n) for n, place in enumerate(places)]
        self.slider = widgets.SelectionSlider(options=options, value=len(places) // 2, description="C")
        self.shown = widgets.HTML(picture(places, len(places) // 2))
        self.slider.observe(self.turn, "value")
        super().__init__([self.slider, self.shown])

    def turn(self, change: object = None) -> None:
        """Show the place of the slider."""
        self.shown.value = picture(self.places, self.slider.value)

    def _ipython_display_(self) -> None:
        """The widget, and where it does not live the picture of the place where the slider stands."""
        still = picture(self.places, self.slider.value) + "<p><i>The slider appears where the cell is run.</i></p>"
        stand_in.show(self, still, "the dial")


def picture(places: Sequence[Place], at: int) -> str:
    """The gates of a place as a map, and its recall, reads and bytes among those of all places, as SVG."""
    here = places[at]
    rows, columns = here.gates.shape
    most = float(here.gates.max()) or 1.0
    cells = "".join(
        f"<rect x='{5 * j}' y='{14 * i}' width='5' height='13' fill='{ANYWHERE['gate']}' "
        f"fill-opacity='{here.gates[i, j] / most:.2f}'/>"
        for i in range(rows)
        for j in range(columns)
        if here.gates[i, j] > 0.02 * most
    )
    cuts = "".join(
        f"<path d='M{5 * c} 0V{14 * rows}' stroke='currentColor' stroke-opacity='0.4'/>"
        for c in range(here.C, columns, here.C)
    )
    frame = f"<rect width='{5 * columns}' height='{14 * rows}' fill='none' stroke='currentColor' stroke-opacity='0.6'/>"
    measured = [
        bar("recall (cosine)", [place.recall for place in places], at, f"{here.recall:.2f}", 0),
        bar("last token's reads (log)", [np.log2(1 + place.reads) for place in places], at, f"{here.reads}", 180),
        bar("bytes of the cache (log)", [np.log2(place.bytes) - 10 for place in places], at, f"{here.bytes:,}", 360),
    ]
    return (
        f"<svg viewBox='0 0 560 260' width='100%' style='max-width:760px' role='img' font-family='sans-serif' "
        f"font-size='11' fill='currentColor'><title>Segments of {here.C} tokens: recall {here.recall:.2f}, "
        f"{here.reads} reads, {here.bytes} bytes</title><text y='12'>Segments of {here.C} tokens. Gates of the eight "
        f"questions (rows) on the segment of each token</text><g transform='translate(0 20)'>{cuts}{cells}{frame}</g>"
        f"<g transform='translate(0 150)'>{''.join(measured)}</g></svg>"
    )


def bar(name: str, values: Sequence[float], at: int, said: str, x: int) -> str:
    """A small bar chart over all places, with the present one dark and its value said."""
    tall = [70 * max(0.0, value) / max(values) for value in values]
    bars = "".join(
        f"<rect x='{13 * n}' y='{90 - height:.1f}' width='11' height='{height:.1f}' "
        f"fill='{'currentColor' if n == at else ANYWHERE['muted']}'/>"
        for n, height in enumerate(tall)
    )
    return f"<g transform='translate({x} 0)'><text y='12'>{name}: {said}</text>{bars}</g>"
