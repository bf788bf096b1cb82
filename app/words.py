"""Words on the pages: text from anywhere, shown as text."""

import re

MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:&])")


def plain(text: str) -> str:
    """Text as Markdown that shows just this text: nothing in it is a link, a picture or an equation."""
    return MARKS.sub(r"\\\1", text.replace("\n", " "))
