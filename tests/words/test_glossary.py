"""The glossary: whole sentences, and equations that the rule sheets have."""

import re

import pytest

from mcviz import rules
from mcviz.words import glossary

TERMS = list(glossary.TERMS.values())


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_term_is_one_or_two_plain_sentences(term):
    sentences = re.split(r"(?<=\.) ", term.says)
    assert 1 <= len(sentences) <= 2
    assert all(re.fullmatch(r"[A-ZM].+\.", sentence) for sentence in sentences)
    assert len(term.says) <= 260
    assert not re.search(r"[_*`$^]", term.says)


def test_names_are_what_terms_are_found_by():
    assert all(glossary.TERMS[term.name] is term and glossary.about(term.name) == term.says for term in TERMS)
    assert glossary.about("M₀") == glossary.about("initial memory")
    assert "M₀" not in glossary.TERMS  # one entry for both
    with pytest.raises(ValueError, match=r"^term: expected a word of the glossary, got 'gaet'"):
        glossary.about("gaet")


def test_equations_are_those_of_the_sheets():
    known = {equation for one in rules.AGGREGATORS.values() for equation in (one.weight, one.output, one.mixed)}
    for sheet in rules.SHEETS.values():
        known |= {*sheet.write(sheet.defaults), sheet.read(sheet.defaults), sheet.loss(sheet.defaults)}
    known |= {rules.aggregators.context("mean"), rules.aggregators.score("grm", "context")}
    known |= {rules.aggregators.router("ssc", 2), rules.aggregators.SHARE, None}
    assert all(term.equation in known for term in TERMS)
    assert all(rules.latex(term.equation.formula) for term in TERMS if term.equation)


def test_every_way_to_read_and_to_write_has_a_term():
    called = {name.lower() for name in glossary.TERMS}
    ways = {one.short for one in rules.AGGREGATORS.values() if one.name != "none"}
    missing = {way for way in ways if way.lower() not in called and f"memory {way}" not in called}
    assert not missing
