"""Memory Caching in PyTorch: the same equations on batches, fast, and with gradients through everything."""

from mcviz.pytorch.decode import Decoder
from mcviz.pytorch.mixer import Attention, MemoryCaching, memory_caching
from mcviz.pytorch.model import ModelConfig, SequenceModel

__all__ = ["Attention", "Decoder", "MemoryCaching", "ModelConfig", "SequenceModel", "memory_caching"]
