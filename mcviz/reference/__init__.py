"""Memory Caching in NumPy: loops and one equation a line, to be read beside the paper.

`loop` is the algorithm, and `blocks` gives its numbers sooner, for who waits for them.
"""

from mcviz import moved
from mcviz.reference.capture import alone, capture, substitute
from mcviz.reference.contribution import shares
from mcviz.reference.loop import Step, Stream, memory_caching
from mcviz.reference.model import SequenceModel
from mcviz.reference.replay import answering
from mcviz.reference.writing import write

__all__ = [
    "SequenceModel",
    "Step",
    "Stream",
    "alone",
    "answering",
    "capture",
    "memory_caching",
    "shares",
    "substitute",
    "write",
]
__getattr__ = moved.attributes(__name__)
