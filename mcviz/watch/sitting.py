"""A model, and what is put before it."""

from dataclasses import dataclass, replace

from mcviz.changes import Change
from mcviz.checks import whole
from mcviz.config import MCConfig

WEIGHTS = ("trained", "untrained")


@dataclass(frozen=True)
class Sitting:
    """A model, the weights that it has, and the sequence that is put before it."""

    name: str
    cfg: MCConfig | None = None  # another configuration of the same weights; None: the one it was trained with
    seed: int = 0  # draws the sequence
    weights: str = "trained"  # or "untrained": the same model before its first step of training
    tokens: tuple[int | str, ...] | None = None  # the reader's own, by number or label; None: those that `seed` draws
    changes: tuple[Change, ...] = ()  # made to them, one after the other

    def edited(self, *changes: Change) -> "Sitting":
        """The same with more changes to its sequence.

        >>> from mcviz.changes import Delete, Replace
        >>> sitting = Sitting("topics-ssc").edited(Replace(3, "fox"), Delete(7))
        >>> sitting.undone().changes
        (Replace(at=3, token='fox'),)
        """
        return replace(self, changes=(*self.changes, *changes))

    def undone(self, times: int = 1) -> "Sitting":
        """The same without its last changes, at most as many as there are."""
        return replace(self, changes=self.changes[: max(0, len(self.changes) - whole("times", times, 0))])
