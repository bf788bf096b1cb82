"""The layer as others train with it: mixed precision, pruned weights, transforms, graphs, many processes."""

import copy
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad
from torch.func import functional_call, grad, jacfwd, jacrev, vmap
from torch.nn.utils import parametrize, prune
from torch.utils.checkpoint import checkpoint

from mcviz import MCConfig
from mcviz.config import AGGREGATORS
from mcviz.pytorch import MemoryCaching, ModelConfig, SequenceModel, loop, memory_caching
from mcviz.pytorch.fast import launches
from mcviz.pytorch.mixer import Start
from tests.pytorch.test_graphs import in_new_process
from tests.runs import VARIANTS, coefficients, label, tokens

PAIRS = [(variant, AGGREGATORS[i % len(AGGREGATORS)]) for i, variant in enumerate(VARIANTS)] + [
    (MCConfig(memory=memory), aggregator)
    for memory, aggregator in (("linear", "ssc"), ("delta", "grm"), ("dla", "ssc"), ("titans", "soup"))
]
"""Every variant, and the aggregators in turn."""


def name(value):
    return value if isinstance(value, str) else label(value)


def layer_of(cfg, D=8, **changes):
    return MemoryCaching(D, 2, replace(cfg, segment_length=4, top_k=1, **changes))


def features(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


# ---- numbers


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("at", [-10, -17, -40, -80])
def test_a_feature_far_below_zero_keeps_its_digits(at, dtype):
    """`elu(x) + 1` is `exp(x)` there, not a difference of nearly equal numbers; a normalised read has no scale."""
    q, k, v, u = (torch.tensor(x[None], dtype=dtype) for x in tokens(9))
    for normalizer in (False, True):
        cfg = MCConfig(aggregator="grm", segment_length=3, options={"feature_map": "elu", "normalizer": normalizer})
        y = memory_caching(q + at, k, v, u, cfg)
        expected = loop.memory_caching((q + at).double(), k.double(), v.double(), u.double(), cfg)
        torch.testing.assert_close(y.double(), expected, rtol=1e-4 if dtype == torch.float32 else 1e-10, atol=0)


def test_a_normalised_read_underflows_nowhere():
    """Where all of `φ(q)` is smaller than the smallest number, the read is the one of any larger multiple of it."""
    q, k, v, u = (torch.tensor(x[None]) for x in tokens(9))
    cfg = MCConfig(aggregator="grm", segment_length=3, options={"feature_map": "elu", "normalizer": True})
    q = (q - q.amax(-1, keepdim=True)).requires_grad_()
    near, far = memory_caching(q - 50, k, v, u, cfg), memory_caching(q - 5000, k, v, u, cfg)
    torch.testing.assert_close(far, near)
    found = [torch.autograd.grad(y.sum(), q)[0] for y in (near, far)]
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("variant", "aggregator"), PAIRS, ids=name)
def test_autocast(variant, aggregator, dtype):
    """Features in autocast's dtype, as of a linear layer; memories and their state in that of the weights."""
    layer, x = layer_of(variant, aggregator=aggregator), features(2, 11, 8)
    with torch.autocast("cpu", dtype):
        y, state = layer(x, return_state=True)
        again, narrow = layer(nn.functional.linear(x, torch.eye(8)), return_state=True)
        y.float().square().sum().backward()
    assert y.dtype == again.dtype == dtype
    assert {part.dtype for part in state.tensors.values()} == {state.dtype} == {narrow.dtype} == {torch.float32}
    torch.testing.assert_close(y.float(), layer(x), rtol=0.1, atol=0.1)
    for n, weights in layer.named_parameters():
        assert weights.grad is None or torch.isfinite(weights.grad).all(), n


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("variant", VARIANTS, ids=label)
def test_weights_of_half_precision_learn(variant, dtype):
    """Every one: a decay that is rounded to 1 moves, and a small read's norm overflows no gradient."""
    layer, x = layer_of(variant, aggregator="grm").to(dtype), features(2, 24, 8).to(dtype)
    exact, mixture = copy.deepcopy(layer).double(), features(2, 24, 8).flip(1).to(dtype)
    (layer(x) * mixture).sum().backward()
    (exact(x.double()) * mixture.double()).sum().backward()
    for (n, weights), wanted in zip(layer.named_parameters(), exact.parameters(), strict=True):
        if weights.grad is not None:
            assert torch.linalg.vector_norm(weights.grad.double() - wanted.grad) <= 0.3 * wanted.grad.norm(), n


def test_the_function_under_autocast_takes_the_widest():
    q, k, v, u = (torch.tensor(x[None], dtype=torch.float32) for x in tokens(9))
    cfg = MCConfig(memory="titans", segment_length=3)
    with torch.autocast("cpu", torch.bfloat16):
        y, state = memory_caching(q.bfloat16(), k, v, u.bfloat16(), cfg, {"eta": torch.tensor(0.01)}, return_state=True)
    assert y.dtype == state.dtype == torch.float32
    expected = memory_caching(q.bfloat16().float(), k, v, u.bfloat16().float(), cfg, {"eta": 0.01})
    assert torch.equal(y, expected), "autocast chose a dtype inside"


# ---- weights are what stands under their names


class Twice(nn.Module):
    def forward(self, x):
        return 2 * x


WEIGHTS = ["W_q", "W_u", "W_eta", "b_eta", "F_q", "F_u", "W_o"]


@pytest.mark.parametrize("weight", [*WEIGHTS, "initial.W1"])
def test_weights_that_something_stands_for_mean_the_same(weight):
    layer, x = layer_of(MCConfig(memory="dla")).double(), features(2, 9, 8, dtype=torch.float64)
    with torch.no_grad():
        for each in layer.parameters():
            each += 0.1  # some start at 0
    expected = layer(x)

    def changed(change):
        other = copy.deepcopy(layer)
        change(other.initial if "." in weight else other, weight.rpartition(".")[2])
        return other

    pruned = changed(prune.identity)
    assert torch.equal(pruned(x), expected)
    for _ in range(2):
        pruned(x).sum().backward()  # each pass with a mask of its own
    doubled = changed(lambda owner, n: parametrize.register_parametrization(owner, n, Twice()))
    assert not torch.allclose(doubled(x), expected)
    with torch.no_grad():
        owner = doubled.initial if "." in weight else doubled
        owner.parametrizations[weight.rpartition(".")[2]].original /= 2
    torch.testing.assert_close(doubled(x), expected)


def test_a_weight_that_is_gone_is_missed():
    layer = layer_of(MCConfig())
    del layer.W_u
    with pytest.raises(AttributeError, match="W_u"):
        layer(features(1, 3, 8))


def test_weights_that_are_tied_are_both_used():
    layer, x = layer_of(MCConfig()), features(1, 9, 8)
    layer.W_k = layer.W_q
    other = layer_of(MCConfig())
    other.W_k = nn.Parameter(layer.W_q.detach().clone())
    assert torch.equal(layer(x), other(x))


def test_a_replica_is_the_layer():
    """As `nn.DataParallel` makes them: without parameters, with tensors in their place."""
    layer, x = layer_of(MCConfig(memory="dla")), features(1, 9, 8)
    replica = layer._replicate_for_data_parallel()
    replica.initial = layer.initial._replicate_for_data_parallel()
    for n, weights in layer.named_parameters(recurse=False):
        setattr(replica, n, weights * 1)
    for n, weights in layer.initial.named_parameters():
        setattr(replica.initial, n, weights * 1)
    assert torch.equal(replica(x), layer(x))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_and_pickles(copied):
    layer, x = layer_of(MCConfig(memory="titans")), features(1, 9, 8)
    assert torch.equal(copied(layer)(x), layer(x))
    assert set(layer.state_dict()) == {n for n, _ in layer.named_parameters()}


def test_an_old_pickle_is_a_layer():
    layer, x = layer_of(MCConfig(memory="dla")), features(1, 9, 8)
    old = copy.deepcopy(layer)
    old.initial.__class__ = nn.ParameterDict
    del old.__dict__["names"]
    again = pickle.loads(pickle.dumps(old))
    assert isinstance(again.initial, Start)
    assert torch.equal(again(x), layer(x))


# ---- transforms of functions, and gradients of gradients


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize(("variant", "aggregator"), PAIRS, ids=name)
def test_gradients_of_single_sequences(variant, aggregator, everywhere, monkeypatch):
    """By `vmap` over `grad` over `functional_call`, as for differential privacy."""
    monkeypatch.setattr(launches, "EVERYWHERE", everywhere)
    layer, x = layer_of(variant, aggregator=aggregator).double(), features(2, 9, 8, dtype=torch.float64)
    weights = dict(layer.named_parameters())

    def loss(weights, x):
        return functional_call(layer, weights, (x[None],)).square().sum()

    found = vmap(grad(loss), (None, 0))(weights, x)
    for b in range(2):
        expected = torch.autograd.grad(layer(x[b : b + 1]).square().sum(), [*weights.values()], allow_unused=True)
        for n, each in zip(weights, expected, strict=True):
            wanted = torch.zeros_like(weights[n]) if each is None else each
            torch.testing.assert_close(found[n][b], wanted, rtol=1e-7, atol=1e-9, msg=n)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize(("variant", "aggregator"), PAIRS, ids=name)
def test_jacobians(variant, aggregator):
    layer, x = layer_of(variant, aggregator=aggregator, D=4).double(), features(5, 4, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(lambda x: layer(x[None])[0], x)
    for transform in (jacrev, jacfwd):
        torch.testing.assert_close(transform(lambda x: layer(x[None])[0])(x), expected, rtol=1e-8, atol=1e-9)
    along = features(5, 4, dtype=torch.float64).flip(0)
    with forward_ad.dual_level():
        moved = forward_ad.unpack_dual(layer(forward_ad.make_dual(x, along)[None])[0]).tangent
    torch.testing.assert_close(moved, torch.einsum("tdse,se->td", expected, along), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize(("variant", "aggregator"), PAIRS, ids=name)
def test_gradients_of_gradients_are_those_of_the_loop(variant, aggregator, everywhere, monkeypatch):
    monkeypatch.setattr(launches, "EVERYWHERE", everywhere)
    cfg = replace(variant, aggregator=aggregator, segment_length=3, top_k=1)
    x = [torch.tensor(each[None], requires_grad=True) for each in tokens(8, 2, 3, 2)]
    # steps so large that inner gradients count
    c = {n: torch.tensor(each[None]) * (10 if n == "eta" else 1) for n, each in coefficients(cfg, 8, 2, 3).items()}
    found = []
    for path in (memory_caching, loop.memory_caching):
        first = torch.autograd.grad(path(*x, cfg, c).square().sum(), x, create_graph=True, allow_unused=True)
        second = sum(g.square().sum() for g in first if g is not None)
        found.append(torch.autograd.grad(second, x, allow_unused=True, materialize_grads=True))
    for fast, slow in zip(*found, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-8, atol=1e-9 * (1 + float(slow.abs().max())))


# ---- training


def test_gradient_checkpointing():
    model = SequenceModel(
        ModelConfig(9, MCConfig(memory="delta", aggregator="ssc", segment_length=4), width=8)
    ).double()
    x = features(2, 11, 8, dtype=torch.float64)
    weights = [*model.blocks.parameters()]
    expected = torch.autograd.grad(model.blocks[0](x).square().sum(), weights)
    y = checkpoint(model.blocks[0], x, use_reentrant=False)
    for found, wanted in zip(torch.autograd.grad(y.square().sum(), weights), expected, strict=True):
        assert torch.equal(found, wanted)


def test_two_threads_train_at_once():
    """Each with its own layer, and each as if it were alone."""

    def train(seed):
        layer = MemoryCaching(8, 2, MCConfig(memory="dla", aggregator="ssc", segment_length=4), seed=seed).double()
        optimizer = torch.optim.SGD(layer.parameters(), 0.01)
        for _ in range(5):
            optimizer.zero_grad()
            layer(features(2, 11, 8, dtype=torch.float64)).square().sum().backward()
            optimizer.step()
        return layer.state_dict()

    with ThreadPoolExecutor(2) as pool:
        together = [*pool.map(train, (0, 1))]
    for seed in (0, 1):
        alone = train(seed)
        torch.testing.assert_close(together[seed], alone, rtol=1e-9, atol=1e-9)


PROCESSES = """
import os, sys, tempfile
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel
from mcviz import MCConfig
from mcviz.pytorch import ModelConfig, SequenceModel

def make(memory):
    cfg = MCConfig(memory=memory, aggregator="ssc", segment_length=4, top_k=1)
    return SequenceModel(ModelConfig(9, cfg, width=8, layers=2, heads=2, key=4, value=4, mlp=2))

def loss(model, x):
    return torch.nn.functional.cross_entropy(model(x)[:, :-1].flatten(0, 1), x[:, 1:].flatten())

def train(rank, file):
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    torch.set_num_threads(1)
    x = torch.randint(0, 9, (4, 11), generator=torch.Generator().manual_seed(0))
    for memory in ("linear", "dla"):
        alone = make(memory)
        loss(alone, x).backward()
        expected = {name: p.grad for name, p in alone.named_parameters()}
        model = make(memory)
        parallel = DistributedDataParallel(model)
        loss(parallel, x[2 * rank : 2 * rank + 2]).backward()
        sharded = make(memory)
        for block in sharded.blocks:
            fully_shard(block)
        fully_shard(sharded)
        loss(sharded, x[2 * rank : 2 * rank + 2]).backward()
        for name, p in model.named_parameters():
            torch.testing.assert_close(p.grad, expected[name], rtol=1e-4, atol=1e-6)
        for name, p in sharded.named_parameters():
            torch.testing.assert_close(p.grad.full_tensor(), expected[name], rtol=1e-4, atol=1e-6)
    dist.destroy_process_group()

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        context = mp.get_context("fork")
        both = [context.Process(target=train, args=(rank, os.path.join(folder, "meet"))) for rank in range(2)]
        for process in both:
            process.start()
        for process in both:
            process.join()
        sys.exit(max(abs(process.exitcode) for process in both))
"""


@pytest.mark.skipif(
    not torch.distributed.is_available() or not hasattr(torch.distributed, "fsdp"), reason="no processes"
)
def test_parallel_and_sharded_gradients_are_those_of_one_process():
    done = in_new_process(PROCESSES)
    assert done.returncode == 0, done.stderr


def test_nothing_is_said_twice():
    """An ordinary step warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer_of(MCConfig(memory="titans"))(features(1, 9, 8)).sum().backward()
