"""Trained models in PyTorch."""

from safetensors.torch import save

from mcviz.pytorch import SequenceModel
from mcviz.zoo.card import Card


class Trained(SequenceModel):
    """A `SequenceModel` with trained weights, and the card that says where they come from."""

    card: Card


def content(model: SequenceModel) -> bytes:
    """The weights of a model as a file of them has them."""
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()})
