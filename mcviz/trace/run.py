"""A Trace holds everything that one run computed: what every picture shows, number for number."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from mcviz import brief, files
from mcviz.checks import place
from mcviz.config import MCConfig
from mcviz.initial import State
from mcviz.segments import Segments
from mcviz.trace import file, schema
from mcviz.trace.file import MAX_BYTES, File
from mcviz.trace.said import Alone, Predictions

Array = np.ndarray


@runtime_checkable
class Host(Protocol):
    """What a Trace is lent by the package, which can do more with a run than hold it."""

    def state(self, trace: "Trace", t: int) -> State:
        """The online memory after token `t`."""

    def page(self, trace: "Trace", other: "Trace | None", hide_answers: bool) -> str:
        """The stepper on a run, or on two in step, as the text of an HTML file."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One run of Memory Caching over T tokens with H heads and N segments.

    Column i of a row is segment i. The token's own segment is its *online* memory, earlier ones are checkpoints and
    later ones cannot be read, so every picture of a [T, H, N] array is block-causal. All arrays are NumPy's.
    """

    host: ClassVar[Host]  # lent by `mcviz` as it loads

    config: MCConfig
    segments: Segments  # N ranges (start, stop)
    q: Float[Array, "T H K"]
    k: Float[Array, "T H K"]
    v: Float[Array, "T H V"]
    u: Float[Array, "T H K"]
    coefficients: Mapping[str, Float[Array, "T H"]]  # the rule's per-token scalars
    initial: State  # M_0: named arrays [H, ...]
    checkpoint_contexts: Float[Array, "N H K"]  # c^(i), the pooled keys of a finished segment
    online_contexts: Float[Array, "T H K"]  # c^(s) of the token's own segment, up to the token
    scores: Float[Array, "T H N"]  # r_t^(i); -inf where not readable, 0 where the aggregator compares nothing
    weights: Float[Array, "T H N"]  # γ_t^(i); exactly 0 where not read
    selected: Bool[Array, "T H N"]  # the checkpoints that are read: for SSC the router's set R_t
    reads: Float[Array, "T H N V"] | None  # M^(i)(q_t), 0 where not read; None if memories are mixed first (soup)
    checkpoints: tuple[State, ...]  # N states, [H, ...] each: where every segment ended
    output: Float[Array, "T H V"]
    counts: Mapping[str, Int[Array, "T"]]  # reads, flops, bytes, cached: spent at each token, all heads
    tokens: tuple[str, ...] = ()  # T labels for display, or none
    sources: tuple[int, ...] = ()  # T places where each token's answer stands, -1 where nothing is asked; or none
    predictions: Predictions | None = None
    title: str = ""
    alone: Alone | None = None
    fact: int = 1  # tokens in what a question asks for, of which its answer, at `sources`, is the last
    exchanged: tuple[tuple[int, int], ...] = ()  # checkpoints whose contexts surgery exchanged, pair after pair

    def __post_init__(self) -> None:
        schema.check(self)
        object.__setattr__(self, "sources", tuple(map(int, self.sources)))
        object.__setattr__(self, "fact", int(self.fact))
        object.__setattr__(self, "exchanged", tuple((int(one), int(other)) for one, other in self.exchanged))
        schema.mend_labels(self)

    def __repr__(self) -> str:
        sizes = {name: getattr(self, name) for name in "THNKV"}
        return brief.line(self, title=self.title, **sizes, memory=self.config.memory, aggregator=self.config.aggregator)

    @property
    def untrained(self) -> bool:
        """Whether its title says that its weights are as they were drawn: then nothing was learned."""
        return "untrained" in self.title.split(", ")

    @property
    def T(self) -> int:
        return int(self.q.shape[0])

    @property
    def H(self) -> int:
        return int(self.q.shape[1])

    @property
    def N(self) -> int:
        return len(self.segments)

    @property
    def K(self) -> int:
        return int(self.q.shape[2])

    @property
    def V(self) -> int:
        return int(self.v.shape[2])

    @property
    def segment_of(self) -> Int[Array, "T"]:
        """The segment that each token is in."""
        return np.repeat(np.arange(self.N), [stop - start for start, stop in self.segments])

    @property
    def readable(self) -> Bool[Array, "T N"]:
        """Which memories exist for each token: its own segment's and all earlier ones."""
        return np.arange(self.N) <= self.segment_of[:, None]

    @property
    def read(self) -> Bool[Array, "T H N"]:
        """Which memories each token read: the selected checkpoints, and always its own."""
        own = np.arange(self.N) == self.segment_of[:, None]
        return self.selected | own[:, None, :]

    @property
    def contexts(self) -> Float[Array, "T H N K"]:
        """What each token's scores compared it with, before surgery `exchanged` any; 0 where not readable.

        Built on demand: it is large.
        """
        own = self.segment_of[:, None] == np.arange(self.N)
        finished = self.readable & ~own
        past = self.checkpoint_contexts.transpose(1, 0, 2)[None] * finished[:, None, :, None]
        return past + self.online_contexts[:, :, None, :] * own[:, None, :, None]

    @property
    def diverged_at(self) -> int | None:
        """The first token whose output is not finite, or None."""
        bad = ~np.isfinite(self.output).all((1, 2))
        return int(np.argmax(bad)) if bad.any() else None

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        own = [array for name in file.ARRAYS if (array := getattr(self, name)) is not None]
        groups = (self.coefficients, self.counts, self.initial, *self.checkpoints)
        return sum(array.nbytes for array in (*own, *(each for group in groups for each in group.values())))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything in the Trace: equal runs have equal hashes."""
        return file.digest(file.header(self), file.arrays(self))

    def at(self, t: int, head: int = 0) -> tuple[int, int]:
        """A token and a head of this run as plain numbers. Raises `ValueError` where it has no such token or head."""
        return place("t", t, self.T, "token"), place("head", head, self.H, "head")

    def states(self, t: int) -> State:
        """The online state after token `t`: named arrays [H, ...]. Raises `ValueError` if there is no such token.

        Writes are replayed by the reference from the start of the token's segment.
        """
        return self.host.state(self, place("t", t, self.T, "token"))

    def save(self, path: str | PathLike[str] | File) -> None:
        """Write the Trace as a compressed `.npz` without pickled objects, whole or not at all."""
        file.write(self, path)

    def to_html(self, path: str | PathLike[str], other: "Trace | None" = None, *, hide_answers: bool = False) -> None:
        """Write the stepper on this run, or on this and another in step, as one HTML file that needs no network.

        With `hide_answers`, each answer is shown once the reader asks for it; they are in the file all the same.
        A page that was there before stays if this one cannot be made or written. Raises `ValueError` if `other` has
        another number of tokens or heads.
        """
        files.write(path, self.host.page(self, other, hide_answers))

    @classmethod
    def load(cls, path: str | PathLike[str] | File, *, at_most: int = MAX_BYTES) -> "Trace":
        """Read what `save` wrote. Raises `ValueError` for anything else: a file is untrusted data.

        A file that claims more than `at_most` bytes is refused before any of them are taken.
        """
        return file.read(path, cls, at_most)
