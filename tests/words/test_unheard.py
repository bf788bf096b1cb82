"""What is said of a gate that is not small on a memory that adds next to nothing."""

from dataclasses import replace

import numpy as np
import pytest

from mcviz import MCConfig, examples, words

TRACE = examples.run("topics", MCConfig(aggregator="grm"))
T = TRACE.T - 1


def said(read, gate):
    """What is said where memory 0 has this gate and gives back `read`, and memory 1 all of the output, [10, 0, …]."""
    weights, reads = np.zeros_like(TRACE.weights), np.zeros_like(TRACE.reads)
    weights[T, 0, :2] = gate, 1
    reads[T, 0, 0, :2], reads[T, 0, 1, 0] = read, 10
    output = np.zeros_like(TRACE.output)
    output[T, 0, 0] = 10
    return words.unheard(replace(TRACE, weights=weights, reads=reads, output=output), T)


@pytest.mark.parametrize(
    ("read", "gate", "expected"),
    [
        ((0.2, 0), 0.2, "Checkpoint 0 has almost nothing for this query: gate 0.200, yet it adds about 0\u00a0%."),
        (
            (0, 8),
            0.2,
            "Checkpoint 0 says next to nothing of what the output says: gate 0.200, yet it adds about 0\u00a0%.",
        ),
        ((0.2, 0), 0.01, ""),  # a small gate needs no words
        ((8, 0), 0.2, ""),  # and a memory that adds none
    ],
)
def test_a_short_read_and_one_across_the_output_are_told_apart(read, gate, expected):
    assert said(read, gate) == expected


def test_of_two_the_one_that_weighs_more_is_named():
    weights, reads = np.zeros_like(TRACE.weights), np.zeros_like(TRACE.reads)
    weights[T, 0, :3] = 0.1, 0.3, 1
    reads[T, 0, 2, 0] = 10
    two = replace(TRACE, weights=weights, reads=reads, output=reads[:, :, 2])
    assert words.unheard(two, T).startswith("Checkpoint 1 has almost nothing")


def test_of_no_output_nothing_is_a_part():
    with np.errstate(all="raise"):
        assert words.unheard(replace(TRACE, output=np.zeros_like(TRACE.output)), T) == ""


def test_where_the_output_is_no_sum_there_is_no_share():
    assert words.unheard(examples.run("topics", MCConfig(aggregator="soup")), T) == ""
