"""How an answer computes, measured without a clock: the steps of Python that a call takes, and the bytes it holds."""

import sys
import tracemalloc
from collections.abc import Callable
from copy import deepcopy
from types import FrameType
from typing import Any

Answer = Callable[..., Any]
Case = dict[str, Any]
Measure = Callable[[Answer, Case], int]


def steps(answer: Answer, case: Case) -> int:
    """The instructions of Python that one call executes, in every function that it calls."""
    given, count = deepcopy(case), 0

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        answer(*given.values())
    finally:
        sys.settrace(before)
    return count


def held(answer: Answer, case: Case) -> int:
    """The most bytes of arrays that one call holds at once, besides its arguments."""
    given = deepcopy(case)
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        answer(*given.values())
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


def growth(measure: Measure, answer: Answer, small: Case, large: Case) -> float:
    """How many times as much a call takes on the large case as on the small one."""
    return measure(answer, large) / max(measure(answer, small), 1)
