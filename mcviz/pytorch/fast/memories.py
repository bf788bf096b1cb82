"""What `scan` asks of a kind of memory, whatever it is made of."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

from mcviz.pytorch.aliases import State
from mcviz.pytorch.fast.gate import Gates


class Earlier(NamedTuple):
    """What an earlier run left, where one goes on. Memories and keys of `opened` tokens are the open segment's."""

    online: State  # [B, H, ...], all of it
    keys: Float[Tensor, "B H K"] | None
    checkpoints: State  # [B, n, H, ...], what a read needs; nothing where none is read
    contexts: Float[Tensor, "B n H K"] | None
    before: int  # how many checkpoints there are
    opened: int


class Given(NamedTuple):
    """What memories are written with and asked, as `prepare` checked it."""

    q: Float[Tensor, "B T H K"]
    k: Float[Tensor, "B T H K"]
    v: Float[Tensor, "B T H V"]
    c: Mapping[str, Float[Tensor, "B T H"]]  # the rule's coefficients
    start: State  # M_0 [B, H, ...]
    earlier: Earlier | None = None

    def first(self, independent: bool) -> State | None:
        """What the first segment starts from, if that is not `start`."""
        if self.earlier is None or (independent and not self.earlier.opened):
            return None
        return self.earlier.online


class Run(NamedTuple):
    """What a run computed. Contexts are None where nothing compares them, and the last four fields without `trace`."""

    output: Float[Tensor, "B T H V"]
    states: State  # [B, N, H, ...], where every segment of these tokens ended
    online_reads: Float[Tensor, "B T H V"] | None  # from each token's own segment; None for soups of deep memories
    contexts: Float[Tensor, "B N H K"] | None  # of whole segments, those of an earlier run included
    keys: Float[Tensor, "B H K"] | None  # the sum of the last segment's
    online_contexts: Float[Tensor, "B T H K"] | None = None
    scores: Float[Tensor, "B T H N"] | None = None
    weights: Float[Tensor, "B T H N"] | None = None
    selected: Bool[Tensor, "B T H N"] | None = None


@runtime_checkable
class Memories(Protocol):
    """The memories of a run: the online memory after every token, and N checkpoints. s is a token's own segment.

    A kind is made from `Given`, the configuration, `Chunks` and `detach` (see `scan.run`), writes every token, and
    lays numbers out as suits it. What it answers has heads before tokens, as gates do, and its checkpoints come without
    gradients under `detach`. `rules` are the names of the rules that it serves.
    """

    rules: frozenset[str]
    reads: Float[Tensor, "B H T V"] | None
    """`M_t^(s)(q_t)`, or None where no memory is read on its own."""
    states: State
    """[B, N, H, ...], where every segment ended; complete once `soup` has answered, if it is asked."""

    def total(self) -> Float[Tensor, "B H T V"]:
        """`Σ_{i<s} M^(i)(q_t)`"""

    def weighted(self, past: Float[Tensor, "B H T N"]) -> Float[Tensor, "B H T V"]:
        """`Σ_{i<s} γ_t^(i) M^(i)(q_t)`, for weights that are 0 from i = s on."""

    def routed(self, choices: Int[Tensor, "B H T k"], weights: Float[Tensor, "B H T k"]) -> Float[Tensor, "B H T V"]:
        """The same for the k checkpoints that each token chose."""

    def soup(self, gates: Gates) -> Float[Tensor, "B H T V"]:
        """`M*_t(q_t)` with `θ*_t = Σ_{i≤s} γ_t^(i) θ^(i)` (Eq. 14-15)."""
