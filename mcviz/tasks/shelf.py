"""A library that a reader writes for the models of the topic library: documents, and questions about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import cycle, islice

from mcviz.tasks.library import ANIMALS, COLOURS, FILLERS, THINGS

MOST = 32
"""Documents, and questions, at a time."""
LONGEST = 6000
"""Characters of all of it, as text."""


@dataclass(frozen=True)
class Document:
    """What is said about one animal: facts, a colour and a thing each."""

    animal: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shelf:
    """Documents, and questions, an animal and a colour each. As text, a line for each of them:

    >>> shelf = parse("fox: red axe, blue bag; eel: red cup; ? fox red; ? eel red")
    >>> print(shelf.text)
    fox: red axe, blue bag
    eel: red cup
    ? fox red
    ? eel red
    >>> print(*shelf.tokens(8))
    fox fox red axe fox blue bag and eel eel red cup so then well now fox red eel red
    """

    documents: tuple[Document, ...]
    questions: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """What `parse` reads back."""
        lines = [f"{d.animal}: {', '.join(' '.join(fact) for fact in d.facts)}".rstrip() for d in self.documents]
        return "\n".join([*lines, *(f"? {' '.join(question)}" for question in self.questions)])

    def tokens(self, length: int = 16) -> tuple[str, ...]:
        """The sequence: documents of `length` tokens each, filled up with fillers, then the questions.

        Raises `ValueError` for a document that does not fit.
        """
        fillers, words = cycle(FILLERS), []
        for document in self.documents:
            said = [document.animal, *(word for fact in document.facts for word in (document.animal, *fact))]
            if len(said) > length:
                raise ValueError(
                    f"library: expected at most {(length - 1) // 3} facts about the {document.animal}, as many as "
                    f"{length} tokens have room for, got {len(document.facts)}"
                )
            words += [*said, *islice(fillers, length - len(said))]
        return (*words, *(word for question in self.questions for word in question))

    def stated(self, length: int = 16) -> dict[int, list[tuple[str, int]]]:
        """What the documents state to each question: things, each with the number of its document.

        Questions go by the place of their last word in `tokens(length)`, after which the answer is wanted.

        >>> parse("fox: red axe; eel: red cup; fox: blue pen, red bag; ? fox red; ? eel blue").stated()
        {49: [('axe', 0), ('bag', 2)], 51: []}
        """
        facts = [(d.animal, *fact, number) for number, d in enumerate(self.documents) for fact in d.facts]
        return {
            length * len(self.documents) + 2 * n + 1: [fact[2:] for fact in facts if fact[:2] == question]
            for n, question in enumerate(self.questions)
        }


def parse(text: str) -> Shelf:
    """The library that `text` describes, in lines or between semicolons.

    Raises `ValueError` for what is no document and no question, for words that the models do not know, and for more
    than they can hold.
    """
    if len(text) > LONGEST:
        raise ValueError(f"library: expected at most {LONGEST:,} characters, got {len(text):,}")
    lines = [line.strip().lower() for line in text.replace(";", "\n").splitlines() if line.strip()]
    questions = tuple(question(line) for line in lines if line.startswith("?"))
    documents = tuple(document(line) for line in lines if not line.startswith("?"))
    for what, found in (("documents", documents), ("questions", questions)):
        if not 1 <= len(found) <= MOST:
            raise ValueError(f"library: expected 1 to {MOST} {what}, got {len(found):,}")
    return Shelf(documents, questions)


def document(line: str) -> Document:
    """`fox: red axe, blue bag`"""
    animal, colon, facts = line.partition(":")
    if not colon:
        raise ValueError(f"library: expected lines like “fox: red axe, blue bag” and “? fox red”, got {line[:60]!r}")
    said = tuple(known(fact, (COLOURS, THINGS), "a colour and a thing") for fact in facts.split(",") if fact.strip())
    return Document(known(animal, (ANIMALS,), "an animal")[0], tuple((colour, thing) for colour, thing in said))


def question(line: str) -> tuple[str, str]:
    """`? fox red`"""
    animal, colour = known(line.strip("? "), (ANIMALS, COLOURS), "an animal and a colour")
    return animal, colour


def known(text: str, kinds: Sequence[Sequence[str]], what: str) -> list[str]:
    """The words of `text`, each of its kind."""
    words = text.split()
    if len(words) != len(kinds) or any(word not in kind for word, kind in zip(words, kinds, strict=False)):
        some = "; ".join(nearest(words, kind) for kind in kinds)
        raise ValueError(f"library: expected {what} that the models know ({some}), got {' '.join(words)[:40]!r}")
    return words


def nearest(words: Sequence[str], kind: Sequence[str]) -> str:
    """The words of a kind that are spelt most like one of `words`, or the first of them."""
    close = [known for word in words[:4] for known in get_close_matches(word[:40], kind, 3)]
    return ", ".join(dict.fromkeys(close)) or f"{', '.join(kind[:5])} …"
