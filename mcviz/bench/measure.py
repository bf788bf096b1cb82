"""Time, memory and operations of a call, measured so that a busy machine favours nobody."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

Call = Callable[[], object]


def seconds(call: Call, device: torch.device) -> float:
    """The time of one call, until the device has finished.

    With a single thread on a CPU it is processor time, which other programs do not lengthen by taking turns with it.
    """
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter
    synchronize(device)
    begin = clock()
    call()
    synchronize(device)
    return clock() - begin


def synchronize(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def alternate(
    calls: Mapping[str, Call], rounds: int, device: torch.device, done: Callable[[], object] = lambda: None
) -> dict[str, list[float]]:
    """Seconds of each call in each round. All calls take turns, after one round that is not counted: whatever else
    the machine does meanwhile slows all of them, and their ratios stay."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for n in range(rounds + 1):
        for name, call in calls.items():
            taken = seconds(call, device)
            if n:
                found[name].append(taken)
            done()
    return found


def median(values: Iterable[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2


def ratio(times: Sequence[float], base: Sequence[float]) -> float:
    """The median over rounds of the ratio within a round."""
    return median(a / b for a, b in zip(times, base, strict=True))


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """The slope p of `time ~ size^p`, by least squares over logarithms. NaN for fewer than two sizes."""
    x, y = [math.log(size) for size in sizes], [math.log(t) for t in times]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread if spread else math.nan


class Peak(TorchDispatchMode):
    """The largest sum of bytes of tensors alive at once, those that were there before not counted.

    It counts storages, once each, on any device; what an operation needs inside itself is not seen. Storages that
    died are looked for only where the sum would exceed the peak by 1 %, which is how exact it is.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self.total = self.peak = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = {id_of(x) for x in flatten((args, kwargs))}
        result = function(*args, **(kwargs or {}))
        for x in flatten(result):
            if id_of(x) not in given:
                self.note(x)
        return result

    def note(self, x: Tensor) -> None:
        """Count the storage of a new tensor."""
        storage = x.untyped_storage()
        known = self.alive.get(id_of(x))
        if known is not None and not known[0].expired():
            return
        self.alive[id_of(x)] = (StorageWeakRef(storage), storage.nbytes())
        self.total += storage.nbytes()
        if self.total > 1.01 * self.peak:
            self.alive = {key: one for key, one in self.alive.items() if not one[0].expired()}
            self.total = sum(size for _, size in self.alive.values())
            self.peak = max(self.peak, self.total)


class Launches(TorchDispatchMode):
    """How many kernels are launched, and how often the device is waited for.

    Whatever makes or changes numbers counts as one kernel, views and memory that is only set aside as none. Waited for
    is a number or a shape that is read back, and a copy from one device to another.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kernels = self.waits = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        name = function._schema.name.removeprefix("aten::")
        places = {x.device.type for x in flatten((args, kwargs, result))}
        moved = len(places) > 1 and name in ("_to_copy", "copy_")
        made = name == "lift_fresh" and "cpu" not in places  # numbers of Python, copied
        self.waits += name in READ_BACK or moved or made
        view = any(x.alias_info is not None and not x.alias_info.is_write for x in function._schema.returns)
        self.kernels += not view and name not in SET_ASIDE
        return result


READ_BACK = frozenset(
    {"_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "unique_dim", "_unique2"}
)
SET_ASIDE = frozenset({"empty", "empty_like", "empty_strided", "new_empty", "detach", "lift_fresh", "_unsafe_view"})
"""What reads numbers or shapes back, and what makes none."""


def id_of(x: Tensor) -> int:
    """What tells the storage of a tensor from others alive."""
    return int(x.untyped_storage()._cdata)


def flatten(value: Any) -> list[Tensor]:
    """All tensors in nested containers."""
    if isinstance(value, Tensor):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [x for part in parts for x in flatten(part)]


def peak_bytes(call: Call) -> int:
    """The most bytes of tensors that a call holds at once."""
    with Peak() as peak:
        call()
    return peak.peak


def operations(call: Call) -> int:
    """Multiplications and additions in the matrix products of a call."""
    with FlopCounterMode(display=False) as counter:
        call()
    return int(counter.get_total_flops())


def launches(call: Call) -> tuple[int, int]:
    """Kernels that a call launches, and how often it waits for the device."""
    with Launches() as launched:
        call()
    return launched.kernels, launched.waits


def kernels_run(call: Call) -> int:
    """Kernels that a GPU ran for a call, those of Triton and of other libraries among them."""
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        call()
        torch.cuda.synchronize()
    return sum(event.device_type.name == "CUDA" for event in seen.events() or ())


def replayed(call: Call) -> Call:
    """The launches of a call on a GPU, captured once as a graph, so that nothing but they are left to be done."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # first the libraries take the memory that they need
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def matmul_call(device: torch.device, n: int, dtype: torch.dtype = torch.float32) -> tuple[Call, int]:
    """A large matrix product, the fastest thing that a machine does, and its operations."""
    x = torch.randn(n, n, device=device, dtype=dtype)
    return lambda: x @ x, 2 * n**3


def copy_call(device: torch.device, n: int) -> tuple[Call, int]:
    """A large copy, as fast as a machine's memory, and the bytes that it reads and writes."""
    x, y = torch.zeros(2, n, device=device)
    return lambda: y.copy_(x), 2 * x.nbytes
