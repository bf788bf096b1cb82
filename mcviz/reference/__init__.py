"""Memory Caching in NumPy: loops and one equation a line, to be read beside the paper."""

from mcviz import moved
from mcviz.reference.contribution import shares
from mcviz.reference.loop import Step, Stream, memory_caching

__all__ = ["Step", "Stream", "memory_caching", "shares"]
__getattr__ = moved.attributes(__name__)
