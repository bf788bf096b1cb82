"""Where trained models lie: in a folder, as two files each, `name.safetensors` and `name.json`."""

import os
import re
from dataclasses import replace as changed
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from mcviz import backends, files, reference
from mcviz.model import Weights
from mcviz.zoo import weights
from mcviz.zoo.card import Card

if TYPE_CHECKING:
    from mcviz import pytorch
    from mcviz.zoo.trained import Trained

SHIPPED = Path(__file__).parent / "models"

NAME = re.compile(r"\w([\w.,+=() -]*[\w)+-])?")
LONGEST = 200
"""Bytes of a name; with what is added to it, a file's is at most 255 long."""

DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever follows it."""


class Readable(reference.SequenceModel):
    """A `mcviz.reference.SequenceModel` with trained weights, and the card that says where they come from."""

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


def read(name: str, folder: str | os.PathLike[str] = SHIPPED) -> tuple[Card, Weights]:
    """The card of a trained model, and its weights as NumPy's arrays.

    Raises `ValueError` for unknown names and for files that are damaged or do not belong together.
    """
    there = names(folder)
    if name not in there:
        expected = f"one of {', '.join(there)}" if there else f"a model in {folder}, where none is"
        raise ValueError(f"name: expected {expected}; got {name!r}")
    tensors, about = files_of(name, folder)
    try:
        card = Card.read(about)
        return card, weights.read(tensors, card)
    except (ValueError, MemoryError) as error:
        raise ValueError(f"{name}: expected a model and its card in {folder}, got damaged files ({error})") from None


@overload
def load(name: str, folder: str | os.PathLike[str] = SHIPPED, backend: Literal["pytorch"] = "pytorch") -> "Trained": ...
@overload
def load(name: str, folder: str | os.PathLike[str] = SHIPPED, *, backend: Literal["numpy"]) -> Readable: ...
def load(name: str, folder: str | os.PathLike[str] = SHIPPED, backend: str = "pytorch") -> Any:
    """A trained model, ready to run, in PyTorch or in NumPy, which needs no PyTorch; its card is `model.card`.

    NumPy computes in the dtype of the file, which is float32 for all models that ship. Raises the `ValueError`s of
    `read`, and one for a backend that is not there.
    """
    card, there = read(name, folder)
    if backends.choose(backend) == "numpy":
        model: Any = Readable(card.model, there)
    else:
        model = trained().Trained(card.model, there).eval()
    model.card = card
    return model


def save(model: "pytorch.SequenceModel", card: Card, folder: str | os.PathLike[str]) -> None:
    """Write a model and its card into `folder`, each whole or not at all. Raises `ValueError` if that cannot be, and
    as `check_name` does.

    The card that is written names the very file of weights.
    """
    tensors, about = files_of(check_name(card.name, folder), folder)
    content = trained().content(model)
    described = changed(card, weights=weights.sha256(content)).to_json().encode()
    files.put(tensors, content)
    files.put(about, described)


def files_of(name: str, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The weights and the card of a model. A name may hold dots: nothing after one is a suffix."""
    return Path(folder) / f"{name}.safetensors", Path(folder) / f"{name}.json"


def trained() -> Any:
    """What needs PyTorch."""
    return import_module("mcviz.zoo.trained")


def __getattr__(name: str) -> Any:
    if name == "Trained":
        return trained().Trained
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
