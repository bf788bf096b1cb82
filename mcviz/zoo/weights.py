"""A file of weights, held against its card before a number of it is read: what a card says costs nothing yet.

The format is that of safetensors: the length of a header, the header, which names and measures each tensor, and their
numbers, one after the other. It is read here, as Python in a browser has no other reader.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mcviz.checks import is_whole
from mcviz.model import Weights
from mcviz.zoo.card import Card

MAX_HEADER = 2**20
"""Bytes that name and measure the tensors; a model that ships has some thousand."""

MAX_NUMBERS = 2**28
"""Weights of a model: what ships has some ten thousand, and a machine with little memory still loads so many."""

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""How the numbers of a tensor may be written. NumPy lacks bfloat16, the upper half of a float32."""


class Tensor(NamedTuple):
    """Where the numbers of a tensor stand in a file, and in which shape."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read(path: Path, card: Card) -> Weights:
    """The weights in the file, if their shapes are those that `card` says, and it is the very file, if it says so.

    Numbers keep their dtype, but those of 16 bits become float32. Raises `ValueError` for another file.
    """
    there = header(path)
    agree({name: tensor.shape for name, tensor in there.items()}, card)
    content = path.read_bytes()
    if card.weights and sha256(content) != card.weights:
        raise ValueError(f"weights: expected SHA-256 {card.weights}, as the card says, got {sha256(content)}")
    return {name: numbers(content, tensor) for name, tensor in there.items()}


def numbers(content: bytes, tensor: Tensor) -> np.ndarray:
    """The numbers of a tensor."""
    array = np.frombuffer(content[tensor.begin : tensor.end], DTYPES[tensor.dtype]).reshape(tensor.shape)
    if tensor.dtype == "BF16":
        return np.left_shift(array, 16, dtype=np.uint32)[...].view(np.float32)
    return array.astype(np.float64 if tensor.dtype == "F64" else np.float32)


def header(path: Path) -> dict[str, Tensor]:
    """Each tensor in the file by its name. Raises `ValueError` for what is no such file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER:
            raise ValueError(f"weights: expected a header of at most {MAX_HEADER:,} bytes, got {length:,}")
        text = file.read(length)
    end = 8 + length
    try:
        said = json.loads(text)
        tensors = {name: measured(one, end) for name, one in said.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"weights: expected a header that measures each tensor, got another one ({error!r})") from None
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin != end:
            raise ValueError(f"weights: expected tensors one after the other, got one at {tensor.begin} after {end}")
        end = tensor.end
    if end != path.stat().st_size:
        raise ValueError(f"weights: expected {end:,} bytes, as the header says, got {path.stat().st_size:,}")
    return tensors


def measured(said: Mapping[str, Any], after: int) -> Tensor:
    """A tensor as the header says; numbers begin `after` so many bytes."""
    dtype, shape, (begin, end) = said["dtype"], tuple(said["shape"]), said["data_offsets"]
    if not all(is_whole(size) and size >= 0 for size in (*shape, begin, end)):
        raise ValueError(f"expected whole numbers, got {shape} from {begin!r} to {end!r}")
    if end - begin != math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize:
        raise ValueError(f"expected as many bytes as {shape} of {dtype} take, got {end - begin}")
    return Tensor(dtype, shape, after + begin, after + end)


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
