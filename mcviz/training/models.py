"""The models that ship with mcviz: how each is made."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Model(NamedTuple):
    """The arguments of `mcviz.training.plan` for one model, and a sentence about it."""

    task: str
    aggregator: str
    about: str
    settings: Mapping[str, Any] = {}


DEEP: Mapping[str, Any] = {"memory": "dla", "key": 8, "batch": 16, "steps": 400}

MODELS: Mapping[str, Model] = {
    "topics-grm": Model("topics", "grm", "The gates open the document that the question names."),
    "topics-ssc": Model("topics", "ssc", "The router picks the document that the question names."),
    "topics-rnn": Model("topics", "none", "The plain recurrent layer mixes up what it read in different documents."),
    "topics-dla-grm": Model("topics", "grm", "Deep memories, each read on its own; then the answers are mixed.", DEEP),
    "topics-dla-soup": Model("topics", "soup", "Deep memories mixed weight by weight, then read once: not GRM.", DEEP),
    "mqar-ssc": Model("mqar", "ssc", "The router reads two of up to seventeen checkpoints for each question."),
    "mqar-grm": Model("mqar", "grm", "Gates weigh the memories: most questions find the segment of their answer."),
    "mqar-rnn": Model("mqar", "none", "The plain recurrent layer: one small memory is too little for 48 pairs."),
    "mqar-attention": Model("mqar", "attention", "Softmax attention over every token, for comparison."),
    "mqar-soup": Model("mqar", "soup", "Memories are mixed before they are read: for matrices, that is GRM."),
    "mqar-residual": Model("mqar", "residual", "All memories added up: for a linear one, that is the plain one again."),
    "needle-ssc": Model("needle", "ssc", "The router finds the segment of the needle that is asked for."),
    "needle-grm": Model("needle", "grm", "The gates find the segment of the needle that is asked for."),
    "needle-rnn": Model("needle", "none", "The plain recurrent layer: needles drown among decoys."),
    "needle-rnn-delta": Model(
        "needle", "none", "The delta rule, which corrects what it overwrites.", {"memory": "delta"}
    ),
    "text-grm": Model("text", "grm", "Two layers on characters of Alice, with a memory for each sixteen of them."),
    "text-rnn": Model("text", "none", "Two layers on characters of Alice, with one memory for each head."),
    "stories-grm": Model("stories", "grm", "It writes small stories, and says again what was said before."),
    "stories-rnn": Model("stories", "none", "It writes small stories, and mixes up more of what was said before."),
}
"""In the order of being made, which is the order of being wanted."""
