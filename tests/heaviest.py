"""The largest things that a reader may ask for, each within a gigabyte above what an idle server takes.

`python -m tests.heaviest` asks for all of them, `python -m tests.heaviest --quick` for those that the suite can wait
for. Each line of its output is JSON: the name, the peak in megabytes above idle, the seconds, and what was refused.
What takes more than the limit runs out of memory, and that is said as well.
"""

import ctypes
import gc
import io
import json
import random
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

LIMIT = 10**9
"""Bytes above idle."""
WORDS = " ".join(f"w{random.Random(0).randrange(700) * i % 701}" for i in range(2021))
DEEP = {"run": "text", "text": "a " * 300, "memory": "titans", "expansion": "36", "segment_length": "5"}
MODEL = {"run": "topics-dla-grm", "weights": "untrained", "expansion": "3200", "segment_length": "5"}
EDITS = "erase.2 noise.1.0.5.0 swap.0.3 off.4 force.1-2@97 freeze.0.0.5"

PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "interference, 1,100 words": ("interference", {"run": "text", "text": " ".join(WORDS.split()[:1100])}),
    "interference, 2,021 tokens": ("interference", {"run": "text", "text": WORDS, "segment_length": "32"}),
    "explore, one token": ("explore", {**DEEP, "text": "a", "expansion": "1360"}),
    "explore, many memories": ("explore", DEEP),
    "surgery, many memories": ("surgery", {**DEEP, "start": "checkpoint", "edits": EDITS}),
    "explore, soup": (
        "explore",
        {**DEEP, "text": WORDS, "segment_length": "32", "aggregator": "soup", "expansion": "5"},
    ),
    "compare, many memories": (
        "compare",
        {**DEEP, **{f"b_{name}": DEEP[name] for name in ("memory", "segment_length")}, "b_expansion": "35"},
    ),
    "explore, a deep model": ("explore", MODEL),
    "explore, a deep model in NumPy": ("explore", {**MODEL, "backend": "numpy"}),
    "oracle, two of many": ("oracle", {"run": "mqar-ssc", "segment_length": "1"}),
    "oracle, all but two of many": ("oracle", {"run": "mqar-ssc", "segment_length": "1", "top_k": "141"}),
    "oracle, a deep model": ("oracle", MODEL),
}
FILES: dict[str, tuple[int, int, int, int, str, str]] = {
    "file, 25 kB of zeros": (100, 1, 1000, 100, "f8", "grm"),
    "file, many memories": (100, 1, 1000, 10, "f8", "grm"),
    "file, four heads of 256 × 256": (200, 4, 256, 200, "f8", "grm"),
    "file, one large memory": (60, 1, 2048, 60, "f4", "soup"),
    "file, many pairs": (3900, 1, 1, 1, "f2", "grm"),
    "file, checkpoints alone": (128, 1, 256, 1, "f8", "grm"),
}
"""T, H, K = V, the length of a segment, the type of its numbers, the aggregator: a Trace of zeros."""
SETTINGS = {
    "cost, many contexts": {"d": 8, "C": 7, "L": 18000, "k": 32},
    "cost, many memories": {"d": 256, "C": 2, "L": 1400},
    "cost, many deep memories": {"d": 4, "C": 1, "L": 6000, "memory": "titans"},
}
QUICK = (
    *("interference, 2,021 tokens", "explore, one token"),
    *("file, 25 kB of zeros", "file, one large memory", "file, many pairs"),
)


def page(name: str) -> list[str]:
    """Open a page as its link does; what it refuses."""
    from tests.app.test_pages import opened

    view, chosen = PAGES[name]
    return [error.value.replace("\\", "") for error in opened(view, **chosen).error]


def file(name: str) -> list[str]:
    """Take a file in, as the page does that shows saved runs, and make its files; what is refused."""
    from mcviz import uploads
    from mcviz.stepper import html, payload

    try:
        trace = uploads.read(io.BytesIO(DATA[name]), len(DATA[name]))
        payload.pack(trace)
        payload.pack_online(trace, trace.T - 1)
        html.page(trace)
        trace.save(io.BytesIO())
    except (ValueError, MemoryError) as error:
        return [f"{type(error).__name__}: {error}"]
    return []


def setting(name: str) -> list[str]:
    """Measure a setting as the page of costs does; what is refused."""
    from mcviz import bench
    from mcviz.tradeoff import Setting

    try:
        bench.beside(Setting(H=1, **SETTINGS[name]), rounds=1)
    except (ValueError, MemoryError, RuntimeError) as error:
        return [f"{type(error).__name__}: {error}"]
    return []


def zeros(T: int, H: int, K: int, length: int, kind: str, aggregator: str) -> bytes:
    """A file of Trace.save that is small and unpacks to much. No run made it: that would take minutes."""
    from mcviz import MCConfig, Trace, segments
    from mcviz.trace import COUNTS

    cfg = MCConfig(aggregator=aggregator, segment_length=length)
    cuts = segments.constant(T, length)
    N = len(cuts)
    reached = (np.arange(N) <= np.arange(T)[:, None] // length)[:, None].repeat(H, 1)
    token, state = np.zeros((T, H, K), kind), {"M": np.zeros((H, K, K), kind)}
    trace = Trace(
        config=cfg,
        segments=cuts,
        **dict.fromkeys(("q", "k", "v", "u", "online_contexts", "output"), token),
        coefficients={},
        initial=state,
        checkpoint_contexts=np.zeros((N, H, K), kind),
        scores=np.where(reached, 0, -np.inf).astype(kind),
        weights=np.zeros((T, H, N), kind),
        selected=np.zeros((T, H, N), bool),
        reads=None if aggregator == "soup" else np.zeros((T, H, N, K), kind),
        checkpoints=(state,) * N,
        counts=dict.fromkeys(COUNTS, np.zeros(T, np.int64)),
    )
    file = io.BytesIO()
    trace.save(file)
    return file.getvalue()


DATA: dict[str, bytes] = {}
CASES: dict[str, Callable[[str], list[str]]] = {
    **dict.fromkeys(PAGES, page),
    **dict.fromkeys(FILES, file),
    **dict.fromkeys(SETTINGS, setting),
}


def kilobytes(what: str) -> int:
    """A size that Linux knows of this process."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def idle() -> None:
    """Give back what the last case left."""
    import streamlit as st

    st.cache_resource.clear()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew


@contextmanager
def limited() -> Iterator[None]:
    """Inside, what takes more than the limit runs out of memory."""
    resource.setrlimit(resource.RLIMIT_DATA, (kilobytes("VmData") * 1024 + LIMIT, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def main(names: list[str]) -> None:
    """Ask for one after the other."""
    from tests import components
    from tests.app.test_pages import opened

    components.looked_for_once()
    for run in sorted({"topics", *(PAGES[name][1]["run"] for name in names if name in PAGES)}):
        opened("explore", run=run)
    for name in names:
        if name in FILES:
            DATA[name] = zeros(*FILES[name])
        idle()
        base, begin = kilobytes("VmRSS"), time.perf_counter()
        with limited():
            said = CASES[name](name)
        peak, seconds = 1024 * (kilobytes("VmHWM") - base) // 10**6, round(time.perf_counter() - begin, 1)
        print(
            json.dumps({"name": name, "peak": peak, "seconds": seconds, "said": said}, ensure_ascii=False), flush=True
        )


if __name__ == "__main__":
    main([name for name in CASES if name in QUICK or "--quick" not in sys.argv])
