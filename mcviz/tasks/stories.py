"""Small stories, character by character: what was said of somebody or something is said again later."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcviz.checks import whole
from mcviz.tasks.characters import Written
from mcviz.tasks.task import NOWHERE, Batch

NAMES = (
    *("Ann", "Ben", "Dot", "Eli", "Fay", "Gus", "Ida", "Jon", "Kit", "Lou", "Mia", "Ned", "Pam", "Rex", "Sue", "Tom"),
)
KINDS = ("Bear", "Crow", "Deer", "Fox", "Goat", "Hare", "Lamb", "Mole", "Owl", "Rat", "Toad", "Wolf")
THINGS = ("bag", "cup", "fan", "hat", "jar", "key", "map", "net", "pen", "rug", "toy", "wig")
COLOURS = ("blue", "green", "orange", "pink", "red", "violet", "white", "yellow")
PLACES = ("barn", "cave", "forest", "garden", "harbour", "inn", "lake", "mill", "park", "river", "tower", "village")
FIRST = (
    *("{name} {kind} has a {thing}. The {thing} is {colour}.", "{name} {kind} found a {thing}. The {thing} is {colour}."),
    *("The {thing} is {colour}. It is for {name} {kind}.",),
)
AGAIN = (
    *('"The {thing} is {colour}," said {name} {kind}.', "{name} {kind} said: the {thing} is {colour}!"),
    *("The {thing} is {colour}.", "{name} {kind} went to the {place}.", "Then came {name} {kind}."),
)
BETWEEN = ("They sat down in the {place}.", "It was a cold day.", "The wind blew.", "They sang.", "Then they had tea.")
ENDINGS = ("So they all went home.", "That was a good day.", "And that is all.")


@dataclass(frozen=True)
class Stories(Written):
    """Stories about friends, one after the other until the sequence is full.

    Each friend has a name, which tells what animal that is, and a thing, which tells its colour. Later in the story
    both are said again: then the place of the last time is the source of the answer.

    """

    name = "stories"
    length: int = 160
    friends: int = 3  # in a story
    again: int = 6  # sentences that say again what was said before
    others: float = 1.0  # share of the characters asked for, of those that answer nothing that was said before

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("length", self.length)
        whole("friends", self.friends, 1, min(len(NAMES), len(KINDS), len(THINGS), len(COLOURS)))
        whole("again", self.again)

    def easier(self, progress: float) -> "Stories":
        """Two friends, in half the length, for the first third of the training."""
        easier = replace(self, others=0.1)
        if progress >= 1 / 3: return easier
        return replace(easier, length=max(1, self.length // 2), friends=min(2, self.friends))

    @property
    def characters(self) -> str:
        words = (*NAMES, *KINDS, *THINGS, *COLOURS, *PLACES, *BETWEEN, *FIRST, *AGAIN, *ENDINGS)
        return "".join(sorted(set(" \n".join(words)) - set("{}")))

    def _sample(self, rng: np.random.Generator, batch: int) -> Batch:
        drawn = [self.passage(rng) for _ in range(batch)]
        text = np.stack([self.encode(text) for text, _ in drawn])
        sources = np.array([places for _, places in drawn])
        tokens, targets = text[:, :-1], text[:, 1:]
        mask = (sources >= 0) | (rng.random(tokens.shape) < self.others)
        return Batch(tokens, targets, mask, sources, self.labels)

    def passage(self, rng: np.random.Generator) -> tuple[str, list[int]]:
        """A text of one character more than `length`, and for each character but the last, the place of the answer."""
        text, places = "", []
        while len(text) <= self.length:
            known: dict[str, int] = {}  # where the answer to a name or a thing was last said, in this story
            for sentence in self.story(rng):
                for word, asks in sentence:
                    at = known.get(asks, NOWHERE) if asks else NOWHERE
                    places += [at + i if at >= 0 else NOWHERE for i in range(len(word))]
                    if asks:
                        known[asks] = len(text)
                    text += word
        return text[: self.length + 1], places[1 : self.length + 1]

    def story(self, rng: np.random.Generator) -> list[list[tuple[str, str]]]:
        """Sentences as pieces of text, and what each piece answers: a name, a thing, or nothing ("")."""
        n = self.friends
        names, kinds, things, colours = (
            [words[i] for i in rng.permutation(len(words))[:n]] for words in (NAMES, KINDS, THINGS, COLOURS)
        )
        friends = list(zip(names, kinds, things, colours, strict=True))
        plan = [(pick(rng, FIRST), friend) for friend in friends]
        plan += [(pick(rng, BETWEEN), friends[0])]
        plan += [(pick(rng, AGAIN), friends[rng.integers(n)]) for _ in range(self.again)]
        plan += [(pick(rng, ENDINGS), friends[0])]
        sentences = [told(frame, *friend, pick(rng, PLACES)) for frame, friend in plan]
        return [[*sentence, (" ", "")] for sentence in sentences[:-1]] + [[*sentences[-1], ("\n", "")]]


def told(frame: str, name: str, kind: str, thing: str, colour: str, place: str) -> list[tuple[str, str]]:
    """A sentence in pieces, with what each answers."""
    asks = {"{kind}": name, "{colour}": thing}
    words = {"{name}": name, "{kind}": kind, "{thing}": thing, "{colour}": colour, "{place}": place}
    pieces = frame.replace("{", "\0{").replace("}", "}\0").split("\0")
    return [(words.get(piece, piece), asks.get(piece, "")) for piece in pieces if piece]


def pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    """One of `words`."""
    return words[rng.integers(len(words))]
