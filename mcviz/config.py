"""What to run: one frozen, validated configuration, and the names it may use."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from mcviz import rules
from mcviz.checks import one_of, plain, plain_fields, truth, whole
from mcviz.rules import SHEETS, Value

MEMORIES = tuple(SHEETS)
AGGREGATORS = tuple(rules.AGGREGATORS)
SEGMENTATIONS = ("constant", "logarithmic")
STARTS = ("independent", "checkpoint")
GATES = tuple(rules.GATES)
POOLINGS = tuple(rules.POOLINGS)

GATED = tuple(name for name, one in rules.AGGREGATORS.items() if one.gated)
"""The aggregators that weigh memories with the gate of Eq. 9; the others ignore `gate`, `pooling` and `u`."""

OPTIONS: Mapping[str, Mapping[str, Value]] = {name: sheet.defaults for name, sheet in SHEETS.items()}
"""The options of each memory rule with their defaults."""

_CHOICES = {
    "memory": MEMORIES,
    "aggregator": AGGREGATORS,
    "start": STARTS,
    "gate": GATES,
    "pooling": POOLINGS,
}


@dataclass(frozen=True)
class MCConfig:
    """One variant of Memory Caching. An unknown name or a bad value is a `ValueError`."""

    memory: str = "linear"  # how a memory is written and read: one of MEMORIES
    aggregator: str = "grm"  # how a token reads all memories: one of AGGREGATORS
    segmentation: str | Sequence[int] = "constant"  # or "logarithmic", or explicit lengths that sum to T
    segment_length: int = 16  # tokens in a segment, for constant segmentation
    start: str = "independent"  # a segment starts from M_0; "checkpoint": from where the last one ended
    gate: str = "context"  # score <u, context>; "token": from u alone, by age; "shared": u is q
    pooling: str = "mean"  # a segment's context is the mean (or the "sum") of its keys
    top_k: int = 2  # checkpoints that the router of SSC selects
    seed: int = 0  # draws the initial state M_0 of deep memories
    options: Mapping[str, Value] = field(default_factory=dict, hash=False)  # of the memory rule: see OPTIONS

    def __post_init__(self) -> None:
        plain_fields(self)
        for name, choices in _CHOICES.items():
            one_of(name, getattr(self, name), choices)
        if isinstance(self.segmentation, list):
            object.__setattr__(self, "segmentation", tuple(self.segmentation))
        if isinstance(self.segmentation, tuple):
            if not self.segmentation:
                raise ValueError("segmentation: expected at least one segment length, got none")
            object.__setattr__(self, "segmentation", tuple(whole("segmentation", n) for n in self.segmentation))
        elif not isinstance(self.segmentation, str) or self.segmentation not in SEGMENTATIONS:
            raise ValueError(
                f"segmentation: expected {' or '.join(SEGMENTATIONS)} or segment lengths; got {self.segmentation!r}"
            )
        for name, at_least in (("segment_length", 1), ("top_k", 1), ("seed", 0)):
            whole(name, getattr(self, name), at_least)
        if not isinstance(self.options, Mapping):
            raise ValueError(f"options: expected a mapping of rule options, got {self.options!r}")
        options = {name: plain(value) for name, value in self.options.items()}
        _check_options(self.memory, options)
        departures = {k: v for k, v in sorted(options.items()) if v != OPTIONS[self.memory][k]}
        object.__setattr__(self, "options", MappingProxyType(departures))

    @property
    def compares(self) -> bool:
        """Whether scores compare a token with the contexts of segments, which are then kept."""
        return self.aggregator in GATED and self.gate != "token"

    @property
    def one_memory(self) -> bool:
        """Whether each segment goes on from where the last one ended, and nothing else is read: segments change
        nothing then, as in a plain recurrent layer."""
        return self.aggregator == "none" and self.start == "checkpoint"

    @property
    def rule_options(self) -> dict[str, Any]:
        """Every option of the memory rule: what was asked for, and the defaults."""
        return {**OPTIONS[self.memory], **self.options}

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON values; `MCConfig.from_dict` reads them back."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if isinstance(self.segmentation, tuple):
            values["segmentation"] = list(self.segmentation)
        return {**values, "options": dict(self.options)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "MCConfig":
        """What `to_dict` gave; fields left out take their defaults. Raises `ValueError` for unknown ones."""
        if not isinstance(values, Mapping):
            raise ValueError(f"config: expected a mapping, got {type(values).__name__}")
        known = [f.name for f in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"config: expected fields among {', '.join(known)}; got {', '.join(map(str, unknown))}")
        lengths = values.get("segmentation")
        return cls(**({**values, "segmentation": tuple(lengths)} if isinstance(lengths, list) else values))

    def to_json(self) -> str:
        """The configuration as one line of JSON, the same for equal configurations."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "MCConfig":
        """What `to_json` gave. Raises `ValueError` for anything else."""
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"config: expected JSON, got {text[:40]!r} ({error})") from None
        return cls.from_dict(values)

    def __reduce__(self) -> tuple[Any, ...]:
        # a read-only view of options cannot be pickled: copies go through plain values
        return MCConfig.from_dict, (self.to_dict(),)


def _check_options(memory: str, options: Mapping[str, Value]) -> None:
    sheet = SHEETS[memory]
    known = {option.name: option for option in sheet.options}
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"options: {memory} takes {', '.join(known) or 'none'}; got {name!r}")
        default, choices = known[name].default, known[name].choices
        if isinstance(default, str):
            one_of(f"options.{name}", value, choices)
        elif isinstance(default, bool):
            truth(f"options.{name}", value)
        elif whole(f"options.{name}", value) not in (choices or [value]):
            raise ValueError(f"options.{name}: expected {' or '.join(map(str, choices))}, got {value!r}")
    conflict = sheet.conflict({**sheet.defaults, **options})
    if conflict:
        raise ValueError(conflict)
