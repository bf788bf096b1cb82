"""What is compared: Memory Caching with attention, with the plain recurrent layer, and with another implementation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from mcviz.bench.measure import (
    Call,
    alternate,
    copy_call,
    exponent,
    kernels_run,
    launches,
    matmul_call,
    median,
    operations,
    peak_bytes,
    ratio,
    replayed,
)
from mcviz.checks import is_whole, plain, whole
from mcviz.config import MCConfig
from mcviz.pytorch import memory_caching
from mcviz.pytorch.decode import Decoder
from mcviz.pytorch.device import usable
from mcviz.pytorch.threads import limited

ATTENTION, PACKAGE = "softmax attention", "memory-caching 0.1.0"
PRODUCTS = "attention, two products"
"""Attention without a kernel of its own, of one query over a cache: PyTorch's is not made for a single one."""

FLA = "flash-linear-attention"
"""Linear attention by the kernels of that library, where it and a GPU are there: one memory over the whole sequence."""

OURS = {"plain RNN": "none", "residual": "residual", "GRM": "grm", "SSC, k = 2": "ssc"}
FORWARD, TRAINING, DECODING = "forward", "forward and backward", "decode one token"
SIZES, QUICK = (1024, 2048, 4096, 8192), (128, 256)


@dataclass(frozen=True)
class Row:
    """One contender at one length. Ratios and shares are None where there is nothing to compare with."""

    mode: str
    against: str  # whom the ratio is taken with, in the same rounds
    name: str
    tokens: int  # in the sequence; for decoding, in the context
    width: int  # of a head
    segment: int
    milliseconds: float  # median over rounds
    ratio: float  # of its time to `against`, median over rounds
    bytes: int | None  # tensors alive at once, at most, inputs not counted
    peak_share: float | None  # of the matrix product's speed that the machine reached in the same rounds
    memory_share: float | None = None  # of a copy's speed, if each input were read and each output written once
    kernels: int | None = None  # launched by a pass on a device that is no CPU
    waits: int | None = None  # for that device, by a pass
    dtype: str = "float32"
    replayed: float | None = None  # milliseconds of the same launches as a CUDA graph, where there is a GPU
    replayed_ratio: float | None = None  # of that to `against`, replayed likewise


@dataclass(frozen=True)
class Table:
    """All rows of a run, how times grow with length, and where they were taken."""

    rows: tuple[Row, ...]
    exponents: Mapping[str, Mapping[str, float]]  # mode -> contender -> p of `time ~ tokens^p`
    machine: Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """The sizes of a contest: one sequence."""

    device: torch.device
    width: int = 64
    segment: int = 256
    heads: int = 4
    dtype: torch.dtype = torch.float32

    def tokens(self, T: int) -> list[Tensor]:
        """q, k, v, u [1, T, H, d]; keys have a length of about 1."""
        made = torch.Generator().manual_seed(0)
        x = torch.randn(4, 1, T, self.heads, self.width, generator=made)
        x[1] /= self.width**0.5
        return list(x.to(self.device, self.dtype).unbind(0))

    def far(self, T: int) -> list[Tensor]:
        """Tokens of these shapes on a device that is no CPU, without numbers."""
        return [torch.empty(1, T, self.heads, self.width, dtype=self.dtype, device="meta") for _ in range(4)]

    def config(self, aggregator: str) -> MCConfig:
        return MCConfig(memory="linear", aggregator=aggregator, segment_length=self.segment, top_k=2)


def attend(q: Tensor, k: Tensor, v: Tensor, u: Tensor) -> Tensor:
    """Causal softmax attention, on the same tokens."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)


def linear_attention(q: Tensor, k: Tensor, v: Tensor, u: Tensor) -> Tensor:
    """`y_t = Σ_{j≤t} v_j (k_j·q_t)` by flash-linear-attention."""
    from fla.ops.linear_attn import chunk_linear_attn

    return chunk_linear_attn(q, k, v, scale=1.0, normalize=False)[0]


def functions(shape: Shape) -> dict[str, Callable[..., Tensor]]:
    """The contenders as functions of q, k, v, u."""

    def caching(cfg: MCConfig) -> Callable[..., Tensor]:
        # on a CPU values are checked, as they are by default; elsewhere that waits for the device
        return lambda q, k, v, u: memory_caching(q, k, v, u, cfg, check=q.device.type == "cpu")

    others: dict[str, Callable[..., Tensor]] = {ATTENTION: attend}
    if shape.device.type == "cuda" and find_spec("fla"):
        others[FLA] = linear_attention
    return {**others, **{name: caching(shape.config(aggregator)) for name, aggregator in OURS.items()}}


def call(function: Callable[..., Tensor], inputs: Sequence[Tensor], mode: str) -> Call:
    """`function(*inputs)`, or that and its gradients."""

    def forward() -> None:
        with torch.no_grad():
            function(*inputs)

    def training() -> None:
        leaves = [x.detach().requires_grad_() for x in inputs]
        function(*leaves).sum().backward()

    return forward if mode == FORWARD else training


def compare(
    calls: Mapping[str, Call],
    rounds: int,
    shape: Shape,
    bar: Any,
    *,
    mode: str,
    against: str,
    tokens: int,
    measure_bytes: bool = True,
    far: Mapping[str, Call] | None = None,
) -> list[Row]:
    """A row for each call, all of them taking turns with each other, a large matrix product and a large copy.

    `far` are the calls on a device without numbers, of which launches are counted.
    """
    # so large that nothing but the product, or the copy, takes time
    side, length = (8192, 2**28) if shape.device.type == "cuda" else (1024, 2**24)
    product_call, product_operations = matmul_call(shape.device, side, shape.dtype)
    copy, copied = copy_call(shape.device, length)
    bar.set_postfix_str(f"{mode}, {tokens} tokens")
    # a decoder's caches grow from step to step, which no graph does
    graphs = captured(calls) if shape.device.type == "cuda" and mode != DECODING else {}
    again = {f"{name}, replayed": each for name, each in graphs.items()}
    times = alternate({**calls, **again, "product": product_call, "copy": copy}, rounds, shape.device, bar.update)
    fastest, widest = product_operations / min(times.pop("product")), copied / min(times.pop("copy"))
    once_more = {name: times.pop(f"{name}, replayed") for name in graphs}
    # q, k, v, u and y; with the backward pass, their gradients too
    least = tokens * shape.heads * shape.width * shape.dtype.itemsize * (10 if mode == TRAINING else 5)
    rows = []
    for name, taken in times.items():
        # a foreign kernel counts as one operation, of no known size
        known = mode == FORWARD and name not in (ATTENTION, PACKAGE, FLA)
        kernels, waits = (None, None) if far is None or name not in far else launches(far[name])
        if shape.device.type == "cuda":
            kernels = kernels_run(calls[name])
        # what Triton computes is no operation of torch's: counted where there are no numbers
        counted = far[name] if known and far is not None and shape.device.type == "cuda" else calls[name]
        graph = once_more.get(name)
        rows.append(
            Row(
                mode=mode,
                against=against,
                name=name,
                tokens=tokens,
                width=shape.width,
                segment=shape.segment,
                milliseconds=1e3 * median(taken),
                ratio=ratio(taken, times[against]),
                bytes=peak_bytes(calls[name]) if measure_bytes else None,
                peak_share=operations(counted) / median(graph or taken) / fastest if known else None,
                memory_share=None if far is None else least / median(graph or taken) / widest,
                kernels=kernels,
                waits=waits,
                dtype=str(shape.dtype).removeprefix("torch."),
                replayed=None if graph is None else 1e3 * median(graph),
                replayed_ratio=ratio(graph, once_more[against]) if graph and against in once_more else None,
            )
        )
    return rows


def captured(calls: Mapping[str, Call]) -> dict[str, Call]:
    """The calls that can be replayed as a graph of launches; what waits for the device cannot."""
    found = {}
    for name, each in calls.items():
        try:
            found[name] = replayed(each)
        except RuntimeError:
            torch.cuda.synchronize()
    return found


def with_attention(shape: Shape, T: int, mode: str, rounds: int, bar: Any) -> list[Row]:
    """Whole sequences, against softmax attention."""
    inputs = shape.tokens(T)
    calls = {name: call(function, inputs, mode) for name, function in functions(shape).items()}
    far = {name: call(function, shape.far(T), mode) for name, function in functions(shape).items() if name != FLA}
    return compare(calls, rounds, shape, bar, mode=mode, against=ATTENTION, tokens=T, far=far)


def decoding(shape: Shape, context: int, rounds: int, bar: Any, steps: int = 8) -> list[Row]:
    """One more token after a context, caches in place."""
    q, k, v, u = shape.tokens(context)
    last = (q[:, -1], k[:, -1], v[:, -1], u[:, -1])
    past_k, past_v = (x.transpose(1, 2).contiguous() for x in (k, v))

    def attention() -> None:
        for _ in range(steps):
            F.scaled_dot_product_attention(last[0][:, :, None], past_k, past_v)

    def products() -> None:
        for _ in range(steps):
            scores = last[0][:, :, None] @ past_k.mT / shape.width**0.5
            scores.softmax(-1) @ past_v

    def step(cfg: MCConfig) -> Call:
        _, state = memory_caching(q, k, v, u, cfg, check=False, return_state=True)
        decoder = Decoder(cfg, state=state)
        return lambda: [decoder.step(*last) for _ in range(steps)]

    calls = {name: step(shape.config(aggregator)) for name, aggregator in OURS.items()}
    calls = {ATTENTION: attention, PRODUCTS: products, **calls}
    rows = compare(calls, rounds, shape, bar, mode=DECODING, against=ATTENTION, tokens=context, measure_bytes=False)
    return [replace(row, milliseconds=row.milliseconds / steps, peak_share=None) for row in rows]


def with_package(shape: Shape, memory: str, aggregator: str, T: int, mode: str, rounds: int, bar: Any) -> list[Row]:
    """One layer with the package's weights, by the package and by ours.

    For linear memories both compute the same numbers, which is checked. Deep memories have the same sizes, but the
    package starts them at zero. Raises `ValueError` if the numbers part.
    """
    package: Any = import_module("memory_caching")
    D = shape.heads * shape.width
    deep = {"memory_width": 4 * shape.width}
    theirs_cfg = package.MCConfig(
        d_model=D,
        num_heads=shape.heads,
        backend=memory,
        aggregation=aggregator,
        segment_size=shape.segment,
        ssc_top_k=2,
        state_init_mode="restart",
        dla=package.DLAConfig(**deep),
        titans=package.TitansConfig(**deep, update_convention="gradient_descent", step_size=1e-3),
    )
    backend = {
        "linear": package.LinearMemoryBackend(),
        "dla": package.DLABackend(theirs_cfg.dla),
        "titans": package.TitansBackend(theirs_cfg.titans),
    }[memory]
    torch.manual_seed(0)
    layer = package.MemoryCachingLayer(config=theirs_cfg, backend=backend).to(shape.device)
    cfg = replace(shape.config(aggregator), memory=memory, pooling="sum")

    def ours(x: Tensor) -> Tensor:
        maps = (layer.q_proj, layer.k_proj, layer.v_proj, layer.u_proj)
        q, k, v, u = (each(x).unflatten(-1, (shape.heads, -1)) for each in maps)
        return layer.o_proj(memory_caching(q, k, v, u, cfg).flatten(-2))

    x = torch.randn(1, T, D, generator=torch.Generator().manual_seed(1)).to(shape.device)
    with torch.no_grad():
        apart = float((ours(x) - layer(x)).abs().max() / layer(x).abs().max())
    if memory == "linear" and apart > 1e-4:
        raise ValueError(f"{aggregator}: expected the numbers of {PACKAGE}, got others, {apart:.1e} apart")
    calls = {PACKAGE: call(layer, [x], mode), f"{memory}, {aggregator}": call(ours, [x], mode)}
    rows = compare(calls, rounds, shape, bar, mode=mode, against=PACKAGE, tokens=T, measure_bytes=memory == "linear")
    return [
        replace(row, name=f"{row.name}: {memory}, {aggregator}" if row.name == PACKAGE else row.name) for row in rows
    ]


def run(
    device: str | torch.device = "cpu",
    sizes: Sequence[int] = SIZES,
    quick: bool = False,
    threads: int | None = 1,
    progress: bool = True,
) -> Table:
    """Measure speed and memory on this machine.

    `sizes` are lengths in tokens; `quick` runs short ones, to see that it works. `threads` bounds those of the CPU,
    None, or 0, leaves them as they are. The package is left out where it is not installed. Raises `ValueError` for
    sizes that are not positive, a number of threads that is none, and a device that is not there.
    """
    sizes = QUICK if quick and tuple(sizes) == SIZES else tuple(map(plain, sizes))
    if not sizes or not all(is_whole(T) and T >= 1 for T in sizes):
        raise ValueError(f"sizes: expected lengths of at least one token, got {sizes}")
    place = usable(device)
    threads = None if threads is None else whole("threads", threads, 0)
    with limited(threads):
        return measure(place, sorted(set(sizes)), 2 if quick else 7, quick, progress)


def measure(device: torch.device, sizes: Sequence[int], rounds: int, quick: bool, progress: bool) -> Table:
    """`run`, given what it checked."""
    shape = Shape(device, 16, 32) if quick else Shape(device)
    small = Shape(device, 16, 16 if quick else 64)
    modes = (FORWARD, TRAINING)
    pairs = [("linear", "residual"), ("linear", "grm"), ("linear", "ssc"), ("dla", "grm"), ("titans", "grm")]
    contests = [partial(with_attention, shape, T, mode, rounds) for T, mode in product(sizes, modes)]
    half = replace(shape, dtype=torch.bfloat16)  # on a CPU one length, as few of them are made for it
    lengths = sizes[:1] if device.type == "cpu" else sizes
    contests += [partial(with_attention, half, T, mode, rounds) for T, mode in product(lengths, modes)]
    contests += [partial(decoding, shape, T, rounds) for T in sizes]
    contests += [partial(decoding, half, T, rounds) for T in lengths]
    if find_spec("memory_caching"):
        T, few = 64 if quick else min(1024, max(sizes)), min(rounds, 3)
        contests += [partial(with_package, small, *pair, T, mode, few) for pair, mode in product(pairs, modes)]
    rows: list[Row] = []
    with tqdm(unit=" calls", disable=not progress) as bar:
        for contest in contests:
            rows += contest(bar)
    machine = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "heads": shape.heads,
        "rounds": rounds,
        "clock": "processor time" if device.type == "cpu" and torch.get_num_threads() == 1 else "time",
    }
    return Table(tuple(rows), growth(rows), machine)


def growth(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """How the time of each contender grows with the tokens, over lengths from a quarter of the longest on."""
    rows = [row for row in rows if row.dtype == "float32"]
    longest = max(row.tokens for row in rows)
    found: dict[str, dict[str, float]] = {}
    for mode, name in dict.fromkeys((row.mode, row.name) for row in rows if row.against == ATTENTION):
        some = [row for row in rows if (row.mode, row.name) == (mode, name) and 4 * row.tokens >= longest]
        if len(some) > 1:
            found.setdefault(mode, {})[name] = exponent([r.tokens for r in some], [r.milliseconds for r in some])
    return found
