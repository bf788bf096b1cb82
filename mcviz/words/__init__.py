"""What a Trace, a cost or a finding says in sentences, tables, numbers and formulas; nothing here draws.

>>> from mcviz import MCConfig, examples, words
>>> trace = examples.run("needle", MCConfig(segment_length=12))
>>> words.compared(trace, trace)
'The outputs of the two runs are the same at every token.'
"""

from mcviz.words.caption import UNTRAINED, caption, compared, heaviest, recalled, unlearned
from mcviz.words.claims import (
    SIGNS,
    fixed,
    frontier_answer,
    frontier_beside,
    frontier_in_words,
    measured,
    origin,
    second_less_first,
    seeds_in_words,
    verdicts,
)
from mcviz.words.difference import accuracy, apart, changed_predictions, first_difference
from mcviz.words.equation import Equation, equations, number
from mcviz.words.ledger import agreement, counted, ledger, modelled, pairs, pictured, timed, tried, weighed, won
from mcviz.words.oracle import judged
from mcviz.words.portion import portion
from mcviz.words.replies import replies
from mcviz.words.rewritten import rewritten
from mcviz.words.shelf import found, questions, shelf
from mcviz.words.unheard import unheard

__all__ = [
    "SIGNS",
    "UNTRAINED",
    "Equation",
    "accuracy",
    "agreement",
    "apart",
    "caption",
    "changed_predictions",
    "compared",
    "counted",
    "equations",
    "first_difference",
    "fixed",
    "found",
    "frontier_answer",
    "frontier_beside",
    "frontier_in_words",
    "heaviest",
    "judged",
    "ledger",
    "measured",
    "modelled",
    "number",
    "origin",
    "pairs",
    "pictured",
    "portion",
    "questions",
    "recalled",
    "replies",
    "rewritten",
    "second_less_first",
    "seeds_in_words",
    "shelf",
    "timed",
    "tried",
    "unheard",
    "unlearned",
    "verdicts",
    "weighed",
    "won",
]
