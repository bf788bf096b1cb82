"""The desk where trainings are ordered: who trains, who waits, and for how long."""

import io
import logging
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from mcviz import files
from mcviz.film import Film
from mcviz.order import Order
from mcviz.studio import now
from mcviz.studio.live import Live
from mcviz.studio.places import Places
from mcviz.studio.process import DONE, FULL, PAUSED, Process

Here = Callable[[], bool]
"""Whether the page of whoever ordered a training is still open."""

DISK = "the disk of this server is full"
KILLED = "its process was ended from outside"
FORGET = 60.0
"""Seconds for which what was computed of a film is kept after somebody has seen it."""
UNDER_WAY = ("waiting", "training", "pausing")
"""A training in line; one that takes steps; and one that was asked to save and to stop, but has not yet."""
OPEN = (*UNDER_WAY, "paused")
"""What can go on."""


class State(NamedTuple):
    """How a training stands: waiting, training, pausing, paused, done, stopped or failed."""

    status: str
    ahead: int = 0  # trainings before it in the line
    said: str = ""  # why it failed, was stopped or paused, where that was not the reader

    @property
    def under_way(self) -> bool:
        """Whether it goes on by itself."""
        return self.status in UNDER_WAY


@dataclass
class Training:
    """One training, as the desk knows it."""

    order: Order
    places: Places
    here: Here
    status: str = "waiting"
    said: str = ""
    stopping: bool = False  # whether it is not to go on
    process: Process | None = None
    seconds: float = 0.0
    closed: float = 0.0  # when it was asked to stop
    seen: float = 0.0  # when its page was open last
    film: Film | None = None
    modified: int = -1
    asked: float = 0.0  # when somebody wanted to see the film last
    frames: int = 0  # of the film, when somebody looked on last


class Desk:
    """Takes orders, and has so many carried out `at_once`; the others wait in line.

    What it keeps is bounded: so many trainings at `most`, each for `seconds` of training. One whose page is gone for
    `patience` seconds is paused. All lies in `folder`, in folders with names that nobody guesses: who knows a name may
    see and steer its training. One that is over may be forgotten at any moment: who asks for it is told None, or {}, as
    for a name that never was, and nothing comes of steering it.
    """

    def __init__(
        self,
        folder: Path,
        at_once: int | None = None,
        *,
        most: int = 24,
        seconds: float = 900,
        patience: float = 20,
        tick: float = 0.2,
        start: Callable[[Path], Process] = Process,
    ) -> None:
        self.folder, self.most, self.seconds, self.patience = folder, most, seconds, patience
        # one core is left to who serves the pages
        self.at_once = at_once or max(1, (os.cpu_count() or 1) - 1)
        self.tick, self.start = tick, start
        self.trainings: dict[str, Training] = {}  # in the order of the line
        self.lock = threading.RLock()
        self.clock: threading.Thread | None = None

    def take(self, order: Order, here: Here) -> str:
        """Take an order. Gives the name of its training.

        Raises `ValueError` if there is no room for one more, and where nothing can be written.
        """
        with self.lock:
            for name in [name for name, one in self.trainings.items() if one.status not in UNDER_WAY]:
                if len(self.trainings) >= self.most:
                    self.drop(name)
            if len(self.trainings) >= self.most:
                raise ValueError(
                    f"train: expected room for one more training, but {self.most} are under way or in line; "
                    "try again in a few minutes"
                )
            name = token_hex(12)
            places = Places(self.folder / name)
            try:
                files.put(places.order, order.to_json())
            except ValueError as error:
                shutil.rmtree(places.folder, ignore_errors=True)
                why = DISK if isinstance(error, files.NoRoom) else "nothing can be written there"
                raise ValueError(f"train: expected room for the files of a training, but {why}") from None
            self.trainings[name] = Training(order, places, here, seen=time.monotonic())
            if self.clock is None:
                self.clock = threading.Thread(target=self._go_on_for_ever, daemon=True)
                self.clock.start()
            self._turn(0.0)
            return name

    def knows(self, name: str) -> bool:
        """Whether there is a training of that name."""
        return self._find(name) is not None

    def order(self, name: str) -> Order | None:
        """What was ordered."""
        one = self._find(name)
        return None if one is None else one.order

    def state(self, name: str, here: Here | None = None) -> State | None:
        """How a training stands; `here` belongs to the page that asks."""
        with self.lock:
            one = self._find(name)
            if one is None:
                return None
            if here is not None:
                one.here, one.seen = here, time.monotonic()
            line = [each for each in self.trainings.values() if each.status == "waiting"]
            ahead = line.index(one) + self._busy() if one.status == "waiting" else 0
            return State(one.status, ahead, one.said)

    def pause(self, name: str, said: str = "") -> None:
        """Let it save and stop; it can go on."""
        with self.lock:
            one = self._find(name)
            if one is None:
                return
            if one.status == "waiting":
                one.status, one.said = "paused", said
            elif one.status == "training" and one.process is not None:
                one.process.close()
                one.status, one.said, one.closed = "pausing", said, time.monotonic()

    def go_on(self, name: str) -> None:
        """Let a paused one train on, at the end of the line."""
        with self.lock:
            one = self._find(name)
            if one is not None and one.status == "paused":
                self.trainings[name] = self.trainings.pop(name)
                one.status, one.said = "waiting", ""
                self._turn(0.0)

    def stop(self, name: str, said: str = "") -> None:
        """End it. What was recorded stays."""
        with self.lock:
            one = self._find(name)
            if one is not None and one.status in OPEN:
                one.stopping = True
                self.pause(name, said)
                if one.status == "paused":
                    one.status, one.said = "stopped", said

    def drop(self, name: str) -> None:
        """Forget it, with all its files."""
        with self.lock:
            one = self.trainings.pop(name, None)
            if one is None:
                return
            if one.process is not None:
                one.process.kill()
            shutil.rmtree(one.places.folder, ignore_errors=True)

    def film(self, name: str) -> Film | None:
        """What was recorded so far; None before the first frame. What was computed of earlier frames is kept."""
        one = self._find(name)
        if one is None:
            return None
        one.asked = time.monotonic()
        try:
            modified = one.places.film.stat().st_mtime_ns
            if modified != one.modified:
                film = Film.load(one.places.film)
                known = one.film.frames if one.film is not None else ()
                same = [old for old, new in zip(known, film.frames, strict=False) if old.digest == new.digest]
                one.film = replace(film, frames=(*same, *film.frames[len(same) :]))
                one.modified = modified
        except FileNotFoundError:
            return None
        return one.film if one.film is not None and one.film.frames else None

    def live(self, name: str) -> Live | None:
        """The film so far and, between two of its frames, the model of this moment; None before the first frame."""
        one, film = self._find(name), self.film(name)
        if one is None or film is None:
            return None
        grown, one.frames = len(film.frames) > one.frames, len(film.frames)
        return Live(film, None if grown else now.read(one.places.now, film))

    def files(self, name: str) -> dict[str, Path]:
        """What a training leaves, by the names under which it is downloaded: its film, weights and card, as far as
        they are there."""
        one = self._find(name)
        if one is None:
            return {}
        model = one.order.name
        there = {f"{model}.film": one.places.film}
        there |= {f"{model}{end}": one.places.folder / f"{model}{end}" for end in (".safetensors", ".json")}
        return {called: path for called, path in there.items() if path.is_file()}

    def archive(self, name: str) -> bytes:
        """Those files, as one ZIP file."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for called, path in self.files(name).items():
                archive.write(path, called)
        return content.getvalue()

    def end(self) -> None:
        """Forget all trainings, and the folder."""
        for name in list(self.trainings):
            self.drop(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _find(self, name: str) -> Training | None:
        with self.lock:  # who goes on is not in line for a moment
            return self.trainings.get(name)

    def _busy(self) -> int:
        return sum(one.process is not None for one in self.trainings.values())

    def _go_on_for_ever(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(self.tick)
            with self.lock:
                passed, last = time.monotonic() - last, time.monotonic()
                self._turn(passed)

    def _turn(self, passed: float) -> None:
        """Look after every training, and begin what has a free place; so many seconds have passed."""
        for name, one in self.trainings.items():
            with self._failing_alone(one):
                if one.process is not None:
                    one.seconds += passed
                    self._look_after(name, one)
                elif one.status == "waiting" and self._gone(one):
                    self.pause(name, "its page was closed")
            if time.monotonic() - one.asked > FORGET:
                one.film, one.modified = None, -1
        for one in self.trainings.values():
            if one.status == "waiting" and self._busy() < self.at_once:
                with self._failing_alone(one):
                    one.process, one.status = self.start(one.places.folder), "training"

    @contextmanager
    def _failing_alone(self, one: Training) -> Iterator[None]:
        """Whatever is raised about one training ends that one: the clock is that of all."""
        try:
            yield
        except Exception as error:
            logging.getLogger(__name__).exception("a training failed")
            told = error.strerror if isinstance(error, OSError) else str(error)
            one.status, one.said = "failed", told or type(error).__name__
            process, one.process = one.process, None
            if process is not None:
                with suppress(Exception):
                    process.kill()

    def _look_after(self, name: str, one: Training) -> None:
        """A training whose process runs, or has ended."""
        assert one.process is not None
        ended = one.process.ended
        if ended is not None:
            if ended == DONE:
                one.status = "done"
            elif ended in (PAUSED, FULL) or ended < 0 or one.status == "pausing":
                if ended == FULL:
                    one.said = DISK
                elif ended < 0 and one.status == "training":  # by a signal that the desk did not send
                    one.said = KILLED
                one.status = "stopped" if one.stopping else "paused"
            else:
                one.status, one.said = "failed", one.process.said or f"its process ended with {ended}"
            one.process.close()
            one.process = None
        elif one.status == "pausing":
            if time.monotonic() - one.closed > self.patience:
                one.process.kill()
        elif self._gone(one):
            self.pause(name, "its page was closed")
        elif one.seconds > self.seconds:
            self.stop(name, f"it had trained for {self.seconds / 60:.0f} minutes, which is all that one may")

    def _gone(self, one: Training) -> bool:
        """Whether nobody has looked at a training for a while."""
        if one.here():
            one.seen = time.monotonic()
            return False
        return time.monotonic() - one.seen > self.patience
