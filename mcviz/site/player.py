"""What the page asks for, in the browser's own Python: parameters of a link in, controls and a picture out.

Everything comes in as text, from an address or from controls, and is checked as links are. Nothing here knows of a
browser, and the same functions draw the first picture when the site is built.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from io import BytesIO
from typing import Any

from mcviz import changes, choices, controls, link, uploads, wanted, watch
from mcviz.link import Screen
from mcviz.stepper import asking
from mcviz.stepper.payload import BUDGET, carries_states, pack, pack_online
from mcviz.trace import Trace

BACKEND = "numpy"
KEPT = 6
"""Runs that are kept, for a reader who goes back and forth."""
FAILURES = (ValueError, MemoryError)

_kept: OrderedDict[str, Trace] = OrderedDict()
_shown: list[Trace] = []


def changed(parameters: Mapping[str, str], chosen: Mapping[str, str]) -> tuple[Screen, list[str]]:
    """The screen that parameters describe, after what the reader changed; and what of both could not be read."""
    screen, problems = link.read(parameters)
    before = dict(screen)
    for name, text in chosen.items():
        try:
            screen[name] = link.parse(name, text)
        except ValueError as error:
            problems.append(str(error))
    if screen["run"] != before["run"]:
        screen = link.turned(screen)
    if screen["segmentation"] == choices.EXPLICIT != before["segmentation"]:
        screen["lengths"] = wanted.lengths(screen.__getitem__)
    return screen, problems


def state(screen: Screen, problems: list[str]) -> dict[str, Any]:
    """What the page shows beside the picture."""
    get = screen.__getitem__
    trained = wanted.trained(get)
    return {
        "parameters": link.write(screen),
        "controls": [asdict(each) for each in controls.controls(get)],
        "about": watch.about(get("run")) if trained else "",
        "remark": wanted.remark(get),
        "problems": problems,
    }


def picture(screen: Screen, trace: Trace, budget: int = BUDGET) -> tuple[dict[str, Any], bytes]:
    """Where to stand in a run, and its payload."""
    step, head = wanted.place(screen.__getitem__, trace)
    whole = carries_states(trace, None, budget)
    about = {"title": trace.title, "step": step, "head": head, "whole": whole, "diverged_at": trace.diverged_at}
    return about, pack(trace, budget=budget)


def run(screen: Screen) -> Trace:
    """The run that a screen asks for; one of the last few is not computed again."""
    asked = {name: value for name, value in screen.items() if name not in ("step", "head")}
    key = json.dumps(asked, sort_keys=True)
    if key not in _kept:
        _kept[key] = wanted.trace(screen.__getitem__, BACKEND)
    _kept.move_to_end(key)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return _kept[key]


def answer(said: str) -> tuple[str, bytes]:
    """A message of the page, and the reply to it: JSON both ways, and the bytes of a picture.

    `parameters` and `changes`: another screen, with a `request` of the stepper (`mcviz.stepper.asking`) if it has one.
    `online`: the states around a token of the run that is shown.
    """
    message = json.loads(said)
    if "online" in message:
        return "{}", pack_online(_shown[0], int(message["online"]))
    screen, problems = changed(message["parameters"], message["changes"])
    answered: dict[str, Any] = {}
    if "request" in message:
        answered = asking.answer(message["request"], {"edit": {}}, partial(edit, screen))
    about = {**state(screen, problems), **answered}
    try:
        found, payload = show(screen, run(screen))
    except FAILURES as error:
        return json.dumps({**about, "refused": refused(error)}), b""
    return json.dumps({**about, **found, "offers": offers(screen)}), payload


def edit(screen: Screen, kind: str, value: Mapping[str, Any]) -> None:
    """Take a change of the sequence into the screen. Raises the library's `ValueError` for one that cannot be made."""
    seat = wanted.sitting(screen.__getitem__)
    if seat is None:
        raise ValueError(f"{kind}: expected a trained model, whose words are known")
    made = changes.asked(seat.changes, value)
    watch.words(replace(seat, changes=made))
    screen["changes"] = changes.write(made)


def offers(screen: Screen) -> dict[str, Any]:
    """What the stepper may ask for: to edit the sequence of a trained model."""
    seat = wanted.sitting(screen.__getitem__)
    if seat is None:
        return {}
    before = run(screen | {"changes": changes.write(seat.undone().changes)}) if seat.changes else None
    return {"edit": watch.offer(seat, run(screen), before)}


def taken(content: bytes) -> tuple[str, bytes]:
    """The picture of a saved run that the reader brought along."""
    try:
        found, payload = show({"step": -1, "head": 0}, uploads.read(BytesIO(content), len(content)))
    except FAILURES as error:
        return json.dumps({"refused": refused(error)}), b""
    return json.dumps(found), payload


def show(screen: Screen, trace: Trace) -> tuple[dict[str, Any], bytes]:
    """The picture of a run, which is then the one that is shown."""
    _shown[:] = [trace]
    return picture(screen, trace)


def refused(error: Exception) -> str:
    """What is said of a run that cannot be shown."""
    return str(error)[:600] if isinstance(error, ValueError) else "This browser has too little memory left for it."
