"""Where trained models lie: in a folder, as two files each, `name.safetensors` and `name.json`."""

import os
from dataclasses import replace as changed
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from mcviz import files
from mcviz.pytorch import SequenceModel
from mcviz.zoo import weights
from mcviz.zoo.card import Card

SHIPPED = Path(__file__).parent / "models"


class Trained(SequenceModel):
    """A `SequenceModel` with trained weights, and the card that says where they come from."""

    card: Card


def names(folder: str | os.PathLike[str] = SHIPPED) -> list[str]:
    """The models in `folder`: those that ship with mcviz, if none is given."""
    return sorted(path.stem for path in Path(folder).glob("*.safetensors") if path.with_suffix(".json").is_file())


def load(name: str, folder: str | os.PathLike[str] = SHIPPED) -> Trained:
    """A trained model, ready to run; its card is `model.card`.

    Raises `ValueError` for unknown names and for files that are damaged or do not belong together.
    """
    if name not in names(folder):
        raise ValueError(
            f"name: expected one of {', '.join(names(folder)) or 'none (no model is there)'}; got {name!r}"
        )
    path = Path(folder) / name
    try:
        card = Card.read(path.with_suffix(".json"))
        content = weights.read(path.with_suffix(".safetensors"), card)
        model = Trained(card.model)
        model.load_state_dict(load_tensors(content))
    except (ValueError, SafetensorError, RuntimeError, MemoryError) as error:
        raise ValueError(f"{name}: expected a model and its card in {folder}, got damaged files ({error})") from None
    model.card = card
    return model.eval()


def save(model: SequenceModel, card: Card, folder: str | os.PathLike[str]) -> None:
    """Write a model and its card into `folder`, each whole or not at all. Raises `ValueError` if that cannot be.

    The card that is written names the very file of weights.
    """
    content = save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()})
    path = Path(folder) / card.name
    described = changed(card, weights=weights.sha256(content)).to_json().encode()
    files.put(path.with_suffix(".safetensors"), content)
    files.put(path.with_suffix(".json"), described)
