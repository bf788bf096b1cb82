"""Memory Caching in PyTorch: the same equations on batches, fast, and with gradients through everything."""

from mcviz import moved
from mcviz.model import ModelConfig
from mcviz.pytorch.alone import alone, answering
from mcviz.pytorch.attention import Attention, KVCache
from mcviz.pytorch.capture import Capturable, capture
from mcviz.pytorch.carried import Carried
from mcviz.pytorch.decode import Decoder
from mcviz.pytorch.function import memory_caching
from mcviz.pytorch.mixer import MemoryCaching
from mcviz.pytorch.model import SequenceModel
from mcviz.pytorch.substitute import substitute
from mcviz.pytorch.writing import write
from mcviz.sampling import Step

__all__ = [
    "Attention",
    "Capturable",
    "Carried",
    "Decoder",
    "KVCache",
    "MemoryCaching",
    "ModelConfig",
    "SequenceModel",
    "Step",
    "alone",
    "answering",
    "capture",
    "memory_caching",
    "substitute",
    "write",
]
__getattr__ = moved.attributes(__name__)
