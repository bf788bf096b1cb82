"""Films that ship with mcviz: what there is to see in them, and the command that makes each again."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mcviz.film.film import Film

FOLDER = Path(__file__).parent / "reels"


class About(NamedTuple):
    """A sentence about a film, and what `mcviz train` is told, besides `--film` and `--out`."""

    sentence: str
    words: str


FILMS: Mapping[str, About] = {
    "topics-ssc-cold": About(
        "The router reads one checkpoint from the first step on: documents that it does not pick teach it nothing.",
        "topics --aggregator ssc --set top_k=1 dense=0",
    ),
    "topics-ssc-dense": About(
        "The same model reads all checkpoints for the first half of its training: then its router knows them.",
        "topics --aggregator ssc --set top_k=1",
    ),
    "mqar-grm": About(
        "The gates learn to find the segment of a key, first among few pairs and then among many.",
        "mqar --aggregator grm --set pairs=24 keys=48 values=32 steps=800",
    ),
    "topics-rnn": About(
        "The plain recurrent layer has no gate that could find a document: it goes on mixing them up.",
        "topics --aggregator none",
    ),
}


def names() -> tuple[str, ...]:
    """The films that ship, of those that are told of."""
    return tuple(name for name in FILMS if (FOLDER / f"{name}.film").is_file())


def load(name: str) -> Film:
    """A film that ships, by its name. Raises `ValueError` for another name."""
    if name not in FILMS:
        raise ValueError(f"name: expected one of {', '.join(FILMS)}; got {name!r}")
    return Film.load(FOLDER / f"{name}.film")
