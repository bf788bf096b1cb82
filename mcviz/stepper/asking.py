"""What a reader may ask of whoever shows a stepper: another run.

A host says what it can do as `offers`, by kind: what the front end has to know of it, as plain JSON values. The front
end shows controls for what is offered, and for nothing else:

    {"edit": {"vocabulary": ["ant", "bat", ...], "changes": ["Token 3 is “bat”"], ...}, "surgery": {"read": [0], ...}}

For an edit these are the words to choose from, the changes made so far, the tokens `touched` by them, and what is
`said` of what they did (`mcviz.watch.offer`). What surgery has to know is in `mcviz.probes.edits.offer`.

A request is a small JSON value with a running number, and at most one is under way: {"number": 3, "edit": {...}}. It is
answered once what it led to is shown, by its number and, where it was refused, why:

    {"answered": 3, "problem": ""}
"""

from collections.abc import Callable, Mapping
from typing import Any

from mcviz.checks import is_whole

KINDS = ("edit", "surgery")
Offers = Mapping[str, Mapping[str, Any]]
Ask = Callable[[str, Mapping[str, Any]], None]
"""Does what is asked for, of a kind; what cannot be done is a `ValueError`."""


def check(offers: Offers) -> Offers:
    """`offers`, if they are of known kinds. Raises `ValueError` otherwise."""
    unknown = sorted(set(offers) - set(KINDS))
    if unknown:
        raise ValueError(f"offers: expected kinds among {', '.join(KINDS)}; got {', '.join(unknown)}")
    return offers


def answer(said: Any, offers: Offers, do: Ask) -> dict[str, Any]:
    """Do what the front end `said`, and what to answer. Nothing else than what is offered gets through to `do`."""
    given = said if isinstance(said, Mapping) else {}
    number = int(given["number"]) if is_whole(given.get("number")) else -1
    kinds = [kind for kind in offers if isinstance(given.get(kind), Mapping)]
    try:
        if len(kinds) != 1:
            raise ValueError(f"request: expected one of {', '.join(offers) or 'nothing'}; got {str(said)[:80]}")
        do(kinds[0], given[kinds[0]])
    except ValueError as error:
        return {"answered": number, "problem": str(error)}
    return {"answered": number, "problem": ""}
