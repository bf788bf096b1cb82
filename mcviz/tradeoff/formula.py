"""What a setting costs: every way to read its memories side by side, over lengths, and where lines cross.

>>> from mcviz.tradeoff import Setting, sheet
>>> lines = sheet(Setting(d=64, H=1, C=128, L=1024))
>>> lines["ssc"].last.reads, lines["grm"].last.reads, lines["attention"].last.reads
(3, 8, 1024)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from mcviz import cost
from mcviz.checks import plain_fields, whole
from mcviz.config import AGGREGATORS, OPTIONS, MCConfig
from mcviz.cost import Cost
from mcviz.rules import SHEETS

LOG_LINEAR, ATTENTION = "log-linear", "attention"
RULES = tuple(name for name, rule in SHEETS.items() if rule.kind != "vector")
LIMITS: Mapping[str, tuple[int, int]] = {
    "d": (1, 4096),
    "H": (1, 256),
    "C": (1, 2**20),
    "k": (1, 4096),
    "L": (1, 2**20),
    "expansion": (1, 64),
    "itemsize": (1, 16),
}


@dataclass(frozen=True)
class Setting:
    """Sizes of a layer and of what it reads. A value outside of `LIMITS` is a `ValueError`."""

    d: int = 96  # width of a head: of its keys and of its values
    H: int = 16  # heads
    C: int = 256  # tokens in a segment
    L: int = 4096  # tokens in the sequence
    k: int = 2  # checkpoints that SSC selects
    memory: str = "linear"  # one of RULES
    expansion: int = 4  # hidden width of a two-layer memory, in units of d
    itemsize: int = 2  # bytes of a number

    def __post_init__(self) -> None:
        plain_fields(self)
        if self.memory not in RULES:
            raise ValueError(f"memory: expected one of {', '.join(RULES)}; got {self.memory!r}")
        for name, (least, most) in LIMITS.items():
            whole(name, getattr(self, name), least, most)

    @property
    def deep(self) -> bool:
        """Whether a memory is an MLP of two layers."""
        return SHEETS[self.memory].kind == "network"

    def config(self, aggregator: str = "grm") -> MCConfig:
        """The configuration with this setting, by an aggregator or "log-linear": GRM on logarithmic segments."""
        options = {"expansion": self.expansion} if "expansion" in OPTIONS[self.memory] else {}
        cfg = MCConfig(memory=self.memory, segment_length=self.C, top_k=self.k, options=options)
        if aggregator == LOG_LINEAR:
            return replace(cfg, aggregator="grm", segmentation="logarithmic")
        return replace(cfg, aggregator=aggregator)


class Published(NamedTuple):
    """A setting of the paper (section 5). The width of a head is the model's width divided by its heads."""

    name: str
    setting: Setting


PAPER = tuple(
    Published(f"{size}, {context}K tokens", Setting(d=width // heads, H=heads, C=256, L=1024 * context))
    for size, width, heads in (("760M", 1536, 16), ("1.3B", 2048, 8))
    for context in (4, 16)
)
"""Contexts of 4K, and of 16K for long-context tasks, in segments of 256. The paper does not say k of SSC."""


class Line(NamedTuple):
    """What one way to read costs, over all heads."""

    whole: Cost  # the sequence
    last: Cost  # its last token
    kept: int  # bytes there are after the last token: checkpoints and contexts, and the memory being written


def sheet(setting: Setting, L: int | None = None) -> dict[str, Line]:
    """A line for each aggregator ("none" is the plain recurrent layer), for GRM on logarithmic segments, and for
    attention with a KV cache; at the setting's length, or at another one."""
    L = setting.L if L is None else L
    d, H, size = setting.d, setting.H, setting.itemsize
    lines = {}
    for name in (*AGGREGATORS, LOG_LINEAR):
        cfg = setting.config(name)
        whole, last = cost.sequence(cfg, L, d, d, H, size), cost.token(cfg, cost.memories(cfg, L), d, d, H, size)
        lines[name] = Line(whole, last, last.cached + cost.online(cfg, d, d, H, size))
    whole = cost.attention(L, d, d, H, size)
    before = cost.attention(L - 1, d, d, H, size)
    last = whole._replace(
        reads=whole.reads - before.reads, flops=whole.flops - before.flops, bytes=whole.bytes - before.bytes
    )
    return {**lines, ATTENTION: Line(whole, last, whole.cached)}


def curves(setting: Setting, lengths: Sequence[int]) -> dict[str, list[Line]]:
    """The lines of `sheet` over lengths."""
    sheets = [sheet(setting, L) for L in lengths]
    return {name: [lines[name] for lines in sheets] for name in sheets[0]}


def checkpoint_bytes(setting: Setting) -> int:
    """Bytes of one checkpoint of one head."""
    return setting.itemsize * cost.state_size(setting.config(), setting.d, setting.d)


def cache_bytes(setting: Setting) -> int:
    """Bytes of the KV cache of one token and one head."""
    return cost.attention(1, setting.d, setting.d, 1, setting.itemsize).cached


def crossover(setting: Setting) -> float:
    """The segment length above which a checkpoint is smaller than the KV cache of its segment (see `cost.crossover`):
    d/2 for a matrix, d * expansion for two layers."""
    return cost.crossover(setting.config(), setting.d, setting.d)


def small(setting: Setting) -> Setting:
    """The same setting at a size that the reference runs in a moment: as many memories as there are, up to five."""
    memories = min(5, cost.memories(setting.config(), setting.L))
    C = min(3, setting.C)
    return replace(
        setting,
        d=min(4, setting.d),
        H=min(2, setting.H),
        C=C,
        L=min(setting.L, C * memories),
        expansion=min(4, setting.expansion),
        itemsize=8 if setting.itemsize == 8 else 4,
    )


def published(setting: Setting) -> str:
    """The name of the paper's setting that this one is, whatever its rule, k and precision; "" for another."""
    sizes = [(one.name, one.setting) for one in PAPER]
    same = ("d", "H", "C", "L")
    return next((name for name, one in sizes if all(getattr(one, f) == getattr(setting, f) for f in same)), "")
