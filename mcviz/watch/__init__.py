"""What a trained model does with a sequence of its task: its Trace, as trained or under another configuration.

This is the door through which pages reach trained models. It needs no PyTorch, which loads where it is asked for.
"""

from mcviz.backends import BACKENDS, available, choose, there
from mcviz.watch.models import (
    TITLES,
    about,
    alike,
    called,
    config,
    known,
    learned,
    lend,
    length,
    measured,
    names,
    plain,
    question,
    recalled,
    stored,
    task,
    title,
    vocabulary,
)
from mcviz.watch.running import answered, consult, model, run
from mcviz.watch.sequences import REMARKS, offer, origin, remarks, touched, words
from mcviz.watch.sitting import WEIGHTS, Sitting

__all__ = [
    "BACKENDS",
    "REMARKS",
    "TITLES",
    "WEIGHTS",
    "Sitting",
    "about",
    "alike",
    "answered",
    "available",
    "called",
    "choose",
    "config",
    "consult",
    "known",
    "learned",
    "lend",
    "length",
    "measured",
    "model",
    "names",
    "offer",
    "origin",
    "plain",
    "question",
    "recalled",
    "remarks",
    "run",
    "stored",
    "task",
    "there",
    "title",
    "touched",
    "vocabulary",
    "words",
]
