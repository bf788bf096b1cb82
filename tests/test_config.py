"""MCConfig: whatever is not a variant of Memory Caching is refused, by name."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz.config import AGGREGATORS, GATES, MEMORIES, OPTIONS, POOLINGS, SEGMENTATIONS, STARTS, MCConfig

pytestmark = pytest.mark.usefixtures("unchecked")

MEANINGFUL = {
    "feature_map": st.sampled_from(["identity", "elu"]),
    "depth": st.sampled_from([1, 2]),
    "expansion": st.integers(1, 8),
    "window": st.integers(1, 8),
    "residual": st.booleans(),
    "norm": st.booleans(),
}


@st.composite
def configs(draw):
    memory = draw(st.sampled_from(MEMORIES))
    names = [name for name in OPTIONS[memory] if name in MEANINGFUL]
    options = draw(st.fixed_dictionaries({}, optional={name: MEANINGFUL[name] for name in names}))
    if options.get("feature_map") == "elu":
        options["normalizer"] = draw(st.booleans())
    return MCConfig(
        memory=memory,
        aggregator=draw(st.sampled_from(AGGREGATORS)),
        segmentation=draw(
            st.sampled_from(SEGMENTATIONS) | st.lists(st.integers(1, 99), min_size=1, max_size=5).map(tuple)
        ),
        segment_length=draw(st.integers(1, 99)),
        start=draw(st.sampled_from(STARTS)),
        gate=draw(st.sampled_from(GATES)),
        pooling=draw(st.sampled_from(POOLINGS)),
        top_k=draw(st.integers(1, 99)),
        seed=draw(st.integers(0, 99)),
        options=options,
    )


@given(configs())
def test_a_config_survives_json_pickle_and_copy(cfg):
    for again in (
        MCConfig.from_json(cfg.to_json()),
        MCConfig.from_dict(cfg.to_dict()),
        pickle.loads(pickle.dumps(cfg)),
        copy.deepcopy(cfg),
        dataclasses.replace(cfg),
    ):
        assert again == cfg
        assert hash(again) == hash(cfg)
        assert again.to_json() == cfg.to_json()


@given(configs())
def test_every_option_has_a_value(cfg):
    assert cfg.rule_options.keys() == OPTIONS[cfg.memory].keys()
    assert cfg.rule_options == {**OPTIONS[cfg.memory], **cfg.options}


def test_a_default_said_aloud_is_the_same_config():
    assert MCConfig(memory="dla", options={"depth": 2, "norm": True}) == MCConfig(memory="dla")
    assert MCConfig(memory="dla", options={"depth": 1}) != MCConfig(memory="dla")


def test_a_config_is_frozen():
    cfg = MCConfig(memory="dla", options={"depth": 1})
    with pytest.raises(dataclasses.FrozenInstanceError):
        cfg.top_k = 3
    with pytest.raises(TypeError):
        cfg.options["depth"] = 2


def test_the_options_of_the_caller_are_not_kept():
    options = {"depth": 1}
    cfg = MCConfig(memory="dla", options=options)
    options["depth"] = 2
    assert cfg.options == {"depth": 1}


@pytest.mark.parametrize("field", ["memory", "aggregator", "start", "gate", "pooling"])
@pytest.mark.parametrize("bad", ["transformer", "", "Linear", None, 3, ["linear", "grm"], np.array(["linear", "grm"])])
def test_an_unknown_name_is_refused(field, bad):
    with pytest.raises(ValueError, match=rf"^{field}: expected one of .*; got ") as caught:
        MCConfig(**{field: bad})
    assert repr(bad) in str(caught.value)


@pytest.mark.parametrize("field", ["segment_length", "top_k", "seed"])
@pytest.mark.parametrize("bad", [-1, 1.0, float("nan"), "2", None, True, [2], np.array([1, 2])])
def test_a_number_is_a_whole_number(field, bad):
    with pytest.raises(ValueError, match=rf"^{field}: expected a whole number, at least [01], got "):
        MCConfig(**{field: bad})


def test_zero_segments_and_zero_checkpoints_are_refused():
    for field in ("segment_length", "top_k"):
        with pytest.raises(ValueError, match=rf"^{field}: expected a whole number, at least 1, got 0$"):
            MCConfig(**{field: 0})
    assert MCConfig(seed=0).seed == 0


@pytest.mark.parametrize(
    "bad", ["binary", "", None, 3, (), [], (4, 0), (4, -1), (4.0,), ("4",), (True,), {3}, np.array([4, 4])]
)
def test_a_bad_segmentation_is_refused(bad):
    with pytest.raises(ValueError, match=r"^segmentation: expected .*got "):
        MCConfig(segmentation=bad)


def test_lengths_may_be_a_list():
    assert MCConfig(segmentation=[4, 2]) == MCConfig(segmentation=(4, 2))


@pytest.mark.parametrize(
    ("memory", "options", "name"),
    [
        ("linear", {"window": 2}, "options"),
        ("delta", {"depth": 1}, "options"),
        ("vector", {3: 4}, "options"),
        ("linear", [("normalizer", True)], "options"),
        ("linear", None, "options"),
        ("linear", {"normalizer": True}, "options.normalizer"),
        ("linear", {"normalizer": 1, "feature_map": "elu"}, "options.normalizer"),
        ("linear", {"feature_map": "relu"}, "options.feature_map"),
        ("linear", {"feature_map": None}, "options.feature_map"),
        ("linear", {"feature_map": np.array(["elu", "elu"])}, "options.feature_map"),
        ("swla", {"window": 0}, "options.window"),
        ("swla", {"window": 2.0}, "options.window"),
        ("dla", {"depth": 3}, "options.depth"),
        ("dla", {"depth": True}, "options.depth"),
        ("titans", {"expansion": 0}, "options.expansion"),
        ("titans", {"norm": "yes"}, "options.norm"),
        ("titans", {"residual": 0}, "options.residual"),
    ],
)
def test_a_bad_option_is_refused(memory, options, name):
    with pytest.raises(ValueError, match=rf"^{name}: .*got "):
        MCConfig(memory=memory, options=options)


@pytest.mark.parametrize("bad", [None, "linear", 3, [], {"memroy": "linear"}, {3: 4}, {"memory": "x"}])
def test_a_bad_mapping_is_refused(bad):
    with pytest.raises(ValueError, match=r"^(config|memory): expected .*got "):
        MCConfig.from_dict(bad)


@pytest.mark.parametrize("bad", ["", "{", "[]", "null", "3", '{"memory": "x"}', "[" * 100_000, '{"top_k": NaN}'])
def test_bad_json_is_refused(bad):
    with pytest.raises(ValueError, match=r"^(config|memory|top_k): expected .*got ") as caught:
        MCConfig.from_json(bad)
    assert len(str(caught.value)) < 300


def test_an_empty_mapping_is_the_default():
    assert MCConfig.from_dict({}) == MCConfig() == MCConfig.from_json("{}")
