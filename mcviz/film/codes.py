"""Weights as whole numbers of one grain, and as the bytes that are kept of them: what changed since the frame before.

Frames that lie close differ by small numbers, which take few bits.
"""

import zlib
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from mcviz.model import ModelConfig, Weights

GRAIN = 2.0**-9
"""Weights are kept to the nearest multiple of it; float32 holds every one that is kept."""

LARGEST = 2**24
"""Grains of a weight: beyond it, float32 has no place between two of them."""

Codes = Int[np.ndarray, "P"]
"""All weights of a model, in the order of `ModelConfig.shapes`."""


def coded(weights: Mapping[str, Float[np.ndarray, "..."]], model: ModelConfig) -> Codes:
    """The weights of a model in grains. Raises `FloatingPointError` for one that is no number, or far too large."""
    flat = np.concatenate([np.asarray(weights[name], np.float64).ravel() for name in model.shapes()])
    codes = np.rint(flat / GRAIN)
    if not (np.abs(codes) <= LARGEST).all():
        raise FloatingPointError(f"weights: expected numbers up to {LARGEST * GRAIN:,.0f}, got larger ones or none")
    return frozen(codes.astype(np.int32))


def decoded(codes: Codes, model: ModelConfig) -> Weights:
    """The weights of a model, float32, from grains."""
    shapes = model.shapes()
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1]
    parts = np.split(codes.astype(np.float32) * np.float32(GRAIN), ends)
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def packed(codes: Codes, before: Codes | None) -> bytes:
    """What changed since `before` (everything, without it): all lowest bytes, then all next ones, and so on."""
    change = codes if before is None else codes - before
    # 0, -1, 1, -2, 2 … become 0, 1, 2, 3, 4 …: small changes of either sign have empty high bytes
    zigzag = ((change << 1) ^ (change >> 31)).astype("<u4")
    return zlib.compress(zigzag.view(np.uint8).reshape(-1, 4).T.tobytes(), 9)


def unpacked(content: bytes, before: Codes | None, count: int) -> Codes:
    """`count` codes from what `packed` gave. Raises `ValueError` for anything else, before it takes more room."""
    planes = np.frombuffer(inflated(content, 4 * count), np.uint8).reshape(4, count)
    zigzag = np.ascontiguousarray(planes.T).view("<u4").ravel()
    change = (zigzag >> 1).astype(np.int32) ^ -(zigzag & 1).astype(np.int32)
    codes = change if before is None else before + change
    if not (np.abs(codes.astype(np.int64)) <= LARGEST).all():
        raise ValueError(f"weights: expected at most {LARGEST:,} grains each, got more")
    return frozen(codes)


def inflated(content: bytes, size: int) -> bytes:
    """The `size` bytes that were compressed to `content`. Raises `ValueError` if they are not so many."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(content, size)
    except zlib.error as error:
        raise ValueError(f"bytes: expected compressed ones, got damaged ones ({error})") from None
    if len(found) != size or inflater.decompress(inflater.unconsumed_tail, 1) or not inflater.eof:
        raise ValueError(f"bytes: expected {size:,} after they are unpacked, got another number")
    return found


def frozen(array: np.ndarray) -> np.ndarray:
    """The array, which nobody can change any more."""
    array.flags.writeable = False
    return array
