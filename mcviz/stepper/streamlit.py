"""The stepper in a Streamlit page.

The numbers go to the browser once for each run, in a component of their own; where to stand goes in a second, small
one. The reader steps without the server, which hears of it when the reader has come to rest.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from mcviz.checks import of_kinds, plain
from mcviz.stepper import asking, assets
from mcviz.stepper.film import FRAME_BUDGET, Film, pack_film, pack_film_online, part
from mcviz.stepper.film import identity as identity_of_film
from mcviz.stepper.kept import Kept
from mcviz.stepper.payload import BUDGET, carries_states, identity, pack, pack_online
from mcviz.trace import Trace

_numbers = st.components.v2.component("mcviz.numbers", js=assets.script(assets.NUMBERS))
_view = st.components.v2.component(
    "mcviz.stepper", html='<div class="mcviz"></div>', css=assets.style(), js=assets.script(), isolate_styles=True
)


class Selection(NamedTuple):
    """Where the reader stands: a token, a head, the segment whose memory is inspected (-1: the online one), a frame."""

    step: int = 0
    head: int = 0
    segment: int = -1
    frame: int = 0  # of a film; -1: the newest


@of_kinds
def stepper(
    trace: Trace,
    other: Trace | None = None,
    *,
    key: str,
    step: int = 0,
    head: int = 0,
    segment: int = -1,
    on_change: Callable[[Selection], None] | None = None,
    present: bool = False,
    on_present: Callable[[bool], None] | None = None,
    budget: int = BUDGET,
    spotlight: str = "",
    hides: str = "",
    asks: tuple[int, ...] = (),
    offers: asking.Offers | None = None,
    on_request: asking.Ask | None = None,
) -> Selection:
    """Draw the stepper on a run, or on two runs in step, and return where the reader stood when last at rest.

    `step`, `head` and `segment` say where to stand at first. Later they are a command whenever one of them changes to
    something that the reader has not chosen: pass what `on_change` reported back in, and nothing jumps.

    `on_change` is called with the reader's selection a moment after it came to rest, and at once where the reader turns
    to something else on the page; else never during play. Only the stepper's own fragment runs again then, not the
    page: call `st.rerun()` in the page if more has to follow, or read `selection(key)`.

    `present` makes it large, for a class; the reader can change that by a key, of which `on_present` hears.

    `spotlight` names what to point at: tokens, checkpoints, memories, gates, output, prediction or all of them; the
    rest dims.

    `hides` names what a question on the page asks for, which is not shown before the reader has answered: marks (which
    answers are right), answers (those, and the prediction), memories, gates, or routes. A "?" keeps its place.

    `asks` are tokens at which something is asked, for runs whose answers are left out.

    `offers` are what the reader may ask for, by kind (`mcviz.stepper.asking`), and `on_request(kind, value)` notes it:
    all of the page runs again then, and shows another run under the same key. A `ValueError` that it raises is shown to
    the reader, who keeps the run that is there.

    `key` names this stepper in the page. A new run under the same key takes the place of the old one, and the reader
    stays at the token. Raises `ValueError` as `mcviz.stepper.pack` does, and for offers of an unknown kind.
    """
    name = identity(trace, other, budget)
    at_first = Selection(*map(plain, (step, head, segment)))

    def online(at: Selection) -> bytes | None:
        if carries_states(trace, other, budget):
            return None
        return _pack_online(name, max(0, min(at.step, trace.T - 1)), trace, other, budget)

    with st.container(gap=None):
        _numbers(key=f"{key}-numbers", data=_pack(name, asks, trace, other, budget), height="content")
        told = {"present": present, "spotlight": spotlight, "hides": hides, "offers": asking.check(offers or {})}
        _draw(key, [name], online, at_first, told, on_change, on_present, on_request)
    return selection(key)


def film_stepper(
    film: Film,
    *,
    key: str,
    step: int = 0,
    head: int = 0,
    segment: int = -1,
    frame: int = 0,
    on_change: Callable[[Selection], None] | None = None,
    present: bool = False,
    on_present: Callable[[bool], None] | None = None,
    brought: int = 0,
    live: str = "",
) -> Selection:
    """Draw the stepper on a film, as `stepper` draws it on a run; at `frame`, -1 for the newest.

    A film that has grown under the same key goes on where the reader stands, and who looks at its newest frame then
    looks at the newest. So many frames are `brought` by `bring_film`, and do not come with it. While it grows
    it may be `live` at an address below which are the payloads of its frames, each from that number on: what is there
    comes without a run of the page. Raises `ValueError` as `mcviz.stepper.pack_film` does.
    """
    count = len(film.frames)
    # the newest frame comes on its own
    parts = [(first, min(first + AT_ONCE, count - 1)) for first in range(0, count - 1, AT_ONCE)]
    parts.append((count - 1, count))
    if not count:
        raise ValueError("film: expected at least one frame, got none")
    names = [part(film, *span) for span in parts]

    def online(at: Selection) -> bytes | None:
        seen = at.frame if 0 <= at.frame < count else count - 1
        if carries_states(film.frames[seen].trace, None, FRAME_BUDGET):
            return None
        t = max(0, min(at.step, film.frames[seen].trace.T - 1))
        return _pack_film_online(names[-1], seen, t, film)

    with st.container(gap=None):
        # on their own: Streamlit knows the stepper by its place, which more parts of a film must not move
        with st.container(gap=None):
            for n, (name, span) in enumerate(zip(names, parts, strict=True)):
                if span[1] > brought or span[1] - span[0] < AT_ONCE:  # a film may have lost frames since
                    _numbers(key=f"{key}-numbers-{n}", data=_pack_film(name, span, film), height="content")
        told = {"present": present, "offers": {}, "film": identity_of_film(film), "live": live}
        at_first = Selection(*map(plain, (step, head, segment, frame)))
        _draw(key, names, online, at_first, told, on_change, on_present, None)
    return selection(key)


def bring_film(film: Film, *, key: str) -> None:
    """Bring the `whole_parts` of a film that grows: once, and not each time that its stepper is drawn anew."""
    with st.container(gap=None):
        for first in range(0, whole_parts(film), AT_ONCE):
            span = (first, first + AT_ONCE)
            data = _pack_film(part(film, *span), span, film)
            _numbers(key=f"{key}-brought-{first}", data=data, height="content")


def whole_parts(film: Film) -> int:
    """How many frames of a film come in parts that stay as they are while it grows."""
    return max(0, len(film.frames) - 1) // AT_ONCE * AT_ONCE


def selection(key: str) -> Selection:
    """Where the reader of the stepper called `key` stood when last at rest."""
    known: Selection = _memory(key)["at"]
    return known


_kept = Kept(128 * 2**20)
AT_ONCE = 8
"""Frames of a film that go to the browser together: a film that grows sends what is new, and little more."""


@_kept.shared
@st.cache_resource(max_entries=16, show_spinner=False)
def _pack(name: str, asks: tuple[int, ...], _trace: Trace, _other: Trace | None, _budget: int) -> bytes:
    """The payload, packed once for everyone who looks at the same run."""
    data = pack(_trace, _other, budget=_budget, asks=asks)
    return _kept.keep(data, len(data))


@_kept.shared
@st.cache_resource(max_entries=64, show_spinner=False)
def _pack_online(name: str, start: int, _trace: Trace, _other: Trace | None, _budget: int) -> bytes:
    """The online states around a token, for runs that have no room for all of them."""
    data = pack_online(_trace, start, _other, budget=_budget)
    return _kept.keep(data, len(data))


@_kept.shared
@st.cache_resource(max_entries=128, show_spinner=False)
def _pack_film(name: str, span: tuple[int, int], _film: Film) -> bytes:
    """Some frames of a film, packed once for everyone who looks at them."""
    data = pack_film(_film, *span)
    return _kept.keep(data, len(data))


@_kept.shared
@st.cache_resource(max_entries=64, show_spinner=False)
def _pack_film_online(name: str, frame: int, t: int, _film: Film) -> bytes:
    """The online states around a token in a frame."""
    data = pack_film_online(_film, frame, t, name)
    return _kept.keep(data, len(data))


@st.fragment
def _draw(
    key: str,
    parts: list[str],
    online: Callable[[Selection], bytes | None],
    wanted: Selection,
    told: dict[str, Any],
    on_change: Callable[[Selection], None] | None,
    on_present: Callable[[bool], None] | None,
    on_request: asking.Ask | None,
) -> None:
    memory = _memory(key)
    if memory.pop("again", False):
        st.rerun()  # all of the page: it draws no controls while a class looks, and another run when it is asked for
    if wanted != memory["wanted"]:
        if wanted != memory["at"]:
            memory["command"] += 1
            memory["at"] = wanted
        memory["wanted"] = wanted

    def settled() -> None:
        said = st.session_state[key].get("selection") or {}
        if said.get("after", memory["command"]) != memory["command"]:
            return  # where the reader stood before the page said where to stand
        memory["at"] = Selection(*(int(said.get(name, 0)) for name in Selection._fields))
        if on_change is not None:
            on_change(memory["at"])

    def presented() -> None:
        if on_present is not None:
            on_present(bool(st.session_state[key].get("present")))
            memory["again"] = True

    def requested() -> None:
        if on_request is not None and (said := st.session_state[key].get("request")):
            memory["answer"] = asking.answer(said, told["offers"], on_request)
            memory["again"] = not memory["answer"]["problem"]

    try:
        if (states := online(memory["at"])) is not None:
            _numbers(key=f"{key}-online", data=states)
    except MemoryError:
        st.error("The machine that serves this page has too little memory left for the states around this token.")
    told = {"payload": parts[-1], "parts": parts, "command": memory["command"], **told}
    data = {**told, **memory["at"]._asdict(), **memory["answer"]}
    _view(key=key, data=data, on_selection_change=settled, on_present_change=presented, on_request_change=requested)


def _memory(key: str) -> dict[str, Any]:
    """What a stepper knows between two runs of the page."""
    fresh: dict[str, Any] = {"wanted": None, "at": Selection(), "command": 0, "answer": {}}
    memory: dict[str, Any] = st.session_state.setdefault(f"{key}-memory", fresh)
    return memory
