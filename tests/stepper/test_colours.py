"""The stepper's colours are the palette's, in both schemes."""

import re

import pytest

from mcviz.palette import PALETTES
from mcviz.stepper import assets

RULE = re.compile(r"^(\.mcviz[^{]*) \{([^}]*)\}", re.MULTILINE)


@pytest.mark.parametrize(("scheme", "selector"), [("light", ".mcviz"), ("dark", '.mcviz[data-theme="dark"]')])
def test_custom_properties_are_the_palettes(scheme, selector):
    said = dict(RULE.findall(assets.style())[:2])
    colours = PALETTES[scheme]
    assert dict(re.findall(r"--(\w+): ([^;]+);", said[selector])) == {
        "gate": colours.gate,
        "online": colours.online,
        "truth": colours.answer,
        "wrong": colours.wrong,
        "negative": colours.negative,
        "positive": colours.positive,
    }


def test_the_stylesheet_uses_every_one_of_them_and_defines_none_again():
    _, _, sheet = assets.style().split("\n", 2)
    for name in assets.PROPERTIES:
        assert f"var(--{name})" in sheet
        assert not re.search(rf"--{name}\s*:", sheet)
