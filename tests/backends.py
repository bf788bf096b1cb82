"""Every backend behind one call, so that a statement about Memory Caching is tested on all of them."""

import copy
from importlib.util import find_spec

import numpy as np

from mcviz import reference, segments
from mcviz.initial import check_coefficients, check_state, initial_state

BACKENDS = ("reference", *(("pytorch",) if find_spec("torch") else ()))


def run(backend, q, k, v, u, cfg, coefficients=None, initial=None):
    """The output [T, H, V] of one sequence."""
    if backend == "reference":
        return reference.memory_caching(q, k, v, u, cfg, coefficients, initial).output
    from mcviz.pytorch import memory_caching

    one = [tensor(array)[None] for array in (q, k, v, u)]
    c = None if coefficients is None else {name: tensor(array) for name, array in coefficients.items()}
    start = None if initial is None else {name: tensor(array) for name, array in initial.items()}
    return memory_caching(*one, cfg, c, start)[0].numpy()


def stream(backend, q, k, v, u, cfg, coefficients=None, initial=None, split=()):
    """The output of the same sequence, token by token. At each `split` what is kept moves on into a copy."""
    T, H, K = q.shape
    c = {name: np.broadcast_to(each, (T, H)) for name, each in check_coefficients(cfg, coefficients, K).items()}
    if backend == "reference":
        start = initial_state(cfg, H, K, v.shape[2])
        start |= {} if initial is None else check_state(cfg, initial, H, K, v.shape[2])
        layer = reference.Stream(cfg, segments.cut(T, cfg.segmentation, cfg.segment_length), start)
    else:
        from mcviz.pytorch.decode import Decoder

        layer = Decoder(cfg, initial and {name: tensor(array) for name, array in initial.items()}, T)
    rows = []
    for t in range(T):
        layer = copy.deepcopy(layer) if t in split else layer
        scalars = {name: each[t] for name, each in c.items()}
        if backend == "reference":
            rows.append(layer.step(q[t], k[t], v[t], u[t], scalars).output)
        else:
            one = [tensor(array[t])[None] for array in (q, k, v, u)]
            rows.append(layer.step(*one, {name: tensor(each)[None] for name, each in scalars.items()})[0].numpy())
    return np.stack(rows)


def tensor(array):
    """A tensor with the numbers of `array`."""
    import torch

    return torch.tensor(np.asarray(array))
