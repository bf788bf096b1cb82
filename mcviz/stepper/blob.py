"""Header and arrays as one run of bytes.

    8 bytes   magic "mcviz/1\\n"
    8 bytes   length of the header, unsigned, little endian
    header    JSON, padded with spaces to a multiple of 8 bytes
    arrays    little endian, row by row, each one starting at a multiple of 8 bytes

The header lists every array with its type, shape and place. Arrays that hold the same numbers share one place.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray

MAGIC = b"mcviz/1\n"


def lay_out(header: dict[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """The bytes. The header's own length decides where the arrays start, so it is padded to fit."""
    arrays = {name: np.ascontiguousarray(array, _little(array.dtype)) for name, array in arrays.items()}
    specs: dict[str, dict[str, Any]] = {
        name: {"type": array.dtype.str[1:], "shape": array.shape, "at": 0} for name, array in arrays.items()
    }
    room = len(json.dumps({**header, "arrays": specs}).encode()) + 16 * len(arrays)
    at = 16 + _align(room)
    places: dict[bytes, int] = {}
    parts: list[Any] = []
    for name, array in arrays.items():
        content = array.reshape(-1).view(np.uint8)
        digest = hashlib.blake2b(content.data, digest_size=16).digest()
        if digest not in places:
            places[digest] = at
            parts += [content, bytes(_align(array.nbytes) - array.nbytes)]
            at += _align(array.nbytes)
        specs[name]["at"] = places[digest]
    text = json.dumps({**header, "arrays": specs}).encode().ljust(_align(room))
    return b"".join([MAGIC, struct.pack("<Q", len(text)), text, *parts])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """The header and the arrays of a payload. Raises `ValueError` if it is none."""
    if data[:8] != MAGIC or len(data) < 16:
        raise ValueError(f"payload: expected {MAGIC!r} at its start, got {data[:8]!r}")
    (length,) = struct.unpack("<Q", data[8:16])
    header = json.loads(data[16 : 16 + length])
    arrays = {
        name: np.frombuffer(data, np.dtype("<" + spec["type"]), int(np.prod(spec["shape"])), spec["at"]).reshape(
            spec["shape"]
        )
        for name, spec in header["arrays"].items()
    }
    return header, arrays


def _align(size: int) -> int:
    return -(-size // 8) * 8


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(dtype).newbyteorder("<")
