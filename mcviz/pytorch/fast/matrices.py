"""Memories that are one matrix each: what each token reads from its own segment, where segments end, and what all
checkpoints say. They take heads before tokens: the heads of a batch are one batch of matrix products."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mcviz.config import MCConfig
from mcviz.pytorch.aliases import Coefficients, State
from mcviz.pytorch.fast import cached
from mcviz.pytorch.fast.chunks import Chunks, Lanes, carry, swap
from mcviz.pytorch.fast.dispatch import dispatch
from mcviz.pytorch.fast.forms import CHUNK_FORMS, Past
from mcviz.pytorch.fast.gate import Gates
from mcviz.pytorch.fast.launches import wide
from mcviz.pytorch.fast.memories import Given
from mcviz.pytorch.kinds import is_normalised, is_vector
from mcviz.pytorch.numerics import is_differentiated, is_hidden
from mcviz.rules import sheet


class Matrices:
    """Memories that are one matrix each: see `Memories`."""

    rules = frozenset(CHUNK_FORMS)

    def __init__(self, given: Given, cfg: MCConfig, chunks: Chunks, detach: bool) -> None:
        self.cfg, self.chunks = cfg, chunks
        heads_first = (swap(x).contiguous() for x in (given.q, given.k, given.v))
        rows = lift(Rows._make([*heads_first, given.start, given.first(cfg.start == "independent")]), cfg)
        self.q = rows.q
        self.online, states = write(rows, {name: swap(x) for name, x in given.c.items()}, cfg, chunks)
        self.M = states["M"]
        if given.earlier is not None and chunks.before:
            kept = {name: swap(x) for name, x in given.earlier.checkpoints.items()}
            self.M = torch.cat([lift_state(kept, cfg)["M"], self.M], 2)
        self.M = self.M.detach() if detach else self.M
        self.reads: Float[Tensor, "B H T V"] | None = settle(self.online, cfg)
        self.states = {name: swap(x) for name, x in lower(states, cfg).items()}

    def total(self) -> Float[Tensor, "B H T V"]:
        if not is_normalised(self.cfg):
            return cached.prefix(self.q, self.M, self.chunks)
        s, i = self.chunks.segment_of[:, None], torch.arange(self.M.shape[2], device=self.M.device)
        return self.weighted((i < s).to(self.M.dtype).expand(*self.q.shape[:3], -1))

    def weighted(self, past: Float[Tensor, "B H T N"]) -> Float[Tensor, "B H T V"]:
        if not is_normalised(self.cfg):
            return self.mixed(past, self.M)
        # γ (M q) / (z q): the normaliser is a weight of its own
        z = self.q @ self.M[..., -1, :].mT
        return self.mixed(past / torch.where(past == 0, 1, z), self.M[..., :-1, :])

    def mixed(self, past: Float[Tensor, "B H T N"], M: Float[Tensor, "B H N V K"]) -> Float[Tensor, "B H T V"]:
        """`(Σ_{i<s} γ_t^(i) M^(i)) q_t`."""
        return cached.dense(past, self.q, M, self.chunks.stops)

    def read(self, state: State, q: Float[Tensor, "*lead n K"]) -> Float[Tensor, "*lead n V"]:
        return settle(q @ state["M"].mT, self.cfg)

    def routed(self, choices: Int[Tensor, "B H T k"], weights: Float[Tensor, "B H T k"]) -> Float[Tensor, "B H T V"]:
        return dispatch(choices, weights, self.q, {"M": self.M}, self.read)

    def soup(self, gates: Gates) -> Float[Tensor, "B H T V"]:
        return settle(gates.own[..., None] * self.online + self.mixed(gates.past, self.M), self.cfg)


class Rows(NamedTuple):
    """What a matrix memory is written with and asked, and `M_0`."""

    q: Float[Tensor, "B H T K"]
    k: Float[Tensor, "B H T K"]
    v: Float[Tensor, "B H T V"]
    start: State
    first: State | None = None  # what the first lane starts from, if that is not `start`


def lift(tokens: Rows, cfg: MCConfig) -> Rows:
    """Every matrix memory as a plain one, `y_t = M q_t`.

    Features replace queries and keys. The normaliser's z is one more row of M, written with values of 1; a memory
    without keys is a matrix with one column, written and read with keys of 1.
    """
    q, k, v, *states = tokens
    start, first = (None if state is None else lift_state(state, cfg) for state in states)
    assert start is not None
    if is_vector(cfg):
        ones = torch.ones_like(v[..., :1])
        return Rows(ones, ones, v, start, first)
    if cfg.rule_options.get("feature_map") == "elu":
        q, k = phi(q - shift(q) if is_normalised(cfg) else q), phi(k)
    if is_normalised(cfg):
        v = torch.cat([v, torch.ones_like(v[..., :1])], -1)
    return Rows(q, k, v, start, first)


def lift_state(state: State, cfg: MCConfig) -> State:
    """A state as one of a plain matrix."""
    if is_vector(cfg):
        return {"M": state["m"][..., None]}
    if is_normalised(cfg):
        return {"M": torch.cat([state["M"], state["z"][..., None, :]], -2)}
    return state


def phi(x: Float[Tensor, "B H T K"]) -> Float[Tensor, "B H T K"]:
    """`φ(x) = elu(x) + 1`, as `exp(min(x, 0)) + max(x, 0)`: no difference of nearly equal numbers."""
    return x.clamp(max=0).exp() + x.relu()


def shift(q: Float[Tensor, "B H T K"]) -> Float[Tensor, "B H T 1"]:
    """How far a query lies below 0 in all its features. Without it, `φ(q)` is larger by a factor, which a normalised
    read does not see, and of which nothing underflows before it is divided."""
    return q.detach().amax(-1, keepdim=True).clamp(max=0)


def lower(states: State, cfg: MCConfig) -> State:
    """A lifted state under its own names again."""
    M = states["M"]
    if is_vector(cfg):
        return {"m": M[..., 0]}
    if is_normalised(cfg):
        return {"M": M[..., :-1, :], "z": M[..., -1, :]}
    return states


def settle(y: Float[Tensor, "*b V"], cfg: MCConfig) -> Float[Tensor, "*b v"]:
    """A lifted read as the memory's own: divided by `z q` where there is a normaliser (Eq. 2)."""
    return y[..., :-1] / y[..., -1:] if is_normalised(cfg) else y


def write(rows: Rows, c: Coefficients, cfg: MCConfig, chunks: Chunks) -> tuple[Float[Tensor, "B H T V"], State]:
    """Each token's read of the online memory, and the states [B, H, N, ...] where every segment ended; all lifted."""
    lanes = Lanes(chunks, cfg.start == "independent")
    q, k, v = (chunks.split(x) for x in (rows.q, rows.k, rows.v))
    neutral = {one.name: one.neutral for one in sheet(cfg.memory).coefficients}
    coefficients = {name: chunks.split(x, fill=neutral[name]) for name, x in c.items()}
    past, states = pairs(rows, lanes) if "k" in rows.start else (None, {})
    affine = CHUNK_FORMS[cfg.memory](q, k, v, coefficients, past)
    if rows.first is None and lanes.single and is_zero(rows.start["M"]):
        # from S = 0, each segment in one chunk: y_t = ỹ_t, S' = U
        return chunks.join(affine.reads), {**states, "M": affine.update}
    opening = None if rows.first is None else rows.first["M"]
    first, states["M"] = carry(affine.decay, affine.update, rows.start["M"], lanes, opening)
    # y_t = S q̃_t + ỹ_t
    reads = torch.baddbmm(*(x.flatten(0, 2) for x in (affine.reads, affine.queries, first.mT)))
    return chunks.join(reads.unflatten(0, q.shape[:3])), states


def is_zero(x: Tensor) -> bool:
    """Whether a look shows that all numbers are 0, where one can be had for less than what is then left out."""
    return not (wide(x.device) or is_hidden(x) or is_differentiated(x) or x.count_nonzero())


def pairs(rows: Rows, lanes: Lanes) -> tuple[Past, State]:
    """The pairs in the window before each chunk, and those that each segment leaves to the next one."""
    _, k, v, start, first = rows
    chunks, past = lanes.chunks, start["k"].shape[2]
    starts, stops = chunks.spans
    tokens = torch.cat([chunks.opens, stops])
    lane = torch.cat([starts[chunks.owners], starts]) if lanes.independent else None
    place, found = before(tokens, lane, past), []
    opening = start if first is None else first
    for name, x in (("k", k), ("v", v)):
        # those of M_0, those that the first lane begins with, and all tokens
        whole = torch.cat([start[name], opening[name], x], 2)
        found.append(whole.index_select(2, place.flatten()).unflatten(2, place.shape).split([chunks.P, len(stops)], 2))
    (into_k, out_k), (into_v, out_v) = found
    return Past(into_k, into_v), {"k": out_k, "v": out_v}


def before(tokens: Int[Tensor, "n"], starts: Int[Tensor, "n"] | None, past: int) -> Int[Tensor, "n past"]:
    """Where the latest `past` pairs before each of n tokens stand, oldest first, in the pairs of `M_0`, `past` of
    them, as many that the first lane begins with, and all tokens. `starts` is where the token's lane starts, there
    these precede; None where there is but one lane."""
    place = tokens[:, None] + torch.arange(past, 2 * past, device=tokens.device)
    if starts is None:
        return place
    begin = starts[:, None]
    return torch.where(place - begin >= 2 * past, place, place - begin - past * (begin > 0))
