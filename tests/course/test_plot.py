"""The notebooks' plain charts."""

import pytest

plot = pytest.importorskip("mcviz.course.plot")


def test_a_logarithmic_axis_names_what_was_measured():
    axis = plot.lines({"a": ([1, 16384], [1, 2]), "b": ([0.5, 1], [1, 2])}, log_x=True).layout.xaxis
    assert (axis.type, axis.tickvals, axis.ticktext) == ("log", (0.5, 1, 16384), ("0.5", "1", "16,384"))
