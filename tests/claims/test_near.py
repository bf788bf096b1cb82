"""What is offered in place of a point is said to be another model, and in what."""

import pytest

from mcviz import claims, zoo
from mcviz.training import plan

POINTS = {point.name: point for point in claims.points(claims.rows())}


def test_the_nearest_model_has_the_points_aggregator_and_memory_and_all_else_is_said():
    for point in POINTS.values():
        near = claims.nearest(point)
        if near is None:
            continue
        card = zoo.load(near.name, backend="numpy").card
        wanted = plan(**point.settings)
        its, ours = card.model.mixer, wanted.model_config.mixer
        assert (its.aggregator, its.memory) == (ours.aggregator, ours.memory)
        sizes = [(card.model.key, card.model.value), (wanted.model_config.key, wanted.model_config.value)]
        differ = {
            " × ": sizes[0] != sizes[1],
            " pairs": card.task.pairs != wanted.task.pairs,
            "segments of": its.aggregator != "none"
            and (its.segmentation, its.segment_length) != (ours.segmentation, ours.segment_length),
            "k = ": its.aggregator == "ssc" and its.top_k != ours.top_k,
        }
        assert {part: any(part in said for said in near.apart) for part in differ} == differ


@pytest.mark.parametrize(
    ("name", "model", "apart"),
    [
        ("SSC 24 × 8, C = 8, k = 2", "mqar-ssc", ("48 pairs in place of 24 pairs",)),
        ("RNN 27 × 18", "mqar-rnn", ("24 × 8 in place of 27 × 18", "48 pairs in place of 24 pairs")),
    ],
)
def test_what_is_apart_is_said_in_words(name, model, apart):
    assert claims.nearest(POINTS[name]) == (model, apart)


@pytest.mark.parametrize(
    ("changes", "apart"),
    [
        ({"start": "checkpoint"}, "segments that start anew in place of segments that go on"),
        ({"segmentation": "logarithmic"}, "segments of 8 in place of logarithmic segments"),
        ({"segment_length": 4}, "segments of 8 in place of segments of 4"),
    ],
)
def test_segments_that_are_cut_or_start_otherwise_are_said(changes, apart):
    point = POINTS["GRM 24 × 8, C = 8"]
    other = point._replace(settings={**point.settings, **changes})
    assert claims.nearest(other) == ("mqar-grm", ("48 pairs in place of 24 pairs", apart))


@pytest.mark.parametrize("name", ["attention 19 × 8", "GRM 24 × 8, delta rule, C = 8"])
def test_where_no_such_model_ships_none_is_offered(name):
    assert claims.nearest(POINTS[name]) is None
