"""The notebooks' plain charts."""

import pytest

plot = pytest.importorskip("mcviz.course.plot")


def test_a_logarithmic_axis_names_what_was_measured():
    axis = plot.lines({"a": ([1, 16384], [1, 2]), "b": ([0.5, 1], [1, 2])}, log_x=True).layout.xaxis
    assert (axis.type, axis.tickvals, axis.ticktext) == ("log", (0.5, 1, 16384), ("0.5", "1", "16,384"))


def test_another_logarithmic_axis_has_whole_numbers_at_its_ticks():
    """Without a format Plotly says 2 for 20 and for 200."""
    few, many = (plot.lines({"a": ([1, 2], [1, most])}, log_y=True).layout.yaxis for most in (256, 5e9))
    assert (few.type, few.tickformat, many.tickformat) == ("log", "~g", "~s")


def test_a_bar_keeps_its_number_clear_of_its_interval():
    bar, measured = (plot.bars({"a": 0.5}, within=within).data[0] for within in (None, {"a": (0.4, 0.6)}))
    assert (bar.insidetextanchor, measured.insidetextanchor) == (None, "middle")
