"""Where trained models lie: in a folder, as two files each, `name.safetensors` and `name.json`."""

import os
import re
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

NAME = re.compile(r"\w([\w.,+=() -]*[\w)+-])?")
LONGEST = 200
"""Bytes of a name; with what is added to it, a file's is at most 255 long."""

DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever follows it."""


class Trained(SequenceModel):
    """A `SequenceModel` with trained weights, and the card that says where they come from."""

    card: Card


def names(folder: str | os.PathLike[str] = SHIPPED) -> list[str]:
    """The models in `folder`: those that ship with mcviz, if none is given."""
    found = (path.stem for path in Path(folder).glob("*.safetensors"))
    return sorted(name for name in found if all(path.is_file() for path in files_of(name, folder)))


def check_name(name: str, folder: str | os.PathLike[str]) -> str:
    """`name`, if a model in `folder` may be called so: one name of a file, on every system. Raises `ValueError`.

    Models that are there are loaded by whatever name they have.
    """
    if not (isinstance(name, str) and NAME.fullmatch(name)) or DEVICE.fullmatch(name) or len(name.encode()) > LONGEST:
        raise ValueError(
            f"name: expected one that a file may have everywhere, of at most {LONGEST} bytes: letters and digits, and "
            f"between them spaces and . , + = ( ) -; got {str(name)[:80]!r}"
        )
    there = names(folder)
    twin = next((other for other in there if other.casefold() == name.casefold()), name)
    if name not in there and twin != name:
        raise ValueError(
            f"name: expected one that is not {twin!r} in other letters, which may be one file; got {name!r}"
        )
    return name


def load(name: str, folder: str | os.PathLike[str] = SHIPPED) -> Trained:
    """A trained model, ready to run; its card is `model.card`.

    Raises `ValueError` for unknown names and for files that are damaged or do not belong together.
    """
    if name not in names(folder):
        raise ValueError(
            f"name: expected one of {', '.join(names(folder)) or 'none (no model is there)'}; got {name!r}"
        )
    tensors, about = files_of(name, folder)
    try:
        card = Card.read(about)
        content = weights.read(tensors, card)
        model = Trained(card.model)
        model.load_state_dict(load_tensors(content))
    except (ValueError, SafetensorError, RuntimeError, MemoryError) as error:
        raise ValueError(f"{name}: expected a model and its card in {folder}, got damaged files ({error})") from None
    model.card = card
    return model.eval()


def save(model: SequenceModel, card: Card, folder: str | os.PathLike[str]) -> None:
    """Write a model and its card into `folder`, each whole or not at all. Raises `ValueError` if that cannot be, and
    as `check_name` does.

    The card that is written names the very file of weights.
    """
    tensors, about = files_of(check_name(card.name, folder), folder)
    content = save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()})
    described = changed(card, weights=weights.sha256(content)).to_json().encode()
    files.put(tensors, content)
    files.put(about, described)


def files_of(name: str, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The weights and the card of a model. A name may hold dots: nothing after one is a suffix."""
    return Path(folder) / f"{name}.safetensors", Path(folder) / f"{name}.json"
