"""What a run hands on: enough to go on exactly where it stopped, all at once or token by token."""

import errno
import hashlib
import os
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from mcviz import brief
from mcviz.checks import instance, is_whole
from mcviz.config import GATED, MCConfig
from mcviz.files import replacing
from mcviz.initial import readable, state_shapes
from mcviz.pytorch.aliases import State
from mcviz.pytorch.numerics import is_hidden


@dataclass(frozen=True)
class Carried:
    """The state of a function, a layer or a model after `tokens` tokens of each sequence: named tensors, batch first.

    A run of Memory Caching holds `start.M` and so on (`M_0`), `online.M` (the memory as it is), `checkpoints.M`
    [B, n, H, ...] of n whole segments, and where a gate weighs them, `contexts` [B, n, H, K] and `keys` [B, H, K], the
    sum of the open segment's. A layer holds these and `latest`, the tokens that its convolutions still see; a model
    holds each layer's under `blocks.0.` and so on. Gradients flow through them until `detach`. `writers` says how the
    memories were written, for a run and a layer under "", for a model under `blocks.0` and so on; no other may go on.
    """

    tokens: int
    tensors: Mapping[str, Tensor]
    writers: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        held = {"batch": self.batch, "bytes": self.bytes, "device": str(self.device)} if self.tensors else {}
        return brief.line(self, tokens=self.tokens, **held)

    @property
    def batch(self) -> int:
        """How many sequences there are."""
        return len(next(iter(self.tensors.values())))

    @property
    def device(self) -> torch.device:
        return next(iter(self.tensors.values())).device

    @property
    def dtype(self) -> torch.dtype:
        """That of memories; a layer's `latest` tokens keep their own, as autocast chose it."""
        return next(iter(self.tensors.values())).dtype

    @property
    def bytes(self) -> int:
        """How much memory the tensors take. What sequences share, as `M_0`, is counted once."""
        storages = {x.untyped_storage()._cdata: x.untyped_storage().nbytes() for x in self.tensors.values()}
        return sum(storages.values())

    def map(self, function: Callable[[Tensor], Tensor]) -> "Carried":
        """The same with `function` of each tensor."""
        return replace(self, tensors={name: function(x) for name, x in self.tensors.items()})

    def detach(self) -> "Carried":
        """The same without gradients: what comes next does not flow back into it."""
        return self.map(Tensor.detach)

    def to(self, *place: Any, **options: Any) -> "Carried":
        """The same on another device or in another dtype: arguments are those of `Tensor.to`."""
        return self.map(lambda x: x.to(*place, **options))

    def select(self, sequences: Any) -> "Carried":
        """These sequences in this order, some perhaps more than once: what a beam search keeps.

        Raises `ValueError` for numbers that no sequence has; those of a tensor on a device are not waited for.
        """
        index = places(sequences, self.batch).to(self.device)
        return self.map(lambda x: x.index_select(0, index))

    def part(self, name: str) -> "Carried":
        """What stands under `name`."""
        begin = f"{name}."
        tensors = {n.removeprefix(begin): x for n, x in self.tensors.items() if n.startswith(begin)}
        return Carried(self.tokens, tensors, {"": self.writers[name]} if name in self.writers else {})

    def under(self, name: str) -> dict[str, Tensor]:
        """All tensors, to stand under `name`."""
        return {f"{name}.{n}": x for n, x in self.tensors.items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, whole or not at all. Raises `OSError`."""
        whole = self.detach()
        with replacing(path) as file:
            parts = {"tokens": self.tokens, "tensors": whole.tensors, "writers": dict(self.writers)}
            torch.save({**parts, "digest": digest(whole)}, file)

    @classmethod
    def load(cls, path: str | os.PathLike[str], device: Any = "cpu") -> "Carried":
        """What `save` wrote. Nothing in the file is run. Raises `ValueError` for any other file and for one that is
        damaged, and `OSError`."""
        cause: Exception | None = None
        try:
            found = torch.load(path, map_location=device, weights_only=True)
            tokens, tensors = found["tokens"], found["tensors"]
            fine = is_whole(tokens) and tokens > 0 and all(isinstance(x, Tensor) for x in tensors.values())
            # files of mcviz 0.1 have neither
            state = cls(int(tokens), tensors, found.get("writers", {}))
            fine = fine and found.get("digest") in (None, digest(state))
        except Exception as error:  # what a damaged file may bring about is said nowhere
            # torch looks before the beginning of a file whose end is gone
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            fine, cause = False, error
        if not fine:
            raise ValueError(
                f"state: expected a whole file that Carried.save wrote, got {os.fspath(path)!r}"
            ) from cause
        return state


def digest(state: Carried) -> str:
    """SHA-256 of everything in a state."""
    content = hashlib.sha256(f"{state.tokens} {sorted(state.writers.items())}".encode())
    for name, x in sorted(state.tensors.items()):
        content.update(f"{name} {x.dtype} {tuple(x.shape)} ".encode())
        content.update(x.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return content.hexdigest()


def places(sequences: Any, count: int) -> Int[Tensor, "n"]:
    """The numbers of some of `count` sequences, at least one. Raises `ValueError` for what are none."""
    try:
        index = torch.as_tensor(sequences)
        fine = index.ndim < 2 and index.numel() > 0 and not (index.is_floating_point() or index.is_complex())
        fine = fine and index.dtype != torch.bool
        if fine and index.device.type == "cpu" and not is_hidden(index):
            fine = 0 <= int(index.min()) <= int(index.max()) < count
    except (TypeError, ValueError, RuntimeError):
        fine = False
    if not fine:
        raise ValueError(f"sequences: expected whole numbers from 0 to {count - 1}, got {reprlib.repr(sequences)}")
    return index.reshape(-1).long()


def check_constant(cfg: MCConfig) -> None:
    """Raise `ValueError` where no run goes on: other cuts than constant ones follow from the length of a sequence."""
    if cfg.segmentation != "constant":
        raise ValueError(
            f"state: expected constant segmentation, which goes on without end, got {cfg.segmentation!r}, which cuts a "
            "sequence by its total length"
        )


def writer(cfg: MCConfig) -> str:
    """What the memories of a run depend on; how they are read may change from one part to the next."""
    options = "".join(f", {name}={value}" for name, value in sorted(cfg.rule_options.items()))
    pooled = f", pooling={cfg.pooling}" if cfg.aggregator in GATED else ""
    return f"{cfg.memory}{options}, start={cfg.start}, segment_length={cfg.segment_length}{pooled}"


def check_writer(state: Carried, cfg: MCConfig) -> None:
    """Raise `ValueError` where it is known that memories were written in another way."""
    if (wrote := state.writers.get("", writer(cfg))) != writer(cfg):
        raise ValueError(f"state: expected memories written by {writer(cfg)}; got those of {wrote}")


def shapes(cfg: MCConfig, tokens: int, B: int, H: int, K: int, V: int) -> dict[str, tuple[int, ...]]:
    """What a run hands on after so many tokens, by name."""
    each = state_shapes(cfg, H, K, V)
    found = {f"{part}.{name}": (B, *shape) for part in ("start", "online") for name, shape in each.items()}
    n = tokens // cfg.segment_length
    if cfg.aggregator != "none":
        found |= {f"checkpoints.{name}": (B, n, *each[name]) for name in readable(cfg)}
    if cfg.aggregator in GATED:
        found |= {"keys": (B, H, K), "contexts": (B, n, H, K)}
    return found


def copied(start: State) -> State:
    """`M_0` in tensors of its own. Sequences that share one go on to share it."""
    return {name: x.clone() if x.stride(0) else x[:1].clone().expand_as(x) for name, x in start.items()}


def of_run(state: Any, name: str = "state") -> Carried:
    """`state`, if it is one. Raises `ValueError` otherwise."""
    return instance(name, state, Carried, "a Carried, which return_state=True gives")


def check(state: Any, expected: Mapping[str, tuple[int, ...]], like: Tensor, name: str = "state") -> Carried:
    """`state`, if it holds tensors of these shapes, of the dtype and on the device of `like`. Else `ValueError`."""
    state = of_run(state, name)
    if set(state.tensors) != set(expected):
        raise ValueError(f"{name}: expected {', '.join(expected)}; got {', '.join(state.tensors) or 'nothing'}")
    for n, shape in expected.items():
        x = state.tensors[n]
        if tuple(x.shape) != shape or x.dtype != like.dtype or x.device != like.device:
            raise ValueError(
                f"{name}.{n}: expected {shape} of {like.dtype} on {like.device}, got {tuple(x.shape)} of {x.dtype} "
                f"on {x.device}"
            )
    return state
