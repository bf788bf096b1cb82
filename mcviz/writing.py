"""The reader's own text before a trained model: what it expects after every character, and how it writes on.

    draft = Draft("stories-grm", "Mia Fox has a hat. The hat is red. ", characters=80)
    continuation(draft)     the 80 characters that the model writes
    run(draft)              the Trace of the text and these characters, which is the recorded run
    write(draft)            the same, a step at a time and without end

PyTorch writes where it is installed, and else NumPy. They agree but for rounding, so that one seed writes one text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any

from mcviz import watch
from mcviz.backends import choose, library
from mcviz.checks import instance, of_kinds, whole
from mcviz.config import MCConfig
from mcviz.sampling import Step
from mcviz.tasks.characters import Written
from mcviz.trace import Trace
from mcviz.watch import Sitting

MOST = 1024
"""Characters of a text, and of what is written after it, together."""


@dataclass(frozen=True)
class Draft:
    """A text, the trained model that reads it, and how many characters it writes on."""

    name: str
    text: str
    characters: int = 0  # that the model writes
    temperature: float = 0.0  # 0: always the likeliest character; otherwise they are drawn
    seed: int = 0  # draws them
    cfg: MCConfig | None = None  # another configuration of the same weights; None: the one it was trained with
    weights: str = "trained"  # or "untrained": the same model before its first step of training


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The shipped models that read text."""
    return tuple(name for name in watch.names() if isinstance(watch.learned(name), Written))


def learned(name: str) -> Written:
    """The texts that the model called `name` learned. Raises `ValueError` for a model that reads no text."""
    task = watch.learned(name) if name in watch.names() else None
    if not isinstance(task, Written):
        raise ValueError(f"name: expected a model that reads text, one of {', '.join(names())}; got {name!r}")
    return task


def encode(name: str, text: str) -> tuple[int, ...]:
    """The tokens of `text` for the model called `name`. Raises `ValueError` for characters that it does not know, for
    what is no text, for one without any and for one of more than `MOST`."""
    known = learned(name).characters
    text = instance("text", text, str, "a text")
    if not 1 <= len(text) <= MOST:
        raise ValueError(f"text: expected 1 to {MOST:,} characters, got {len(text):,}")
    unknown = sorted(set(text) - set(known))
    if unknown:
        raise ValueError(
            f"text: expected characters that {name} has learned, {spelled(known)}; got {spelled(''.join(unknown[:8]))}"
        )
    return tuple(map(known.index, text))


def spelled(characters: str) -> str:
    """Characters in words, for a message."""
    names = {" ": "the space", "\n": "the end of a line", "\t": "the tabulator"}
    seen = "".join(one for one in characters if one not in names)
    return " and ".join(filter(None, [seen, *(names[one] for one in names if one in characters)]))


def without(name: str, text: str) -> str:
    """`text` but for the characters that the model called `name` does not know."""
    known = set(learned(name).characters)
    return "".join(character for character in text if character in known)


@of_kinds
def write(draft: Draft, backend: str | None = None) -> Iterator[Step]:
    """What the model writes after the text, a step at a time and without end: see `mcviz.reference.write`.

    Raises the `ValueError`s of `encode` and of `mcviz.reference.write`, for segments that are not of one length, and
    for a backend that is not there.
    """
    backend = choose(backend)
    tokens, cfg = encode(draft.name, draft.text), draft.cfg or watch.config(draft.name)
    if cfg.segmentation != "constant":
        raise ValueError(
            "segmentation: expected segments of one length to write on, as others are cut by the length of the whole "
            f"text, which nobody knows yet; got {cfg.segmentation}"
        )
    how = {"temperature": draft.temperature, "seed": draft.seed, "labels": learned(draft.name).labels}
    steps: Iterator[Step] = library(backend).write(watch.model(sitting(draft, tokens), backend), tokens, **how)
    return steps


class Writer:
    """Steps of one `write`, kept: one more costs one more."""

    def __init__(self, draft: Draft, backend: str) -> None:
        self.steps: list[Step] = []
        self.goes_on = write(draft, backend)
        self.lock = Lock()

    def first(self, n: int) -> tuple[Step, ...]:
        """The first `n` steps."""
        with self.lock:
            self.steps.extend(islice(self.goes_on, max(0, n - len(self.steps))))
            return tuple(self.steps[:n])


_writer = lru_cache(maxsize=16)(Writer)


@of_kinds
def steps(draft: Draft, backend: str | None = None) -> tuple[Step, ...]:
    """The characters that the model writes after the text, with the probability of each.

    Raises the `ValueError`s of `write`, and where the whole comes to more than `MOST` characters.
    """
    n = whole("characters", draft.characters, 0)
    encode(draft.name, draft.text)
    if len(draft.text) + n > MOST:
        raise ValueError(
            f"characters: expected a text and what is written after it of at most {MOST:,} together, got "
            f"{len(draft.text):,} and {n:,}"
        )
    return _writer(replace(draft, characters=0), choose(backend)).first(n) if n else ()


@of_kinds
def continuation(draft: Draft, backend: str | None = None) -> str:
    """The characters that the model writes after the text. Raises the `ValueError`s of `steps`."""
    return learned(draft.name).decode([step.token for step in steps(draft, backend)])


@of_kinds
def sitting(draft: Draft, tokens: tuple[int, ...]) -> Sitting:
    """The model before these tokens."""
    return Sitting(draft.name, draft.cfg, weights=draft.weights, tokens=tokens)


@of_kinds
def seated(draft: Draft, backend: str | None = None) -> Sitting:
    """The model before the text and what it wrote after it: all that `mcviz.watch` can do with it.

    Raises the `ValueError`s of `encode` and `steps`.
    """
    return sitting(draft, (*encode(draft.name, draft.text), *(step.token for step in steps(draft, backend))))


@of_kinds
def drafted(sitting: Sitting, **settings: Any) -> Draft:
    """The text before the model of `sitting`, to be written on: `settings` are those of a `Draft`.

    Raises `ValueError` for a model that reads no text, and those of `mcviz.watch.words`.
    """
    task = learned(sitting.name)
    text = task.decode(task.numbers(watch.words(sitting)))
    return Draft(sitting.name, text, cfg=sitting.cfg, weights=sitting.weights, **settings)


@of_kinds
def run(draft: Draft, backend: str | None = None) -> Trace:
    """The Trace of the model's last layer on the text and what it wrote, with what it predicts at every character.

    The answer wanted at each is the character that follows. Raises the `ValueError`s of `seated` and of
    `mcviz.watch.run`.
    """
    return watch.run(seated(draft, backend), backend)
