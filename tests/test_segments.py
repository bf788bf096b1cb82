"""Segments: integers that tile a sequence."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz.segments import constant, cut, explicit, logarithmic

lengths = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def sizes(segments):
    return [stop - start for start, stop in segments]


def assert_tiles(segments, T):
    edges = [start for start, _ in segments] + [T]
    assert segments == list(itertools.pairwise(edges))
    assert edges[0] == 0
    assert all(size >= 1 for size in sizes(segments))


@given(st.integers(1, 500), st.integers(1, 600))
def test_constant_segments_are_full_but_for_the_last(T, length):
    segments = constant(T, length)
    assert_tiles(segments, T)
    assert all(size == length for size in sizes(segments)[:-1])
    assert len(segments) == math.ceil(T / length)


@given(st.integers(1, 10**6))
def test_logarithmic_segments_are_the_binary_expansion_largest_first(T):
    segments = logarithmic(T)
    assert_tiles(segments, T)
    assert sizes(segments) == [2**bit for bit in range(20, -1, -1) if T & 2**bit]
    assert len(segments) <= math.log2(T) + 1


@given(lengths)
def test_explicit_segments_have_the_lengths_asked_for(lengths):
    T = sum(lengths)
    segments = explicit(T, lengths)
    assert_tiles(segments, T)
    assert sizes(segments) == lengths
    assert cut(T, tuple(lengths), 16) == segments


def test_the_examples_of_the_paper():
    assert constant(37, 16) == [(0, 16), (16, 32), (32, 37)]
    assert logarithmic(37) == [(0, 32), (32, 36), (36, 37)]


@given(st.integers(1, 300), st.integers(1, 40))
def test_cut_follows_the_name(T, length):
    assert cut(T, "constant", length) == constant(T, length)
    assert cut(T, "logarithmic", length) == logarithmic(T)


@pytest.mark.parametrize("bad", [0, -1, 2.0, "3", None, True])
@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("T", lambda n: constant(n, 4)),
        ("T", logarithmic),
        ("T", lambda n: explicit(n, [4])),
        ("segment_length", lambda n: constant(8, n)),
        ("segment_length", lambda n: cut(8, "constant", n)),
        ("segmentation", lambda n: explicit(8, [4, n])),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_length_is_a_whole_number_of_at_least_one(argument, call, bad):
    with pytest.raises(ValueError, match=rf"^{argument}: expected a whole number.*at least 1, got {bad!r}$"):
        call(bad)


@pytest.mark.parametrize("lengths", [(4, 3), (4, 5), (8, 1), ()])
def test_lengths_must_sum_to_the_sequence(lengths):
    with pytest.raises(ValueError, match=rf"^segmentation: expected lengths that sum to T = 8.*sum {sum(lengths)}$"):
        explicit(8, lengths)


def test_the_message_stays_short_for_many_lengths():
    with pytest.raises(ValueError, match=r"^segmentation: .*sum 5000") as caught:
        explicit(8, (1,) * 5000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("bad", ["fibonacci", "", 8, None])
@pytest.mark.usefixtures("unchecked")
def test_an_unknown_segmentation_is_named(bad):
    with pytest.raises(ValueError, match=r"^segmentation: expected "):
        cut(8, bad, 4)
