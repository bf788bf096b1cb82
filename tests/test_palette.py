"""Colours are read on the grounds where they stand, by readers of any colour vision, and stand in one file."""

import math
import re
from dataclasses import astuple
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from mcviz import cli
from mcviz.palette import ANYWHERE, PALETTES, SERIES

ROOT = Path(__file__).parents[1]
# white; Streamlit's dark ground, JupyterLab's, Chromium's, and that of JupyterLab's cells
GROUNDS = {"light": ["#ffffff"], "dark": ["#0e1117", "#111111", "#121212", "#212121"]}
STREAMLIT = {"light": "#ffffff", "dark": "#171614"}
TEXT = ("ink", "muted", "gate", "answer", "wrong")
MARKS = (*TEXT, "checkpoint", "online", "negative", "positive")
SIDE_BY_SIDE = [("gate", "online"), ("gate", "answer"), ("answer", "wrong"), ("negative", "positive")]
# Machado, Oliveira & Fernandes 2009, full severity, on linear RGB
VISION = {
    "typical": np.eye(3),
    "protanope": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "deuteranope": np.array([[0.3673, 0.8607, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
}
# Oklab, Ottosson 2020
TO_CONES = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
TO_LAB = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])


def linear(colour):
    """`#rrggbb` as linear red, green and blue."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]


def luminance(colour):
    return float(np.dot((0.2126, 0.7152, 0.0722), linear(colour)))


def contrast(a, b):
    """From 1 to 21, as WCAG defines it."""
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def oklab(colour, vision):
    """Where a colour lies for an eye, in a space in which 0.02 is just seen."""
    cones = np.cbrt(TO_CONES @ np.maximum(VISION[vision] @ linear(colour), 0))
    return TO_LAB @ cones


def mixed(a, b, share):
    """A colour between two, as Plotly mixes them."""
    parts = [(int(a[at : at + 2], 16), int(b[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round((1 - share) * x + share * y):02x}" for x, y in parts)


@pytest.mark.parametrize("scheme", PALETTES)
def test_text_and_marks_are_read_on_every_ground(scheme):
    colours = PALETTES[scheme]
    assert colours.ground in GROUNDS[scheme]
    for ground in GROUNDS[scheme]:
        assert {name for name in TEXT if contrast(getattr(colours, name), ground) < 4.5} == set()
        assert {name for name in MARKS if contrast(getattr(colours, name), ground) < 3} == set()


@pytest.mark.parametrize("scheme", PALETTES)
def test_text_is_read_on_the_shades_that_figures_lay_below_it(scheme):
    colours = PALETTES[scheme]
    assert contrast(colours.ink, mixed(colours.zero, colours.gate, 0.5)) >= 4.5  # tokens
    assert contrast(colours.ground, colours.gate) >= 4.5  # filled bars
    assert contrast(colours.ground, colours.online) >= 4.5
    assert contrast(colours.zero, colours.ground) < 1.2  # no mark, only a shade


def test_what_is_chosen_is_read_on_the_pages_and_so_is_white_on_it():
    """No colour reaches 4.5:1 with white and with near-black."""
    for scheme, colour in cli.ACCENT.items():
        assert min(contrast(colour, "#ffffff"), contrast(colour, STREAMLIT[scheme])) >= 4


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scheme", PALETTES)
def test_what_stands_side_by_side_is_told_apart(scheme, vision):
    for pair in SIDE_BY_SIDE:
        a, b = (oklab(getattr(PALETTES[scheme], name), vision) for name in pair)
        assert math.dist(a, b) > 0.07, pair


@pytest.mark.parametrize("vision", VISION)
def test_lines_of_a_chart_are_told_apart(vision):
    assert min(contrast(colour, PALETTES["light"].ground) for colour in SERIES) >= 3
    assert min(math.dist(oklab(a, vision), oklab(b, vision)) for a, b in combinations(SERIES, 2)) > 0.07


def test_marks_in_a_notebooks_text_are_seen_on_white_and_near_black():
    for colour in ANYWHERE.values():
        assert min(contrast(colour, ground) for ground in ("#ffffff", *GROUNDS["dark"])) >= 3


def test_no_ink_is_read_on_white_and_on_the_dark_of_jupyterlab():
    """Why figures bring a ground."""
    greys = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]
    assert not [grey for grey in greys if min(contrast(grey, "#ffffff"), contrast(grey, "#111111")) >= 4.5]


def test_light_and_dark_have_colours_of_their_own():
    assert not set(astuple(PALETTES["light"])) & set(astuple(PALETTES["dark"]))


def test_no_colour_is_written_elsewhere():
    shown = [path for top in ("mcviz", "app", "notebooks") for path in (ROOT / top).rglob("*.*")]
    files = [path for path in shown if path.suffix in (".py", ".js", ".css") and path.name != "palette.py"]
    assert len(files) > 100
    colour = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b(?=[\"';,)])")
    written = {f"{path.name}: {found}" for path in files for found in colour.findall(path.read_text(encoding="utf-8"))}
    assert not written
