"""Graphemes: what a reader takes for one letter, be it joined of many characters.

The rules are those of Unicode Standard Annex 29 for extended grapheme clusters, as far as Python knows the classes of
characters that they speak of.

>>> [len(each) for each in graphemes("e\u0301 👩‍👩‍👧 हिन्दी")]
[2, 1, 5, 1, 2, 4]
"""

import unicodedata
from collections.abc import Callable

JOINER = "\u200d"
MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones
FLAGS = range(0x1F1E6, 0x1F200)  # regional indicators: two make a flag
TAGS = range(0xE0020, 0xE0080)
SPACING = "\u0e33\u0eb3"  # Thai and Lao vowels that stand behind what they belong to, and are letters by their category
LEADS, VOWELS, TAILS = range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200)
SYLLABLES = range(0xAC00, 0xD7A4)  # a lead and a vowel, and a tail in all but every 28th
INDIC = ("DEVANAGARI", "BENGALI", "GUJARATI", "ORIYA", "TELUGU", "MALAYALAM")
VIRAMAS = "\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d"  # they join the consonants of a syllable


def graphemes(text: str) -> list[str]:
    """`text` cut between its graphemes; joined, they are the text again."""
    found: list[str] = []
    for character in text:
        if found and _goes_on(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


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


def _goes_on(grapheme: str, character: str) -> bool:
    """Whether a grapheme takes in the character after it."""
    last, code = grapheme[-1], ord(character)
    if last == "\r" or character == "\r":
        return last == "\r" and character == "\n"
    if _controls(last) or _controls(character):
        return False
    if _extends(character) or _hangul(last, code):
        return True
    if last == JOINER and _pictures(character):
        end = _end(grapheme, len(grapheme) - 1, _is_mark)
        return _pictures(grapheme[max(0, end - 1) : end])
    if _is_consonant(character):
        # a consonant, marks with a virama among them, and a consonant
        end = _end(grapheme, len(grapheme), lambda each: unicodedata.combining(each) > 0 or each == JOINER)
        return _is_consonant(grapheme[max(0, end - 1) : end]) and any(each in VIRAMAS for each in grapheme[end:])
    if code in FLAGS:
        return ord(last) in FLAGS and len(grapheme) == 1
    return False


def _end(grapheme: str, end: int, passes: Callable[[str], bool]) -> int:
    """Where the characters begin that pass, one after the other, before `end`."""
    while end and passes(grapheme[end - 1]):
        end -= 1
    return end


def _controls(character: str) -> bool:
    """Whether a character stands for itself alone, and is none to be seen."""
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and not _extends(character)


def _extends(character: str) -> bool:
    """Whether a character belongs to the one before it."""
    code = ord(character)
    spacing = unicodedata.category(character) == "Mc" or character in SPACING
    return spacing or _is_mark(character) or character == JOINER or code == 0x200C


def _is_mark(character: str) -> bool:
    """Whether a character has no width of its own: marks, variants, skin tones, tags."""
    code = ord(character)
    return unicodedata.category(character) in ("Mn", "Me") or code in MODIFIERS or code in TAGS


def _hangul(last: str, code: int) -> bool:
    """Whether two parts of a Korean syllable belong together."""
    before = ord(last)
    vowel = before in VOWELS or (before in SYLLABLES and (before - SYLLABLES.start) % 28 == 0)
    if before in LEADS:
        return code in LEADS or code in VOWELS or code in SYLLABLES
    return (vowel and (code in VOWELS or code in TAILS)) or (
        (before in TAILS or (before in SYLLABLES and not vowel)) and code in TAILS
    )


def _pictures(character: str) -> bool:
    """Whether a character is a picture, which a joiner may join to another."""
    if not character:
        return False
    return (unicodedata.category(character) == "So" and ord(character) not in FLAGS) or character in "©®‼⁉™ℹ♀♂⚕"


def _is_consonant(character: str) -> bool:
    """Whether a character is a letter of a script of India whose viramas join."""
    if not character:
        return False
    return unicodedata.category(character) == "Lo" and unicodedata.name(character, "").startswith(INDIC)
