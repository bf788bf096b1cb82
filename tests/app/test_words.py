"""Text from anywhere is shown as text."""

from hypothesis import given
from hypothesis import strategies as st

from app.words import plain


@given(st.text())
def test_nothing_is_left_that_markdown_would_act_on(text):
    shown = plain(text)
    for mark in "\\`*_[]<>$!&:":
        bare = shown.replace("\\\\", "").replace(f"\\{mark}", "")
        assert mark == "\\" or mark not in bare
    assert "\n" not in shown
