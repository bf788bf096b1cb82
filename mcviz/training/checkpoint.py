"""What a training run leaves on disk, so that it can go on after it was killed."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mcviz import brief, files


@dataclass(frozen=True)
class Checkpoint:
    """A training run after `step` steps. All else that the next step needs follows from the seed and its number."""

    __repr__ = brief.of_fields

    run: Mapping[str, Any]  # what is trained: another run must not go on from here
    step: int
    tensors: Mapping[str, Tensor]  # weights, the optimiser's moments, and the best weights so far
    progress: Mapping[str, Any]  # plain numbers: seconds spent, the best loss, validations since then

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to `path` in one step. Raises `ValueError` if that cannot be."""
        header = json.dumps({"run": self.run, "step": self.step, "progress": self.progress}, sort_keys=True)
        metadata = {"header": header, "digest": digest(header, self.tensors)}
        files.put(path, save(dict(self.tensors), metadata))

    @classmethod
    def load(cls, path: str | os.PathLike[str], run: Mapping[str, Any]) -> "Checkpoint":
        """Read what `save` wrote. Raises `ValueError` for a damaged file, and for one of another run."""
        try:
            # in one read: another process may put a newer file in its place
            content = Path(path).read_bytes()
            tensors = load(content)
            length = int.from_bytes(content[:8], "little")
            metadata = json.loads(content[8 : 8 + length])["__metadata__"]
            intact = digest(metadata["header"], tensors) == metadata["digest"]
        except (SafetensorError, KeyError, ValueError):
            intact = False
        if not intact:
            raise ValueError(f"{path}: expected a checkpoint of a training run, got a damaged or foreign file")
        header = json.loads(metadata["header"])
        if header["run"] != json.loads(json.dumps(run)):
            raise ValueError(f"{path}: expected a checkpoint of this run, got one of another: {header['run']}")
        return cls(header["run"], header["step"], tensors, header["progress"])


def digest(header: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of everything in a checkpoint."""
    content = hashlib.sha256(header.encode())
    for name in sorted(tensors):
        content.update(name.encode() + tensors[name].cpu().numpy().tobytes())
    return content.hexdigest()
