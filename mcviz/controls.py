"""The controls of one run: which there are, what each holds and may be, and what it is about.

>>> from mcviz import controls, link
>>> screen = link.defaults("needle") | {"aggregator": "ssc"}
>>> [each.label for each in controls.controls(screen.__getitem__) if each.name in ("run", "top_k", "window")]
['Model or sequence', 'Checkpoints to select, k']
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcviz import examples, link, wanted, watch
from mcviz.choices import CHOICES, Choice, Get
from mcviz.config import OPTIONS
from mcviz.link import Value
from mcviz.words import glossary

RUNS: Mapping[str, str] = {
    "topics": "Topic library, untrained",
    "needle": "Needles in a haystack, untrained",
    "recall": "Associative recall, untrained",
    "text": "Your own text, untrained",
}

TERMS: Mapping[str, str] = {
    "memory": "memory",
    "aggregator": "aggregator",
    "top_k": "top-k",
    "gate": "gate",
    "pooling": "context",
    "segmentation": "segment",
    "segment_length": "segment length",
    "start": "start",
}
"""The word of the glossary that a choice is about."""


@dataclass(frozen=True)
class Control:
    """One control: its field in a link, what it is called, what it holds, what it may be, and what it is about."""

    name: str
    label: str
    value: Value
    titles: Mapping[str, str] = field(default_factory=dict)  # values and how they are called; none: any of its type
    help: str = ""
    least: int | None = None  # of a number
    most: int | None = None


def named(run: str) -> str:
    """How a run is called in the list: a model by its title, and its name, under which a program finds it."""
    if watch.known(run):
        return f"{watch.title(run)} ({watch.called(run)})"
    return RUNS.get(run, run or "The same model")


def explained(choice: Choice) -> str:
    """What a choice is about, from the glossary, and what it does here."""
    term = TERMS.get(choice.name)
    return " ".join(filter(None, [glossary.about(term) if term else "", choice.help]))


def offered(get: Get, side: str = "") -> list[Choice]:
    """The choices that matter. A model's memory rule is the one that it was trained with."""
    rule = {"memory", *OPTIONS[get(side + "memory")]} if wanted.trained(get) else set()
    return [choice for choice in CHOICES if choice.name not in rule and choice.when(wanted.chosen(get, side))]


def controls(get: Get) -> list[Control]:
    """The controls of the first run, from the top."""
    runs = link.fields()["run"].choices
    about = "A small trained model with a sequence of its task, or a sequence run through random maps."
    found = [Control("run", "Model or sequence", get("run"), {run: named(run) for run in runs}, about)]
    if get("run") == "text":
        found.append(Control("text", "Text", get("text")))
        found.append(Control("split", "Tokens", get("split"), {name: name for name in examples.SPLITS}))
    found.append(Control("seed", "Seed", get("seed"), help=glossary.about("seed"), least=link.fields()["seed"].least))
    if wanted.trained(get):
        about = "As training left them, or as they were before its first step."
        found.append(Control("weights", "Weights", get("weights"), {name: name for name in watch.WEIGHTS}, about))
    return [*found, *(of_choice(each, get(each.name)) for each in offered(get))]


def of_choice(choice: Choice, value: Value) -> Control:
    """The control of a choice."""
    return Control(choice.name, choice.label, value, choice.titles, explained(choice), choice.least, choice.most)
