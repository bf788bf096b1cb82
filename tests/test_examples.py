"""The named examples: seeded, sized, and refused in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import MCConfig, examples


@pytest.mark.parametrize("name", examples.TASKS)
def test_a_run_shows_the_tokens_and_where_their_answers_stand(name):
    trace = examples.run(name, MCConfig(segment_length=12))
    wanted = examples.TASKS[name].sample(0, batch=1)
    assert trace.tokens == wanted.words()
    assert trace.sources == tuple(wanted.sources[0])
    assert trace.untrained


@pytest.mark.parametrize("name", examples.TASKS)
def test_one_seed_one_hash(name):
    hashes = [examples.run(name, MCConfig(seed=seed)).hash for seed in (3, 3, 4)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_wiring_finds_the_queried_document_more_often_than_chance():
    trace = examples.run("topics", MCConfig(segment_length=16))
    sources = np.array(trace.sources)
    asked = np.flatnonzero(sources >= 0)
    right = trace.segment_of[sources[asked]][:, None]
    found = trace.weights[asked].argmax(-1) == right
    assert found.mean() > 2 / trace.N


def test_a_value_is_stored_under_the_token_before_it():
    """One memory that holds few pairs gives back the value of what followed, up to what other keys mix in."""
    trace = examples.run("text", MCConfig(aggregator="none"), text="a b c a", key_size=64, value_size=64)
    said, wanted = trace.output[3, 0], trace.v[trace.sources[3], 0]
    cosine = said @ wanted / np.linalg.norm(said) / np.linalg.norm(wanted)
    assert trace.sources == (-1, -1, -1, 1)
    assert cosine > 0.7


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12))
def test_a_source_is_what_followed_the_same_token_the_last_time(words):
    for t, place in enumerate(examples.followers(words)):
        earlier = [i for i in range(t) if words[i] == words[t]]
        assert place == (earlier[-1] + 1 if earlier else -1)


@given(st.text(max_size=60).filter(str.strip))
def test_any_text_by_character_keeps_every_character(text):
    assert "".join(examples.own_text(text, "character").words) == text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "noodle"}, "example: expected one of needle"),
        ({"name": "text", "text": ""}, "text: expected 1 to"),
        ({"name": "text", "text": " \n "}, "text: expected 1 to"),
        ({"name": "text", "text": "x" * 100_000}, "got 100,000"),
        ({"name": "text", "text": "x " * 3000}, "got 3,000"),
        ({"name": "text", "text": "a", "split": "syllable"}, "split: expected one of word, character"),
        (
            {"name": "text", "text": "x" * 2000, "split": "character", "cfg": MCConfig(segment_length=1)},
            "2,000 segments",
        ),
        ({"name": "text", "text": "x" * 1001}, "text: expected words of at most 1,000 characters, got one of 1,001"),
        ({"name": "text", "text": "a", "cfg": MCConfig(memory="titans", options={"expansion": 2000})}, "2 memories"),
        ({"name": "needle", "heads": 0}, "heads: expected"),
        ({"name": "needle", "cfg": MCConfig(memory="dla", options={"expansion": 10**14})}, "options: expected"),
        ({"name": "needle", "cfg": MCConfig(memory="swla", options={"window": 10**9})}, "options: expected"),
        ({"name": "needle", "cfg": MCConfig(segmentation=(3, 4))}, "sum to T = 96"),
    ],
)
def test_bad_input_is_one_clear_error(arguments, said):
    with pytest.raises(ValueError, match=said):
        examples.run(**{"cfg": MCConfig(), **arguments})
