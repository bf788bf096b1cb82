"""Graphemes: what a reader takes for one letter is one token."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcviz import examples
from mcviz.graphemes import graphemes, words

TEXTS = (
    *("e\u0301tude nai\u0308ve", "हिन्दी भाषा क्षत्रिय", "ภาษาไทยที่น่ารัก", "தமிழ்", "한국어 \u1112\u1161\u11ab", "বাংলা"),
    *("👨‍👩‍👧‍👦 and 🏳️‍🌈 and 👍🏽", "🇩🇪🇫🇷🇪", "a\r\nb\n", "שָׁלוֹם", "العَرَبِيَّة", "漢字かな", "x\u200b\u200dy", "", "1️⃣ ❤️"),
)


@given(st.text())
def test_nothing_is_lost(text):
    assert "".join(graphemes(text)) == text
    assert "".join(words(text)) == re.sub(r"\s", "", text) or any(each.isspace() for each in text)


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_words_of_plain_letters_are_what_they_were(text):
    assert words(text) == re.findall(r"\w+|[^\w\s]", text)


@pytest.mark.parametrize(
    ("text", "count"), [("हिन्दी", 2), ("ที่", 1), ("👨‍👩‍👧‍👦", 1), ("e\u0301", 1), ("🇩🇪🇫🇷", 2), ("👍🏽", 1), ("\r\n", 1)]
)
def test_what_is_joined_is_one_token(text, count):
    assert len(graphemes(text)) == count
    if text.strip():
        assert examples.example("text", text=text, split="character").words == tuple(graphemes(text))


@pytest.mark.parametrize("text", ["👩\u200d" * 8000, "क\u094d" * 8000, "e" + "\u0301" * 16000, "🇩" * 16000])
def test_long_joins_take_no_longer_than_others(text):
    """Each is looked at once: the square of their number would be minutes."""
    assert "".join(graphemes(text)) == text


def test_words_keep_their_marks():
    assert words("हिन्दी भाषा, ที่ e\u0301tude!") == ["हिन्दी", "भाषा", ",", "ที่", "e\u0301tude", "!"]


@pytest.mark.browser
def test_a_browser_cuts_alike(chromium):
    page = chromium.new_page()
    cut = """texts => texts.map((text) => Array.from(
      new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text), (one) => one.segment))"""
    assert page.evaluate(cut, list(TEXTS)) == [graphemes(text) for text in TEXTS]
    page.close()
