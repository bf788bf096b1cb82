"""Runs, computed once for all sessions and kept in a bounded store. A Trace never changes, so it can be shared."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import streamlit as st

from app.dressing import dressed
from mcviz import MCConfig, Trace, claims, examples, figures, tradeoff, watch, words, writing
from mcviz import film as films
from mcviz.config import AGGREGATORS
from mcviz.cost import Cost
from mcviz.film import Film
from mcviz.probes import edits, fading, interference, surgery
from mcviz.probes.oracle import Choice, Oracle
from mcviz.stepper.kept import Kept
from mcviz.tradeoff import Setting, count, game
from mcviz.watch import Sitting
from mcviz.writing import Draft

KEPT = 24
"""Runs of each kind that are kept at most, and fewer where they are large."""
_kept = Kept(384 * 2**20)
HASHES: dict[str | type, Callable[..., str]] = {
    Trace: lambda trace: trace.hash,
    Oracle: lambda asked: f"{asked.trace.hash} {asked.k} {asked.head}",
    Choice: lambda choice: str(choice.t),  # of an Oracle, which is given with it
    Sitting: repr,
    Draft: repr,
    Setting: repr,
    claims.Point: lambda point: point.name,
    fading.Fading: lambda seen: f"{seen.place} {seen.value.tobytes().hex()}",
}


@_kept.shared
@st.cache_resource(max_entries=KEPT, show_spinner="Running the reference …")
def example(name: str, cfg: str, text: str, split: str) -> Trace:
    """The run of an example under the configuration `cfg` (JSON). Raises the library's `ValueError`s."""
    trace = examples.run(name, MCConfig.from_json(cfg), text=text, split=split)
    return _kept.keep(trace, trace.nbytes)


@_kept.shared
@st.cache_resource(max_entries=KEPT, show_spinner="Running the model …", hash_funcs=HASHES)
def model(sitting: Sitting, backend: str) -> Trace:
    """The run of a trained model on a sequence. Raises the library's `ValueError`s."""
    trace = watch.run(sitting, backend)
    return _kept.keep(trace, trace.nbytes)


@_kept.shared
@st.cache_resource(max_entries=KEPT, show_spinner=False, hash_funcs=HASHES)
def written(draft: Draft, backend: str) -> Trace:
    """The run of a trained model on the reader's text and what it wrote. Raises the library's `ValueError`s."""
    trace = writing.run(draft, backend)
    return _kept.keep(trace, trace.nbytes)


@st.cache_resource(show_spinner=False)
def reel(name: str) -> Film:
    """A film that ships, of which nothing is run."""
    return films.load(name)


@_kept.shared
@st.cache_resource(max_entries=8, show_spinner="Running the frames …")
def film(name: str) -> Film:
    """A film that ships, with the runs of its frames."""
    found = films.load(name)
    return _kept.keep(found, sum(frame.trace.nbytes for frame in found.frames))


@_kept.shared
@st.cache_resource(max_entries=KEPT, show_spinner="Running again …", hash_funcs=HASHES)
def edited(trace: Trace, changes: str, sitting: Sitting | None) -> Trace:
    """The run after surgery, with what its model makes of it, where there is one."""
    after = surgery.operate(trace, edits.parse(changes))
    after = after if sitting is None else watch.answered(sitting, after)
    return _kept.keep(after, after.nbytes)


@_kept.shared
@st.cache_resource(max_entries=KEPT, show_spinner="Asking every memory …", hash_funcs=HASHES)
def recall(trace: Trace, head: int) -> tuple[interference.Recall, interference.Capacity]:
    """What every memory answers to every pair, and how that goes as the sequence does."""
    asked, grown = interference.recall(trace, head), interference.capacity(trace, head)
    return _kept.keep((asked, grown), 2 * asked.recovered.nbytes)


@st.cache_resource(max_entries=KEPT, show_spinner=False, hash_funcs=HASHES)
def faded(trace: Trace, place: int) -> fading.Fading:
    """What one memory gives back for the pair of token `place`, as others are written on top."""
    return fading.fading(trace, place)


@_kept.shared
@st.cache_resource(max_entries=KEPT, show_spinner="Trying every selection …", hash_funcs=HASHES)
def oracle(sitting: Sitting, k: int, head: int) -> Oracle:
    """What every selection would have cost. Raises the library's `ValueError`s."""
    asked = watch.consult(sitting, k, head)
    return _kept.keep(asked, asked.trace.nbytes + sum(one.subsets.nbytes + one.losses.nbytes for one in asked.choices))


@st.cache_resource(max_entries=4 * KEPT, show_spinner=False, hash_funcs=HASHES)
def drawn(says: str, name: str, theme: str, *given: Any) -> figures.Figure:
    """The figure called `name`, a small one, of what it is given, dressed. Whoever shows it leaves it as it is."""
    return dressed(getattr(figures, name)(*given, theme=theme), says, theme)


@_kept.shared
@st.cache_resource(max_entries=KEPT, show_spinner=False, hash_funcs=HASHES)
def recovered(says: str, trace: Trace, head: int, theme: str) -> figures.Figure:
    """What each memory gives back, dressed. Whoever shows it leaves it as it is."""
    asked, _ = recall(trace, head)
    figure = figures.recovered(trace, asked.places, asked.likeness, asked.right, theme)
    return _kept.keep(dressed(figure, says, theme), 64 * asked.likeness.size)


@st.cache_resource(max_entries=4 * KEPT, show_spinner=False, hash_funcs=HASHES)
def table(name: str, *given: Any) -> dict[str, list[str]]:
    """The table called `name` of what it is given, made once for all readers, who leave it as it is."""
    columns: dict[str, list[str]] = getattr(words, name)(*given)
    return columns


@st.cache_resource(show_spinner=False)
def board() -> list[claims.Finding]:
    """Every claim with what the runs that ship say to it."""
    return claims.board()


@st.cache_resource(show_spinner=False)
def finding(name: str) -> claims.Finding:
    """One claim with what the runs that ship say to it: the whole board takes ten times as long."""
    return claims.board(names=[name])[0]


@st.cache_resource(max_entries=KEPT, hash_funcs=HASHES)
def without_answers(trace: Trace) -> Trace:
    """The run, but for where answers stand, what they are, and what a model says."""
    return replace(trace, sources=(), predictions=None, alone=None)


@st.cache_resource(max_entries=KEPT, show_spinner="Counting …", hash_funcs=HASHES)
def counted(setting: Setting) -> dict[str, Cost]:
    """What runs of the reference were counted to do, by aggregator, and attention beside them."""
    sizes = (setting.L, setting.d, setting.H, setting.itemsize)
    ways = (*AGGREGATORS, tradeoff.LOG_LINEAR)
    runs = {name: count.run(setting.config(name), *sizes) for name in ways}
    return {**runs, tradeoff.ATTENTION: count.attention(*sizes)}


def measured(setting: Setting) -> dict[str, tuple[float, float]]:
    """Milliseconds on this machine and their ratios to attention's, taken now. Raises the library's `ValueError`s."""
    if not watch.available("pytorch"):
        raise ValueError("torch: expected PyTorch, which is what is measured; the extra 'torch' brings it")
    from mcviz import bench

    with st.spinner("Measuring …"):
        return dict(bench.beside(setting))


@st.cache_resource(show_spinner=False)
def rows() -> list[dict[str, Any]]:
    """The stored runs that claims rest on."""
    return [dict(row) for row in claims.rows()]


@st.cache_resource(show_spinner=False)
def points() -> list[claims.Point]:
    """The points of the frontier that were run."""
    return claims.points(rows())


@st.cache_resource(max_entries=4 * KEPT, hash_funcs=HASHES)
def nearest(point: claims.Point) -> claims.Near | None:
    """The model that ships and is nearest to a point."""
    return claims.nearest(point)


def stored(claim: claims.Claim) -> bytes:
    """The stored runs that a claim rests on, a line of JSON each."""
    wanted = [condition.settings for condition in claim.conditions.values()]
    return "".join(f"{json.dumps(row)}\n" for row in rows() if row["settings"] in wanted).encode()


def plays() -> list[game.Play]:
    """What the game can be played with: the points of the frontier."""
    return list(points())


def saved(trace: Trace) -> bytes:
    """The bytes of `Trace.save`."""
    file = BytesIO()
    trace.save(file)
    return file.getvalue()
