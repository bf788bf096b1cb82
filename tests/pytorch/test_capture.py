"""Capture: the numbers of a run, from models of ours and of others."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mcviz import MCConfig, Trace, capture
from mcviz.pytorch import Attention, MemoryCaching, ModelConfig, SequenceModel, memory_caching, substitute
from tests.runs import VARIANTS, label

T, VOCABULARY = 11, 7
CFG = MCConfig(aggregator="ssc", segment_length=3, top_k=1)
IDS = [3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 0]
NAMES = tuple("abcdefg")


def model(mixer=CFG, layers=2):
    return SequenceModel(
        ModelConfig(VOCABULARY, mixer, width=12, layers=layers, heads=2, key=4, value=3, mlp=1)
    ).double()


@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_a_trace_shows_what_the_layer_computed(variant):
    one, seen = model(replace(variant, segment_length=3)), {}
    for name in ("norm", "mixer"):
        getattr(one.blocks[1], name).register_forward_hook(lambda _, given, output, at=name: seen.update({at: output}))
    trace = capture(one, IDS)
    mixer = one.blocks[1].mixer
    assert torch.equal(mixer.merge(torch.tensor(trace.output)[None]), seen["mixer"]), "the output of the very run"
    for name, tensor in zip("qkvu", mixer.projections(seen["norm"])[:4], strict=True):
        np.testing.assert_array_equal(getattr(trace, name), tensor[0].detach(), err_msg=name)


def test_layers_are_numbered():
    one = model()
    first, last = capture(one, IDS, layer=0), capture(one, IDS)
    assert not np.array_equal(first.q, last.q)
    assert capture(one, IDS, layer=1).hash == last.hash == capture(one, IDS, layer=-1).hash
    assert capture(one, IDS, layer=-2).hash == first.hash


@pytest.mark.parametrize(
    "tokens", [IDS, np.array(IDS), torch.tensor(IDS), torch.tensor([IDS]), torch.tensor(IDS, dtype=torch.int32)]
)
def test_tokens_come_in_any_shape(tokens):
    assert capture(model(), tokens).hash == capture(model(), IDS).hash


def test_predictions_are_the_models():
    one = model()
    targets, sources = [-1] * (T - 1) + [4], [-1] * (T - 1) + [2]
    trace = capture(one, IDS, NAMES, targets, sources, title="a question")
    probabilities = one(torch.tensor([IDS]))[0].softmax(-1).detach().numpy()
    order = np.argsort(-probabilities, axis=-1)[:, :5]
    assert trace.tokens == tuple(NAMES[token] for token in IDS)
    assert trace.predictions.tokens == tuple(tuple(NAMES[token] for token in row) for row in order)
    np.testing.assert_allclose(trace.predictions.probabilities, np.take_along_axis(probabilities, order, 1), rtol=1e-12)
    assert trace.predictions.targets == ("",) * (T - 1) + ("e",)
    np.testing.assert_allclose(trace.predictions.target_probabilities[-1], probabilities[-1, 4], rtol=1e-12)
    assert not trace.predictions.target_probabilities[:-1].any()
    assert trace.sources == (-1,) * (T - 1) + (2,)
    assert trace.title == "a question"


def test_without_labels_tokens_are_numbers():
    trace = capture(model(), IDS)
    assert trace.tokens == tuple(map(str, IDS))
    assert set(trace.predictions.tokens[0]) <= set(map(str, range(VOCABULARY)))
    assert trace.sources == ()


def test_a_small_vocabulary_has_fewer_predictions():
    small = SequenceModel(ModelConfig(3, CFG, width=8))
    assert capture(small, [0, 1, 2]).predictions.probabilities.shape == (3, 3)


def test_a_trace_of_a_model_goes_through_a_file(tmp_path):
    trace = capture(model(), IDS, NAMES, [1] * T, list(range(T)))
    trace.save(tmp_path / "run.npz")
    assert Trace.load(tmp_path / "run.npz").hash == trace.hash


def test_capture_leaves_the_model_as_it_was():
    one = model()
    before = one(torch.tensor([IDS]))
    capture(one, IDS)
    after = one(torch.tensor([IDS]))
    assert torch.equal(before, after)
    assert after.requires_grad
    with pytest.raises(ValueError, match=r"^tokens"):
        capture(one, [VOCABULARY])
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in one.modules())


def at_once(calls):
    """What the calls return, made in threads of their own that change as often as they can."""
    started, often = Barrier(len(calls)), sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(len(calls)) as pool:
            waiting = [pool.submit(lambda call=call: (started.wait(20), call())[1]) for call in calls]
            return [each.result() for each in waiting]
    finally:
        sys.setswitchinterval(often)


def test_threads_share_a_model():
    """Captures of both layers, of other sequences, runs with another output put in, and runs as it is, at once."""
    one = model()
    sequences = [np.roll(IDS, shift).tolist() for shift in range(4)]
    alone = [capture(one, tokens, layer=n % 2) for n, tokens in enumerate(sequences)]
    said = substitute(one, IDS, alone[0].output + 1).probabilities
    plain = one(torch.tensor([IDS])).detach()
    calls = [lambda n=n, tokens=tokens: capture(one, tokens, layer=n % 2) for n, tokens in enumerate(sequences)]
    calls += [lambda: substitute(one, IDS, alone[0].output + 1), lambda: one(torch.tensor([IDS])).detach()]
    for _ in range(5):
        *traces, other, output = at_once(calls)
        assert [trace.hash for trace in traces] == [trace.hash for trace in alone]
        assert [trace.predictions.probabilities.tolist() for trace in traces] == [
            trace.predictions.probabilities.tolist() for trace in alone
        ]
        np.testing.assert_array_equal(other.probabilities, said)
        assert torch.equal(output, plain)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in one.modules())


def test_threads_share_a_model_by_another_hand():
    one = nn.Sequential(Foreign()).double()
    inputs = [torch.randn(1, T, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(n)) for n in range(4)]
    alone = [capture(one, x).hash for x in inputs]
    assert [trace.hash for trace in at_once([lambda x=x: capture(one, x) for x in inputs])] == alone


def test_a_layer_by_itself():
    layer = MemoryCaching(8, 2, CFG).double()
    x = torch.randn(T, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    trace = capture(layer, x, labels=[f"place {t}" for t in range(T)])
    torch.testing.assert_close(layer.merge(torch.tensor(trace.output)[None]), layer(x[None]))
    assert trace.tokens[3] == "place 3"
    assert trace.predictions is None


def test_half_precision_becomes_single():
    assert capture(model().bfloat16(), IDS).output.dtype == np.float32


class Foreign(nn.Module):
    """A layer by another hand, which knows nothing of mcviz but its configuration: GRM with a linear memory."""

    def __init__(self, length=3):
        super().__init__()
        self.maps = nn.ModuleDict({name: nn.Linear(6, 4) for name in "qkvu"})
        self.out = nn.Linear(4, 6)
        self.length = length
        self.config = MCConfig(aggregator="grm", segment_length=3)

    def forward(self, x, scale=1.0):
        q, k, v, u = (self.maps[name](scale * x[0]) for name in "qkvu")
        rows, cached = [], []
        for t in range(len(q)):
            begin = t - t % self.length
            now = (v[begin : t + 1].mT @ k[begin : t + 1], k[begin : t + 1].mean(0))
            memories = [*cached, now]
            gates = torch.stack([u[t] @ context for _, context in memories]).softmax(0)
            rows.append(sum(gate * (M @ q[t]) for gate, (M, _) in zip(gates, memories, strict=True)))
            if t + 1 == begin + self.length:
                cached.append(now)
        return self.out(torch.stack(rows))[None]

    def projections(self, x, scale=1.0):
        q, k, v, u = (self.maps[name](scale * x)[:, :, None] for name in "qkvu")
        return q, k, v, u, None, None


class Checked(Foreign):
    """The same, with the way from what is read to what it returns."""

    def merge(self, y):
        return self.out(y[:, :, 0])


class Wrapper(nn.Module):
    """A model around a foreign layer, which it calls with a keyword."""

    def __init__(self, layer):
        super().__init__()
        self.embedding, self.layer = nn.Embedding(VOCABULARY, 6), layer

    def forward(self, ids):
        return self.layer(self.embedding(ids), scale=0.5)


@pytest.mark.parametrize("kind", [Foreign, Checked])
def test_a_module_by_another_hand(kind):
    torch.manual_seed(0)
    wrapped = Wrapper(kind()).double()
    trace = capture(wrapped, IDS, NAMES)
    inputs = wrapped.embedding(torch.tensor([IDS]))
    q, k, v, u, _, _ = wrapped.layer.projections(inputs, scale=0.5)
    torch.testing.assert_close(torch.tensor(trace.output)[None], memory_caching(q, k, v, u, wrapped.layer.config))
    torch.testing.assert_close(wrapped.layer.out(torch.tensor(trace.output)[:, 0])[None], wrapped(torch.tensor([IDS])))
    assert trace.tokens == tuple(NAMES[token] for token in IDS)
    assert trace.predictions is None


def test_a_module_that_computes_something_else_is_no_picture():
    torch.manual_seed(0)
    wrapped = Wrapper(Checked(length=4)).double()
    with pytest.raises(ValueError, match=r"^model: expected Checked to return what Memory Caching"):
        capture(wrapped, IDS)


def test_a_module_by_another_hand_may_learn_its_own_start():
    class Started(Checked):
        def forward(self, x):
            q, k, v, u, c, start = self.projections(x)
            return self.merge(memory_caching(q, k, v, u, self.config, c, start))

        def projections(self, x):
            return *super().projections(x)[:4], {}, {"M": torch.ones(1, 4, 4).double()}

    trace = capture(Started().double(), torch.ones(1, T, 6).double())
    assert (trace.initial["M"] == 1).all()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("made", "arguments", "match"),
    [
        (lambda: nn.Linear(2, 2), {}, r"^model: expected a layer .* Linear has 0"),
        (lambda: model(None), {}, r"^model: expected a layer .* SequenceModel has 0"),
        (lambda: Attention(4, 1), {}, r"^model: expected a layer .* Attention has 0"),
        (model, {"layer": 2}, r"^model: expected a layer of Memory Caching with number 2, .* SequenceModel has 2"),
        (model, {"layer": -3}, r"^model: expected a layer .* number -3"),
        (model, {"tokens": [IDS, IDS]}, r"^tokens: expected one sequence, .* got shape \(2, 11\)"),
        (model, {"tokens": []}, r"^tokens: expected one sequence, .* got shape \(0,\)"),
        (model, {"tokens": [7]}, r"^tokens: expected ids from 0 to 6"),
        (model, {"labels": NAMES[:3]}, r"^labels: expected one for each token of the vocabulary, got 3"),
        (model, {"targets": [1]}, r"^targets: expected one for each of 11 tokens"),
        (model, {"targets": [9] * T}, r"^targets: expected tokens below 7"),
        (model, {"targets": [0.5] * T}, r"^targets: expected whole numbers, .* got \[0.5"),
        (model, {"sources": [True] * T}, r"^sources: expected whole numbers, .* got \[True"),
        (model, {"sources": [1] * 12}, r"^sources: expected one for each of 11 tokens"),
        (model, {"sources": [T] * T}, r"^sources: expected places from -1 to 10"),
        (lambda: MemoryCaching(4, 1, CFG), {"tokens": torch.zeros(T, 4), "labels": NAMES}, r"^labels: .* 11 places"),
    ],
)
def test_what_cannot_be_captured(made, arguments, match):
    with pytest.raises(ValueError, match=match):
        capture(made(), **{"tokens": IDS, **arguments})


class Takes(TorchFunctionMode):
    """What takes one of the parameters, or a view of it, and keeps Python's lock while it waits for the parameter's."""

    KEEP = ("mT", "T", "mH", "H", "real", "imag")

    def __init__(self, parameters):
        super().__init__()
        self.places = {each.untyped_storage().data_ptr() for each in parameters}
        self.getters = {getattr(Tensor, name).__get__: name for name in self.KEEP}
        self.getters[Tensor.__getitem__] = "[]"
        self.found = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in self.getters and args[0].untyped_storage().data_ptr() in self.places:
            self.found.add(self.getters[function])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_no_thread_keeps_pythons_lock_while_it_waits_for_a_parameters(variant):
    """Another one that records gradients may hold the parameter's and wait for Python's: both would wait for ever."""
    layer = MemoryCaching(12, 2, replace(variant, segment_length=3), 4, 3)
    x = torch.randn(2, T, 12)
    with Takes(layer.parameters()) as takes:
        layer(x).sum().backward()
        with torch.no_grad():
            layer(x)
    assert not takes.found
