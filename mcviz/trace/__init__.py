"""A Trace: everything that one run computed. It is data; what replays and draws it is lent to it by the package."""

from mcviz.trace.file import MAX_BYTES, VERSION
from mcviz.trace.joined import joined
from mcviz.trace.run import Host, Trace
from mcviz.trace.said import Alone, Predictions
from mcviz.trace.schema import COUNTS, LONGEST

__all__ = ["COUNTS", "LONGEST", "MAX_BYTES", "VERSION", "Alone", "Host", "Predictions", "Trace", "joined"]
