"""Graphemes: what a reader takes for one letter, be it joined of many characters (Unicode Standard Annex 29).

>>> [len(each) for each in graphemes("e\u0301 👩‍👩‍👧 हिन्दी")]
[2, 1, 5, 1, 2, 4]
"""


def graphemes(text: str) -> list[str]:
    """`text` cut between its graphemes; joined, they are the text again."""
    import regex  # here: only a reader's own text needs it, and it takes as long to load as all of NumPy's mathematics

    return regex.findall(r"\X", text)


def words(text: str) -> list[str]:
    """The words of `text`, and each of its other graphemes but blanks: a word is graphemes that begin with a letter, a
    digit or `_`, one after the other."""
    found: list[str] = []
    inside = False
    for grapheme in graphemes(text):
        letter = grapheme[0] == "_" or grapheme[0].isalnum()
        if letter and inside:
            found[-1] += grapheme
        elif not grapheme.isspace():
            found.append(grapheme)
        inside = letter
    return found
