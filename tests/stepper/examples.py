"""Runs to step through, made by hand so that their routing can be read: topics as keys, facts as values."""

from dataclasses import replace

import numpy as np

from mcviz import MCConfig, Trace
from mcviz.reference import memory_caching
from mcviz.trace import Alone, Predictions


def library(cfg: MCConfig | None = None, documents: int = 8, length: int = 16, heads: int = 2, seed: int = 0) -> Trace:
    """Documents of one segment each, then questions about them: the second head routes, the first looks around.

    A document is about one topic and holds five facts `[topic key value]` between filler. A question is
    `[topic key]`; its answer stands at the key of its fact. Keys live in one half of the features and topics in the
    other, so that a context tells which topics a segment holds.
    """
    cfg = cfg or MCConfig(aggregator="ssc", top_k=2, segment_length=length)
    rng = np.random.default_rng(seed)
    topics, keys, values = (basis(rng, n, d) for n, d in ((documents, 8), (8, 8), (12, 16)))
    tokens, sources, targets = [], [], []
    T = (documents + 1) * length
    q, k, u = (np.zeros((T, heads, 16)) for _ in range(3))
    v = np.zeros((T, heads, 16))
    facts = {}

    def put(label, source=-1, target=""):
        tokens.append(label), sources.append(source), targets.append(target)
        return len(tokens) - 1

    for d in range(documents):
        t = put(f"topic{d}")
        u[t, :, 8:], k[t, :, 8:] = 2 * topics[d], topics[d]
        for key in rng.permutation(8)[: (length - 1) // 3]:
            value = int(rng.integers(12))
            put(f"t{d}")
            t = put(f"k{key}")
            put(f"v{value}")
            facts[d, int(key)] = t, value
            k[t - 1, :, 8:], k[t, :, :8], k[t, :, 8:] = topics[d], keys[key], topics[d]
            v[t, :] = values[value]
        while len(tokens) < (d + 1) * length:
            put("…")
    questions = list(facts)
    while len(tokens) + 1 < T:
        d, key = questions[int(rng.integers(len(questions)))]
        put(f"t{d}")
        t, value = facts[d, key]
        put(f"k{key}", t, f"v{value}")
    while len(tokens) < T:
        put("…")
    for t, label in enumerate(tokens):
        if label[0] == "t" and label[1:].isdigit():
            u[t : t + 3, :, 8:] = topics[int(label[1:])]
        if label[0] == "k":
            q[t, :, :8] = keys[int(label[1:])]
    noise = 0.03 * rng.standard_normal((4, T, heads, 16))
    q, k, v, u = q + noise[0], k + noise[1], v + noise[2], 12 * u + noise[3]
    u[:, 1:] *= 0.25
    trace = memory_caching(q, k, v, u, cfg)

    p = decoded(trace.output[:, 0], values)
    best = np.argsort(-p, axis=1)[:, :5]
    said = Predictions(
        tuple(tuple(f"v{i}" for i in row) for row in best),
        np.take_along_axis(p, best, 1),
        tuple(targets),
        np.array([p[t, int(target[1:])] if target else 0.0 for t, target in enumerate(targets)]),
    )
    labels = {"tokens": tuple(tokens), "sources": tuple(sources), "title": "Topic library", "fact": 2}
    return replace(trace, **labels, predictions=said, alone=heard(trace, values))


def decoded(y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Probabilities of the values [..., n] for what was read [..., V]."""
    logits = 3 * y @ values.T
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def heard(trace: Trace, values: np.ndarray) -> Alone | None:
    """What would be said from each memory that the first head read, alone; None where memories are mixed."""
    if trace.reads is None:
        return None
    p = np.where(trace.read[:, 0, :, None], decoded(trace.reads[:, 0], values), 0)
    said = np.where(trace.read[:, 0], p.argmax(-1), -1)
    return Alone(tuple(f"v{i}" for i in range(len(values))), said, p.max(-1))


def basis(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Unit vectors [n, d], orthogonal as far as they can be."""
    q, _ = np.linalg.qr(rng.standard_normal((d, d)))
    rest = rng.standard_normal((max(n - d, 0), d))
    return np.concatenate([q, rest / np.linalg.norm(rest, axis=1, keepdims=True)])[:n]


def noise(cfg: MCConfig, T: int, H: int = 2, K: int = 8, V: int = 8, seed: int = 0) -> Trace:
    """A run over noise: every kind of configuration, every size."""
    rng = np.random.default_rng(seed)
    q, k, u = rng.standard_normal((3, T, H, K))
    return memory_caching(q, k, rng.standard_normal((T, H, V)), u, cfg)
