"""Count the operations of a run of the reference: what the formulas of `mcviz.cost` are held against.

Arrays that count take the place of plain ones, and the reference runs on them as it is. Nothing here knows a formula.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcviz import segments
from mcviz.checks import whole
from mcviz.config import MCConfig
from mcviz.cost import Cost
from mcviz.initial import State, check_coefficients, initial_state, readable
from mcviz.reference import Stream, memory_caching
from mcviz.reference.aggregators import softmax
from mcviz.reference.attention import reached
from mcviz.rules import AGGREGATORS

Array = np.ndarray
FREE = (
    *(np.where, np.stack, np.concatenate, np.argsort, np.nonzero, np.put_along_axis, np.moveaxis, np.broadcast_to),
    *(np.zeros_like, np.ones_like, np.full_like),
)
"""Moving numbers about and comparing them by rank, which cost nothing."""


@dataclass
class Tally:
    """The operations counted so far."""

    operations: int = 0


class Counted(np.ndarray):
    """An array that writes the operations that it takes part in on its tally.

    One for each number that an elementwise function gives, one for each number that a reduction, or `at`, takes in,
    two for each product that `einsum` sums. Raises `TypeError` for a function of NumPy that it has no count for.
    """

    tally: Tally

    def __array_finalize__(self, parent: Any) -> None:
        self.tally = getattr(parent, "tally", None) or Tally()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        tally = self.tally
        plain = [bare(each) for each in inputs]
        given = options if out is None else {**options, "out": tuple(map(bare, out))}
        result = getattr(ufunc, method)(*plain, **given)
        tally.operations += np.size({"reduce": plain[0], "at": plain[-1]}.get(method, result))
        return counted(result, tally) if isinstance(result, Array) else result

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        plain, tally = bare(inputs), self.tally
        result = function(*plain, **options)
        if function is np.einsum:
            tally.operations += 2 * products(*plain)
        elif function in (np.sum, np.max):
            tally.operations += plain[0].size
        elif function is np.mean:
            tally.operations += plain[0].size + np.size(result)
        elif function not in FREE:
            raise TypeError(f"{function.__name__}: expected a function with a count, one of einsum, sum, max, mean")
        return counted(result, tally) if isinstance(result, Array) else result


def counted(array: Any, tally: Tally) -> Counted:
    """`array` as one that counts on `tally`."""
    view = np.asarray(array).view(Counted)
    view.tally = tally
    return view


def bare(value: Any) -> Any:
    """Plain arrays for counted ones, also inside lists and tuples."""
    if isinstance(value, list | tuple):
        return type(value)(map(bare, value))
    return value.view(Array) if isinstance(value, Counted) else value


def products(subscripts: str, *arrays: Array) -> int:
    """How many products an `einsum` adds up: the sizes of all its axes, multiplied."""
    sizes: dict[str, int] = {}
    others: list[tuple[int, ...]] = []
    for axes, array in zip(subscripts.split("->")[0].split(","), arrays, strict=True):
        first, _, last = axes.partition("...")
        stop = array.ndim - len(last)
        sizes |= dict(zip(first, array.shape, strict=False)) | dict(zip(last, array.shape[stop:], strict=True))
        others.append(array.shape[len(first) : stop])
    return math.prod(sizes.values()) * math.prod(np.broadcast_shapes(*others))


def operations(
    cfg: MCConfig,
    cuts: segments.Segments,
    inputs: tuple[Array, Array, Array, Array],
    coefficients: dict[str, Array] | None = None,
) -> list[int]:
    """The operations of each token of a run of the reference over `cuts`, counted.

    `inputs` are q, k, u [T, H, K] and v [T, H, V] in the order q, k, v, u, and `coefficients` are [T, H]: the rule's
    constants, if none are given.
    """
    tally = Tally()
    q, k, v, u = (counted(each, tally) for each in inputs)
    T, H, K = q.shape
    filled = check_coefficients(cfg, coefficients, K)
    c = {name: counted(np.broadcast_to(each, (T, H)), tally) for name, each in filled.items()}
    start: State = {name: counted(each, tally) for name, each in initial_state(cfg, H, K, v.shape[2]).items()}
    stream, spent = Stream(cfg, cuts, start), []
    for t in range(T):
        tally.operations = 0
        stream.step(q[t], k[t], v[t], u[t], {name: each[t] for name, each in c.items()})
        spent.append(tally.operations)
    return spent


def attention_operations(q: Array, k: Array, v: Array, window: int = 0, stride: int = 1) -> int:
    """The operations of causal softmax attention of one head on q, k [T, K] and v [T, V], counted."""
    tally = Tally()
    q, k, v = (counted(each, tally) for each in (q, k, v))
    for t in range(len(q)):
        at = reached(t, window, stride)
        weights = softmax(np.einsum("jk,k->j", k[at], q[t])[:, None])[:, 0]
        np.einsum("j,jv->v", weights, v[at])
    return tally.operations


def run(cfg: MCConfig, T: int, d: int, H: int, itemsize: int = 8) -> Cost:
    """What a run of the reference over `T` tokens did, as counted while it ran and in its Trace.

    Operations are counted as they happen, reads are those of `Trace.read`, and bytes are the sizes of the arrays of
    the Trace's checkpoints and contexts. K = V = d; numbers have 8 bytes, or 4. Inputs are drawn from a seed: what is
    counted does not depend on them. Raises `ValueError` for sizes below 1.
    """
    T, d, H = whole("T", T), whole("d", d), whole("H", H)
    q, k, v, u = inputs = drawn(T, d, H, itemsize)
    trace = memory_caching(q, k, v, u, cfg)
    read = trace.read.sum((1, 2))
    memory = sum(trace.checkpoints[0][name].nbytes for name in readable(cfg)) // H
    context = trace.checkpoint_contexts[0, 0].nbytes if cfg.compares else 0
    reached = trace.readable.sum(1)
    kept = 0 if cfg.aggregator == "none" else trace.N - 1
    return Cost(
        # a soup answers once, whatever was mixed into it
        reads=T * H if AGGREGATORS[cfg.aggregator].mixes else int(read.sum()),
        flops=sum(operations(cfg, trace.segments, inputs)),
        bytes=int(read.sum()) * memory + H * int(reached.sum()) * context,
        cached=H * kept * (memory + context),
    )


def attention(T: int, d: int, H: int, itemsize: int = 8) -> Cost:
    """What causal softmax attention over `T` tokens did, operations counted as they happen; keys and values kept."""
    T, d, H = whole("T", T), whole("d", d), whole("H", H)
    q, k, v, _ = drawn(T, d, H, itemsize)
    pairs = H * sum(len(k[: t + 1]) for t in range(T))
    fetched = pairs * (k[0, 0].nbytes + v[0, 0].nbytes)
    spent = sum(attention_operations(q[:, h], k[:, h], v[:, h]) for h in range(H))
    return Cost(pairs, spent, fetched, k.nbytes + v.nbytes)


def drawn(T: int, d: int, H: int, itemsize: int) -> tuple[Array, Array, Array, Array]:
    """Random q, k, v, u [T, H, d] from a fixed seed."""
    if itemsize not in (4, 8):
        raise ValueError(f"itemsize: expected 4 or 8 bytes, got {itemsize!r}")
    kind = np.float32 if itemsize == 4 else np.float64
    q, k, v, u = np.random.default_rng(0).standard_normal((4, T, H, d)).astype(kind)
    return q, k, v, u
