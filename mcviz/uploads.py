"""A saved run that a reader brings along: taken in only where it is small enough to be shown."""

from typing import BinaryIO

from mcviz.trace import Trace

MEGABYTES = 64
"""The largest file that is taken in."""
UNPACKED = 128
"""Megabytes that its arrays may take: half of them are empty, as no token reads what is to come."""
NUMBERS = 2**22
"""Of one memory, all its heads: it goes to the browser three times over for the token on screen."""


def read(file: BinaryIO, size: int) -> Trace:
    """The run in a file of `size` bytes. Raises `ValueError` for what `Trace.save` did not write, or is too large."""
    if size > MEGABYTES * 2**20:
        raise ValueError(f"file: expected at most {MEGABYTES} MB, got {size / 2**20:.0f} MB")
    trace = Trace.load(file, at_most=UNPACKED * 2**20)
    numbers = sum(array.size for array in trace.initial.values())
    if numbers > NUMBERS:
        raise ValueError(f"file: expected memories of at most {NUMBERS:,} numbers, got {numbers:,}")
    return trace
