"""Streaming: one token at a time gives what the whole pass gives, and touches no more than it says."""

import copy
from dataclasses import replace

import pytest
import torch

from mcviz import MCConfig
from mcviz.config import AGGREGATORS, GATES, POOLINGS, STARTS
from mcviz.pytorch import Decoder, MemoryCaching, ModelConfig, SequenceModel, memory_caching
from mcviz.pytorch.attention import Attention
from mcviz.pytorch.decode import Buffer, largest
from mcviz.pytorch.fenwick import LogLinear
from tests.pairs import pairs
from tests.runs import VARIANTS, coefficients, label, tokens

T, H, K, V = 23, 2, 4, 3


def batch(cfg):
    """Two sequences and their coefficients."""
    both = [(tokens(T, H, K, V, seed), coefficients(cfg, T, H, K, seed)) for seed in range(2)]
    x = [torch.stack([torch.tensor(sequence[i]) for sequence, _ in both]) for i in range(4)]
    return x, {name: torch.stack([torch.tensor(c[name]) for _, c in both]) for name in both[0][1]}


def decode(decoder, x, c, start=0, stop=T):
    """The outputs of tokens `start` to `stop`."""
    rows = []
    for t in range(start, stop):
        rows.append(decoder.step(*(each[:, t] for each in x), {name: each[:, t] for name, each in c.items()}))
    return torch.stack(rows, 1)


def assert_streams(cfg, length=None):
    x, c = batch(cfg)
    streamed = decode(Decoder(cfg, length=length), x, c)
    torch.testing.assert_close(streamed, memory_caching(*x, cfg, c), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("variant", "aggregator", "start"), pairs(VARIANTS, AGGREGATORS, STARTS))
def test_token_by_token_is_one_pass(variant, aggregator, start):
    assert_streams(replace(variant, aggregator=aggregator, start=start, segment_length=2))


@pytest.mark.parametrize(
    ("segmentation", "gate", "pooling"), pairs(["constant", "logarithmic", (5, 1, 10, 7)], GATES, POOLINGS)
)
def test_token_by_token_is_one_pass_with_any_gate_and_cuts(gate, pooling, segmentation):
    for aggregator, top_k in (("grm", 1), ("ssc", 3), ("soup", 1)):
        cfg = MCConfig(
            aggregator=aggregator, gate=gate, pooling=pooling, segmentation=segmentation, segment_length=3, top_k=top_k
        )
        assert_streams(cfg, T)


@pytest.mark.parametrize("aggregator", ["none", "residual", "grm"])
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_nothing_that_is_kept_is_the_callers(variant, aggregator):
    """A caller may put every token into the same tensors, and write over what came out."""
    cfg = replace(variant, aggregator=aggregator, segment_length=4)
    x, c = batch(cfg)
    buffers, rows = [each[:, 0].clone() for each in x], []
    scalars = {name: each[:, 0].clone() for name, each in c.items()}
    decoder = Decoder(cfg)
    for t in range(T):
        for buffer, each in zip([*buffers, *scalars.values()], [*x, *c.values()], strict=True):
            buffer.copy_(each[:, t])
        y = decoder.step(*buffers, scalars)
        rows.append(y.clone())
        y.zero_()
    torch.testing.assert_close(torch.stack(rows, 1), memory_caching(*x, cfg, c), rtol=1e-10, atol=1e-10)


def test_a_copy_goes_on_from_where_the_original_stood():
    cfg = MCConfig(memory="titans", aggregator="ssc", start="checkpoint", segment_length=3)
    x, c = batch(cfg)
    decoder = Decoder(cfg)
    decode(decoder, x, c, 0, 10)
    again = copy.deepcopy(decoder)
    assert torch.equal(decode(decoder, x, c, 10), decode(again, x, c, 10))


def test_constants_stand_in_for_coefficients_left_out():
    cfg = MCConfig(memory="titans", segment_length=4)
    x, _ = batch(cfg)
    decoder = Decoder(cfg)
    streamed = torch.stack([decoder.step(*(each[:, t] for each in x)) for t in range(T)], 1)
    torch.testing.assert_close(streamed, memory_caching(*x, cfg), rtol=1e-10, atol=1e-10)


def test_the_router_touches_what_it_selects_and_no_more(monkeypatch):
    """Rows of checkpoints that are copied or read per token: top_k of them, wherever the token stands."""
    touched = []
    some, everything = Buffer.some, Buffer.all

    def count_some(self, index):
        found = some(self, index)
        touched.append(("some", found.shape[2:]))
        return found

    def count_all(self):
        found = everything(self)
        touched.append(("all", found.shape[2:]))
        return found

    monkeypatch.setattr(Buffer, "some", count_some)
    monkeypatch.setattr(Buffer, "all", count_all)
    cfg = MCConfig(aggregator="ssc", segment_length=2, top_k=2)
    x, c = batch(cfg)
    decoder = Decoder(cfg)
    for t in range(T):
        touched.clear()
        decode(decoder, x, c, t, t + 1)
        n = t // 2
        if n > 2:
            ends = [("all", (n + 1, K))] if t % 2 else []  # a new context is held against the others
            assert touched == [("all", (n, K)), ("all", (n,)), ("some", (2, V, K)), *ends], (
                "contexts of all, the first of their equals, states of two"
            )
    monkeypatch.undo()


def test_the_plain_layer_keeps_nothing():
    cfg = MCConfig(aggregator="none", segment_length=2)
    x, c = batch(cfg)
    decoder = Decoder(cfg)
    decode(decoder, x, c)
    assert decoder.n == 0
    assert decoder.contexts.n == 0


def test_buffers_grow_by_doubling():
    buffer, moves = Buffer(), 0
    rows = torch.arange(600.0).view(1, 2, 100, 3)
    for i in range(100):
        at = None if buffer.rows is None else buffer.rows.data_ptr()
        buffer.append(rows[:, :, i])
        moves += at != buffer.rows.data_ptr()
    assert torch.equal(buffer.all(), rows)
    assert moves == 5, "8, 16, 32, 64, 128"
    index = torch.tensor([[[3, 99], [0, 7]]])
    assert torch.equal(buffer.some(index), rows.gather(2, index[..., None].expand(-1, -1, -1, 3)))


def test_ties_go_to_the_lowest_index():
    assert largest(torch.tensor([[[1.0, 2, 2, 0, 2]]]), 2).tolist() == [[[1, 2]]]


def test_no_gradients_flow():
    cfg = MCConfig(segment_length=2)
    x, c = batch(cfg)
    assert not decode(Decoder(cfg), [each.requires_grad_() for each in x], c).requires_grad


@pytest.mark.parametrize("segmentation", ["logarithmic", (20, 3)])
def test_cuts_by_the_total_length_need_it(segmentation):
    cfg = MCConfig(segmentation=segmentation)
    with pytest.raises(ValueError, match=r"^length: expected the number of tokens"):
        Decoder(cfg)
    with pytest.raises(ValueError, match=r"^length: expected the number of tokens"):
        SequenceModel(ModelConfig(5, cfg)).stream()


def test_a_token_past_the_length_is_refused():
    cfg = MCConfig(segmentation=(20, 3))
    x, c = batch(cfg)
    decoder = Decoder(cfg, length=T)
    decode(decoder, x, c)
    with pytest.raises(ValueError, match=r"^length: expected 23 tokens, got another one"):
        decode(decoder, x, c, 0, 1)


def test_a_token_of_another_form_is_refused_and_spoils_nothing():
    """What can be broadcast would else give numbers without a word."""
    cfg = MCConfig(aggregator="ssc", segment_length=4, top_k=1)
    x, _ = batch(cfg)
    decoder, right = Decoder(cfg), Decoder(cfg)
    first, now = ([each[:, t] for each in x] for t in (0, 1))
    for wrong in ([each[:, None] for each in first], [first[0], first[1][:, :1], *first[2:]]):
        with pytest.raises(ValueError, match=r"^step: expected q, k \[B, H, K\], v \[B, H, V\] and u"):
            Decoder(cfg).step(*wrong)
    decoder.step(*first)
    right.step(*first)
    wrongs = [[each[:1] for each in now], [each.float() for each in now]]
    wrongs += [[each[:, :1] if i == j else each for i, each in enumerate(now)] for j in range(4)]
    wrongs.append([*now[:2], now[2][..., :1], now[3]])
    for wrong in wrongs:
        with pytest.raises(ValueError, match="as the token before"):
            decoder.step(*wrong)
    assert torch.equal(decoder.step(*now), right.step(*now))


LAYERS = {
    "memory caching": lambda: MemoryCaching(8, 2, MCConfig(segment_length=4)),
    "attention": lambda: Attention(8, 2),
    "log-linear": lambda: LogLinear(8, 2),
}


@pytest.mark.parametrize("name", LAYERS)
def test_features_that_a_layer_does_not_take_in_are_refused_and_spoil_nothing(name):
    layer, x = LAYERS[name](), torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    wrongs = {
        "x: expected torch.float32 on cpu, as the weights are, got torch.float64": x.double(),
        r"x: expected shape \[B, T, 8\] with at least one sequence and token, got \(2, 6, 7\)": x[..., :7],
        r"x: expected shape .* got \(2, 6, 1, 8\)": x[:, :, None],
        r"x: expected shape .* got \(6, 8\)": x[0],
        r"x: expected shape .* got \(0, 6, 8\)": x[:0],
        "x: expected a tensor of floating-point numbers, got torch.int64": x.long(),
        "x: expected a tensor of floating-point numbers, got ndarray": x.numpy(),
    }
    for said, wrong in wrongs.items():
        with pytest.raises(ValueError, match=f"^{said}"):
            layer(wrong)
    stream, right = layer.stream(), layer.stream()
    stream.step(x[:, 0])
    right.step(x[:, 0])
    for wrong in (x[:, 1].double(), x[:, 1, :7], x[:1, 1], x[0, 1], x[:, 1:2]):
        with pytest.raises(ValueError, match=r"^x: expected"):
            stream.step(wrong)
    assert torch.equal(stream.step(x[:, 1]), right.step(x[:, 1]))
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x.bfloat16()).shape == x.shape


def test_what_is_meant_for_lengths_is_not_taken_for_a_wish_for_a_trace():
    with pytest.raises(ValueError, match=r"^trace: expected true or false, got \[6, 2\]"):
        LAYERS["memory caching"]()(torch.zeros(2, 6, 8), [6, 2])


@pytest.mark.parametrize("convolution", [1, 3])
@pytest.mark.parametrize("mixer", [None, *VARIANTS], ids=lambda mixer: "attention" if mixer is None else label(mixer))
def test_models_stream(mixer, convolution):
    mixer = mixer and replace(mixer, aggregator="ssc", segment_length=3, segmentation="logarithmic")
    model = SequenceModel(
        ModelConfig(9, mixer, width=8, layers=2, heads=2, key=4, value=3, mlp=1, convolution=convolution)
    )
    model.double()
    x = torch.randint(0, 9, (2, 13), generator=torch.Generator().manual_seed(0))
    stream = model.stream(13)
    rows = []
    for t in range(13):
        stream = copy.deepcopy(stream) if t == 7 else stream
        rows.append(stream.step(x[:, t]))
    torch.testing.assert_close(torch.stack(rows, 1), model(x), rtol=1e-10, atol=1e-10)


@pytest.mark.usefixtures("unchecked")
def test_unknown_tokens_are_refused():
    stream = SequenceModel(ModelConfig(5, MCConfig())).stream()
    for bad in (torch.tensor([5]), torch.tensor([[1]]), torch.tensor([0.0]), 3):
        with pytest.raises(ValueError, match=r"^tokens: expected"):
            stream.step(bad)
