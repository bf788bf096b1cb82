"""The dial: places are runs of the reference, and the picture says their numbers."""

import numpy as np
import pytest

from mcviz import MCConfig
from mcviz.reference import memory_caching

dial = pytest.importorskip("mcviz.course.dial")


def test_a_place_is_a_run():
    place = dial.place(12)
    (q, k, v, u), _ = dial.questions(0)
    run = memory_caching(q, k, v, u, MCConfig(segment_length=12))
    np.testing.assert_array_equal(place.gates, run.weights[-8:, 0][:, run.segment_of])
    assert place.reads == run.counts["reads"][-1] == run.N
    assert place.numbers == sum(state["M"].size for state in run.checkpoints)


def test_the_slider_shows_each_place_and_a_page_without_widgets_a_picture(monkeypatch):
    places = dial.shelf((4, 104))
    knob = dial.Dial(places)
    for n, place in enumerate(places):
        knob.slider.value = n
        assert f"recall {place.recall:.2f}, {place.reads} reads, {place.bytes} bytes" in knob.shown.value
    shown = []
    monkeypatch.setattr(dial.stand_in, "display", lambda data, raw: shown.append(data))
    knob._ipython_display_()
    assert knob.shown.value in shown[0]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in shown[1]
