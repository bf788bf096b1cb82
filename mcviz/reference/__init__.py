"""Memory Caching in NumPy: loops and one equation a line, to be read beside the paper."""

from mcviz.reference.layer import Step, Stream, memory_caching

__all__ = ["Step", "Stream", "memory_caching"]
