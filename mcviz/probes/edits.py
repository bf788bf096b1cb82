"""Edits of a run as text, so that links and readers of the stepper can name them.

`off.2 swap.0.3 force.1-2@97 freeze.0.0.5 scale.1.2.0 noise.1.0.5.0`
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mcviz.checks import of_kinds
from mcviz.config import GATED
from mcviz.probes import surgery
from mcviz.probes.surgery import Edit, Erase, Force, Freeze, Noise, Scale, Swap, SwitchOff
from mcviz.trace import Trace

Asked = Mapping[str, Any]
"""What a reader of the stepper asks for: {"edits": "off.2 scale.1.2.0"}, all edits that are in force from now on."""

LONGEST = 12
"""Edits at a time."""
CHARACTERS = 2**14
"""Of all of them, as a link has them."""

NUMBER = r"[\d.e+-]+"
KNOWN = re.compile(
    rf"(off\.\d+|swap\.\d+\.\d+|force\.[\d-]*(@\d+)?|freeze\.\d+\.{NUMBER}|scale\.\d+\.{NUMBER}|noise\.\d+\.{NUMBER}\.\d+|erase\.\d+)\Z",
    re.ASCII,
)
"""What a word has to look like."""


def parse(text: str) -> list[Edit]:
    """The edits that `text` lists. Raises `ValueError` for anything else."""
    if len(text) > CHARACTERS:
        raise ValueError(f"edits: expected at most {CHARACTERS:,} characters, got {len(text):,}")
    words = text.split()
    if len(words) > LONGEST:
        raise ValueError(f"edits: expected at most {LONGEST}, got {len(words)}")
    if len(set(words)) < len(words):
        twice = next(word for i, word in enumerate(words) if word in words[:i])
        raise ValueError(f"edits: expected each once, got {twice} twice")
    return [one(word) for word in words]


def one(word: str) -> Edit:
    """The edit that `word` stands for."""
    name, _, rest = word.partition(".")
    parts = rest.split(".")
    try:
        match name if KNOWN.match(word) else "":
            case "off":
                return SwitchOff(int(rest))
            case "swap":
                first, second = parts
                return Swap(int(first), int(second))
            case "force":
                chosen, _, token = rest.partition("@")
                return Force(tuple(map(int, filter(None, chosen.split("-")))), int(token) if token else None)
            case "freeze":
                return Freeze(int(parts[0]), float(".".join(parts[1:])))
            case "scale":
                return Scale(int(parts[0]), float(".".join(parts[1:])))
            case "noise":
                return Noise(int(parts[0]), float(".".join(parts[1:-1])), int(parts[-1]))
            case "erase":
                return Erase(int(rest))
    except ValueError:
        pass
    known = "off.2, swap.0.3, force.1-2@97, freeze.0.0.5, scale.1.2.0, noise.1.0.5.0, erase.20"
    raise ValueError(f"edits: expected words like {known}; got {word[:40]!r}")


def write(changes: Sequence[Edit]) -> str:
    """The text that `parse` reads back."""
    return " ".join(map(word, changes))


def word(edit: Edit) -> str:
    """One edit as a word."""
    match edit:
        case SwitchOff(segment):
            return f"off.{segment}"
        case Swap(segment, other):
            return f"swap.{segment}.{other}"
        case Force(segments, token):
            return f"force.{'-'.join(map(str, segments))}{'' if token is None else f'@{token}'}"
        case Freeze(segment, gate):
            return f"freeze.{segment}.{float(gate)}"
        case Scale(segment, factor):
            return f"scale.{segment}.{float(factor)}"
        case Noise(segment, scale, seed):
            return f"noise.{segment}.{float(scale)}.{seed}"
        case Erase(token):
            return f"erase.{token}"


def says(edit: Edit) -> str:
    """An edit in words."""
    match edit:
        case SwitchOff(segment):
            return f"Checkpoint {segment} is switched off"
        case Swap(segment, other):
            exchanged = f"Checkpoints {segment} and {other} exchange relevances"
            return f"{exchanged}: each keeps its memory, and is weighed as the other would be"
        case Force(segments, token):
            when = "" if token is None else f" at token {token}"
            if not segments:
                return f"No checkpoint is read{when}"
            if len(segments) == 1:
                return f"Checkpoint {segments[0]} is read{when}, and no other"
            return f"Checkpoints {', '.join(map(str, segments))} are read{when}, and no others"
        case Freeze(segment, gate):
            return f"The gate on segment {segment} is held at {gate:g}"
        case Scale(segment, factor):
            return f"Checkpoint {segment} is multiplied by {factor:g}"
        case Noise(segment, scale, _):
            return f"Checkpoint {segment} has noise of {scale:g} times its spread"
        case Erase(token):
            return f"The key and value of token {token} become zero"


@of_kinds
def read(trace: Trace) -> list[int]:
    """The checkpoints that some token reads: an edit of another would change nothing."""
    return [i for i in range(trace.N - 1) if trace.selected[:, :, i].any()]


@of_kinds
def check(trace: Trace, edit: Edit) -> None:
    """Raise `ValueError` for an edit that cannot be made, or of a checkpoint that no token reads."""
    surgery.check(trace, edit)
    offered = read(trace)
    if isinstance(edit, SwitchOff | Swap | Scale | Noise):
        for segment in {edit.segment, edit.other if isinstance(edit, Swap) else edit.segment}:
            if segment not in offered:
                some = ", ".join(map(str, offered)) or "none"
                raise ValueError(f"edits: expected a checkpoint that some token reads ({some}), got {segment}")


@of_kinds
def offer(trace: Trace, changes: Sequence[Edit]) -> dict[str, Any]:
    """What a stepper has to know to offer surgery on `trace`, where `changes` are in force: the `surgery` of
    `mcviz.stepper.asking`.

    `read` are the checkpoints to operate on, `gated` says whether gates can be held, and `edits` are those in force, as
    words and as sentences.
    """
    return {
        "read": read(trace),
        "gated": trace.config.aggregator in GATED,
        "edits": [{"word": word(edit), "says": says(edit)} for edit in changes],
    }


@of_kinds
def asked(trace: Trace, value: Asked) -> list[Edit]:
    """The edits of `trace` that a reader asks for. Raises `ValueError` for all that cannot be made."""
    text = value.get("edits")
    if not isinstance(text, str):
        raise ValueError(f"edits: expected words, got {str(text)[:40]!r}")
    changes = settled(parse(text))
    for edit in changes:
        check(trace, edit)
    return changes


def settled(changes: Sequence[Edit]) -> list[Edit]:
    """The edits without those that a later one takes the place of: a checkpoint has one factor, and it is either
    switched off or has its gate held at one value."""
    last = {target(edit): n for n, edit in enumerate(changes)}
    return [edit for n, edit in enumerate(changes) if last[target(edit)] == n]


def target(edit: Edit) -> object:
    """What no two edits can both have: the gate or the factor of a checkpoint; of another edit, the edit itself."""
    match edit:
        case SwitchOff(segment) | Freeze(segment):
            return "gate", segment
        case Scale(segment):
            return "factor", segment
    return edit
