"""What a reader wants to have trained."""

import json
import shlex
from dataclasses import asdict, dataclass, fields

from mcviz.checks import whole
from mcviz.config import AGGREGATORS, GATES, STARTS
from mcviz.rules import AGGREGATORS as SHEETS

TASKS = ("topics", "needle", "mqar")
"""Tasks that are learned in a minute or so, and in which gates have something to find."""
RATES = ("0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05")
"""Learning rates, as they are written."""
LIMITS = {"top_k": (1, 16), "steps": (10, 3000), "seed": (0, 10**9)}
"""The least and the most of what is a number."""


@dataclass(frozen=True)
class Order:
    """A task, how its model reads its memories, and how it is trained. A bad value is a `ValueError`."""

    task: str = "topics"
    aggregator: str = "ssc"
    gate: str = "context"
    start: str = "independent"
    top_k: int = 2
    rate: str = "0.005"
    dense: bool = True  # whether SSC reads all checkpoints in the first half of its training
    steps: int = 800
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (
            ("task", TASKS),
            ("aggregator", AGGREGATORS),
            ("gate", GATES),
            ("start", STARTS),
            ("rate", RATES),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}; got {getattr(self, name)!r}")
        if not isinstance(self.dense, bool):
            raise ValueError(f"dense: expected true or false, got {self.dense!r}")
        for name, (least, most) in LIMITS.items():
            whole(name, getattr(self, name), least, most, of="checkpoints" if name == "top_k" else "")

    @property
    def name(self) -> str:
        """What the model is called."""
        return f"{self.task}-{self.aggregator}"

    @property
    def settings(self) -> dict[str, object]:
        """What `mcviz.training.plan` takes besides task, aggregator and seed."""
        settings: dict[str, object] = {"steps": self.steps, "learning_rate": float(self.rate)}
        routes = SHEETS[self.aggregator].routes
        if self.aggregator != "none":
            settings["start"] = self.start
        if SHEETS[self.aggregator].gated:
            settings["gate"] = self.gate
        if routes:
            settings |= {"top_k": self.top_k, "dense": 0.5 if self.dense else 0.0}
        return settings

    @property
    def about(self) -> str:
        """A sentence on the model's card."""
        return f"{SHEETS[self.aggregator].short} on {self.task}, trained in the explorer"

    @property
    def command(self) -> str:
        """What remakes the model in a shell."""
        settings = [f"{name}={json.dumps(value)}" for name, value in self.settings.items()]
        parts = ["mcviz", "train", self.task, "--aggregator", self.aggregator, "--seed", str(self.seed)]
        return shlex.join([*parts, "--name", self.name, "--set", *settings])

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """What `to_json` wrote. Raises `ValueError` for anything else."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError:
            values = None
        if not isinstance(values, dict) or set(values) != {field.name for field in fields(cls)}:
            raise ValueError(f"order: expected what Order.to_json wrote, got {text[:80]!r}")
        return cls(**values)
