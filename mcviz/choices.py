"""What can be chosen about a run: declared once, and read by the sidebar, by links and by the command line.

>>> from mcviz import choices
>>> [choice.name for choice in choices.CHOICES if choice.when({"memory": "swla", "aggregator": "none"}.get)]
['memory', 'window', 'aggregator', 'segmentation', 'start']
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcviz import rules
from mcviz.config import SEGMENTATIONS, MCConfig
from mcviz.rules import SHEETS, Option, Value

Get = Callable[[str], Any]
"""What is chosen, by name."""


@dataclass(frozen=True)
class Choice:
    """One choice: how it is called, what it is at first, what it may be, and when it matters."""

    name: str
    label: str
    default: Value
    titles: Mapping[str, str] = field(
        default_factory=dict
    )  # names and how they are called; none: any value of its type
    help: str = ""
    when: Callable[[Get], bool] = lambda get: True
    of_rules: bool = False  # whether it is an option of some memory rules
    least: int | None = None  # of a number
    most: int | None = None


EXPLICIT = "explicit"
"""Segments of lengths that the reader gives."""
LONGEST = 2**14
"""Characters of a list of lengths: enough for more segments than a run may have."""


def _options() -> tuple[Choice, ...]:
    """The options of all rules, each once: rules share those that mean the same."""
    found = {option.name: option for sheet in SHEETS.values() for option in sheet.options}
    return tuple(map(_option, found.values()))


def _option(option: Option) -> Choice:
    takes = {name for name, sheet in SHEETS.items() if option.name in sheet.defaults}
    titles = {str(value): str(value) for value in option.choices} if isinstance(option.default, str) else {}
    return Choice(
        option.name,
        option.label,
        option.default,
        titles,
        option.help,
        lambda get: get("memory") in takes,
        True,
        *_bounds(option),
    )


def _bounds(option: Option) -> tuple[int | None, int | None]:
    """The least and the most that a number may be: from the first to the last that is listed, or any from 1."""
    if isinstance(option.default, bool | str):
        return None, None
    listed = [int(value) for value in option.choices]
    return (min(listed), max(listed)) if listed else (1, None)


def _gated(get: Get) -> bool:
    return rules.AGGREGATORS[get("aggregator")].gated


CHOICES: tuple[Choice, ...] = (
    Choice(
        "memory",
        "Memory",
        "linear",
        {name: sheet.title for name, sheet in SHEETS.items()},
        help="How a memory is written and read. "
        + " ".join(f"{sheet.short}: {sheet.source}." for sheet in SHEETS.values()),
    ),
    *_options(),
    Choice(
        "aggregator",
        "Aggregator",
        "grm",
        {name: one.title for name, one in rules.AGGREGATORS.items()},
        help="How a token reads all memories that it can reach.",
    ),
    Choice(
        "top_k",
        "Checkpoints to select, k",
        2,
        help="How many checkpoints the router of SSC selects.",
        when=lambda get: rules.AGGREGATORS[get("aggregator")].routes,
        least=1,
    ),
    Choice(
        "gate",
        "Gate compares",
        "context",
        {"context": "Token and context", "token": "Token alone, by age", "shared": "Query and context"},
        help="What decides how much a memory counts: the token's connector, or its query, against the context of the "
        "segment; or the token alone, by the age of the memory.",
        when=_gated,
    ),
    Choice(
        "pooling",
        "Context of a segment",
        "mean",
        {name: name for name in rules.POOLINGS},
        help="How the keys of a segment make its context.",
        when=_gated,
    ),
    Choice(
        "segmentation",
        "Segments",
        "constant",
        {"constant": "Constant length", "logarithmic": "Logarithmic", EXPLICIT: "Lengths of your own"},
        help="Where the sequence is cut: logarithmic is at the powers of two of its length, the largest first.",
    ),
    Choice(
        "segment_length",
        "Tokens in a segment",
        16,
        help="The last segment may be shorter.",
        when=lambda get: get("segmentation") == "constant",
        least=1,
    ),
    Choice(
        "lengths",
        "Lengths",
        "64, 32, 16, 8",
        help="Whole numbers that sum to the number of tokens.",
        when=lambda get: get("segmentation") == EXPLICIT,
    ),
    Choice(
        "start",
        "A segment starts from",
        "independent",
        {"independent": "M₀", "checkpoint": "The last checkpoint"},
        help="From the same initial memory M₀ each time, or from where the last segment ended.",
    ),
)
"""Every choice but the seed, in the order of the sidebar."""


PLAIN = ("memory", "aggregator", "segment_length", "start", "gate", "pooling", "top_k")
"""The choices that are fields of a configuration as they are."""


def config(get: Get, seed: int = 0) -> MCConfig:
    """The configuration that is chosen. Raises `ValueError` where there is none."""
    segmentation = get("segmentation")
    return MCConfig(
        segmentation=lengths(get("lengths")) if segmentation not in SEGMENTATIONS else segmentation,
        seed=seed,
        options={name: get(name) for name in rules.sheet(get("memory")).defaults},
        **{name: get(name) for name in PLAIN},
    )


def chosen(cfg: MCConfig) -> dict[str, Value]:
    """The choices that make up a configuration, but for the seed: `config` of them is `cfg` again."""
    found: dict[str, Value] = {**{name: getattr(cfg, name) for name in PLAIN}, **cfg.rule_options}
    if isinstance(cfg.segmentation, str):
        return {**found, "segmentation": cfg.segmentation}
    return {**found, "segmentation": EXPLICIT, "lengths": ", ".join(map(str, cfg.segmentation))}


def differences(a: MCConfig, b: MCConfig) -> str:
    """In what two configurations differ, among the choices that matter to both; "" where in nothing.

    >>> differences(MCConfig(), MCConfig(aggregator="residual", segment_length=8))
    'Aggregator: GRM: gated residual, and Residual: add all. Tokens in a segment: 16, and 8.'
    """
    ours, theirs = chosen(a), chosen(b)
    said = []
    for choice in CHOICES:
        mine, yours = (each.get(choice.name) for each in (ours, theirs))
        if mine != yours and choice.when(ours.get) and choice.when(theirs.get):
            titles = [choice.titles.get(str(value), value) for value in (mine, yours)]
            said.append(f"{choice.label}: {titles[0]}, and {titles[1]}.")
    return " ".join(said)


def check_heard(get: Get, given: Mapping[str, object]) -> None:
    """Raise `ValueError` for a choice that was `given` and does not matter to the run that is chosen.

    >>> check_heard({"memory": "linear", "aggregator": "grm"}.get, {"top_k": 4})
    Traceback (most recent call last):
    ValueError: top_k: expected no value, as none matters to this run; got 4
    """
    for choice in CHOICES:
        if choice.name not in given or choice.when(get):
            continue
        if choice.of_rules:
            takes = rules.sheet(get("memory")).defaults
            raise ValueError(f"{choice.name}: {get('memory')} takes {', '.join(takes) or 'no options'}")
        raise ValueError(f"{choice.name}: expected no value, as none matters to this run; got {given[choice.name]}")


def lengths(text: str) -> tuple[int, ...]:
    """Segment lengths as they are typed: whole numbers with commas or spaces between them."""
    if len(text) > LONGEST:
        raise ValueError(f"segmentation: expected at most {LONGEST:,} characters, got {len(text):,}")
    words = text.replace(",", " ").split()
    if not all(word.isascii() and word.isdecimal() and len(word) < 9 for word in words):
        raise ValueError(f"segmentation: expected whole numbers with commas between them, got {text[:60]!r}")
    return tuple(map(int, words))
