"""Launches replayed: a function of tensors whose shapes recur, as a graph of what it launches on a GPU."""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import torch
from torch import Tensor

Results = tuple[Tensor, ...]
Function = Callable[..., Results]
Key = tuple[Hashable, ...]

EAGER = 3
"""Calls of one shape that run launch by launch before one is captured: in them, libraries set memory aside."""

MOST = 8
"""Graphs, each of which keeps the memory of a call."""


class Graph(NamedTuple):
    """What a call launches, where it reads its inputs, and where it leaves its results."""

    launch: Callable[[], object]
    inputs: Results
    results: Results


def captured(function: Function, kind: Any, inputs: Results) -> Graph:
    """The launches of `function(kind, *inputs)`, none of which has run."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = function(kind, *inputs)
    return Graph(graph.replay, inputs, results)


class Replays:
    """`function(kind, *tensors)` on a GPU: the same numbers, and hardly any work for Python once a shape recurs.

    Whatever else the function reads and writes has to stay where it is in memory. What cannot be captured, as it waits
    for the device, runs launch by launch for ever. A `kind` is anything hashable that the function is told besides.
    """

    def __init__(self, function: Function, capture: Callable[[Function, Any, Results], Graph] = captured) -> None:
        self.function, self.capture = function, capture
        self.calls: Counter[Key] = Counter()
        self.graphs: dict[Key, Graph | None] = {}

    def __call__(self, kind: Any, *inputs: Tensor) -> Results:
        key = (kind, *((x.shape, x.dtype) for x in inputs))
        self.calls[key] += 1
        if self.calls[key] > EAGER and key not in self.graphs and len(self.graphs) < MOST:
            self.graphs[key] = self.graph(kind, inputs)
        graph = self.graphs.get(key)
        if graph is None:
            return self.function(kind, *inputs)
        for place, x in zip(graph.inputs, inputs, strict=True):
            place.copy_(x)
        graph.launch()
        return tuple(x.clone() for x in graph.results)

    def graph(self, kind: Any, inputs: Results) -> Graph | None:
        """The launches of a call, if they can be captured."""
        try:
            return self.capture(self.function, kind, tuple(x.clone() for x in inputs))
        except RuntimeError:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            return None
