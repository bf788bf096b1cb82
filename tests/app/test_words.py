"""Text from anywhere is shown as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.words import plain


@given(st.text())
def test_nothing_is_left_that_markdown_would_act_on(text):
    shown = plain(text)
    for mark in "\\`*_[]<>$!&:":
        bare = shown.replace("\\\\", "").replace(f"\\{mark}", "")
        assert mark == "\\" or mark not in bare
    assert "\n" not in shown


PAGE = """
from app.words import refused

with refused():
    raise {error}
"""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ValueError('T: expected less')", "This cannot be shown. T: expected less"),
        ("MemoryError('Unable to allocate 31.6 GiB')", "too little memory left"),
        ("RuntimeError('DefaultCPUAllocator: can\\'t allocate memory: you tried to')", "too little memory left"),
        ("RuntimeError('a fault of ours')", ""),
    ],
)
def test_what_is_refused_and_memory_that_ends_are_said_in_words(error, said):
    page = AppTest.from_string(PAGE.format(error=error)).run()
    if said:
        assert not page.exception
        assert said in page.error[0].value.replace("\\", "")
    else:
        assert page.exception[0].message == "a fault of ours"
