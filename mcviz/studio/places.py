"""Where the files of one training lie."""

from pathlib import Path
from typing import NamedTuple


class Places(NamedTuple):
    """The files in the folder of one training."""

    folder: Path

    @property
    def order(self) -> Path:
        """What was wanted."""
        return self.folder / "order.json"

    @property
    def film(self) -> Path:
        """What was recorded."""
        return self.folder / "run.film"

    @property
    def checkpoint(self) -> Path:
        """What a training goes on from."""
        return self.folder / "run.checkpoint"

    @property
    def now(self) -> Path:
        """The weights of this moment."""
        return self.folder / "now.npz"

    @property
    def log(self) -> Path:
        """What the process said."""
        return self.folder / "log.txt"
