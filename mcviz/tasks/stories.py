"""Small stories, character by character: what was said of somebody or something is said again later."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Int

from mcviz.checks import number, whole
from mcviz.tasks.characters import Written
from mcviz.tasks.task import NOWHERE, Array, Batch

NAMES = (
    *("Ann", "Ben", "Dot", "Eli", "Fay", "Gus", "Ida", "Jon", "Kit", "Lou", "Mia", "Ned", "Pam", "Rex", "Sue", "Tom"),
)
KINDS = ("Bear", "Crow", "Deer", "Fox", "Goat", "Hare", "Lamb", "Mole", "Owl", "Rat", "Toad", "Wolf")
THINGS = ("bag", "cup", "fan", "hat", "jar", "key", "map", "net", "pen", "rug", "toy", "wig")
COLOURS = ("blue", "green", "orange", "pink", "red", "violet", "white", "yellow")
PLACES = ("barn", "cave", "forest", "garden", "harbour", "inn", "lake", "mill", "park", "river", "tower", "village")
FIRST = (
    "{name} {kind} has a {thing}. The {thing} is {colour}.",
    "{name} {kind} found a {thing}. The {thing} is {colour}.",
    "The {thing} is {colour}. It is for {name} {kind}.",
)
AGAIN = (
    '"The {thing} is {colour}," said {name} {kind}.',
    "{name} {kind} said: the {thing} is {colour}!",
    "The {thing} is {colour}.",
    "{name} {kind} went to the {place}.",
    "Then came {name} {kind}.",
)
BETWEEN = ("They sat down in the {place}.", "It was a cold day.", "The wind blew.", "They sang.", "Then they had tea.")
ENDINGS = ("So they all went home.", "That was a good day.", "And that is all.")

SAID = re.compile(
    rf"\b(?P<name>{'|'.join(NAMES)}) (?P<kind>{'|'.join(KINDS)})"
    rf"|\b(?P<thing>{'|'.join(THINGS)}) is (?P<colour>{'|'.join(COLOURS)})|(?P<end>\n)"
)
"""A name and what animal that is, a thing and its colour, or the end of a story."""

Word = TypeVar("Word")


@dataclass(frozen=True)
class Stories(Written):
    """Stories about friends, one after the other until the sequence is full.

    A name tells what animal that is, and a thing tells its colour. Where either is said again in the same story, the
    place where it was said last is the source of the answer.

    >>> print(Stories(length=12).sample(0, batch=1).draw())
    tokens   D o t ␣ H a r e ␣ f o u
    answers  o t ␣ H a r e ␣ f o u n
    sources
    """

    name = "stories"
    length: int = 256
    friends: int = 2  # in a story
    again: int = 4  # sentences that say again what was said before
    others: float = 1.0  # share of the other characters that are asked for, which repeat nothing

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("length", self.length)
        whole("friends", self.friends, 1, min(len(KINDS), len(COLOURS)), why="each is another animal, with a colour")
        whole("again", self.again)
        number("others", self.others, 0, 1)

    @property
    def characters(self) -> str:
        words = (*NAMES, *KINDS, *THINGS, *COLOURS, *PLACES, *FIRST, *AGAIN, *BETWEEN, *ENDINGS)
        return "".join(sorted(set(" \n".join(words)) - set("{}")))

    def easier(self, progress: float) -> "Stories":
        """What is said again is hard, and rare in a story: first there is little else, and then little else counts."""
        if progress >= 0.65:
            return self
        others = 0.1 * self.others
        if progress >= 0.45:
            return replace(self, others=others)
        return Reminders(max(1, self.length // 2), self.friends, 3 * self.again, others)

    def sources(self, text: str) -> Int[Array, "T"]:
        """For each character of `text`, the place of the next one where it was said last of the same name or thing."""
        found = np.full(len(text), NOWHERE)
        known: dict[str, int] = {}
        for match in SAID.finditer(text):
            if match["end"]:
                known.clear()
                continue
            about, answer = ("name", "kind") if match["name"] else ("thing", "colour")
            start, stop = match.span(answer)
            place = known.get(match[about], NOWHERE)
            if place >= 0 and text[place : place + stop - start] == match[answer]:
                found[start - 1 : stop - 1] = np.arange(place, place + stop - start)
            known[match[about]] = start
        return found

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        texts = [self.passage(rng) for _ in range(batch)]
        numbers = np.stack([self.encode(text) for text in texts])
        sources = np.stack([self.sources(text[:-1]) for text in texts])
        mask = (sources >= 0) | (rng.random(sources.shape) < self.others)
        return Batch(numbers[:, :-1], numbers[:, 1:], mask, sources, self.labels)

    def passage(self, rng: np.random.Generator) -> str:
        """A text of one character more than `length`."""
        text = ""
        while len(text) <= self.length:
            text += self.story(rng)
        return text[: self.length + 1]

    def cast(self, rng: np.random.Generator) -> list[tuple[str, ...]]:
        """The friends of a story: name, kind, thing and colour of each."""
        return list(zip(*(few(rng, each, self.friends) for each in (NAMES, KINDS, THINGS, COLOURS)), strict=True))

    def story(self, rng: np.random.Generator) -> str:
        """One story, and the end of its line."""
        told = [dict(zip(("name", "kind", "thing", "colour"), friend, strict=True)) for friend in self.cast(rng)]
        plan: list[tuple[Sequence[str], dict[str, str]]] = [(FIRST, friend) for friend in told]
        plan += [(BETWEEN, told[0]), *((AGAIN, pick(rng, told)) for _ in range(self.again)), (ENDINGS, told[0])]
        return " ".join(pick(rng, frames).format(**friend, place=pick(rng, PLACES)) for frames, friend in plan) + "\n"


class Reminders(Stories):
    """Stories in which nothing happens: dense in what is said again, to learn that from."""

    def story(self, rng: np.random.Generator) -> str:
        said = [
            pair
            for name, kind, thing, colour in self.cast(rng)
            for pair in (f"{name} {kind}.", f"The {thing} is {colour}.")
        ]
        return " ".join([*said, *(pick(rng, said) for _ in range(self.again))]) + "\n"


def pick(rng: np.random.Generator, choices: Sequence[Word]) -> Word:
    """One of `choices`."""
    return choices[int(rng.integers(len(choices)))]


def few(rng: np.random.Generator, words: Sequence[str], n: int) -> list[str]:
    """`n` of `words`, in random order."""
    return [words[i] for i in rng.permutation(len(words))[:n]]
