"""Whole models in NumPy compute what the same weights compute in PyTorch, at once and token by token."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mcviz import MCConfig, model, zoo
from mcviz.model import ModelConfig
from mcviz.reference import SequenceModel, capture, substitute
from tests.runs import VARIANTS, label

SMALL = ModelConfig(20, MCConfig(segment_length=4), width=12, layers=2, heads=2, key=4, value=3, mlp=2, seed=1)
MIXERS = [None, *(replace(variant, segment_length=4, top_k=1) for variant in VARIANTS)]
NAMES = tuple("abcdefghijklmnopqrst")


def name(mixer):
    return "attention" if mixer is None else label(mixer)


def ids(T=11, B=1, seed=0):
    return np.random.default_rng(seed).integers(0, SMALL.vocabulary, (B, T))


def pair(config, weights=None):
    """A model in float64, and the same in PyTorch."""
    torch = pytest.importorskip("torch")
    from mcviz import pytorch

    weights = weights or model.parameters(config)
    weights = {name: array.astype(np.float64) for name, array in weights.items()}
    theirs = pytorch.SequenceModel(config).double()
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return SequenceModel(config, weights), theirs


@pytest.mark.parametrize("mlp", [0, 2])
@pytest.mark.parametrize("mixer", MIXERS, ids=name)
def test_logits_and_every_layers_trace_are_those_of_pytorch(mixer, mlp):
    ours, theirs = pair(replace(SMALL, mixer=mixer, mlp=mlp))
    torch, tokens = pytest.importorskip("torch"), ids(B=2)
    with torch.no_grad():
        np.testing.assert_allclose(ours(tokens), theirs(torch.from_numpy(tokens)).numpy(), rtol=1e-10, atol=1e-12)
    for layer in (0, 1) if mixer else ():
        same(capture(ours, tokens[0], NAMES, layer=layer), mcviz_capture(theirs, tokens[0], NAMES, layer=layer))


def mcviz_capture(*arguments, **options):
    from mcviz import pytorch

    return pytorch.capture(*arguments, **options)


def same(ours, theirs, rtol=1e-10, atol=1e-12):
    """Two Traces hold the same, but for rounding."""
    assert (ours.config, ours.segments, ours.tokens, ours.sources) == (
        theirs.config,
        theirs.segments,
        theirs.tokens,
        theirs.sources,
    )
    np.testing.assert_array_equal(ours.selected, theirs.selected)
    for each in ("q", "k", "v", "u", "checkpoint_contexts", "online_contexts", "scores", "weights", "reads", "output"):
        one, other = getattr(ours, each), getattr(theirs, each)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=rtol, atol=atol, err_msg=each)
    for one, other in zip((ours.initial, *ours.checkpoints), (theirs.initial, *theirs.checkpoints), strict=True):
        assert one.keys() == other.keys()
        for array in one:
            np.testing.assert_allclose(one[array], other[array], rtol=rtol, atol=atol, err_msg=array)
    for count, spent in ours.counts.items():
        np.testing.assert_array_equal(spent, theirs.counts[count])
    assert (ours.alone is None) == (theirs.alone is None)
    np.testing.assert_allclose(ours.predictions.probabilities, theirs.predictions.probabilities, rtol=rtol, atol=atol)
    assert ours.predictions.targets == theirs.predictions.targets
    if ours.alone is not None:
        np.testing.assert_array_equal(ours.alone.said < 0, theirs.alone.said < 0)
        np.testing.assert_allclose(ours.alone.probabilities, theirs.alone.probabilities, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", zoo.names())
def test_every_model_of_the_zoo_is_the_same_in_both(name):
    torch, (card, weights) = pytest.importorskip("torch"), zoo.read(name)
    ours, theirs = pair(card.model, weights)
    batch, T = card.task.sample(3, 1), 40
    tokens = batch.tokens[:, :T]
    if card.model.mixer is None:
        said = theirs(torch.from_numpy(tokens)).detach().numpy()
        np.testing.assert_allclose(ours(tokens), said, rtol=1e-10, atol=1e-11)
        return
    asked = {
        "labels": batch.labels,
        "targets": np.where(batch.mask, batch.targets, -1)[0, :T].tolist(),
        "sources": batch.sources[0, :T].tolist(),
    }
    one, other = capture(ours, tokens[0], **asked), mcviz_capture(theirs, tokens[0], **asked)
    same(one, other, rtol=1e-9, atol=1e-11)
    assert one.predictions.tokens == other.predictions.tokens
    assert one.alone.words == other.alone.words
    np.testing.assert_array_equal(one.alone.said, other.alone.said)


@pytest.mark.parametrize("mixer", MIXERS, ids=name)
@pytest.mark.parametrize("convolution", [1, 3])
def test_token_by_token_it_says_the_same(mixer, convolution):
    one = SequenceModel(replace(SMALL, mixer=mixer, convolution=convolution))
    tokens = ids()[0]
    for length in (None, len(tokens)):
        stream = one.stream(length)
        steps = np.concatenate([stream.step(token[None]) for token in tokens])
        np.testing.assert_allclose(steps, one(tokens[None])[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("segmentation", ["logarithmic", (6, 5)])
def test_a_stream_that_is_cut_by_its_length_has_to_know_it(segmentation):
    one = SequenceModel(replace(SMALL, mixer=MCConfig(segmentation=segmentation)))
    with pytest.raises(ValueError, match=r"^length: expected the number of tokens"):
        one.stream()
    tokens, stream = ids()[0], one.stream(11)
    steps = np.concatenate([stream.step(token[None]) for token in tokens])
    np.testing.assert_allclose(steps, one(tokens[None])[0], rtol=1e-10, atol=1e-12)
    with pytest.raises(ValueError, match="expected at most 11 tokens"):
        stream.step(tokens[:1])


def test_a_mask_asks_for_some_tokens():
    one, tokens = SequenceModel(SMALL), ids(B=2)
    asked = np.zeros(tokens.shape, bool)
    asked[0, 3] = asked[1, 7] = True
    np.testing.assert_array_equal(one(tokens, asked), one(tokens)[[0, 1], [3, 7]])


def test_what_the_heads_of_the_last_layer_read_says_the_rest():
    one, tokens = SequenceModel(SMALL), ids()[0]
    trace = capture(one, tokens)
    said = substitute(one, tokens, trace.output)
    np.testing.assert_array_equal(said.probabilities, trace.predictions.probabilities)
    with pytest.raises(ValueError, match=r"^output: expected \[T, H, V\] as the layer reads it, got \(10, 2, 3\)"):
        substitute(one, tokens, trace.output[1:])


def test_numbers_keep_the_dtype_of_the_weights():
    for mixer in (None, SMALL.mixer, MCConfig(memory="titans", segment_length=4)):
        config = replace(SMALL, mixer=mixer)
        weights = {name: array.astype(np.float32) for name, array in model.parameters(config).items()}
        assert SequenceModel(config, weights)(ids()).dtype == np.float32
        assert SequenceModel(config)(ids()).dtype == np.float64


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda weights: weights.pop("norm.weight"), "these stand on one side only: norm.weight"),
        (lambda weights: weights.update(bias=np.zeros(3)), "these stand on one side only: bias"),
        (
            lambda weights: weights.update({"norm.weight": np.ones(3)}),
            r"norm.weight: expected shape \(12,\), got \(3,\)",
        ),
        (lambda weights: weights.update({"norm.weight": np.ones(12, np.float32)}), "all of float32 or all of float64"),
        (lambda weights: weights.update({"norm.weight": np.ones(12, int)}), "all of float32 or all of float64"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_weights_of_another_model_are_refused(change, says):
    weights = model.parameters(SMALL)
    change(weights)
    with pytest.raises(ValueError, match=says):
        SequenceModel(SMALL, weights)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ([1, 2], r"expected an array of whole numbers \[B, T\]"),
        (np.zeros((2, 3)), "expected an array of whole numbers .* got dtype.'float64'"),
        (np.zeros(3, int), r"expected shape \[B, T\] with at least one token, got \(3,\)"),
        (np.zeros((2, 0), int), r"expected shape \[B, T\] with at least one token, got \(2, 0\)"),
        (np.array([[0, 20]]), "expected ids from 0 to 19, got 0 to 20"),
        (np.array([[-1, 3]]), "expected ids from 0 to 19, got -1 to 3"),
    ],
)
def test_tokens_that_it_does_not_know(bad, match):
    with pytest.raises(ValueError, match=f"^tokens: {match}"):
        SequenceModel(SMALL)(bad)


@pytest.mark.parametrize("wrong", [np.zeros((2, 6), int), np.zeros(0, int), np.zeros((1, 1, 6), int), 3])
def test_one_sequence_is_captured_as_the_twin_takes_it(wrong):
    model = SequenceModel(SMALL)
    assert np.array_equal(capture(model, ids()[0][None]).output, capture(model, ids()[0]).output)
    output = capture(model, ids()[0]).output
    for refused in (capture, partial(substitute, output=output)):
        with pytest.raises(ValueError, match=r"^tokens: expected one sequence, T ids or"):
            refused(model, wrong)


def test_only_a_layer_that_caches_memories_is_captured():
    with pytest.raises(ValueError, match=r"^model: expected a layer of Memory Caching with number -1, got 0 layers"):
        capture(SequenceModel(replace(SMALL, mixer=None)), ids()[0])
    with pytest.raises(ValueError, match=r"^model: expected a layer of Memory Caching with number 2, got 2 layers"):
        capture(SequenceModel(SMALL), ids()[0], layer=2)


def test_untrained_weights_are_the_same_in_both():
    torch = pytest.importorskip("torch")
    from mcviz import pytorch

    theirs = pytorch.SequenceModel(SMALL).state_dict()
    drawn = model.parameters(SMALL)
    assert set(theirs) == set(drawn)
    for name, array in drawn.items():
        assert torch.equal(theirs[name], torch.tensor(array, dtype=torch.float32)), name
