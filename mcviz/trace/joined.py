"""A run that ignores its segments, as what it is: one memory, written from the first token to the last."""

from dataclasses import replace

import numpy as np

from mcviz.trace.run import Array, Trace


def joined(trace: Trace) -> Trace:
    """The run for display: where it is that of one memory, one segment of all its tokens; else the run itself."""
    if not trace.config.one_memory or trace.N == 1:
        return trace
    rows, own = np.arange(trace.T), trace.segment_of

    def mine(values: Array) -> Array:
        return values[rows, :, own][:, :, None]

    alone = trace.alone and replace(
        trace.alone,
        said=trace.alone.said[rows, own][:, None],
        probabilities=trace.alone.probabilities[rows, own][:, None],
    )
    return replace(
        trace,
        config=replace(trace.config, segmentation=(trace.T,)),
        segments=[(0, trace.T)],
        checkpoint_contexts=trace.checkpoint_contexts[-1:],
        scores=mine(trace.scores),
        weights=mine(trace.weights),
        selected=mine(trace.selected),
        reads=None if trace.reads is None else mine(trace.reads),
        checkpoints=trace.checkpoints[-1:],
        alone=alone,
    )
