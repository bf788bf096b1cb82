"""Capture: run a model on one sequence, and keep everything that one of its Memory Caching layers computed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock, get_ident
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mcviz.brief import said
from mcviz.checks import instance
from mcviz.config import MCConfig
from mcviz.labels import TOP, answers, display, label, places
from mcviz.pytorch.alone import alone, answering
from mcviz.pytorch.function import memory_caching
from mcviz.pytorch.mixer import MemoryCaching
from mcviz.pytorch.model import SequenceModel
from mcviz.pytorch.traces import numpy
from mcviz.trace import Predictions, Trace

_hooking = Lock()
"""torch numbers hooks without one: two that come at once may get the same number."""

Projections = tuple[Tensor, Tensor, Tensor, Tensor | None, Mapping[str, Any] | None, Any]
"""q, k, v, u, coefficients and `M_0`, as `mcviz.pytorch.memory_caching` takes them in."""


@runtime_checkable
class Capturable(Protocol):
    """What a module of any origin needs, so that `capture` can show what its memories do.

    `projections` takes what the module's `forward` takes in. A module may also have a method `merge`, from what the
    heads read [B, T, H, V] to what its `forward` returns: then the two are compared, and a module that computes
    anything but Memory Caching as `config` says is a `ValueError`, not a wrong picture.
    """

    config: MCConfig

    def projections(self, *inputs: Any) -> Projections: ...


class Call(NamedTuple):
    """One call of a module: what it took in and what it returned."""

    inputs: tuple[Any, ...]
    named: Mapping[str, Any]
    output: Any


def capture(
    model: nn.Module,
    tokens: Any,
    labels: Sequence[str] | None = None,
    targets: Sequence[int] | None = None,
    sources: Sequence[int] | None = None,
    layer: int = -1,
    title: str = "",
) -> Trace:
    """Run `model` on one sequence and return the Trace of one of its layers.

    `model` is a `SequenceModel`, a `MemoryCaching` layer, or any module that is or contains some that follow
    `Capturable`; `layer` picks among those, in the order in which the module lists them. `tokens` is what the model
    takes in for one sequence: T token ids, or a tensor [1, T, ...]. `labels` shows each token of the vocabulary (by
    its number, if left out), or each of the T places where the input is no ids. For a `SequenceModel`, the Trace
    holds what it predicts after each token; `targets` are the answers wanted, -1 where nothing is asked, and
    `sources` the places where they stand. For its last layer, the Trace also holds what the model would say from each
    memory alone (`mcviz.trace.Alone`).

    No gradients are kept. Threads may capture one model at the same time. Raises `ValueError` for what is no module of
    torch, for a model without such a layer, for what is not one sequence, and for labels, targets or sources that do
    not fit.
    """
    instance("model", model, nn.Module, "a module of torch (mcviz.reference.capture takes models of NumPy)")
    layers = [module for module in model.modules() if follows(module)]
    if not layers or not -len(layers) <= layer < len(layers):
        raise ValueError(
            f"model: expected a layer of Memory Caching with number {layer}, a module with config (an MCConfig) and "
            f"projections; {type(model).__name__} has {len(layers)}"
        )
    inputs, ids = sequence(model, tokens)
    trace, logits = run(model, layers[layer], inputs)
    named = replace(
        trace,
        title=title,
        tokens=display(labels, ids, trace.T),
        sources=() if sources is None else tuple(places("sources", sources, trace.T)),
    )
    if not isinstance(model, SequenceModel):
        return named
    last = layers[layer] is model.blocks[-1].mixer
    return replace(
        named,
        predictions=predict(logits, labels, targets),
        alone=alone(model, inputs, answering(trace), labels) if last else None,
    )


def follows(module: nn.Module) -> bool:
    """Whether a module has what `Capturable` asks for."""
    return isinstance(getattr(module, "config", None), MCConfig) and callable(getattr(module, "projections", None))


def sequence(model: nn.Module, tokens: Any) -> tuple[Tensor, list[int] | None]:
    """What the model takes in, a batch of one sequence on its device, and its token ids if it consists of such."""
    weights = next(model.parameters(), None)
    try:
        inputs = torch.as_tensor(tokens, device=None if weights is None else weights.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"tokens: expected numbers, T ids or [1, T, ...], got {said(tokens)}") from error
    ids = not (inputs.is_floating_point() or inputs.is_complex() or inputs.dtype == torch.bool)
    inputs = inputs.long() if ids and not isinstance(tokens, Tensor) else inputs
    inputs = inputs[None] if inputs.ndim == (1 if ids else 2) else inputs
    if inputs.ndim < 2 or len(inputs) != 1 or 0 in inputs.shape:
        raise ValueError(f"tokens: expected one sequence, T ids or [1, T, ...], got shape {tuple(inputs.shape)}")
    return inputs, inputs[0].tolist() if ids and inputs.ndim == 2 else None


@torch.no_grad()
def run(model: nn.Module, layer: nn.Module, inputs: Tensor) -> tuple[Trace, Any]:
    """The Trace of `layer` in a run of `model`, and what the model returned."""
    traces: list[Trace] = []
    calls: list[Call] = []

    def ask(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return given, {**named, "trace": True}

    def keep(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> Any:
        if isinstance(module, MemoryCaching):
            output, recorded = output
            traces.extend(recorded)
        else:
            calls.append(Call(given, named, output))
        return output

    with hooked(layer, keep, ask if isinstance(layer, MemoryCaching) else None):
        output = model(inputs)
    for call in calls:
        traces.extend(follow(layer, call))
    if len(traces) != 1:
        raise ValueError(f"model: expected its layer to see one sequence, once; it saw {len(traces)}")
    return traces[0], output


@contextmanager
def hooked(layer: nn.Module, after: Callable[..., Any], before: Callable[..., Any] | None = None) -> Iterator[None]:
    """Inside, calls of `layer` by this thread go through the two hooks; those of other threads, which may share it,
    do not. `after` is the first to see what the layer returns."""
    me = get_ident()

    def mine(hook: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *call: hook(*call) if get_ident() == me else None

    with _hooking:
        handles = [layer.register_forward_hook(mine(after), with_kwargs=True, prepend=True)]
        if before is not None:
            handles.append(layer.register_forward_pre_hook(mine(before), with_kwargs=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def follow(module: Any, call: Call) -> list[Trace]:
    """The Traces of one call of a module of another origin, from its projections."""
    q, k, v, u, coefficients, initial = module.projections(*call.inputs, **call.named)
    y, traces = memory_caching(q, k, v, u, module.config, coefficients, initial, trace=True)
    if callable(getattr(module, "merge", None)):
        ours, theirs = module.merge(y), call.output
        off = float((ours - theirs).abs().max()) if ours.shape == theirs.shape else torch.inf
        most = torch.finfo(ours.dtype).eps ** 0.5 * (1 + float(theirs.abs().max()))
        if not off <= most:
            raise ValueError(
                f"model: expected {type(module).__name__} to return what Memory Caching, as its config says, makes of "
                f"its projections; they are {off:.2g} apart, and {most:.2g} would be rounding"
            )
    return traces


def predict(
    logits: Float[Tensor, "1 T vocabulary"], labels: Sequence[str] | None, targets: Sequence[int] | None
) -> Predictions:
    """The likeliest tokens after each place, and how likely the answers wanted are."""
    probabilities = torch.softmax(logits[0].double(), -1)
    T, vocabulary = probabilities.shape
    top, tokens = probabilities.topk(min(TOP, vocabulary), -1)
    said = tuple(tuple(label(labels, token) for token in row) for row in tokens.tolist())
    if targets is None:
        return Predictions(said, numpy(top))
    wanted = answers(targets, T, vocabulary)
    asked = torch.tensor(wanted, device=logits.device)
    right = probabilities.gather(-1, asked.clamp(min=0)[:, None])[:, 0].masked_fill(asked < 0, 0)
    names = tuple(label(labels, token) if token >= 0 else "" for token in wanted)
    return Predictions(said, numpy(top), names, numpy(right))
