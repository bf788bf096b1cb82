"""A file of weights, held against its card before a number of it is read: what a card says costs nothing yet."""

import hashlib
import math
from pathlib import Path

from safetensors import safe_open

from mcviz.zoo.card import Card

MAX_HEADER = 2**20
"""Bytes that name and measure the tensors; a model that ships has some thousand."""

MAX_NUMBERS = 2**28
"""Weights of a model: what ships has some ten thousand, and a machine with little memory still loads so many."""


def read(path: Path, card: Card) -> bytes:
    """The content of the file, if its tensors have the shapes that `card` says, and it is the very file, if it says so.

    Raises `ValueError` for another one, and `SafetensorError` for what is no such file.
    """
    agree(shapes(path), card)
    content = path.read_bytes()
    if card.weights and sha256(content) != card.weights:
        raise ValueError(f"weights: expected SHA-256 {card.weights}, as the card says, got {sha256(content)}")
    return content


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor in the file, by its name, from the header alone."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > MAX_HEADER:
        raise ValueError(f"weights: expected a header of at most {MAX_HEADER:,} bytes, got {length:,}")
    with safe_open(path, "numpy") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def agree(there: dict[str, tuple[int, ...]], card: Card) -> None:
    """Raise `ValueError` unless the weights that are `there` are those of `card.model`."""
    layers = len({name.split(".")[1] for name in there if name.startswith("blocks.")})
    if layers != card.model.layers:
        raise ValueError(f"layers: expected weights of {card.model.layers:,}, as the card says, got {layers:,}")
    wanted = card.model.shapes()
    for name in sorted(wanted.keys() ^ there.keys()):
        raise ValueError(f"weights: expected the names that the card says, got {name} in one of the two only")
    for name, shape in wanted.items():
        if there[name] != shape:
            raise ValueError(f"{name}: expected shape {shape}, as the card says, got {there[name]}")
    numbers = sum(map(math.prod, wanted.values()))
    if numbers > MAX_NUMBERS:
        raise ValueError(f"model: expected at most {MAX_NUMBERS:,} weights, got {numbers:,}")


def sha256(content: bytes) -> str:
    """The digest of a file, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
