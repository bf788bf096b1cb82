"""Verdicts are told by marks."""

from mcviz import claims, words


def test_every_verdict_has_a_mark_of_its_own():
    assert set(words.SIGNS) == {*claims.VERDICTS, claims.MISSING}
    assert len(set(words.SIGNS.values())) == len(words.SIGNS)
