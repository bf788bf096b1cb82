"""What the page asks for, in the browser's own Python: parameters of a link in, controls and a picture out.

Everything comes in as text, from an address or from controls, and is checked as links are. Nothing here knows of a
browser, and the same functions draw the first picture when the site is built.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from io import BytesIO
from itertools import count
from typing import Any

from mcviz import changes, choices, controls, link, uploads, wanted, watch, writing
from mcviz.controls import Control
from mcviz.link import Screen
from mcviz.probes import edits, surgery
from mcviz.probes.surgery import Edit
from mcviz.stepper import asking
from mcviz.stepper.payload import BUDGET, carries_states, pack, pack_online
from mcviz.trace import Trace
from mcviz.watch import Sitting
from mcviz.words import UNTRAINED
from mcviz.writing import Draft

BACKEND = "numpy"
KEPT = 6
"""Runs that are kept, for a reader who goes back and forth."""
FAILURES = (ValueError, MemoryError)
Told = dict[str, Any]

_kept: OrderedDict[str, Trace] = OrderedDict()
_names = map(str, count(1))
_shown: list[tuple[str, tuple[Trace, ...]]] = []
"""The picture that was answered last: its name, and the runs on it."""


def changed(parameters: Mapping[str, str], chosen: Mapping[str, str]) -> tuple[Screen, list[str], str]:
    """The screen that parameters describe, after what the reader changed, in this order; what of both could not be
    read; and what has to be said of the changes."""
    screen, problems = link.read(parameters)
    said = ""
    for name, text in chosen.items():
        before = dict(screen)
        try:
            screen[name] = link.parse(name, text)
        except ValueError as error:
            problems.append(str(error))
        if screen["run"] != before["run"]:
            screen, said = link.turned(before, str(screen["run"]))
        elif screen["seed"] != before["seed"]:
            screen, said = link.reseeded(screen)
        if screen["segmentation"] == choices.EXPLICIT != before["segmentation"]:
            screen["lengths"] = wanted.lengths(screen.__getitem__)
    if writes(screen) and {"draft", "written"} & set(chosen):
        screen["step"] = len(str(screen["draft"])) + int(screen["written"]) - 1
    return screen, problems, said


def state(screen: Screen, problems: list[str], said: str = "") -> Told:
    """What the page shows beside the picture."""
    get = screen.__getitem__
    trained = wanted.trained(get)
    shown = [*controls.controls(get), *(draft_controls(screen) if get("run") in writing.names() else ())]
    return {
        "parameters": link.parameters(screen),
        "controls": [asdict(each) for each in shown],
        "about": watch.about(str(get("run"))) if trained else "",
        "remark": " ".join(filter(None, [said, wanted.remark(get)])),
        "problems": problems,
    }


def picture(
    screen: Screen, trace: Trace, other: Trace | None = None, *, budget: int = BUDGET, name: str = ""
) -> tuple[Told, bytes]:
    """Where to stand in a run, or in two in step, and their payload, which may have a `name`."""
    step, head = wanted.place(screen.__getitem__, trace)
    whole = carries_states(trace, other, budget)
    learned = f"Its weights are random: {UNTRAINED}." if trace.untrained else ""
    about = {
        "title": trace.title,
        "untrained": learned,
        "step": step,
        "head": head,
        "whole": whole,
        "diverged_at": trace.diverged_at,
    }
    return about, pack(trace, other, budget=budget, name=name)


def draft_controls(screen: Screen) -> list[Control]:
    """The text that a model reads instead of a drawn one, and how it writes on."""
    about = "The model reads this as soon as you change it, or let it write on."
    hot, room = link.fields()["heat"], max(0, writing.MOST - len(str(screen["draft"])))
    heat = "In hundredths. 0: always the likeliest character. Else characters are drawn: the hotter, the wilder."
    return [
        Control("draft", "Your text", screen["draft"], help=about),
        Control("written", "Characters that it writes on", screen["written"], least=0, most=room),
        Control("heat", "Temperature", screen["heat"], help=heat, least=hot.least, most=hot.most),
    ]


def writes(screen: Screen) -> bool:
    """Whether a model reads the reader's text, and not one that is drawn."""
    first = link.fields()["draft"].default
    return screen["run"] in writing.names() and bool(screen["written"] or screen["draft"] != first)


def sitting(screen: Screen) -> Sitting | None:
    """The model, its configuration and its sequence; None for an example. Raises the library's `ValueError`s."""
    seat = wanted.sitting(screen.__getitem__)
    if seat is None or not writes(screen):
        return seat
    written, heat, seed = (int(screen[name]) for name in ("written", "heat", "seed"))
    draft = Draft(seat.name, str(screen["draft"]), written, heat / 100, seed, seat.cfg, seat.weights)
    return writing.seated(draft, BACKEND)


def kept(screen: Screen, apart: tuple[str, ...], make: Callable[[], Trace]) -> Trace:
    """What `make` makes of a screen, whatever is chosen for `apart`; one of the last few is not computed again."""
    key = json.dumps({name: value for name, value in screen.items() if name not in apart}, sort_keys=True)
    if key not in _kept:
        _kept[key] = make()
    _kept.move_to_end(key)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return _kept[key]


def run(screen: Screen) -> Trace:
    """The run that a screen asks for, before surgery."""

    def make() -> Trace:
        seat = sitting(screen)
        return wanted.trace(screen.__getitem__, BACKEND) if seat is None else watch.run(seat, BACKEND)

    return kept(screen, ("step", "head", "edits"), make)


def earlier(screen: Screen) -> Trace | None:
    """The run before the last change of the sequence; None where nothing was changed."""
    seat = sitting(screen)
    return run(screen | {"changes": changes.write(seat.undone().changes)}) if seat and seat.changes else None


def operated(screen: Screen, trace: Trace, made: list[Edit]) -> Trace:
    """The run after surgery, with what its model makes of it, where there is one."""
    seat = sitting(screen)

    def make() -> Trace:
        after = surgery.operate(trace, made)
        return after if seat is None else watch.answered(seat, after)

    return kept(screen, ("step", "head"), make)


def shown(screen: Screen) -> list[Trace]:
    """The run, or two in step: before and after surgery, or else before and after the last change of the sequence."""
    trace, before = run(screen), earlier(screen)
    if screen["edits"]:
        return [trace, operated(screen, trace, edits.parse(str(screen["edits"])))]
    return [before, trace] if before is not None and before.T == trace.T else [trace]


def answer(said: str) -> tuple[str, bytes]:
    """A message of the page, and the reply to it: JSON both ways, and the bytes of a picture.

    `parameters` and `changes`: another screen, with a `request` of the stepper (`mcviz.stepper.asking`) if it has one.
    `online`: the states around a token of the run that is shown.
    """
    message = json.loads(said)
    if "online" in message:
        name, (trace, *other) = _shown[0]
        return "{}", pack_online(trace, int(message["online"]), *other, name=name)
    screen, problems, note = changed(message["parameters"], message["changes"])
    answered: Told = {}
    try:
        problems += mended(screen)
        if "request" in message:
            answered = asking.answer(message["request"], {kind: {} for kind in asking.KINDS}, partial(ask, screen))
        found, payload = show(screen, *shown(screen))
    except FAILURES as error:
        about = {**state(screen, problems, note), **answered}
        return json.dumps({**about, "refused": refused(error)}), b""
    about = {**state(screen, problems, note), **answered}
    return json.dumps({**about, **found, "offers": offers(screen)}), payload


def prepare(parameters: str) -> None:
    """Compute the screen of these parameters, JSON, and show it to nobody: what Python needs for its first answer is
    there when a reader asks, and so is the run that surgery starts from."""
    screen, _, _ = changed(json.loads(parameters), {})
    with suppress(*FAILURES):
        picture(screen, run(screen))


def mended(screen: Screen) -> list[str]:
    """Take edits that cannot be made out of a screen, and say why they cannot: they are no reason to show nothing."""
    problems = []
    for name, check in (("changes", read), ("edits", operable)):
        try:
            if screen[name]:
                check(screen)
        except ValueError as error:
            problems.append(str(error))
            screen[name] = ""
    return problems


def read(screen: Screen) -> None:
    """Raise `ValueError` for changes of a sequence that cannot be made."""
    seat = wanted.sitting(screen.__getitem__)
    if seat is not None:
        watch.words(seat)


def operable(screen: Screen) -> None:
    """Raise `ValueError` for surgery that cannot be done."""
    trace = run(screen)
    for edit in edits.parse(str(screen["edits"])):
        edits.check(trace, edit)


def ask(screen: Screen, kind: str, value: Mapping[str, Any]) -> None:
    """Take what a reader asks for into the screen. Raises the library's `ValueError` for what cannot be done."""
    if kind == "surgery":
        screen["edits"] = edits.write(edits.asked(run(screen), value))
        return
    seat = sitting(screen)
    if seat is None or writes(screen):
        raise ValueError(f"{kind}: expected a trained model and a sequence that was drawn for it")
    made = changes.asked(seat.changes, value)
    watch.words(replace(seat, changes=made))
    screen["changes"] = changes.write(made)


def offers(screen: Screen) -> Told:
    """What the stepper may ask for: surgery, and to edit the sequence of a trained model."""
    seat, trace = wanted.sitting(screen.__getitem__), run(screen)
    operations = {"surgery": edits.offer(trace, edits.parse(str(screen["edits"])))}
    if seat is None or writes(screen):
        return operations
    return {**operations, "edit": watch.offer(seat, trace, earlier(screen))}


def taken(content: bytes) -> tuple[str, bytes]:
    """The picture of a saved run that the reader brought along."""
    try:
        found, payload = show({"step": -1, "head": 0}, uploads.read(BytesIO(content), len(content)))
    except FAILURES as error:
        return json.dumps({"refused": refused(error)}), b""
    return json.dumps(found), payload


def show(screen: Screen, *runs: Trace) -> tuple[Told, bytes]:
    """The picture of a run or two, which are then those that are shown. Its name stands for their hashes, which would
    keep the reader waiting."""
    name = next(_names)
    told = picture(screen, *runs, name=name)
    _shown[:] = [(name, runs)]
    return told


def hashes() -> str:
    """The name of the picture that is shown, and the hashes of its runs, as JSON."""
    name, runs = _shown[0] if _shown else ("", ())
    return json.dumps({"name": name, "hashes": [run.hash for run in runs]})


def refused(error: Exception) -> str:
    """What is said of a run that cannot be shown."""
    return str(error)[:600] if isinstance(error, ValueError) else "This browser has too little memory left for it."
