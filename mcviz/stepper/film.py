"""A film as a payload: a run at several steps of training, of which the front end shows one at a time.

A film is anything of the shape of `Film`, such as a `mcviz.film.Film`. Its frames have most of their header in common,
so all but the first say only where they differ from it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from mcviz.checks import place
from mcviz.stepper.blob import lay_out
from mcviz.stepper.html import document
from mcviz.stepper.payload import BUDGET, Array, Laid, glossary_of, online_of, run_of
from mcviz.trace import Trace

FRAME_BUDGET = 44_000
"""What `mcviz.stepper.pack` takes for one run: so many bytes for each frame keep a film about as large as a run."""


@runtime_checkable
class Described(Protocol):
    """What can say what it is, as plain JSON values."""

    def to_dict(self) -> dict[str, Any]: ...


@runtime_checkable
class Frame(Protocol):
    """The run at one step of training, and what was measured of the model then; None where it has no such thing."""

    @property
    def step(self) -> int: ...
    @property
    def trace(self) -> Trace: ...
    @property
    def loss(self) -> float | None: ...
    @property
    def accuracy(self) -> float | None: ...
    @property
    def hit_rate(self) -> float | None: ...
    @property
    def gate_entropy(self) -> float | None: ...


@runtime_checkable
class Jump(Protocol):
    """Between two frames, by their numbers, much changed: what is called so, from one value to another."""

    @property
    def name(self) -> str: ...
    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def before(self) -> float: ...
    @property
    def after(self) -> float: ...


@runtime_checkable
class Film(Protocol):
    """The frames of one training run, in order."""

    @property
    def task(self) -> Described: ...
    @property
    def model(self) -> Described: ...
    @property
    def training(self) -> Mapping[str, Any]: ...
    @property
    def frames(self) -> Sequence[Frame]: ...
    @property
    def jumps(self) -> Sequence[Jump]: ...


class Curve(NamedTuple):
    """A measurement at every frame; None where it was not made. A `share` is between 0 and 1."""

    name: str
    title: str
    values: tuple[float | None, ...]
    share: bool = False


TITLES = {"accuracy": "accuracy", "largest": "hit rate", "read": "read rate", "entropy": "gate entropy"}
"""What is measured, as people call it."""


def pack_film(
    film: Film,
    first: int = 0,
    stop: int | None = None,
    *,
    budget: int = FRAME_BUDGET,
) -> bytes:
    """The payload of a film: what was measured at its frames before `stop`, and their runs from `first` on.

    A front end that has the earlier frames of the film keeps them. `budget` is that of `mcviz.stepper.pack`, for each
    frame. Raises `ValueError` for a film without frames, and if it has no frame `first`.
    """
    if not known(film).frames:
        raise ValueError("film: expected at least one frame, got none")
    first = place("first", first, len(film.frames), "frame")
    frames = film.frames[:stop]
    headers: list[dict[str, Any]] = []
    arrays: dict[str, Array] = {}
    for i, frame in enumerate(frames[first:]):
        header, own = laid(frame.trace, budget)
        header = {**header, "hash": frame.trace.hash, "asking": []}
        headers.append({key: value for key, value in header.items() if not i or value != headers[0][key]})
        arrays |= {f"{i}.{key}": array for key, array in own.items()}
    about = {
        "id": identity(film),
        "steps": [frame.step for frame in frames],
        "total": film.training["steps"],
        "first": first,
        "curves": [curve._asdict() for curve in curves(frames)],
        "jumps": [{"frame": jump.last, "says": says(jump)} for jump in film.jumps if jump.last < len(frames)],
    }
    whole = {"id": part(film, first, len(frames)), "runs": headers, "difference": None, "film": about}
    return lay_out({**whole, "glossary": glossary_of()}, arrays)


def known(film: Film) -> Film:
    """`film`, if it has frames. Raises `ValueError` otherwise."""
    if not hasattr(film, "frames"):
        raise ValueError(f"film: expected a film, got {type(film).__name__}")
    return film


_laid: WeakKeyDictionary[Trace, dict[int, Laid]] = WeakKeyDictionary()


def laid(trace: Trace, budget: int) -> Laid:
    """The run of a frame, made once for all payloads that it goes into while a film grows."""
    kept = _laid.setdefault(trace, {})
    if budget not in kept:
        kept[budget] = run_of(trace, budget)
    return kept[budget]


def pack_film_online(film: Film, frame: int, t: int, payload: str, *, budget: int = BUDGET) -> bytes:
    """The online states around token `t` in a frame, for the front end that shows the payload of that name.

    Raises `ValueError` if there is no such frame or token.
    """
    frame = place("frame", frame, len(known(film).frames), "frame")
    spans, arrays = online_of([film.frames[frame].trace], t, budget)
    return lay_out({"id": payload, "frame": frame, "online": spans}, arrays)


def part(film: Film, first: int, stop: int) -> str:
    """A name for what `pack_film` makes of these frames: equal names, equal payloads."""
    return f"{identity(film)}-{first}-{stop}-{film.frames[stop - 1].step}"


def film_page(
    film: Film,
    *,
    frame: int = 0,
    step: int = 0,
    head: int = 0,
    segment: int = -1,
    hide_answers: bool = False,
    notes: Sequence[tuple[str, str]] = (),
    title: str = "",
    budget: int = FRAME_BUDGET,
) -> str:
    """A self-contained page with the stepper on a film, as `mcviz.stepper.page` has one on a run.

    It opens at `frame`, -1 for the last, under a title of its own or that of its last run. Raises `ValueError` as
    `pack_film` does.
    """
    data = pack_film(film, budget=budget)
    at = {"frame": frame, "step": step, "head": head, "segment": segment, "veiled": bool(hide_answers)}
    return document(data, title or film.frames[-1].trace.title, at, notes)


def identity(film: Film) -> str:
    """A name for a film, which stays as it grows: what is trained on what, and how, and the sequence that is shown."""
    about = [film.task.to_dict(), film.model.to_dict(), dict(film.training), film.frames[0].trace.tokens]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def curves(frames: Sequence[Frame]) -> list[Curve]:
    """What was measured, frame after frame."""
    found = [
        Curve("loss", "loss", tuple(frame.loss for frame in frames)),
        Curve("accuracy", TITLES["accuracy"], tuple(frame.accuracy for frame in frames), True),
        Curve("hit", TITLES["largest"], tuple(frame.hit_rate for frame in frames), True),
        Curve("entropy", f"{TITLES['entropy']}, bits", tuple(frame.gate_entropy for frame in frames)),
    ]
    return [curve for curve in found if any(value is not None for value in curve.values)]


def says(jump: Jump) -> str:
    """What jumped, in words without a full stop.

    >>> from types import SimpleNamespace
    >>> says(SimpleNamespace(name="accuracy", before=0.125, after=0.75))
    'accuracy goes from 12 % to 75 %'
    """
    name = TITLES.get(jump.name, jump.name)
    if jump.name == "entropy":
        return f"{name} goes from {jump.before:.2f} to {jump.after:.2f} bits"
    before, after = (f"{value:.0%}".replace("%", " %") for value in (jump.before, jump.after))
    return f"{name} goes from {before} to {after}"
