"""Figures show the Trace's own numbers, and nothing where a memory is not there yet."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mcviz import MCConfig, examples, words
from mcviz.config import AGGREGATORS, MEMORIES
from mcviz.initial import readable

figures = pytest.importorskip("mcviz.figures", exc_type=ImportError)


@cache
def run(**fields):
    return examples.run("needle", MCConfig(**{"segment_length": 12, **fields}), key_size=6, value_size=5)


def test_the_map_of_gates_is_the_weights_and_block_causal():
    trace = run(aggregator="ssc")
    shown = np.array(figures.gates(trace, head=1, t=50).data[0].z).T
    np.testing.assert_array_equal(shown[trace.readable], trace.weights[:, 1][trace.readable])
    assert np.isnan(shown[~trace.readable]).all()


def test_bars_are_the_scores_and_gates_and_only_what_is_read_is_filled():
    trace, t = run(aggregator="ssc", top_k=1), 95
    scores, gates = figures.relevance(trace, t, head=1).data
    np.testing.assert_array_equal(scores.y, trace.scores[t, 1])
    np.testing.assert_array_equal(gates.y, trace.weights[t, 1])
    filled = np.array([colour != "rgba(0, 0, 0, 0)" for colour in scores.marker.color])
    np.testing.assert_array_equal(filled, trace.read[t, 1])
    assert filled.sum() == 2


def test_a_gate_that_three_digits_do_not_show_is_said_to_be_less():
    trace = run(aggregator="grm")
    weights = trace.weights.copy()
    weights[95, 0, :2] = 2e-4, 0.0
    trace = replace(trace, weights=weights)
    _, gates = figures.relevance(trace, 95).data
    assert gates.text[:2] == ("<0.001", "0.000")
    assert gates.text[2:] == tuple(f"{gate:.3f}" for gate in weights[95, 0, 2:])
    assert figures.reads(trace, 95).layout.yaxis.ticktext[0] == "<0.001 × 0"


@pytest.mark.parametrize("start", ["independent", "checkpoint"])
def test_tiles_are_the_checkpoints_and_the_online_memory(start):
    trace, t = run(start=start), 50
    picture = np.array(figures.checkpoints(trace, t, head=1, columns=trace.N).data[0].z)
    tiles = picture[:, ~np.isnan(picture).all(0)].reshape(trace.V, trace.N, trace.K).transpose(1, 0, 2)
    for i, tile in enumerate(tiles):
        expected = trace.states(t) if i == trace.segment_of[t] else trace.checkpoints[i]
        np.testing.assert_array_equal(tile, expected["M"][1])


def test_what_is_read_is_outlined_and_what_is_not_there_yet_is_veiled():
    trace, t = run(aggregator="ssc", top_k=1), 50
    veil = figures.THEMES["light"].veil
    shapes = figures.checkpoints(trace, t).layout.shapes
    veiled = [shape for shape in shapes if shape.fillcolor == veil]
    assert len(veiled) == trace.N - 1 - trace.segment_of[t]
    assert len(shapes) - len(veiled) == trace.read[t, 0].sum() == 2


def test_rows_are_what_each_memory_said_and_the_output():
    trace, t = run(aggregator="ssc"), 95
    shown = np.array(figures.reads(trace, t, head=1).data[0].z)
    np.testing.assert_array_equal(shown[:-1], trace.reads[t, 1, trace.read[t, 1]])
    np.testing.assert_array_equal(shown[-1], trace.output[t, 1])


def test_the_strip_shows_every_token_shaded_by_the_gate_on_its_segment():
    trace, t = run(), 95
    strip = figures.tokens(trace, t, head=1)
    shade = np.array(strip.data[0].z).ravel()[: trace.T]
    np.testing.assert_array_equal(shade, trace.weights[t, 1, trace.segment_of])
    earlier = np.array(figures.tokens(trace, 50, head=1).data[0].z, float).ravel()[: trace.T]
    np.testing.assert_array_equal(np.isnan(earlier), np.arange(trace.T) > 50)
    assert np.array(strip.data[0].text).ravel()[: trace.T].tolist() == list(trace.tokens)


def test_the_place_of_the_answer_is_marked_unless_it_is_to_be_hidden():
    trace, t = run(), 95
    answer = figures.THEMES["light"].answer
    marked = [shape.line.color for shape in figures.tokens(trace, t).layout.shapes]
    hidden = [shape.line.color for shape in figures.tokens(trace, t, answer=False).layout.shapes]
    assert answer in marked
    assert answer not in hidden


@pytest.mark.parametrize("draw", ["tokens", "gates", "relevance", "checkpoints", "reads"])
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_every_aggregator_has_a_picture_at_every_kind_of_token(draw, aggregator):
    trace = run(aggregator=aggregator)
    for t, theme in ((0, "light"), (11, "dark"), (12, "light"), (trace.T - 1, "dark")):
        json.loads(getattr(figures, draw)(trace, t=t, head=1, theme=theme).to_json())


@pytest.mark.parametrize("memory", MEMORIES)
def test_every_memory_has_a_picture_for_each_array_that_is_read(memory):
    trace = run(memory=memory)
    for array in readable(trace.config):
        assert figures.checkpoints(trace, 40, array=array).data[0].colorbar.title.text == array
    with pytest.raises(ValueError, match=r"array: expected one of .*; got 'X'"):
        figures.checkpoints(trace, 40, array="X")


def test_pictures_stay_small_where_a_run_is_long():
    text = " ".join(str(i) for i in range(500))
    trace = examples.run("text", MCConfig(segment_length=8), text=text, heads=1, key_size=4, value_size=4)
    t = trace.T - 1
    assert np.size(figures.tokens(trace, t).data[0].text) <= 14 * 8
    assert len(figures.checkpoints(trace, t).layout.annotations) <= 24
    assert len(figures.reads(trace, t).data[0].z) <= 17


def test_no_token_is_taken_for_markup():
    trace = replace(run(), tokens=("<b>bold</b>", *run().tokens[1:]))
    shown = "".join(np.array(figures.tokens(trace, 0).data[0].text).ravel())
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown


def test_quotes_are_drawn_as_quotes():
    trace = replace(run(), tokens=('"it\'s"', *run().tokens[1:]))
    shown = figures.tokens(trace, 0).to_json()
    assert "&quot;" not in shown
    assert "&#x27;" not in shown


def test_a_run_that_diverged_still_has_pictures():
    trace = run(memory="linear")
    output = trace.output.copy()
    output[40:] = np.nan
    broken = replace(trace, output=output)
    assert broken.diverged_at == 40
    for draw in ("tokens", "gates", "relevance", "checkpoints", "reads"):
        getattr(figures, draw)(broken, t=60)


def test_bars_stand_on_categories_so_that_none_is_dropped():
    figure = figures.relevance(run(), 95)
    assert {figure.layout.xaxis.type, figure.layout.xaxis2.type} == {"category"}
    assert all(len(bars.x) == len(bars.y) == len(set(bars.x)) for bars in figure.data)


def test_figures_return_pictures_and_words_stand_elsewhere():
    own = set(figures.__all__) - set(words.__all__)
    functions = [getattr(figures, name) for name in own if name[0].islower()]
    assert {function.__annotations__["return"] for function in functions} == {figures.Figure}
