"""What stored runs say of a setting."""

from dataclasses import replace

import pytest

from mcviz import MCConfig, claims

OWN = MCConfig(segment_length=8)
ROWS = claims.rows()


def accuracies(**settings):
    wanted = {"task": "mqar", **settings}
    return [row["accuracy"] for row in ROWS if row["settings"] == wanted]


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({}, {"aggregator": "grm"}),
        ({"segment_length": 16}, {"aggregator": "grm", "segment_length": 16}),
        ({"aggregator": "ssc"}, {"aggregator": "ssc", "top_k": 2}),
        ({"top_k": 7}, {"aggregator": "grm"}),  # which GRM ignores
        ({"aggregator": "none", "segment_length": 99}, {"aggregator": "none"}),  # which one memory ignores
    ],
)
def test_a_setting_finds_the_runs_that_were_trained_in_it(changes, settings):
    found = claims.trained("mqar", OWN, replace(OWN, **changes), ROWS)
    assert found.seeds == 5
    assert found.accuracy.mean == pytest.approx(sum(accuracies(**settings)) / 5)


def test_where_nobody_measured_there_is_nothing():
    assert claims.trained("mqar", OWN, replace(OWN, segment_length=7), ROWS) is None
    assert claims.trained("needle", OWN, replace(OWN, aggregator="soup"), ROWS) is None
