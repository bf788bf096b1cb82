"""The run that a screen asks for: a trained model or an example, under the configuration that is chosen.

`get` gives what is chosen, by the names of `mcviz.link.fields`; `side` is "" for the first run, and `link.SECOND` for
the second of two.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mcviz import changes, choices, examples, link, watch
from mcviz.checks import of_kinds
from mcviz.choices import Get
from mcviz.config import MCConfig
from mcviz.segments import constant
from mcviz.trace import Trace
from mcviz.watch import Sitting


def chosen(get: Get, side: str = "") -> Callable[[str], Any]:
    """What is chosen for one of two runs, by name."""
    return lambda name: get(side + name)


def trained(get: Get) -> bool:
    """Whether the run is that of a model."""
    return watch.known(get("run"))


def model(get: Get, side: str = "") -> str:
    """The name of the model, or of the example."""
    return str((side and get(link.SECOND + "run")) or get("run"))


def config(get: Get, side: str = "") -> MCConfig:
    """The configuration that is chosen. Raises the library's `ValueError` where there is none."""
    return choices.config(chosen(get, side), get("seed"))


def sitting(get: Get, side: str = "") -> Sitting | None:
    """The model, its configuration and its sequence; None for an example. Raises the library's `ValueError`s."""
    if not trained(get):
        return None
    name = model(get, side)
    own = watch.config(name)
    cfg = own if side and get(link.SECOND + "run") else replace(config(get, side), seed=own.seed)
    return Sitting(name, cfg, get("seed"), get(side + "weights"), changes=changes.parse(get("changes")))


def text(get: Get) -> tuple[str, str]:
    """The reader's text and how it is cut into tokens, where that is what is run."""
    return (get("text"), get("split")) if get("run") == "text" else ("", "word")


def trace(get: Get, backend: str) -> Trace:
    """The run itself. Raises the library's `ValueError`s."""
    seat = sitting(get)
    if seat is not None:
        return watch.run(seat, backend)
    words, split = text(get)
    return examples.run(get("run"), config(get), text=words, split=split)


def tokens(get: Get) -> int:
    """How many tokens the sequence has; 1 for a text that has none."""
    run = get("run")
    if trained(get):
        return watch.length(run) + changes.longer(changes.parse(get("changes")))
    if run in examples.TASKS:
        return examples.TASKS[run].length
    return max(1, len(examples.SPLITS[get("split")](get("text"))))


def lengths(get: Get, side: str = "") -> str:
    """What lengths of the reader's own start with: those of the segments as they are."""
    T = tokens(get)
    cuts = constant(T, max(1, min(get(side + "segment_length"), T)))
    return ", ".join(str(stop - start) for start, stop in cuts)


def remark(get: Get, side: str = "") -> str:
    """What has to be said of weights whose cache was taken away, and which never learned to do without; else "".

    A plain recurrent network is one that was trained as one.
    """
    name = model(get, side)
    if not trained(get) or get(side + "aggregator") != "none" or (side and get(link.SECOND + "run")):
        return ""
    if watch.config(name).aggregator == "none" or get(side + "weights") != "trained":
        return ""
    other = watch.plain(name)
    see = f" The plain network that was trained as one is {other}." if other else ""
    return f"These weights were trained with caching, and their cache is taken away: that is no fair plain RNN.{see}"


@of_kinds
def opening(trace: Trace) -> int:
    """The first token whose answer stands in an earlier segment; the last token, where there is none."""
    segment = trace.segment_of
    asked = (t for t, source in enumerate(trace.sources) if source >= 0 and segment[source] < segment[t])
    return next(asked, trace.T - 1)


@of_kinds
def place(get: Get, trace: Trace) -> tuple[int, int]:
    """The token and the head to show: what the link or the reader asks for, within this run."""
    t, head = get("step"), get("head")
    return (opening(trace) if t < 0 else min(t, trace.T - 1)), max(0, min(head, trace.H - 1))
