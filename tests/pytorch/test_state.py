"""State in, state out: a run that stops goes on as if it had not, all at once and token by token."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from mcviz import MCConfig
from mcviz.config import AGGREGATORS, GATES, POOLINGS, STARTS
from mcviz.initial import state_shapes
from mcviz.pytorch import Carried, Decoder, MemoryCaching, ModelConfig, SequenceModel, memory_caching
from mcviz.pytorch.attention import Attention
from mcviz.pytorch.fast import launches
from mcviz.pytorch.fenwick import LogLinear
from tests.pairs import pairs
from tests.runs import VARIANTS, coefficients, label, tokens

T, H, K, V = 14, 2, 4, 3


def batch(cfg):
    """Two sequences and their coefficients."""
    both = [(tokens(T, H, K, V, seed), coefficients(cfg, T, H, K, seed)) for seed in range(2)]
    x = [torch.stack([torch.tensor(sequence[i]) for sequence, _ in both]) for i in range(4)]
    return x, {name: torch.stack([torch.tensor(c[name]) for _, c in both]) for name in both[0][1]}


def in_parts(cfg, x, c, stops):
    """A run that stops before each of `stops` and goes on: its output, and what it leaves."""
    y, state = [], None
    for start, stop in zip([0, *stops], [*stops, T], strict=True):
        part = [each[:, start:stop] for each in x]
        scalars = {name: each[:, start:stop] for name, each in c.items()}
        out, state = memory_caching(*part, cfg, scalars, state=state, return_state=True)
        y.append(out)
    return torch.cat(y, 1), state


@pytest.mark.parametrize(
    ("variant", "aggregator", "start", "everywhere"), pairs(VARIANTS, AGGREGATORS, STARTS, [False, True])
)
def test_a_run_in_parts_is_a_run(variant, aggregator, start, everywhere, monkeypatch):
    """Cut in a segment, at its end, and after its first token, on either way; output, state and gradients."""
    monkeypatch.setattr(launches, "EVERYWHERE", everywhere)
    cfg = replace(variant, aggregator=aggregator, start=start, segment_length=4)
    x, c = batch(cfg)
    x = [each.requires_grad_() for each in x]
    whole, left = memory_caching(*x, cfg, c, return_state=True)
    parts, after = in_parts(cfg, x, c, (3, 8, 9, 10))
    torch.testing.assert_close(parts, whole, rtol=1e-9, atol=1e-10)
    assert after.tokens == left.tokens == T
    assert set(after.tensors) == set(left.tensors)
    for name, tensor in left.tensors.items():
        torch.testing.assert_close(after.tensors[name], tensor, rtol=1e-9, atol=1e-10, msg=name)
    mixture = torch.linspace(-1, 1, whole.numel()).view_as(whole)
    for one, other in zip(
        *(torch.autograd.grad((y * mixture).sum(), x, allow_unused=True) for y in (parts, whole)), strict=True
    ):
        if one is None or other is None:
            assert one is other or not (other if one is None else one).any()
        else:
            torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("length", "gate", "pooling"), pairs([1, 3, 14, 20], GATES, POOLINGS))
def test_a_run_in_parts_with_any_gate_and_length(gate, pooling, length, monkeypatch):
    for aggregator, top_k in (("grm", 1), ("ssc", 1), ("ssc", 9), ("soup", 1)):
        monkeypatch.setattr(launches, "EVERYWHERE", aggregator != "soup")
        cfg = MCConfig(aggregator=aggregator, gate=gate, pooling=pooling, segment_length=length, top_k=top_k)
        x, c = batch(cfg)
        torch.testing.assert_close(in_parts(cfg, x, c, (5, 6))[0], memory_caching(*x, cfg, c), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("cut", [13, 15, 31])
def test_equal_contexts_stay_equal_in_parts(cut):
    """The router takes the lowest of them, also where the state was handed on within a segment."""
    torch.manual_seed(0)
    q, v, u = torch.randn(3, 20, 48, 1, 4)
    x = (q, torch.randn(20, 1, 1, 4).expand_as(q), v, u)
    cfg = MCConfig(aggregator="ssc", segment_length=5, top_k=3)
    early, state = memory_caching(*(each[:, :cut] for each in x), cfg, return_state=True)
    late = memory_caching(*(each[:, cut:] for each in x), cfg, state=state)
    torch.testing.assert_close(torch.cat([early, late], 1), memory_caching(*x, cfg), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_prefill_then_decode(variant, start):
    for aggregator, stop in zip(AGGREGATORS, (3, 8, 9, 3, 8, 9), strict=True):
        cfg = replace(variant, aggregator=aggregator, start=start, segment_length=4)
        x, c = batch(cfg)
        _, state = memory_caching(
            *(each[:, :stop] for each in x), cfg, {n: each[:, :stop] for n, each in c.items()}, return_state=True
        )
        decoder = Decoder(cfg, state=state)
        rows = [
            decoder.step(*(each[:, t] for each in x), {n: each[:, t] for n, each in c.items()}) for t in range(stop, T)
        ]
        torch.testing.assert_close(torch.stack(rows, 1), memory_caching(*x, cfg, c)[:, stop:], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("convolution", [1, 3])
@pytest.mark.parametrize(
    "mixer", [None, MCConfig(aggregator="ssc", segment_length=4, top_k=1), MCConfig(memory="titans", segment_length=4)]
)
def test_models_go_on(mixer, convolution):
    """In parts, and prefilled then token by token; of which sequences, and in which order, may change."""
    config = ModelConfig(9, mixer, width=8, layers=2, heads=2, key=4, value=3, convolution=convolution, mlp=2)
    model = SequenceModel(config).double()
    x = torch.randint(0, 9, (3, T), generator=torch.Generator().manual_seed(0))
    whole, left = model(x, return_state=True)
    y, state = model(x[:, :1], return_state=True)
    rows = [y]
    for start, stop in ((1, 6), (6, 9)):
        y, state = model(x[:, start:stop], state=state, return_state=True)
        rows.append(y)
    order = [2, 0, 2]
    chosen = state.select(order)
    rows.append(model(x[:, 9:], state=state))
    torch.testing.assert_close(torch.cat(rows, 1), whole, rtol=1e-9, atol=1e-9)
    assert left.tokens == T
    stream = model.stream(state=chosen)
    streamed = torch.stack([stream.step(column) for column in x[order, 9:].unbind(1)], 1)
    torch.testing.assert_close(streamed, whole[order, 9:], rtol=1e-9, atol=1e-9)


def test_a_layer_goes_on():
    layer = MemoryCaching(8, 2, MCConfig(memory="dla", segment_length=4)).double()
    x = torch.randn(2, T, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y, state = layer(x[:, :6], return_state=True)
    assert torch.cat([y, layer(x[:, 6:], state=state)], 1).allclose(layer(x), rtol=1e-9, atol=1e-10)
    stream = layer.stream(state=state)
    assert torch.stack([stream.step(row) for row in x[:, 6:].unbind(1)], 1).allclose(
        layer(x)[:, 6:], rtol=1e-9, atol=1e-10
    )


def carried(cfg=None):
    cfg = cfg or MCConfig(segment_length=4)
    x, c = batch(cfg)
    x = [each.requires_grad_() for each in x]
    return memory_caching(*x, cfg, c, return_state=True)[1]


def test_a_state_says_what_it_is(tmp_path):
    state = carried()
    assert (state.batch, state.device.type, state.dtype) == (2, "cpu", torch.float64)
    # M_0 is one zero for each number of a head, shared by both sequences; M, three checkpoints, keys and contexts
    assert state.bytes == 8 * (H * V * K + 2 * (H * V * K * (1 + 3) + H * K * (1 + 3)))
    assert state.tensors["online.M"].requires_grad
    assert not state.detach().tensors["online.M"].requires_grad
    assert state.to(torch.float32).dtype == torch.float32
    assert torch.equal(state.select(np.array([1, 1])).tensors["keys"][0], state.tensors["keys"][1])
    state.save(tmp_path / "state.pt")
    again = Carried.load(tmp_path / "state.pt")
    assert again.tokens == state.tokens
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in state.tensors.items())
    (tmp_path / "no.pt").write_bytes(b"no state")
    with pytest.raises(ValueError, match=r"^state: expected a whole file that Carried.save wrote"):
        Carried.load(tmp_path / "no.pt")


WRONG = [[-1], [2], [0, 2], [], [0.5], [True, False], "a", None, [[0]], 2, np.array([-1]), np.array([0.0])]


@pytest.mark.parametrize(
    "wrong", [*WRONG, *(torch.tensor(each) for each in ([-1], [2], [True, False], [0.0], []))], ids=repr
)
def test_sequences_that_are_not_there(wrong):
    with pytest.raises(ValueError, match=r"^sequences: expected whole numbers from 0 to 1, got "):
        carried().select(wrong)


@pytest.mark.parametrize("right", [[1], (1,), range(1, 2), 1, np.int64(1), np.array([1], np.uint8), torch.tensor([1])])
def test_sequences_that_are_there(right):
    state, one = carried(), carried().select(right)
    assert one.batch == 1
    assert all(torch.equal(tensor[0], state.tensors[name][1]) for name, tensor in one.tensors.items())


def same(a, b):
    """Whether two states are, bit for bit."""
    return a.tokens == b.tokens and {n: (x.dtype, x.tolist()) for n, x in a.tensors.items()} == {
        n: (x.dtype, x.tolist()) for n, x in b.tensors.items()
    }


def test_a_damaged_file_is_refused_or_gives_the_same_state(tmp_path):
    """Wherever it is cut it is refused; a bit may be turned where nothing is said, as in names inside the archive."""
    state, path = carried().detach(), tmp_path / "state.pt"
    state.save(path)
    content, random = path.read_bytes(), np.random.default_rng(0)
    cuts = [content[:n] for n in random.integers(0, len(content), 40).tolist()]
    turned = []
    for at, bit in zip(
        random.integers(0, len(content), 150).tolist(), random.integers(0, 8, 150).tolist(), strict=True
    ):
        turned.append(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
    refused = []
    for damaged in [content[: len(content) // 2], *cuts, *turned]:
        path.write_bytes(damaged)
        try:
            found = Carried.load(path)
        except ValueError as error:
            refused.append(str(error))
        else:
            assert len(damaged) == len(content)
            assert same(found, state)
    assert set(refused) == {f"state: expected a whole file that Carried.save wrote, got {str(path)!r}"}
    assert len(refused) > 60


def test_a_changed_number_is_noticed_and_older_files_are_read(tmp_path):
    state, path = carried().detach(), tmp_path / "state.pt"
    half = {name: x.bfloat16() for name, x in state.tensors.items()}
    for tensors in (dict(state.tensors), half):
        torch.save({"tokens": state.tokens, "tensors": tensors}, path)
        assert same(Carried.load(path), Carried(state.tokens, tensors))
        Carried(state.tokens, tensors).save(path)
        content = torch.load(path)
        assert same(Carried.load(path), Carried(state.tokens, tensors))
        content["tensors"]["online.M"].view(-1)[3] += 1
        torch.save(content, path)
        with pytest.raises(ValueError, match=r"^state: expected a whole file"):
            Carried.load(path)


def test_a_file_that_is_not_there_stays_an_os_error(tmp_path):
    with pytest.raises(OSError, match=r"state\.pt"):
        Carried.load(tmp_path / "state.pt")


def test_a_state_keeps_nothing_else_alive():
    """A view of all states that a run passed through would."""
    for name, tensor in carried(MCConfig(memory="titans", segment_length=2)).tensors.items():
        assert tensor.untyped_storage().nbytes() == tensor.nbytes or name.startswith("start."), name


@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_a_state_is_nobody_elses(variant):
    """What a caller writes over tensors, as an optimizer does to a learned `M_0`, changes nothing that is handed on."""
    cfg = replace(variant, segment_length=4)
    x, c = batch(cfg)
    drawn = torch.Generator().manual_seed(0)
    learned = {
        name: torch.rand(shape, generator=drawn, dtype=torch.float64)
        for name, shape in state_shapes(cfg, H, K, V).items()
    }
    whole = memory_caching(*x, cfg, c, {name: each.clone() for name, each in learned.items()})
    first, rest = ([each[:, part].clone() for each in x] for part in (slice(6), slice(6, None)))
    scalars, others = ({n: each[:, part] for n, each in c.items()} for part in (slice(6), slice(6, None)))
    y, state = memory_caching(*first, cfg, scalars, learned, return_state=True)
    decoder = Decoder(cfg, learned)
    for t in range(6):
        decoder.step(*(each[:, t] for each in first), {name: each[:, t] for name, each in scalars.items()})
    for each in (*first, *learned.values(), y):
        each.zero_()
    torch.testing.assert_close(memory_caching(*rest, cfg, others, state=state), whole[:, 6:], rtol=1e-9, atol=1e-10)
    for t in range(6, T):
        streamed = decoder.step(*(each[:, t] for each in x), {name: each[:, t] for name, each in c.items()})
        torch.testing.assert_close(streamed, whole[:, t], rtol=1e-9, atol=1e-10)


@pytest.mark.usefixtures("unchecked")
def test_states_that_do_not_fit():
    cfg = MCConfig(segment_length=4)
    x, _ = batch(cfg)
    state = carried(cfg)
    for change, match in (
        ({"cfg": replace(cfg, segmentation="logarithmic")}, "^state: expected constant segmentation"),
        ({"cfg": replace(cfg, memory="delta", aggregator="none")}, "^state: expected start.M, online.M; got"),
        ({"cfg": replace(cfg, segment_length=5)}, r"^state.checkpoints.M: expected \(2, 2, 2, 3, 4\)"),
        (
            {"state": state.to(torch.float32)},
            r"^state.start.M: expected .* of torch.float64 on cpu, got .* of torch.float32",
        ),
        ({"state": state.select([0])}, r"^state.start.M: expected \(2, 2, 3, 4\)"),
        ({"state": {}}, "^state: expected a Carried, which return_state=True gives, got dict"),
        ({"initial": torch.zeros(H, V, K).double()}, "^initial: expected None, as the state has its own M_0"),
        ({"trace": True}, "^trace: expected whole sequences"),
        ({"lengths": [3, 4], "return_state": True}, "^return_state: expected sequences that stop at the same token"),
    ):
        with pytest.raises(ValueError, match=match):
            memory_caching(*x, **{"cfg": cfg, "state": state, **change})
    model = SequenceModel(ModelConfig(9, cfg, width=8, layers=2))
    _, other = SequenceModel(ModelConfig(9, cfg, width=8, layers=3))(torch.zeros(2, 3).long(), return_state=True)
    for wrong in (state, {}, other):
        for go_on in (partial(model, torch.zeros(2, 3).long()), model.stream):
            with pytest.raises(ValueError, match=r"^state: expected a Carried that this model of 2 layers gave"):
                go_on(state=wrong)


LAYERS = {
    "constant": lambda: MemoryCaching(8, 2, MCConfig(segment_length=4)),
    "other length": lambda: MemoryCaching(8, 2, MCConfig(segment_length=8)),
    "other rule": lambda: MemoryCaching(8, 2, MCConfig("delta", "none", segment_length=4)),
    "attention": lambda: Attention(8, 2),
    "window": lambda: Attention(8, 2, window=3),
    "log-linear": lambda: LogLinear(8, 2),
    "wider": lambda: LogLinear(8, 2, d_value=6),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.usefixtures("unchecked")
def test_no_layer_goes_on_from_the_state_of_another(name):
    """Neither all at once nor token by token, where a wrong cache would give wrong numbers without a word."""
    layer, x = LAYERS[name](), torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))

    def both(state, x):
        for go_on in (lambda: layer(x, state=state), lambda: layer.stream(state=state).step(x[:, 0])):
            with pytest.raises(ValueError, match=r"^state"):
                go_on()

    for other, make in LAYERS.items():
        _, state = make()(x, return_state=True)
        if other != name:
            both(state, x)
    _, state = layer(x, return_state=True)
    for wrong in (state.select([0]), {}, Carried(6, {})):
        both(wrong, x)
    torch.testing.assert_close(layer.stream(state=state).step(x[:, 0]), layer(x[:, :1], state=state)[:, 0])
    layer.bfloat16()
    both(state, x.bfloat16())


@pytest.mark.parametrize("name", LAYERS)
def test_under_autocast_a_layer_goes_on_from_a_state_in_its_weights_dtype(name):
    layer, x = LAYERS[name](), torch.randn(2, 11, 8, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        y, state = layer(x[:, :6].bfloat16(), return_state=True)
        rest, whole = layer(x[:, 6:].bfloat16(), state=state), layer(x.bfloat16())
        stream = layer.stream(state=state)
        rows = [stream.step(x[:, t].bfloat16()) for t in range(6, 11)]
    assert state.dtype == torch.float32
    for found in (rest, torch.stack(rows, 1)):
        torch.testing.assert_close(torch.cat([y, found], 1), whole, rtol=0.05, atol=0.05)


OTHERS = (
    {"memory": "decay"},
    {"options": {"feature_map": "elu"}},
    {"start": "checkpoint"},
    {"pooling": "sum"},
)


@pytest.mark.parametrize("change", OTHERS, ids=str)
@pytest.mark.usefixtures("unchecked")
def test_memories_that_were_written_otherwise_are_refused_also_from_a_file(change, tmp_path):
    """Their shapes are the same, and they would give wrong numbers without a word."""
    cfg = MCConfig(segment_length=4)
    other = replace(cfg, **change)
    x, _ = batch(cfg)
    _, state = memory_caching(*x, cfg, return_state=True)
    state.save(tmp_path / "state.pt")
    for kept in (state, Carried.load(tmp_path / "state.pt"), state.detach().select([0, 1])):
        assert kept.writers == state.writers
        for go_on in (partial(memory_caching, *x, other), partial(Decoder, other)):
            with pytest.raises(ValueError, match=r"^state: expected memories written by "):
                go_on(state=kept)
    layers = [MemoryCaching(8, 2, each) for each in (cfg, other)]
    features = torch.zeros(2, 5, 8)
    _, state = layers[0](features, return_state=True)
    for go_on in (partial(layers[1], features), layers[1].stream):
        with pytest.raises(ValueError, match=r"^state: expected "):
            go_on(state=state)
    models = [SequenceModel(ModelConfig(9, each, width=8, layers=2)) for each in (cfg, other)]
    ids = torch.zeros(2, 5).long()
    _, state = models[0](ids, return_state=True)
    for go_on in (partial(models[1], ids), models[1].stream):
        with pytest.raises(ValueError, match=r"^state: expected "):
            go_on(state=state)
    models[0](ids, state=state)


@pytest.mark.usefixtures("unchecked")
def test_what_is_read_may_change_from_one_part_to_the_next():
    cfg = MCConfig(segment_length=4)
    x, _ = batch(cfg)
    _, state = memory_caching(*x, cfg, return_state=True)
    for change in ({"aggregator": "ssc", "top_k": 1}, {"aggregator": "soup"}, {"gate": "shared"}):
        memory_caching(*x, replace(cfg, **change), state=state)
    unknown = Carried(state.tokens, state.tensors)  # as files of mcviz 0.1 have it
    memory_caching(*x, replace(cfg, start="checkpoint"), state=unknown)


@pytest.mark.usefixtures("unchecked")
def test_a_stream_from_a_state_ends_where_it_should():
    cfg = MCConfig(segment_length=8)
    x, _ = batch(cfg)
    now = [each[:, 10] for each in x]
    _, state = memory_caching(*(each[:, :10] for each in x), cfg, return_state=True)
    with pytest.raises(ValueError, match=r"^length: expected the 10 tokens of the state or more, got 9"):
        Decoder(cfg, length=9, state=state)
    for length in (10, 12):
        decoder = Decoder(cfg, length=length, state=state)
        for _ in range(length - 10):
            decoder.step(*now)
        with pytest.raises(ValueError, match=f"^length: expected {length} tokens, got another one"):
            decoder.step(*now)
    for wrong in (replace(cfg, segment_length=4), replace(cfg, aggregator="none"), replace(cfg, memory="titans")):
        with pytest.raises(ValueError, match=r"^state"):
            Decoder(wrong, state=state).step(*now)
    with pytest.raises(ValueError, match=r"^state.start.M: expected \(1, 2, 3, 4\)"):
        Decoder(cfg, state=state).step(*(each[:1] for each in now))
    decoder = Decoder(cfg, state=state)
    for _ in range(2):  # a wrong token spoils nothing, also where it is the first
        with pytest.raises(ValueError, match=r"^state.start.M"):
            decoder.step(*(each[:1] for each in now))
    assert torch.equal(decoder.step(*now), Decoder(cfg, state=state).step(*now))
    with pytest.raises(ValueError, match=r"^state: expected a Carried"):
        Decoder(cfg, state={})
