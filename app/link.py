"""A link holds the whole screen: every choice that is not the default, and the version that wrote it."""

from collections.abc import Mapping
from typing import NamedTuple

from mcviz import examples
from mcviz.config import AGGREGATORS, GATES, MEMORIES, POOLINGS, STARTS

VERSION = "1"
Value = str | int | bool
Screen = dict[str, Value]


class Field(NamedTuple):
    """One choice: what it is at first, and what else it may be (anything of that type, where nothing is listed)."""

    default: Value
    choices: tuple[str, ...] = ()


SEGMENTATION = ("constant", "logarithmic", "explicit")
SAMPLE = (
    "The old librarian keeps a blue key in the desk. The young gardener keeps a red key in the shed. "
    "The gardener opens the shed with the red key. The librarian opens the desk with the blue key."
)
FIELDS: Mapping[str, Field] = {
    "run": Field("topics", examples.NAMES),
    "text": Field(SAMPLE),
    "split": Field("word", tuple(examples.SPLITS)),
    "memory": Field("linear", MEMORIES),
    "aggregator": Field("grm", AGGREGATORS),
    "segmentation": Field("constant", SEGMENTATION),
    "segment_length": Field(16),
    "lengths": Field("64, 32, 16, 8"),
    "start": Field("independent", STARTS),
    "gate": Field("context", GATES),
    "pooling": Field("mean", POOLINGS),
    "top_k": Field(2),
    "seed": Field(0),
    "feature_map": Field("identity", ("identity", "elu")),
    "normalizer": Field(False),
    "window": Field(2),
    "depth": Field(2),
    "expansion": Field(4),
    "residual": Field(True),
    "norm": Field(True),
    "step": Field(-1),  # -1: the first question whose answer stands in another segment
    "head": Field(0),
    "hide": Field("", ("", "controls", "answers", "both")),  # a teacher's lock
}
DEFAULTS: Screen = {name: field.default for name, field in FIELDS.items()}
LONGEST = 6000
"""Characters of a text that a link carries: browsers cut longer addresses."""


def read(parameters: Mapping[str, str]) -> tuple[Screen, list[str]]:
    """The screen that a link describes, and what could not be read in it: that stays as it is at first."""
    screen, problems = dict(DEFAULTS), []
    version = parameters.get("v", VERSION)
    if version != VERSION:
        problems.append(f"v: expected a link of version {VERSION}, got {version[:40]!r}; what still fits is kept")
    for name, text in parameters.items():
        if name == "v":
            continue
        try:
            screen[name] = parse(name, text)
        except ValueError as error:
            problems.append(str(error))
    return screen, problems


def parse(name: str, text: str) -> Value:
    """The value of the field called `name`. Raises `ValueError` for anything that it may not be."""
    if name not in FIELDS:
        raise ValueError(f"{name[:40]}: expected a field among {', '.join(FIELDS)}")
    field = FIELDS[name]
    if field.choices and text not in field.choices:
        raise ValueError(f"{name}: expected one of {', '.join(field.choices)}; got {text[:40]!r}")
    if isinstance(field.default, bool):
        if text not in ("0", "1"):
            raise ValueError(f"{name}: expected 0 or 1, got {text[:40]!r}")
        return text == "1"
    if isinstance(field.default, int):
        if not text.removeprefix("-").isdecimal() or len(text) > 9:
            raise ValueError(f"{name}: expected a whole number, got {text[:40]!r}")
        return int(text)
    return text


def write(screen: Screen) -> dict[str, str]:
    """The parameters of a link to this screen."""
    chosen = {name: value for name, value in screen.items() if value != FIELDS[name].default}
    shown = {name: str(int(value)) if isinstance(value, bool) else str(value) for name, value in chosen.items()}
    return {"v": VERSION, **{name: text for name, text in shown.items() if len(text) <= LONGEST}}
