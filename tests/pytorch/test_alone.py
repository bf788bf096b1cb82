"""What a model would say from one memory alone: as if its layer had read that memory and no other."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, capture
from mcviz.config import AGGREGATORS
from mcviz.probes import surgery
from mcviz.pytorch import ModelConfig, SequenceModel, alone, answering, substitute
from mcviz.reference import replay

IDS = [3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 0]
NAMES = tuple("abcdefg")
CONFIGS = [
    MCConfig(memory=memory, aggregator=aggregator, segment_length=3, start=start, top_k=1)
    for memory in ("linear", "titans", "vector")
    for aggregator, start in zip(AGGREGATORS, ("independent", "checkpoint") * 3, strict=True)
]


def model(mixer, layers=2, heads=2):
    config = ModelConfig(7, mixer, width=12, layers=layers, heads=heads, key=4, value=3, mlp=1)
    return SequenceModel(config).double()


@pytest.mark.parametrize("cfg", CONFIGS, ids=lambda cfg: f"{cfg.memory}-{cfg.aggregator}-{cfg.start}")
def test_it_is_what_the_model_says_when_its_layer_reads_that_memory_alone(cfg):
    """Memory by memory, the whole model runs again with that memory's answer in place of what its layer read."""
    one = model(cfg)
    trace = capture(one, IDS, NAMES)
    every = answering(trace)
    for i in range(trace.N):
        said = substitute(one, IDS, every.reads[:, :, i], NAMES)
        for t in np.flatnonzero(every.read[:, 0, i]):
            assert trace.alone.words[trace.alone.said[t, i]] == said.tokens[t][0]
            np.testing.assert_allclose(trace.alone.probabilities[t, i], said.probabilities[t, 0], rtol=1e-10)
    reachable = trace.readable if cfg.aggregator != "none" else trace.read.all(1)
    assert np.array_equal(trace.alone.said >= 0, reachable)
    assert np.array_equal(trace.alone.probabilities > 0, reachable)


@pytest.mark.parametrize("cfg", CONFIGS, ids=lambda cfg: f"{cfg.memory}-{cfg.aggregator}-{cfg.start}")
def test_answers_are_those_of_the_run_and_of_the_reference(cfg):
    trace = capture(model(cfg), IDS, NAMES)
    every, theirs = answering(trace), replay.answering(trace)
    np.testing.assert_allclose(every.reads, theirs.reads, rtol=1e-9, atol=1e-12)
    if trace.reads is not None:
        np.testing.assert_allclose(every.reads[trace.read], trace.reads[trace.read], rtol=1e-9, atol=1e-12)


def test_the_only_memory_says_what_the_model_says():
    trace = capture(model(MCConfig(segment_length=11)), IDS, NAMES)
    assert [trace.alone.words[n] for n in trace.alone.said[:, 0]] == [row[0] for row in trace.predictions.tokens]
    np.testing.assert_allclose(trace.alone.probabilities[:, 0], trace.predictions.probabilities[:, 0], rtol=1e-10)


def test_only_the_last_layer_is_heard():
    """What follows an earlier one looks at other tokens too."""
    assert capture(model(MCConfig(segment_length=3)), IDS, layer=0).alone is None
    assert capture(model(MCConfig(segment_length=3)), IDS, layer=1).alone is not None


def test_without_labels_words_are_numbers():
    found = capture(model(MCConfig(segment_length=3)), IDS).alone
    assert set(found.words) <= set(map(str, range(7)))
    assert len(set(found.words)) == len(found.words)


def test_a_memory_that_a_head_did_not_read_has_no_word():
    one = model(MCConfig(aggregator="ssc", top_k=1, segment_length=3))
    trace = capture(one, IDS, NAMES)
    without = surgery.operate(trace, [surgery.SwitchOff(1)])
    assert without.alone is None
    found = alone(one, IDS, without, NAMES)
    assert np.array_equal(found.said >= 0, without.read.all(1))
    assert (found.said[:, 1] >= 0).sum() == 3, "its own tokens' online memory"


def test_what_has_no_answers_of_its_own_is_refused():
    one = model(MCConfig(aggregator="soup", segment_length=3))
    trace = capture(one, IDS, NAMES)
    with pytest.raises(ValueError, match=r"^trace: expected one in which memories answer"):
        alone(one, IDS, trace)
    with pytest.raises(ValueError, match=r"^trace: expected one of 10 tokens, got 11"):
        alone(one, IDS[:-1], replace(answering(trace)))
