"""The identities that follow from the equations, measured: how far apart the two sides are on random tokens.

Each is measured where it must hold and outside its premises, where it must not. Both backends are run and the worse of
the two is kept, so that one number speaks for the reference and for PyTorch.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from mcviz import reference
from mcviz.config import AGGREGATORS, MCConfig
from mcviz.initial import constants, initial_state
from mcviz.pytorch import memory_caching
from mcviz.pytorch.decode import Decoder
from mcviz.rules import SHEETS
from mcviz.segments import cut

Array = np.ndarray
Scalars = Mapping[str, float]
T, H, K, V, C = 24, 2, 4, 3, 5
MATRICES = tuple(name for name, rule in SHEETS.items() if rule.kind == "matrix")
RULES = tuple(name for name, rule in SHEETS.items() if rule.kind != "vector")


@dataclass(frozen=True)
class Tokens:
    """Random tokens of one seed, and the backend that runs them."""

    seed: int
    backend: str  # "numpy" or "pytorch"

    @cached_property
    def arrays(self) -> dict[str, Float[Array, "T H n"]]:
        """q, k, v and u."""
        draw = np.random.default_rng(self.seed)
        return {name: draw.standard_normal((T, H, n)) for name, n in (("q", K), ("k", K), ("v", V), ("u", K))}

    def run(self, cfg: MCConfig, scalars: Scalars | None = None, **changed: Any) -> Float[Array, "T H V"]:
        """The output under `cfg`, with some of q, k, v and u exchanged."""
        q, k, v, u = ({**self.arrays, **changed}[name] for name in "qkvu")
        if self.backend == "numpy":
            return reference.memory_caching(q, k, v, u, cfg, scalars).output
        numbers = {name: torch.tensor(value, dtype=torch.float64) for name, value in (scalars or {}).items()}
        one = [torch.from_numpy(array)[None] for array in (q, k, v, u)]
        output: Array = memory_caching(one[0], one[1], one[2], one[3], cfg, numbers)[0].numpy()
        return output

    def stream(self, cfg: MCConfig) -> Float[Array, "T H V"]:
        """The output token by token; in the middle, all that is kept moves on into a copy."""
        layer: Any
        if self.backend == "numpy":
            layer = reference.Stream(cfg, cut(T, cfg.segmentation, cfg.segment_length), initial_state(cfg, H, K, V))
        else:
            layer = Decoder(cfg, None, T)
        rows = []
        for t in range(T):
            layer = copy.deepcopy(layer) if t == T // 2 else layer
            token = [self.arrays[name][t] for name in "qkvu"]
            if self.backend == "numpy":
                rows.append(layer.step(*token, {name: np.full(H, c) for name, c in constants(cfg, K).items()}).output)
            else:
                rows.append(layer.step(*(torch.from_numpy(each)[None] for each in token))[0].numpy())
        return np.stack(rows)


def apart(one: Array, other: Array) -> float:
    """The largest difference."""
    return float(np.abs(one - other).max())


def plain(rule: str = "linear") -> MCConfig:
    """The plain recurrent layer."""
    return MCConfig(memory=rule, aggregator="none", segment_length=T)


def segment_of() -> Int[Array, "T"]:
    """The segment of each token."""
    return np.arange(T) // C


def attention(u: Array, k: Array, values: Array) -> Float[Array, "T H V"]:
    """Causal softmax attention of `u` over `k`, one head beside the other."""
    e = np.exp(np.einsum("thk,jhk->thj", u, k)) * np.tri(T)[:, None, :]
    return np.einsum("thj,jhv->thv", e / e.sum(-1, keepdims=True), values)


def one_segment(x: Tokens) -> tuple[float, float]:
    """I1: with one segment every aggregator is the plain recurrent layer; with more it is not."""
    cached = [MCConfig(rule, name, segment_length=T) for rule in RULES for name in AGGREGATORS]
    anew = {name: "independent" if name == "none" else "checkpoint" for name in AGGREGATORS}
    cut_up = [replace(cfg, segment_length=C, start=anew[cfg.aggregator]) for cfg in cached]
    same, other = ([apart(x.run(cfg), x.run(plain(cfg.memory))) for cfg in some] for some in (cached, cut_up))
    return max(same), min(other)


def whole_sum(x: Tokens) -> tuple[float, float]:
    """I2: the residual sum of linear memories that start anew is the plain layer (Eq. 13); if they go on, it is not."""
    cfg = MCConfig(aggregator="residual", segment_length=C)
    outside = [replace(cfg, start="checkpoint"), replace(cfg, memory="dla")]
    return apart(x.run(cfg), x.run(plain())), min(apart(x.run(one), x.run(plain(one.memory))) for one in outside)


def soup(x: Tokens) -> tuple[float, float]:
    """I3: for matrices soup is GRM; for memories of two layers it is not."""

    def both(rule: str, scalars: Scalars | None = None) -> float:
        grm = MCConfig(memory=rule, segment_length=C)
        return apart(x.run(grm, scalars), x.run(replace(grm, aggregator="soup"), scalars))

    # a large step, so that memories differ by more than a straight line
    return max(map(both, MATRICES)), both("dla", {"eta": 0.1})


def all_selected(x: Tokens) -> tuple[float, float]:
    """I4: SSC that selects every checkpoint is GRM; with fewer it is not."""

    def from_grm(rule: str, top_k: int) -> float:
        ssc = MCConfig(rule, "ssc", segment_length=C, top_k=top_k)
        return apart(x.run(ssc), x.run(replace(ssc, aggregator="grm")))

    return max(from_grm(rule, T) for rule in RULES), min(from_grm(rule, 1) for rule in RULES)


def equal_gates(x: Tokens) -> tuple[float, float]:
    """I5: equal gates turn GRM into the residual over the number of memories; unequal ones do not."""
    same, other = [], []
    for rule in RULES:
        grm = MCConfig(rule, segment_length=C)
        shared = x.run(replace(grm, aggregator="residual")) / (1 + segment_of())[:, None, None]
        same.append(apart(x.run(grm, u=np.zeros_like(x.arrays["u"])), shared))
        other.append(apart(x.run(grm), shared))
    return max(same), min(other)


def single_tokens(x: Tokens) -> tuple[float, float]:
    """I6: segments of one token and a memory without keys: GRM is gated softmax attention (Eq. 18-20)."""
    cfg = MCConfig(memory="vector", segment_length=1)
    seen = attention(x.arrays["u"], x.arrays["k"], x.arrays["v"])
    outside = (replace(cfg, segment_length=2), replace(cfg, memory="linear"))
    return apart(x.run(cfg), seen), min(apart(x.run(one), seen) for one in outside)


def hybrid(x: Tokens) -> tuple[float, float]:
    """I7: a compressor read with q = 1, then attention, is caching at every token; with longer segments it is not."""
    ones = np.ones_like(x.arrays["q"])
    compressed = x.run(plain(), q=ones)
    seen = attention(x.arrays["u"], x.arrays["k"], compressed)
    cfg = MCConfig(segment_length=1, start="checkpoint")
    return apart(x.run(cfg, q=ones), seen), apart(x.run(replace(cfg, segment_length=2), q=ones), seen)


def causal(x: Tokens) -> tuple[float, float]:
    """I8: changing a token leaves all outputs before it as they were, and changes its own."""
    t, before, own = T // 2, [], []
    moved = {name: array.copy() for name, array in x.arrays.items()}
    for array in moved.values():
        array[t] += 1
    for rule in RULES:
        for name in AGGREGATORS:
            cfg = MCConfig(rule, name, segment_length=C)
            old, new = x.run(cfg), x.run(cfg, None, **moved)
            before.append(apart(old[:t], new[:t]))
            own.append(apart(old[t], new[t]))
    return max(before), min(own)


def masked(x: Tokens) -> tuple[float, float]:
    """I9: linear caching with segments that start anew is a linear attention that gates mask; else it is not."""
    q, k, v, u = x.arrays.values()
    s = segment_of()
    gates = np.zeros((T, H, s[-1] + 1))
    for t in range(T):
        contexts = np.stack([k[: t + 1][s[: t + 1] == i].mean(0) for i in range(s[t] + 1)])
        e = np.exp(np.einsum("hk,nhk->hn", u[t], contexts))
        gates[t, :, : s[t] + 1] = e / e.sum(-1, keepdims=True)
    seen = np.einsum("thj,thk,jhk,jhv->thv", gates[..., s] * np.tri(T)[:, None, :], q, k, v)
    cfg = MCConfig(segment_length=C)
    return apart(x.run(cfg), seen), apart(x.run(replace(cfg, start="checkpoint")), seen)


def streamed(x: Tokens) -> tuple[float, float]:
    """I10: token by token and split in the middle, the outputs are those of one pass, if the cache moves on."""
    same, other = [], []
    for rule in RULES:
        for name in AGGREGATORS:
            cfg = MCConfig(rule, name, segment_length=C)
            whole = x.run(cfg)
            same.append(apart(x.stream(cfg), whole))
            if name != "none":
                tail = x.run(cfg, None, **{each: array[2 * C :] for each, array in x.arrays.items()})
                other.append(apart(tail, whole[2 * C :]))
    return max(same), min(other)


def titans_is_delta(x: Tokens) -> tuple[float, float]:
    """I11: Titans with a matrix, no decay and no momentum is the delta rule with half the step; else it is not."""
    titans = MCConfig(memory="titans", segment_length=C, options={"depth": 1, "residual": False, "norm": False})
    delta = x.run(MCConfig(memory="delta", segment_length=C), {"eta": 0.1})
    still, moving = ({"alpha": 1.0, "beta": beta, "eta": 0.05} for beta in (0.0, 0.5))
    return apart(x.run(titans, still), delta), apart(x.run(titans, moving), delta)


IDENTITIES: Mapping[str, Callable[[Tokens], tuple[float, float]]] = {
    "I1": one_segment,
    "I2": whole_sum,
    "I3": soup,
    "I4": all_selected,
    "I5": equal_gates,
    "I6": single_tokens,
    "I7": hybrid,
    "I8": causal,
    "I9": masked,
    "I10": streamed,
    "I11": titans_is_delta,
}
"""How far apart the two sides are: where they must be equal, and where they must not."""


def measure(name: str, seed: int) -> dict[str, float]:
    """The largest difference within the premises and the smallest one outside, over both backends."""
    found = [IDENTITIES[name](Tokens(seed, backend)) for backend in ("numpy", "pytorch")]
    return {"within": max(same for same, _ in found), "outside": min(other for _, other in found)}
