"""Any device: nothing is made on another one, and the fast path reads nothing back from it."""

from dataclasses import replace

import pytest
import torch

from mcviz import MCConfig
from mcviz.config import AGGREGATORS, GATES, STARTS
from mcviz.pytorch import Decoder, ModelConfig, SequenceModel, loop, memory_caching
from tests.pairs import pairs
from tests.runs import VARIANTS, coefficients, label, tokens

T = 40
MATRICES = [cfg for cfg in VARIANTS if cfg.memory not in ("dla", "titans")]


@pytest.fixture
def unread(monkeypatch):
    """Input is taken as it is, as while a graph is compiled: to look for NaN is to read back."""
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize(("variant", "aggregator", "gate"), pairs(MATRICES, AGGREGATORS, GATES))
def test_matrix_memories_need_shapes_alone(variant, aggregator, gate):
    """A tensor on `meta` has no numbers, so to look at one, or to mix it with one that has some, fails."""
    cfg = replace(variant, aggregator=aggregator, gate=gate, segment_length=2)
    model = SequenceModel(ModelConfig(9, cfg, width=8, heads=2, key=4, value=3)).to("meta")
    logits = model(torch.zeros(2, T, dtype=torch.int64, device="meta"))
    assert logits.shape == (2, T, 9)
    logits.sum().backward()
    assert model.head.weight.grad.device.type == "meta"


@pytest.mark.parametrize(("variant", "aggregator"), pairs(VARIANTS, AGGREGATORS))
def test_a_model_without_numbers_says_shapes(variant, aggregator):
    with torch.device("meta"):
        model = SequenceModel(ModelConfig(9, replace(variant, aggregator=aggregator, segment_length=3), width=8))
        logits = model(torch.zeros(2, 7, dtype=torch.int64))
    assert logits.shape == (2, 7, 9)
    logits.sum().backward()
    assert model.head.weight.grad.device.type == "meta"


@pytest.mark.parametrize(("variant", "aggregator", "start"), pairs(VARIANTS, AGGREGATORS, STARTS))
def test_a_run_stays_where_its_tokens_are(variant, aggregator, start):
    """Whatever the default device: one without numbers would be seen. Segments are cut into chunks of other numbers."""
    cfg = replace(variant, aggregator=aggregator, start=start, segmentation=(3, 150, 70, 2))
    x = [torch.as_tensor(each)[None] for each in tokens(T=225, H=1)]
    alone = memory_caching(*x, cfg)
    with torch.device("meta"):
        torch.testing.assert_close(memory_caching(*x, cfg), alone, rtol=0, atol=0)


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_decoding_needs_shapes_alone(variant, aggregator):
    decoder = Decoder(replace(variant, aggregator=aggregator, segment_length=2, top_k=1))
    q, v = torch.zeros(2, 2, 4, device="meta"), torch.zeros(2, 2, 3, device="meta")
    for _ in range(5):
        assert decoder.step(q, q, v, q).device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("path", [memory_caching, loop.memory_caching], ids=["segments", "loop"])
@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_cuda_computes_what_the_cpu_computes(variant, aggregator, path):
    cfg = replace(variant, aggregator=aggregator, segment_length=2)
    given, found = [*tokens(T), *coefficients(cfg, T).values()], {}
    for device in ("cpu", "cuda"):
        x = [torch.tensor(array[None], device=device, requires_grad=True) for array in given]
        output, traces = path(*x[:4], cfg, dict(zip(coefficients(cfg, T), x[4:], strict=True)), trace=True)
        assert output.device.type == device
        gradients = torch.autograd.grad(output.square().sum(), x, allow_unused=True)
        numbers = [torch.zeros(()) if each is None else each.cpu() for each in (output, *gradients)]
        found[device] = [*numbers, torch.tensor(traces[0].weights)]
    torch.testing.assert_close(found["cuda"], found["cpu"], rtol=1e-9, atol=1e-9)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_models_train_and_stream_on_cuda():
    model = SequenceModel(ModelConfig(9, MCConfig(aggregator="ssc", segment_length=3), width=8, key=4, value=3)).cuda()
    x = torch.arange(18, device="cuda").view(2, 9) % 9
    logits = model(x)
    logits.sum().backward()
    assert all(weights.grad is not None for weights in model.parameters())
    stream = model.stream()
    rows = torch.stack([stream.step(column) for column in x.unbind(1)], 1)
    torch.testing.assert_close(rows, logits, rtol=1e-4, atol=1e-4)
