"""What can be chosen is what a configuration may be: no more, no less, and each once."""

from dataclasses import fields

import pytest
from hypothesis import given

from mcviz import choices
from mcviz.config import GATES, OPTIONS, POOLINGS, SEGMENTATIONS, STARTS, MCConfig
from tests.test_config import configs

pytestmark = pytest.mark.usefixtures("unchecked")
DEFAULTS = {choice.name: choice.default for choice in choices.CHOICES}


@given(configs())
def test_a_configuration_is_what_was_chosen(cfg):
    chosen = {**DEFAULTS, **choices.chosen(cfg)}
    assert choices.config(chosen.__getitem__, cfg.seed) == cfg


def test_the_defaults_are_those_of_a_configuration():
    assert choices.config(DEFAULTS.__getitem__) == MCConfig()
    for choice in choices.CHOICES:
        assert not choice.titles or choice.default in choice.titles
        assert choice.label


def test_a_number_may_be_just_what_a_configuration_takes():
    for choice in choices.CHOICES:
        if isinstance(choice.default, bool | str):
            assert (choice.least, choice.most) == (None, None)
            continue
        memory = next((name for name, options in OPTIONS.items() if choice.name in options), "linear")
        get = {**DEFAULTS, "memory": memory, choice.name: choice.least}
        assert choices.chosen(choices.config(get.__getitem__))[choice.name] == choice.least
        for beyond in (choice.least - 1, *([] if choice.most is None else [choice.most + 1])):
            with pytest.raises(ValueError, match=f"{choice.name}: expected"):
                choices.config({**get, choice.name: beyond}.__getitem__)


@pytest.mark.parametrize(("name", "wanted"), [("gate", GATES), ("start", STARTS), ("pooling", POOLINGS)])
def test_every_name_can_be_chosen(name, wanted):
    (choice,) = (choice for choice in choices.CHOICES if choice.name == name)
    assert tuple(choice.titles) == wanted


def test_every_choice_explains_itself():
    assert not [choice.name for choice in choices.CHOICES if not choice.help.endswith(".")]


def test_every_field_and_every_option_can_be_chosen():
    options = {name for rule in OPTIONS.values() for name in rule}
    wanted = {field.name for field in fields(MCConfig)} - {"options", "seed"} | options | {"lengths"}
    assert {choice.name for choice in choices.CHOICES} == wanted
    assert len(choices.CHOICES) == len(wanted)


@pytest.mark.parametrize("memory", OPTIONS)
def test_only_the_options_of_the_chosen_rule_matter(memory):
    get = {**DEFAULTS, "memory": memory}.__getitem__
    shown = {choice.name for choice in choices.CHOICES if choice.when(get)}
    assert {name for rule in OPTIONS.values() for name in rule} & shown == set(OPTIONS[memory])


@pytest.mark.parametrize(
    ("chosen", "matter", "do_not"),
    [
        ({"aggregator": "ssc"}, {"top_k", "gate", "pooling"}, set()),
        ({"aggregator": "grm"}, {"gate", "pooling"}, {"top_k"}),
        ({"aggregator": "residual"}, set(), {"top_k", "gate", "pooling"}),
        ({"segmentation": "constant"}, {"segment_length"}, {"lengths"}),
        ({"segmentation": "explicit"}, {"lengths"}, {"segment_length"}),
        ({"segmentation": "logarithmic"}, set(), {"segment_length", "lengths"}),
    ],
)
def test_what_a_run_does_not_look_at_is_not_offered(chosen, matter, do_not):
    shown = {choice.name for choice in choices.CHOICES if choice.when({**DEFAULTS, **chosen}.__getitem__)}
    assert matter <= shown
    assert not do_not & shown


@pytest.mark.parametrize("text", ["4, 2", "4 2", "4,2", " 4\n2 "])
def test_lengths_are_read_as_they_are_typed(text):
    assert choices.lengths(text) == (4, 2)


@pytest.mark.parametrize("text", ["four", "4;2", "-4", "4.0", "9" * 9, "4, ²"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(ValueError, match=r"^segmentation: expected whole numbers with commas between them, got "):
        choices.lengths(text)
    assert text not in SEGMENTATIONS


def test_a_list_of_lengths_without_end_is_refused():
    with pytest.raises(ValueError, match=r"^segmentation: expected at most 16,384 characters, got 20,000"):
        choices.lengths("1," * 10_000)
