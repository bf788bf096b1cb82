"""What to run: one frozen, validated configuration, and the names it may use."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from mcviz.checks import plain, plain_fields, truth, whole

MEMORIES = ("linear", "swla", "delta", "dla", "titans", "vector")
AGGREGATORS = ("none", "residual", "grm", "soup", "ssc", "average")
SEGMENTATIONS = ("constant", "logarithmic")
STARTS = ("independent", "checkpoint")
GATES = ("context", "token", "shared")
POOLINGS = ("mean", "sum")
FEATURE_MAPS = ("identity", "elu")

GATED = ("grm", "soup", "ssc")
"""The aggregators that weigh memories with the gate of Eq. 9; the others ignore `gate`, `pooling` and `u`."""

Option = bool | int | str

_DEEP: dict[str, Option] = {
    "depth": 2,  # layers: 2 is M(x) = x + W1 gelu(W2 norm(x)), 1 is a matrix memory
    "expansion": 4,  # hidden width of the two-layer memory, in units of K
    "residual": True,  # add the input to what the layers say
    "norm": True,  # layer norm (without learned scale) on the way into the layers
}
OPTIONS: Mapping[str, Mapping[str, Option]] = {
    "linear": {
        "feature_map": "identity",  # or "elu": elu(x) + 1 on queries and keys, always positive
        "normalizer": False,  # divide a read by z q, z the sum of written keys (Eq. 2); needs a positive feature map
    },
    "swla": {"window": 2},  # how many of the latest pairs one write takes in, its own included
    "delta": {},
    "dla": _DEEP,
    "titans": _DEEP,
    "vector": {},
}
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
    options: Mapping[str, Option] = field(default_factory=dict, hash=False)  # of the memory rule: see OPTIONS

    def __post_init__(self) -> None:
        plain_fields(self)
        for name, choices in _CHOICES.items():
            _require_name(name, getattr(self, name), choices)
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


def _check_options(memory: str, options: Mapping[str, Option]) -> None:
    defaults = OPTIONS[memory]
    for name, value in options.items():
        if name not in defaults:
            raise ValueError(f"options: {memory} takes {', '.join(defaults) or 'none'}; got {name!r}")
        if name == "feature_map":
            _require_name(f"options.{name}", value, FEATURE_MAPS)
        elif isinstance(defaults[name], bool):
            truth(f"options.{name}", value)
        else:
            whole(f"options.{name}", value)
    if options.get("depth", 1) not in (1, 2):
        raise ValueError(f"options.depth: expected 1 or 2 layers, got {options['depth']!r}")
    if options.get("normalizer") and options.get("feature_map") != "elu":
        raise ValueError("options.normalizer: expected the positive feature_map 'elu' beside it, got 'identity'")


def _require_name(name: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}; got {value!r}")
