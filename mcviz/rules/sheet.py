"""A sheet: all that is true of a memory rule and is not its arithmetic.

What is shown, counted, offered and tested of a rule is read here; how it computes stands in its twins,
`mcviz.reference.memory` and `mcviz.pytorch.memory`, and in its chunk form, `mcviz.pytorch.fast`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from mcviz.rules.equation import Equation

Value = bool | int | str
Options = Mapping[str, Any]
"""Every option of a rule, by name."""
Shapes = dict[str, tuple[int, ...]]


class Option(NamedTuple):
    """A choice that a rule leaves open. A number without `choices` may be any from 1 on."""

    name: str
    default: Value
    label: str
    help: str
    choices: tuple[Value, ...] = ()


class Coefficient(NamedTuple):
    """A scalar of each token and head that a write takes in."""

    name: str
    symbol: str
    help: str
    neutral: float = 0.0  # for a token that writes nothing
    bounds: tuple[float, float] | None = None  # what it may be; None: any number


STEP = "eta"
"""The coefficient that is a learning rate: a layer may learn to double its constant, while the others reach 1."""


class Sheet(ABC):
    """A memory rule's facts. `o` holds every option; K and V are the sizes of one head's keys and values."""

    name: ClassVar[str]
    title: ClassVar[str]  # in lists
    short: ClassVar[str]  # in a sentence
    source: ClassVar[str]  # who proposed it
    place: ClassVar[float]  # where it stands in lists
    kind: ClassVar[str]  # what a memory is: "matrix", "network" or "vector"
    inner: ClassVar[str] = ""  # the loss that a write takes a step on: a name in LOSSES, or none
    normed: ClassVar[bool] = False  # whether a layer norms keys and queries: a step along a key depends on its length
    options: ClassVar[tuple[Option, ...]] = ()
    coefficients: ClassVar[tuple[Coefficient, ...]] = ()

    @property
    def defaults(self) -> dict[str, Value]:
        """Every option's default."""
        return {option.name: option.default for option in self.options}

    def conflict(self, o: Options) -> str:
        """What is wrong with options that are fine alone and do not go together; "" if nothing is."""
        return ""

    def constants(self, o: Options, K: int) -> dict[str, float]:
        """The coefficients where none are given, in the order of `coefficients`."""
        return {}

    @abstractmethod
    def state(self, o: Options, K: int, V: int) -> Shapes:
        """The arrays of one head's memory."""

    @abstractmethod
    def readable(self, o: Options) -> tuple[str, ...]:
        """The arrays that a read needs, and so that a checkpoint must hold; the others matter to the next write."""

    def drawn(self, o: Options, K: int) -> dict[str, tuple[float, int]]:
        """The arrays of `M_0` that are drawn, in this order, with gain and inputs: normal, gain / √inputs; the others
        are 0."""
        return {}

    @abstractmethod
    def read_operations(self, o: Options, K: int, V: int) -> int:
        """Operations of one read by one head, as `mcviz.cost` counts them."""

    @abstractmethod
    def write_operations(self, o: Options, K: int, V: int) -> int:
        """Operations of one write by one head."""

    @abstractmethod
    def write(self, o: Options) -> tuple[Equation, ...]:
        """How a token is written: what becomes of all that a read needs, and of the momentum."""

    @abstractmethod
    def read(self, o: Options) -> Equation:
        """What memory i says to a query."""

    def loss(self, o: Options) -> Equation | None:
        """The inner loss, or None for a rule whose write is no step on a loss of one pair."""
        return None

    def features(self, o: Options) -> Equation | None:
        """The feature map of queries and keys, if there is one."""
        return None


LOSSES: Mapping[str, str] = {
    "projection": "−⟨{said}, v_t⟩",
    "distance": "|{said} − v_t|²",
    "half distance": "½ |{said} − v_t|²",
}
"""Inner losses of a pair, by name; `said` is what the memory says to the key."""


PLAIN_READ = "M^(i)(q_t) = M^(i) q_t"


class Matrix(Sheet):
    """What rules have in common whose memory is one matrix, read as `M q`."""

    kind = "matrix"
    read_number: ClassVar[str] = ""

    def state(self, o: Options, K: int, V: int) -> Shapes:
        return {"M": (V, K)}

    def readable(self, o: Options) -> tuple[str, ...]:
        return ("M",)

    def read_operations(self, o: Options, K: int, V: int) -> int:
        return 2 * V * K

    def read(self, o: Options) -> Equation:
        return Equation(PLAIN_READ, self.read_number)

    def loss(self, o: Options) -> Equation | None:
        if not self.inner:
            return None
        return Equation(f"ℓ(M; k_t, v_t) = {LOSSES[self.inner].format(said='M k_t')}")
