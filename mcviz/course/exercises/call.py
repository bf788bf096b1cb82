"""One call of an answer, watched: what it returned or where it stopped, what it printed, and how long it may take."""

import ctypes
import linecache
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np

LIMIT_SECONDS = 3.0
"""How long one call may compute: the cases are small, and a right answer needs a thousandth of it."""

WAITING = 10
"""Times as long as it may take in all: where other programs have the cores, it waits for most of that."""

TICK_SECONDS = 0.1
PATIENCE = 20
"""Ticks without a call after which nobody watches any more."""

PRINTED = 2000
"""Characters of what a call printed that are shown."""


class TookTooLong(Exception):
    """A call that did not come to an end in time."""


class Overdue(BaseException):
    """What is raised in such a call; `except Exception` does not keep it."""


class Called(NamedTuple):
    """What came of a call: a value, or the exception that ended it, and what was printed meanwhile."""

    value: Any
    printed: str
    stopped: str = ""  # where and why it stopped, "" if it returned


def call(answer: Callable[..., Any], *given: Any) -> Called:
    """Call `answer`, its prints kept and its time limited. `NotImplementedError` counts as an empty stub, `...`."""
    said = StringIO()
    try:
        with redirect_stdout(said), np.errstate(all="ignore"), catch_warnings():
            simplefilter("ignore")
            value = limited(LIMIT_SECONDS, answer, *given)
    except NotImplementedError:
        return Called(..., said.getvalue()[:PRINTED])
    except Overdue:
        text = f"It did not come to an end within {LIMIT_SECONDS:g} seconds of computing. Does a loop never stop?"
        return Called(TookTooLong(), said.getvalue()[:PRINTED], text)
    except Exception as error:
        text = f"It stopped{place(error, answer)} with {type(error).__name__}: {error}"
        return Called(error, said.getvalue()[:PRINTED], text)
    return Called(value, said.getvalue()[:PRINTED])


def place(error: Exception, answer: Callable[..., Any]) -> str:
    """The last line of the answer's own file that led to an error, and what stands there."""
    code = getattr(answer, "__code__", None)
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if code and frame.filename == code.co_filename
    ]
    if not frames or frames[-1].lineno is None:
        return ""
    line = linecache.getline(frames[-1].filename, frames[-1].lineno).strip()
    return f" in line {frames[-1].lineno}" + (f", `{line}`," if line else "")


def limited(seconds: float, answer: Callable[..., Any], *given: Any) -> Any:
    """What `answer` returns. `Overdue` once it has computed for `seconds`, or waited for `WAITING` times as many.

    Python's own code is stopped, on every system.
    """
    thread = threading.get_ident()
    with _lock:
        _due[thread] = (time.process_time() + seconds, time.monotonic() + WAITING * seconds)
        if not _watching:
            _watching.append(threading.Thread(target=_watch, daemon=True, name="time limit"))
            _watching[0].start()
    try:
        return answer(*given)
    finally:  # in this very frame, and without the lock: `Overdue` may come before each call
        _due.pop(thread, None)
        while _lock.locked():  # what this look has found overdue is raised here at the latest
            time.sleep(0)


_lock = threading.Lock()  # held while it is looked which calls are overdue
_due: dict[int, tuple[float, float]] = {}  # when the call of a thread has to be over: of computing, of all time
_watching: list[threading.Thread] = []  # one watches all, for as long as calls come


def _watch() -> None:
    """Stop calls that are overdue; end once there has been none for a while.

    What is raised in a callback of the garbage collector or in a `__del__` is lost: it is raised at each tick.
    """
    idle = 0
    while idle < PATIENCE:
        time.sleep(TICK_SECONDS)
        with _lock:
            now = (time.process_time(), time.monotonic())
            for thread, due in list(_due.items()):
                if due[0] < now[0] or due[1] < now[1]:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overdue))
            idle = 0 if _due else idle + 1
            if idle == PATIENCE:
                _watching.clear()
