"""The models and the sweeps that ship with mcviz: how each is made."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Model(NamedTuple):
    """The arguments of `mcviz.training.plan` for one model, and a sentence about it."""

    task: str
    aggregator: str
    about: str
    settings: Mapping[str, Any] = {}


DEEP = {"memory": "dla", "segment_length": 16}

MODELS: Mapping[str, Model] = {
    "mqar-rnn": Model("mqar", "none", "The plain recurrent layer: one small memory for 48 pairs is too little."),
    "mqar-residual": Model(
        "mqar", "residual", "All memories added up: for a linear memory that is the plain one again."
    ),
    "mqar-grm": Model("mqar", "grm", "Gates weigh the memories: most questions find the segment of their answer."),
    "mqar-soup": Model("mqar", "soup", "Memories are mixed before they are read: for matrices that is GRM."),
    "mqar-ssc": Model("mqar", "ssc", "The router reads two of up to seventeen checkpoints for each question."),
    "mqar-attention": Model("mqar", "attention", "Softmax attention over every token, for comparison."),
    "needle-rnn": Model("needle", "none", "The plain recurrent layer: needles drown among decoys."),
    "needle-grm": Model("needle", "grm", "The gates find the segment of the needle that is asked for."),
    "needle-ssc": Model("needle", "ssc", "The router finds the segment of the needle that is asked for."),
    "topics-rnn": Model("topics", "none", "The plain recurrent layer mixes up what it read in different documents."),
    "topics-grm": Model("topics", "grm", "The gates open the document that the question names."),
    "topics-ssc": Model("topics", "ssc", "The router picks the document that the question names."),
    "topics-dla-grm": Model("topics", "grm", "Deep memories, each read on its own, then added.", DEEP),
    "topics-dla-soup": Model("topics", "soup", "Deep memories mixed weight by weight, then read once: not GRM.", DEEP),
    "text-rnn": Model("text", "none", "Characters of Alice in Wonderland with one memory in each head."),
    "text-grm": Model("text", "grm", "Characters of Alice in Wonderland with a memory for each sixteen of them."),
    "induction-grm-2": Model(
        "induction", "grm", "Two layers without convolution: the first must look back one token.", {"layers": 2}
    ),
}

ATTENTION: Mapping[str, Any] = {"task": "mqar", "aggregator": "attention"}
RNN: Mapping[str, Any] = {"task": "mqar", "aggregator": "none"}
RESIDUAL: Mapping[str, Any] = {"task": "mqar", "aggregator": "residual"}
GRM: Mapping[str, Any] = {"task": "mqar", "aggregator": "grm"}
SSC: Mapping[str, Any] = {"task": "mqar", "aggregator": "ssc"}

SWEEPS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "mqar": (
        RNN,
        GRM,
        {**SSC, "top_k": 1},
        {**SSC, "top_k": 2},
        {**SSC, "top_k": 4},
        ATTENTION,
        {**GRM, "start": "checkpoint"},
        {**GRM, "gate": "token"},
        {**GRM, "gate": "shared"},
        {**GRM, "segmentation": "logarithmic"},
        {**RESIDUAL, "start": "checkpoint"},
        {**SSC, "top_k": 1, "dense": 0.0},
    ),
    "segments": tuple({**GRM, "segment_length": length} for length in (4, 16, 32, 48)),
}
"""The settings of each sweep: arguments of `mcviz.training.plan`."""
