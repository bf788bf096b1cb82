"""What kind of memory a rule has, as its sheet says; nothing else in this package goes by a rule's name, but tables of
what computes it."""

from mcviz.config import MCConfig
from mcviz.initial import readable
from mcviz.rules import sheet


def is_network(cfg: MCConfig) -> bool:
    """Whether a memory is a small network, which a read runs."""
    return sheet(cfg.memory).kind == "network"


def is_vector(cfg: MCConfig) -> bool:
    """Whether a memory has no keys: one vector, which a read gives back."""
    return sheet(cfg.memory).kind == "vector"


def is_normalised(cfg: MCConfig) -> bool:
    """Whether a read is divided by what the memory's `z` says (Eq. 2)."""
    return "z" in readable(cfg)


def is_additive(cfg: MCConfig) -> bool:
    """Whether a read of a mixture of memories is the mixture of their reads."""
    return not (is_network(cfg) or is_normalised(cfg))
