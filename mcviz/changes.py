"""Changes of a sequence of tokens: one token another, one more, one less, one elsewhere.

As text, for links, they are words: `3=fox` makes token 3 another, `3+fox` puts one before it, `3-` takes it away and
`3>7` moves it, so that it is token 7 afterwards. Each counts in the sequence that those before it left.

>>> changes = parse("1=bat 0+cat 3-")
>>> rewritten(("ant", "bee", "cow"), changes)
('cat', 'ant', 'bat')
>>> write(changes)
'1=bat 0+cat 3-'
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mcviz.checks import place, whole

MOST = 100
"""Changes at a time."""
LONGEST = 2**14
"""Characters of all of them, as text."""

Token = int | str
WORD = re.compile(r"(\d{1,9})(?:([=+])(\S{1,64})|(-)|>(\d{1,9}))\Z", re.ASCII)


@dataclass(frozen=True)
class Replace:
    """Token `at` is another."""

    at: int
    token: Token


@dataclass(frozen=True)
class Insert:
    """One more token, before token `at`; after the last, if `at` is the number of tokens."""

    at: int
    token: Token


@dataclass(frozen=True)
class Delete:
    """Token `at` is gone."""

    at: int


@dataclass(frozen=True)
class Move:
    """Token `at` is token `to` afterwards."""

    at: int
    to: int


Change = Replace | Insert | Delete | Move


def rewritten(tokens: Sequence[Token], changes: Iterable[Change]) -> tuple[Token, ...]:
    """The sequence after the changes, one after the other.

    Raises `ValueError` for a place that the sequence does not have, and for the last token taken away.
    """
    left = list(tokens)
    for change in changes:
        at = place("at", change.at, len(left) + isinstance(change, Insert), "token")
        match change:
            case Replace(_, token):
                left[at] = token
            case Insert(_, token):
                left.insert(at, token)
            case Delete():
                if len(left) == 1:
                    raise ValueError("changes: expected at least one token to be left, got none")
                del left[at]
            case Move(_, to):
                left.insert(place("to", to, len(left), "token"), left.pop(at))
    return tuple(left)


def longer(changes: Iterable[Change]) -> int:
    """How many tokens more there are after the changes."""
    return sum(isinstance(each, Insert) - isinstance(each, Delete) for each in changes)


def origins(length: int, changes: Iterable[Change]) -> tuple[int, ...]:
    """For each token after the changes, at which of `length` places it was before them, be it another since; -1 for one
    that was inserted."""
    moving = (each for each in changes if not isinstance(each, Replace))
    return traced(length, moving)


def traced(length: int, changes: Iterable[Change]) -> tuple[int, ...]:
    """For each token after the changes its place before them; -1 for one that a change brought."""
    marked = (replace(each, token=-1) if isinstance(each, Replace | Insert) else each for each in changes)
    return tuple(map(int, rewritten(range(length), marked)))


def touched(length: int, changes: Iterable[Change]) -> tuple[int, ...]:
    """The tokens after the changes that are new, or that were moved, of `length` tokens before them."""
    marked: list[Change] = []
    for each in changes:
        if isinstance(each, Move):  # one more, and one less
            marked += [Insert(each.to + (each.to > each.at), -1), Delete(each.at + (each.to <= each.at))]
        else:
            marked.append(each)
    return tuple(t for t, place in enumerate(traced(length, marked)) if place < 0)


def parse(text: str) -> tuple[Change, ...]:
    """The changes that `text` lists. Raises `ValueError` for anything else."""
    if len(text) > LONGEST:
        raise ValueError(f"changes: expected at most {LONGEST:,} characters, got {len(text):,}")
    return few(tuple(one(word) for word in text.split()))


def one(word: str) -> Change:
    """The change that `word` stands for."""
    found = WORD.match(word)
    if found is None:
        raise ValueError(f"changes: expected words like 3=fox, 3+fox, 3- and 3>7; got {word[:40]!r}")
    at, sign, token, gone, to = found.groups()
    if gone:
        return Delete(int(at))
    if to:
        return Move(int(at), int(to))
    return Replace(int(at), token) if sign == "=" else Insert(int(at), token)


def few(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """`changes`, if they are not too many. Raises `ValueError` otherwise."""
    if len(changes) > MOST:
        raise ValueError(f"changes: expected at most {MOST}, got {len(changes)}; undo some of them")
    return changes


def write(changes: Iterable[Change]) -> str:
    """The text that `parse` reads back, if the tokens are given by their labels."""
    return " ".join(map(word, changes))


def word(change: Change) -> str:
    """One change as a word."""
    match change:
        case Replace(at, token):
            return f"{at}={token}"
        case Insert(at, token):
            return f"{at}+{token}"
        case Delete(at):
            return f"{at}-"
        case Move(at, to):
            return f"{at}>{to}"


def says(change: Change) -> str:
    """One change in words."""
    match change:
        case Replace(at, token):
            return f"Token {at} is “{token}”"
        case Insert(at, token):
            return f"“{token}” stands before token {at}"
        case Delete(at):
            return f"Token {at} is gone"
        case Move(at, to):
            return f"Token {at} is moved to {to}"


def asked(changes: tuple[Change, ...], value: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes that a reader of the stepper asks for who has made `changes`: {"change": "3=fox"}, or {"keep": 2} of
    them, the first. Raises `ValueError` for anything else.
    """
    if "keep" in value:
        return changes[: whole("keep", value["keep"], 0, len(changes), of="changes")]
    text = value.get("change")
    if not isinstance(text, str):
        raise ValueError(f"change: expected a word like 3=fox, got {str(text)[:40]!r}")
    return few((*changes, *parse(text)))
